// Beside the text: who is there, what was marked, what is hidden, what can be exported.
import { api, ask, attempt, clock, h, seconds, seg, toast } from "./common.js";
import { W } from "./words.js";

const FORMATS = [["html", "HTML"], ["docx", "Word"], ["pdf", "PDF"], ["md", "Markdown"], ["txt", W.plainText], ["srt", "SRT"], ["vtt", "VTT"], ["json", "JSON"], ["csv", "CSV"]];

export function panels(state, side, actions) {
  const { whole, path } = state, open = new Set([...side.querySelectorAll("details[open]")].map((one) => one.dataset.name));
  const { corrections } = actions;
  // `entry`: what takes it back, by what was answered.
  const post = async (what, body, entry, method = "POST") => {
    const done = await attempt(() => api(path + what, method, body));
    if (!done) return;
    corrections.did(entry(done));
    actions.remarked(done.remark);
    await actions.reload();
  };
  const people = (now, before) => post("/people", now, () => before ? corrections.told("/people", "POST", now, before) : { never: W.neverNamed });
  // A voice that nobody named can't be without a name again.
  const isOpen = (one) => one.unknown || one.guessed;
  const panel = (name, title, ...children) => h("details", { "data-name": name, open: open.has(name) || (name === "people" && whole.voices.some((voice) => voice.unknown)) }, h("summary", { text: title }), children);

  const named = async (voice) => {
    const answer = await ask(W.whose, [{ name: "name", label: W.name, max: 200 }], W.save);
    const as = (name) => ({ edit: "name", voice: voice.id, name });
    if (answer?.name.trim()) await people(as(answer.name), isOpen(voice) ? null : as(voice.name));
  };
  const renamed = async (name) => {
    const answer = await ask(`${name}: ${W.rename}`, [{ name: "name", label: W.name, value: name, max: 200 }], W.save);
    if (!answer?.name.trim() || answer.name === name) return;
    const wasOpen = whole.voices.some((one) => one.name === name && isOpen(one));
    await people({ edit: "rename", old: name, new: answer.name }, wasOpen ? null : { edit: "rename", old: answer.name, new: name });
  };
  const merged = async (name) => {
    const others = whole.speakers.filter((other) => other !== name).map((other) => [other, other]);
    const answer = others.length && await ask(`${name}: ${W.merge}`, [{ name: "into", label: W.name, options: others }], W.save);
    if (answer) await post("/people", { edit: "merge", from: name, into: answer.into }, () => ({ never: W.neverMerged }));
  };
  const person = (name) => h("li", {}, h("span", { class: "dot-name", dir: "auto", text: name }),
    h("button", { type: "button", text: W.rename, onclick: () => renamed(name) }), h("button", { type: "button", text: W.merge, onclick: () => merged(name) }));
  const voice = (one) => h("li", {}, h("span", { dir: "auto", text: `${one.name} · ${clock(one.seconds)}${one.guessed ? " ?" : ""}` }),
    one.sample ? h("button", { type: "button", text: W.hear, onclick: () => actions.hear(...one.sample) }) : "",
    h("button", { type: "button", class: one.unknown ? "main" : "", text: W.whose, onclick: () => named(one) }));

  const described = async (detail, label, isList) => {
    const now = detail === "title" ? [whole.title] : whole.details[detail] ?? [];
    const answer = await ask(label, [{ name: "text", label, value: now.join("; ") }], W.save);
    if (!answer) return;
    const lines = isList ? answer.text.split(";").map((line) => line.trim()).filter(Boolean) : [answer.text.trim()].filter(Boolean);
    const as = (lines) => ({ detail, lines });
    await post("/details", as(lines), () => corrections.told("/details", "PUT", as(lines), as(now)), "PUT");
  };
  const hidden = async () => {
    const answer = await ask(W.hide, [{ name: "from", label: W.from }, { name: "to", label: W.to }], W.hide);
    const [from, to] = [seconds(answer?.from ?? ""), seconds(answer?.to ?? "")];
    if (!answer) return;
    if (from === null || to === null) toast(W.noTime, true); else await post("/passages", { from, to }, (done) => corrections.added("/passages", corrections.idIn(done), { from, to }));
  };

  const gone = (what, id, body) => post(`${what}/${seg(id)}`, undefined, () => corrections.removed(what, id, body), "DELETE");

  const removed = async () => {
    if (!await ask(W.reallyRemove, [], W.remove)) return;
    const done = await attempt(() => api(path, "DELETE"));
    if (!done) return;
    location.hash = "#/";
    toast(W.removed(done.back));
  };

  side.replaceChildren(
    h("div", { class: "buttons" },
      h("button", { type: "button", text: W.title, onclick: () => described("title", W.title, false) }),
      h("button", { type: "button", text: W.mark, onclick: () => actions.mark() }),
      h("button", { type: "button", text: W.replace, onclick: () => actions.replace() }),
      h("button", { type: "button", text: W.undo, onclick: () => actions.undo() }),
      h("button", { type: "button", text: W.redo, onclick: () => actions.redo() }),
      h("button", { type: "button", text: W.hide, onclick: hidden }),
      h("button", { type: "button", class: "danger", text: W.remove, disabled: whole.in_use, onclick: removed })),
    panel("people", W.people, h("ul", {}, whole.speakers.map(person)), whole.voices.length ? h("ul", {}, whole.voices.map(voice)) : ""),
    whole.marks.length ? panel("marks", `${W.marks} (${whole.marks.length})`, h("ul", {}, whole.marks.map((mark) => h("li", {},
      h("a", { href: "#", text: clock(mark.at), onclick: (event) => { event.preventDefault(); actions.go(mark.at); document.getElementById(mark.id)?.scrollIntoView({ block: "center" }); } }),
      h("span", { dir: "auto", text: ` ${W[mark.kind]}: ${mark.text}` }),
      h("button", { type: "button", text: W.takeBack, onclick: () => gone("/marks", mark.id, { text: mark.text, kind: mark.kind, at: mark.at }) }))))) : "",
    whole.passages.length ? panel("hidden", W.hidden, h("ul", {}, whole.passages.map((one) => h("li", {}, `${clock(one.from)}–${clock(one.to)} `,
      h("button", { type: "button", text: W.show, onclick: () => gone("/passages", one.id, { from: one.from, to: one.to }) }))))) : "",
    panel("export", W.download, h("ul", { class: "formats" }, FORMATS.map(([format, name]) => h("li", {}, h("a", { href: `/api/v1${path}/export/${format}`, download: "", text: name }))))));
}
