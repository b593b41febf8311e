// Which view is shown: the address behind # says it.
import { $, h } from "./common.js";
import { W } from "./words.js";
import * as list from "./list.js";
import * as session from "./session.js";

let leave = () => {};

async function go() {
  leave();
  leave = () => {};
  const [, kind, id] = location.hash.split("/");
  $("#player").hidden = true;
  const view = kind === "session" && id ? session.show(decodeURIComponent(id)) : list.show();
  leave = await view;
}

const saved = localStorage.getItem("theme");
if (saved) document.documentElement.dataset.theme = saved;

export function themeButton() {
  return h("button", { type: "button", "aria-label": W.theme, title: W.theme, text: "◐", onclick: () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  } });
}

addEventListener("hashchange", go);
go();
