// Exports that are older than the last correction, and why: what the server can bring up to date it does by itself, a moment after
// the last correction. The rest is for a person to decide.
import { h } from "./common.js";
import { W } from "./words.js";

export function staleView(holder) {
  let shown = "";
  function put(entries) {
    const told = JSON.stringify(entries);
    if (told === shown) return;
    shown = told;
    // Where there is little room, the text comes first.
    const isOpen = holder.querySelector("details")?.open ?? matchMedia("(min-width: 64rem)").matches;
    holder.hidden = !entries.length;
    holder.replaceChildren(...(entries.length ? [h("details", { open: isOpen }, h("summary", { text: W.older(entries.length) }), h("ul", {}, entries.map(row)))] : []));
  }
  function row({ file, why, detail, command }) {
    const because = W.olderBecause.find(([known]) => known === why)?.[1];
    return h("li", {}, h("bdi", { class: "file", text: file }), ` (${[because, detail].filter(Boolean).join(": ")})`, command ? h("code", { text: command }) : "");
  }
  return { put };
}
