// Find and replace over the whole session, with every change shown before it is made.
import { $, h, toast, attempt } from "./common.js";
import { W } from "./words.js";

const plain = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

export function replaceAll(state, actions) {
  const dialog = $("#dialog");
  const find = h("input", { autocomplete: "off" }), by = h("input", { autocomplete: "off" });
  const whole = h("input", { type: "checkbox", checked: true }), exact = h("input", { type: "checkbox" });
  const preview = h("ul", { class: "preview" }), go = h("button", { type: "button", class: "main", disabled: true, text: W.replaceThese(0) });
  let changes = [];
  function look() {
    changes = [];
    if (find.value.trim()) {
      // Letters of any script bound a word.
      const edge = whole.checked ? ["(?<![\\p{L}\\p{N}])", "(?![\\p{L}\\p{N}])"] : ["", ""];
      const pattern = new RegExp(edge[0] + plain(find.value.trim()) + edge[1], exact.checked ? "gu" : "giu");
      for (const line of state.lines) {
        const text = line.text.replace(pattern, () => by.value.trim());
        if (text !== line.text) changes.push({ line, text: text.replace(/\s+/g, " ").trim() });
      }
    }
    preview.replaceChildren(...(changes.length ? changes.slice(0, 200).map(({ line, text }) => h("li", {}, h("del", { text: line.text }), h("ins", { text }))) : [h("li", { class: "nothing", text: find.value ? W.noHit : "" })]));
    go.textContent = W.replaceThese(changes.length);
    go.disabled = !changes.length;
  }
  for (const input of [find, by, whole, exact]) input.addEventListener("input", look);
  go.addEventListener("click", async () => {
    go.disabled = true;
    const made = [];
    for (const { line, text } of changes) {
      if (!text) continue;
      const done = await attempt(() => actions.post(line.id, { edit: "text", text, rev: line.rev }));
      if (!done) break;
      made.push({ id: line.id, text: line.text });
    }
    if (made.length) {
      state.undo.push({ run: async () => {
        let last;
        for (const { id, text } of made) last = await actions.post(id, { edit: "text", text });
        return last;
      } });
    }
    toast(`${W.saved} (${made.length})`);
    dialog.close();
    await actions.reload();
  });
  dialog.onclose = null;
  dialog.replaceChildren(h("h2", { id: "dialog-title", text: W.replace }),
    h("label", {}, h("span", { text: W.find }), find), h("label", {}, h("span", { text: W.by }), by),
    h("label", { class: "check" }, whole, ` ${W.wholeWords}`), h("label", { class: "check" }, exact, ` ${W.matchCase}`), preview,
    h("div", { class: "buttons" }, h("button", { type: "button", text: W.cancel, onclick: () => dialog.close() }), go));
  dialog.showModal();
  find.focus();
}
