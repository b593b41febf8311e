// Find and replace over the whole session: every change is shown before it is made, and all of them are made in one go or none.
import { $, api, clock, h, toast } from "./common.js";
import { W } from "./words.js";

// Changes that are shown; they all are made.
const SHOWN = 200;

export function replaceAll(state, actions) {
  const dialog = $("#dialog");
  const find = h("input", { autocomplete: "off", maxlength: "1000" }), by = h("input", { autocomplete: "off", maxlength: "1000" });
  const whole = h("input", { type: "checkbox", checked: true }), exact = h("input", { type: "checkbox" }), everywhere = h("input", { type: "checkbox" });
  const preview = h("ul", { class: "preview", tabindex: "0", "aria-label": W.replace }), told = h("p", { class: "hint", role: "status" });
  const go = h("button", { type: "button", class: "main", disabled: true, text: W.replaceThese(0) });
  const kinds = { speaker: W.inName, mark: W.inMark, detail: W.inDetail };
  const wanted = () => ({ old: find.value.trim(), new: by.value.trim(), exact: exact.checked, within: !whole.checked, everywhere: everywhere.checked });
  let seen = null, asked = 0, timer, isBeyond = false;

  async function look() {
    const mine = ++asked;
    seen = null;
    go.disabled = true;
    let found = { hits: [] };
    if (find.value.trim()) {
      try { found = await api(`${state.path}/replace/preview`, "POST", wanted()); } catch (error) { if (mine === asked) told.textContent = error.message; return; }
      if (mine !== asked) return;
    }
    const { hits } = found, empty = hits.filter((hit) => hit.kind === "line" && hit.empty).length;
    const row = (hit) => h("li", {}, hit.kind === "line" ? h("small", { text: clock(hit.at) }) : h("small", { text: kinds[hit.kind] }),
      h("del", { dir: "auto", text: hit.before }), hit.empty ? h("em", { text: W.becomesEmpty }) : h("ins", { dir: "auto", text: hit.after }));
    // Lines that would be empty are named first.
    const sorted = [...hits.filter((hit) => hit.empty), ...hits.filter((hit) => !hit.empty)];
    preview.replaceChildren(...sorted.slice(0, SHOWN).map(row), ...(hits.length > SHOWN ? [h("li", { text: W.moreBelow(hits.length - SHOWN) })] : []));
    told.textContent = !find.value.trim() ? "" : !hits.length ? W.noHit : empty ? W.emptyLines(empty) : "";
    go.textContent = W.replaceThese(hits.length);
    go.disabled = !hits.length;
    seen = found.seen ?? null;
    isBeyond = hits.some((hit) => hit.kind !== "line");
  }
  for (const input of [find, by, whole, exact, everywhere]) input.addEventListener("input", () => { clearTimeout(timer); seen = null; go.disabled = true; timer = setTimeout(look, 150); });
  async function replace() {
    if (go.disabled || !seen) return;
    go.disabled = true;
    try {
      const done = await api(`${state.path}/replace`, "POST", { ...wanted(), seen });
      dialog.close();
      toast(`${W.saved} (${done.lines.length})`);
      if (isBeyond && !done.undo.length) actions.corrections.did({ never: W.linesAlone });
      actions.applied(done, null, isBeyond ? { note: W.linesAlone } : {});
      if (everywhere.checked) await actions.reload();
    } catch (error) {
      toast(error.message, true);
      // Somebody was quicker: what it would do now is shown.
      look();
    }
  }
  go.addEventListener("click", replace);
  const form = h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); replace(); } }, h("h2", { id: "dialog-title", text: W.replace }),
    h("label", {}, h("span", { text: W.find }), find), h("label", {}, h("span", { text: W.by }), by),
    h("label", { class: "check" }, whole, ` ${W.wholeWords}`), h("label", { class: "check" }, exact, ` ${W.matchCase}`), h("label", { class: "check" }, everywhere, ` ${W.everywhere}`), told, preview,
    h("div", { class: "buttons" }, h("button", { type: "button", text: W.cancel, onclick: () => dialog.close() }), go));
  dialog.onclose = null;
  dialog.replaceChildren(form);
  dialog.showModal();
  find.focus();
}
