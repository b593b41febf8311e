// Dark or light: as the system is, until somebody says otherwise.
import { h } from "./common.js";
import { W } from "./words.js";

const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
if (kept) document.documentElement.dataset.theme = kept;

export function themeButton() {
  return h("button", { type: "button", "aria-label": W.theme, title: W.theme, text: "◐", onclick: () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* not kept, then */ }
  } });
}
