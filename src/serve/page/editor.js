// A line that is corrected where it stands: its sound plays again and again meanwhile. What is typed is kept until it is saved; what
// somebody else wrote meanwhile is shown beside it, and a person decides.
import { $, h, toast } from "./common.js";
import { W } from "./words.js";
import * as drafts from "./drafts.js";

// `view`: node(id), lineOf(id), fill(said, line), post(id, change), done(answer, id), put(line), select(line), loop(stretch), left().
export function editor(session, view) {
  let open = null;

  function begin(id, withSound = true) {
    if (open) return;
    const line = view.lineOf(id), node = view.node(id);
    if (!line || !node) return;
    const draft = line.hidden ? null : drafts.read(session, id);
    const said = $(".said", node);
    view.select(line);
    said.textContent = draft ? draft.text : line.text;
    said.setAttribute("contenteditable", "plaintext-only");
    said.setAttribute("role", "textbox");
    said.setAttribute("aria-label", W.edit);
    said.setAttribute("aria-describedby", "hint");
    node.classList.add("editing");
    node.classList.remove("has-draft");
    // A button that takes the focus would lose the place in the text.
    const button = (text, does, main = false) => h("button", { type: "button", class: main ? "main" : "", text, onmousedown: (event) => event.preventDefault(), onclick: does });
    const foot = h("div", { class: "foot" },
      h("p", { class: "hint", id: "hint", text: draft ? W.draftBack : W.loop }),
      h("div", { class: "buttons" }, button(W.cancel, () => end()), button(W.split, split), button(W.save, save, true)));
    node.append(foot);
    open = { id, line, seen: line.rev, said, node, foot, busy: false };
    said.oninput = typed;
    said.onkeydown = key;
    said.focus();
    getSelection().selectAllChildren(said);
    getSelection().collapseToEnd();
    if (withSound) view.loop([Math.max(0, line.start - 0.2), line.end + 0.3]);
    // Somebody wrote something else since this was typed.
    if (draft && draft.rev !== line.rev) { open.seen = draft.rev; noticed(line); }
  }

  const text = () => open.said.textContent.replace(/\s+/g, " ").trim();
  function typed() {
    if (open.line.hidden) return;
    if (text() === open.line.text) drafts.drop(session, open.id);
    else drafts.write(session, open.id, { text: text(), rev: open.seen });
  }
  function key(event) {
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); end(); return; }
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey || event.ctrlKey || event.metaKey) split(); else save();
  }

  // Leaves the line as it was, or as `line` says that it is now.
  function end(line = null) {
    if (!open) return;
    const { id, said, node, foot } = open;
    drafts.drop(session, id);
    view.loop(null);
    for (const name of ["contenteditable", "role", "aria-label", "aria-describedby"]) said.removeAttribute(name);
    said.oninput = said.onkeydown = null;
    node.classList.remove("editing");
    foot.remove();
    const before = open.line;
    open = null;
    if (line) view.put(line); else view.fill(said, before);
    view.node(id)?.focus({ preventScroll: true });
    view.left();
  }

  async function send(change) {
    if (open.busy) return;
    const mine = open;
    mine.busy = true;
    let done;
    try {
      done = await view.post(mine.id, { ...change, rev: mine.seen });
    } catch (error) {
      mine.busy = false;
      const now = error.lines?.find((line) => line.id === mine.id);
      // Meanwhile somebody said that it is to be written over just that.
      if (open === mine && now && now.rev === mine.seen) { send(change); return; }
      if (open === mine && error.status === 409 && now) noticed(now); else toast(error.message, true);
      // What was typed stays where it is until it is saved.
      return;
    }
    if (open === mine) {
      mine.line = done.lines.find((line) => line.id === mine.id) ?? mine.line;
      end();
    }
    view.done(done, mine.id);
  }
  function save() {
    const wanted = text();
    if (!wanted || (wanted === open.line.text && open.seen === open.line.rev)) { end(); return; }
    send({ edit: "text", text: wanted });
  }
  function split() {
    const at = caret(), whole = open.said.textContent;
    const parts = at === null ? [] : [whole.slice(0, at), whole.slice(at)].map((part) => part.replace(/\s+/g, " ").trim()).filter(Boolean);
    if (parts.length < 2) { toast(W.splitWhere, true); open.said.focus(); return; }
    send({ edit: "split", parts: parts.map((part) => ({ text: part })) });
  }
  // Where the caret stands, in characters of the text.
  function caret() {
    const selection = getSelection();
    if (!selection.rangeCount || !open.said.contains(selection.anchorNode)) return null;
    const range = document.createRange();
    range.selectNodeContents(open.said);
    range.setEnd(selection.anchorNode, selection.anchorOffset);
    return range.toString().length;
  }

  // The line has another revision now than the one that was seen: both are shown, and a person decides.
  function noticed(now) {
    // What is on its way comes back as an answer.
    if (!open || open.busy || now.id !== open.id || now.rev === open.seen) return;
    if (now.text === text() && !now.hidden) { end(now); return; }
    $(".conflict", open.foot)?.remove();
    const keep = () => { open.seen = now.rev; open.line = now; $(".conflict", open.foot).remove(); typed(); save(); };
    open.foot.prepend(h("div", { class: "conflict", role: "alert" },
      h("p", { text: W.conflict }),
      h("blockquote", { dir: "auto" }, h("b", { text: `${now.speaker}: ` }), now.text, now.hidden ? ` [${now.hidden}]` : ""),
      h("p", { text: W.conflictMine }),
      h("div", { class: "buttons" }, h("button", { type: "button", text: W.takeTheirs, onclick: () => end(now) }), h("button", { type: "button", class: "main", text: W.keepMine, onclick: keep }))));
  }

  return {
    begin, noticed,
    get line() { return open?.id ?? null; },
    // The page is left with the line open: what was typed is there when somebody comes back.
    close() { if (open) view.loop(null); open = null; },
  };
}
