// Which view is shown: the address behind # says it.
import { $ } from "./common.js";
import * as drafts from "./drafts.js";
import * as list from "./list.js";
import * as session from "./session.js";
import { W, language } from "./words.js";

document.documentElement.lang = language;
$(".skip").textContent = W.skip;
$("#player").setAttribute("aria-label", W.sound);
drafts.dropOld();

let leave = () => {}, asked = 0;

async function go() {
  const mine = ++asked;
  leave();
  leave = () => {};
  const [, kind, id, line] = location.hash.split("/");
  $("#player").hidden = true;
  const view = kind === "session" && id ? session.show(decodeURIComponent(id), line ? decodeURIComponent(line) : null) : list.show();
  const left = await view;
  // Somebody went on before it was there.
  if (mine === asked) leave = left; else left();
}

addEventListener("hashchange", go);
go();
