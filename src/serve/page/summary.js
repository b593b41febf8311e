// What a language model made of the text: by kinds, each sentence leads to the line that it rests on. All of it is text.
import { api, clock, h, seg } from "./common.js";
import { W } from "./words.js";

const QUOTED = ["decision", "action"];

// `on`: lead(place), to the line and its sound.
export function summaryView(state, holder, on) {
  let shown = "", asked = 0;

  // What it says changes with the session: it is read again after each correction.
  async function load() {
    const mine = ++asked;
    if (!state.whole?.summary) { put(null); return; }
    let told;
    try { told = await api(`${state.path}/summary`); } catch (error) {
      // A server that is away takes nothing from the page.
      if (error.status === 0) return;
      told = error.status === 404 ? null : { problem: error.message };
    }
    if (mine === asked) put(told);
  }

  function put(told) {
    const same = told && JSON.stringify({ ...told, revision: "" });
    if ((same ?? "") === shown) return;
    shown = same ?? "";
    holder.hidden = !told;
    const links = () => [...holder.querySelectorAll("a.item")], at = links().indexOf(document.activeElement);
    const isOpen = (selector, otherwise) => holder.querySelector(selector)?.open ?? otherwise;
    const isFolded = !isOpen("details", true), areReasons = isOpen(".reasons", false);
    if (!told) { holder.replaceChildren(); return; }
    holder.replaceChildren(h("details", { open: !isFolded }, h("summary", {}, h("h2", { id: "h-summary", text: W.summary })), told.problem ? h("p", { class: "by", text: told.problem }) : body(told, areReasons)));
    // Who has the focus in it keeps it.
    if (at >= 0) links()[Math.min(at, links().length - 1)]?.focus({ preventScroll: true });
  }

  function body(told, areReasons) {
    const notes = [told.here ? W.byHere(told.model) : W.byModel(told.model, told.host),
      !told.items.length && !told.gone && W.foundNothing, told.unread > 0 && W.unread(told.unread, told.parts), told.gone > 0 && W.goneItems(told.gone)];
    const kinds = W.kinds.map(([kind, name]) => [kind, name, told.items.filter((item) => item.kind === kind)]).filter(([, , items]) => items.length);
    return [h("p", { class: "by", dir: "auto", text: notes.filter(Boolean).join(" ") }), told.stale ? h("p", {}, h("strong", { text: W.stale })) : "",
      told.left_out > 0 ? leftOut(told, areReasons) : "", ...kinds.flatMap(([, name, items]) => [h("h3", { text: name }), h("ul", {}, items.map(item))])];
  }
  function leftOut(told, isOpen) {
    const why = (code) => (W.because.find(([known]) => known === code) ?? W.because.at(-1))[1];
    return h("details", { class: "reasons", open: isOpen }, h("summary", { text: W.leftOut(told.left_out, told.said) }),
      h("ul", {}, told.reasons.map(({ reason, count }) => h("li", { text: `${count} × ${why(reason)}` }))));
  }
  function item({ kind, text, owner, due, quote, lines: [place], changed }) {
    const whose = [owner, due].filter(Boolean).join(", ");
    const leads = (event) => {
      // Into another tab, if that is wanted.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      on.lead(place);
    };
    return h("li", {}, h("a", { class: "item", href: `#/session/${seg(state.id)}/${seg(place.id)}`, onclick: leads },
      h("span", { class: "time", text: clock(place.start) }), " ", h("bdi", { text }), whose ? h("bdi", { class: "whose", text: ` (${whose})` }) : ""),
      changed ? h("em", { text: ` (${W.correctedSince})` }) : "",
      QUOTED.includes(kind) ? h("q", { dir: "auto", text: `${place.speaker}: “${quote}”` }) : "");
  }

  return { load };
}
