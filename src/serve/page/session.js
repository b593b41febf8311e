// One session: read, listen, correct; and watch it while it is being recorded.
import { $, api, ask, attempt, clock, date, h, news, seg, toast, typing } from "./common.js";
import * as drafts from "./drafts.js";
import { editor } from "./editor.js";
import { liveBar } from "./live.js";
import { panels } from "./panels.js";
import { takingBack } from "./past.js";
import { replaceAll } from "./replace.js";
import { sessionSound } from "./sound.js";
import { staleView } from "./stale.js";
import { summaryView } from "./summary.js";
import { textView } from "./text.js";
import { themeButton } from "./theme.js";
import { W } from "./words.js";

// `line`: the id of the line to begin at, if any.
export async function show(id, wantedLine = null) {
  const path = `/sessions/${seg(id)}`;
  const state = { id, path, whole: null, lines: [], drafts: new Set(), revision: "", at: -1, only: "", live: false };

  const find = h("input", { type: "search", id: "find", placeholder: W.search, "aria-label": W.search, autocomplete: "off" });
  const found = h("span", { id: "found", role: "status" });
  const only = h("select", { id: "only", "aria-label": W.only });
  const doubt = h("button", { type: "button", "aria-pressed": "false", text: W.doubt, onclick: () => {
    const on = doubt.getAttribute("aria-pressed") !== "true";
    doubt.setAttribute("aria-pressed", String(on));
    view.doubt(on);
  } });
  const withheld = h("button", { type: "button", "aria-pressed": "false", text: W.withheld, onclick: async () => {
    withheld.setAttribute("aria-pressed", String(!showsAll()));
    await reload();
  } });
  const showsAll = () => withheld.getAttribute("aria-pressed") === "true";
  $("#bar").replaceChildren(h("a", { href: "#/", text: "‹ " + W.sessions, class: "back" }), find, found, only, doubt, withheld, themeButton());

  const head = h("header", {}), text = h("div", { id: "text", class: "text" }), growing = h("div", { id: "growing", "aria-live": "off" });
  const side = h("aside", { id: "side", "aria-label": W.beside });
  // Where the window is narrow, what stands beside the text would stand before it: it is folded up.
  const unfold = h("button", { type: "button", id: "unfold", "aria-expanded": "false", "aria-controls": "side", text: W.beside, onclick: () => {
    const on = side.classList.toggle("open");
    unfold.setAttribute("aria-expanded", String(on));
  } });
  const sum = h("section", { id: "summary", class: "summary", "aria-label": W.summary, hidden: true });
  const older = h("section", { id: "stale", role: "status", hidden: true }), stale = staleView(older);
  $("#view").replaceChildren(head, older, unfold, side, sum, h("section", { "aria-label": W.said }, h("h2", { text: W.said }), text, growing));

  // --- What there is -----------------------------------------------------------------------------------------

  async function reload() {
    const all = showsAll(), mine = wait.turn;
    const [whole, said] = await Promise.all([
      attempt(() => api(path)), attempt(() => api(`${path}/transcript?words=true&withheld=${all}`)),
    ]);
    if (!whole || !said) return;
    let lines = said.lines, next = said.next, isOne = said.revision === whole.revision;
    while (next !== null) {
      const more = await attempt(() => api(`${path}/transcript?words=true&withheld=${all}&cursor=${next}`));
      if (!more) return;
      lines = lines.concat(more.lines);
      isOne &&= more.revision === whole.revision;
      next = more.next;
    }
    // Something was corrected meanwhile: what was read may be from before it.
    if (mine !== wait.turn) { await reload(); return; }
    // What has not changed stays the same object: it is not drawn again.
    const before = new Map(state.lines.map((line) => [line.id, line]));
    const same = (line) => { const old = before.get(line.id); return old && old.rev === line.rev && old.text === line.text && old.speaker === line.speaker && old.hidden === line.hidden && old.partly_hidden === line.partly_hidden ? old : line; };
    const current = state.lines[state.at]?.id;
    Object.assign(state, { whole, revision: isOne ? whole.revision : "", lines: lines.map(same) });
    // Somebody wrote while it was read: a part of it may be from before. What is recorded is told line by line.
    if (!isOne && !state.live) soonAgain();
    state.at = state.lines.findIndex((line) => line.id === current);
    findDrafts();
    drawHead();
    stale.put(whole.stale);
    panels(state, side, actions);
    summary.load();
    if (typer.line) { wait.reload = true; return; }
    view.draw();
    if (find.value) search();
  }
  const wait = { reload: false, turn: 0 };

  // Of lines that are not shown any more nothing stays in the browser.
  function findDrafts() {
    state.drafts.clear();
    for (const [line, draft] of drafts.all(id)) {
      const shown = state.lines.find((one) => one.id === line);
      if (!shown || shown.hidden || shown.partly_hidden || !draft || draft.text === shown.text) drafts.drop(id, line); else state.drafts.add(line);
    }
  }

  function drawHead() {
    const { whole } = state;
    document.title = `${whole.title} · Hansard`;
    head.replaceChildren(h("h1", { dir: "auto", text: whole.title }),
      h("p", { text: `${date(whole.start)} · ${clock(whole.duration_s, true)}` }),
      h("p", {}, whole.warning ? h("strong", { text: whole.account }) : whole.account),
      whole.pending ? h("p", {}, h("strong", { text: whole.pending })) : "");
    only.replaceChildren(h("option", { value: "", text: W.everyone }), ...whole.speakers.map((name) => h("option", { value: name, text: name })));
    if (state.only && !whole.speakers.includes(state.only)) state.only = "";
    only.value = state.only;
  }

  // --- What is changed -----------------------------------------------------------------------------------------

  const lineOf = (lineId) => state.lines.find((line) => line.id === lineId);
  const post = (lineId, change) => api(`${path}/lines/${seg(lineId)}`, "POST", change);
  const showable = (line) => !line.hidden || showsAll();

  // What was written is shown as it stands now. `entry` is what else there is to say of taking it back; null: that is what this does.
  function applied(done, focus = null, entry = {}) {
    if (entry && done.undo.length) corrections.did({ ...entry, lines: done.undo });
    // What somebody else wrote just before is not among these lines: it is told as a change, and read.
    state.revision = done.before === state.revision ? done.revision : "";
    wait.turn += 1;
    remarked(done.remark);
    summary.load();
    let redraw = false;
    const current = state.lines[state.at]?.id;
    for (const line of done.lines) {
      const at = state.lines.findIndex((one) => one.id === line.id);
      if (!state.whole.speakers.includes(line.speaker)) state.whole.speakers.push(line.speaker);
      if (at < 0 && showable(line)) {
        const place = state.lines.findIndex((one) => one.start > line.start);
        state.lines.splice(place < 0 ? state.lines.length : place, 0, line);
        redraw = true;
      } else if (at >= 0 && !showable(line)) { state.lines.splice(at, 1); redraw = true; }
      else if (at >= 0) {
        redraw ||= state.lines[at].speaker !== line.speaker;
        state.lines[at] = line;
        if (!redraw) view.put(line);
      }
    }
    state.at = state.lines.findIndex((line) => line.id === current);
    if (redraw) { drawHead(); view.draw(); }
    const at = state.lines.findIndex((line) => line.id === focus);
    if (at >= 0) { select(at, false); view.node(focus)?.focus({ preventScroll: true }); }
    else if (state.at < 0 && state.lines.length) select(Math.min(Math.max(0, applied.place ?? 0), state.lines.length - 1), false);
  }

  // What stays behind is told once; it stands above the text as long as it is true.
  let remark = null;
  function remarked(told) {
    if (told && told !== remark) toast(told, true);
    remark = told;
  }

  // Changes one line as it was seen; who was quicker is told, and what stands there now is shown.
  async function change(line, what, focus = line.id) {
    applied.place = state.lines.indexOf(line);
    try { applied(await post(line.id, { ...what, rev: line.rev }), focus); return true; } catch (error) {
      toast(error.message, true);
      if (error.status === 409) await reload();
      return false;
    }
  }
  const corrections = takingBack(path, { applied, remarked, showable, reload: () => reload() });

  const actions = {
    reload, path, applied, remarked,
    edit(lineId) { if (lineOf(lineId)?.partly_hidden) toast(W.partlyHidden, true); else typer.begin(lineId); },
    async speaker(lineId) {
      const line = lineOf(lineId);
      const names = h("datalist", { id: "names" }, state.whole.speakers.map((value) => h("option", { value })));
      document.body.append(names);
      const answer = await ask(W.speaker, [{ name: "name", label: W.name, value: "", list: "names", max: 200 }], W.save);
      names.remove();
      if (answer?.name.trim()) await change(line, { edit: "speaker", name: answer.name });
    },
    withhold(lineId) { const line = lineOf(lineId); return change(line, { edit: line.hidden ? "restore" : "withhold" }); },
    // With the next line of the same track.
    join(lineId) {
      const line = lineOf(lineId);
      const next = state.lines.slice(state.lines.indexOf(line) + 1).find((one) => one.track === line.track && !one.hidden);
      if (line.hidden || !next) { toast(W.nothingToJoin, true); return undefined; }
      return change(line, { edit: "join", with: next.id, with_rev: next.rev });
    },
    async history(lineId) {
      const all = await attempt(() => api(`${path}/lines/${seg(lineId)}`)), line = lineOf(lineId);
      if (!all || !line) return;
      const options = all.map((one) => [String(one.rev), `${one.rev}: ${one.speaker}: ${one.text}${one.hidden ? ` [${one.hidden}]` : ""}`]).reverse();
      const answer = await ask(W.history, [{ name: "rev", label: W.history, options }], W.restore);
      if (answer && Number(answer.rev) !== line.rev) await change(line, { edit: "back", to: Number(answer.rev) });
    },
    corrections, undo: corrections.undo, redo: corrections.redo,
    async mark() {
      const kinds = ["decision", "action", "question", "note"].map((kind) => [kind, W[kind]]);
      const answer = await ask(W.mark, [{ name: "text", label: W.mark }, { name: "kind", label: W.kind, options: kinds, value: "note" }], W.save);
      if (!answer?.text.trim()) return;
      const at = state.live ? null : sound.time;
      const done = await attempt(() => api(`${path}/marks`, "POST", { text: answer.text, kind: answer.kind, at }));
      if (!done) return;
      corrections.did(corrections.added("/marks", done.id, { text: done.text, kind: done.kind, at: done.at }));
      remarked(done.remark);
      await reload();
    },
    replace: () => replaceAll(state, actions),
    hear: (from, to) => sound.hear(from, to),
    go: (from) => sound.go(from),
  };

  const view = textView(state, text, {
    go: (at) => sound.go(at), edit: (lineId) => actions.edit(lineId), select: (at) => select(at, false),
  });
  const summary = summaryView(state, sum, {
    lead({ id: lineId, start }) {
      const at = state.lines.findIndex((line) => line.id === lineId);
      if (at < 0) return;
      // Somebody else's words alone are shown.
      if (state.only && state.lines[at].speaker !== state.only) { state.only = only.value = ""; view.draw(); }
      select(at);
      sound.go(start);
    },
  });
  const typer = editor(id, {
    node: (lineId) => view.node(lineId), lineOf, fill: view.fill, post,
    select: (line) => select(state.lines.indexOf(line), false),
    loop: (stretch) => sound.loop(stretch),
    done: (done, lineId) => applied(done, lineId),
    put(line) {
      const at = state.lines.findIndex((one) => one.id === line.id);
      if (at < 0) return;
      if (showable(line)) state.lines[at] = line; else state.lines.splice(at, 1);
      view.draw();
    },
    left() { state.drafts.clear(); if (wait.reload) { wait.reload = false; reload(); } },
  });

  // --- Where one is ------------------------------------------------------------------------------------------------

  // The buttons of a line stand at the one that is meant: in thousands of lines they would be thousands.
  const tool = (sign, label, does) => h("button", { type: "button", title: label, "aria-label": label, text: sign, onclick: () => does(tools.closest(".line").dataset.id) });
  const hide = tool("−", W.withhold, (lineId) => actions.withhold(lineId)), past = tool("⟲", W.history, (lineId) => actions.history(lineId));
  const tools = h("div", { class: "tools", role: "toolbar", "aria-label": W.tools },
    tool("✎", W.edit, (lineId) => actions.edit(lineId)), tool("☺", W.speaker, (lineId) => actions.speaker(lineId)), tool("⤵", W.join, (lineId) => actions.join(lineId)), hide, past);
  function offer(node) {
    const line = node && lineOf(node.dataset.id);
    if (!line || tools.parentNode === node || node.classList.contains("editing")) return;
    for (const [name, value] of [["title", line.hidden ? W.restore : W.withhold], ["aria-label", line.hidden ? W.restore : W.withhold]]) hide.setAttribute(name, value);
    hide.textContent = line.hidden ? "+" : "−";
    past.hidden = line.rev === 0;
    node.append(tools);
  }
  for (const kind of ["pointerover", "focusin"]) text.addEventListener(kind, (event) => { if (!tools.contains(document.activeElement) || kind === "focusin") offer(event.target.closest(".line")); });

  function select(at, scroll = true) {
    if (at < 0 || at >= state.lines.length) return;
    view.node(state.lines[state.at]?.id)?.classList.remove("now");
    state.at = at;
    const node = view.node(state.lines[at].id);
    node?.classList.add("now");
    offer(node);
    if (scroll) { node?.scrollIntoView({ block: "center" }); node?.focus({ preventScroll: true }); }
  }

  function onTime(now, playing) {
    if (!playing || typer.line) return;
    // Lines are by time: the last one that has begun.
    let low = 0, high = state.lines.length;
    while (low < high) { const middle = (low + high) >> 1; if (state.lines[middle].start <= now) low = middle + 1; else high = middle; }
    const at = low - 1;
    if (at >= 0 && at !== state.at) { select(at, false); view.node(state.lines[at].id)?.scrollIntoView({ block: "nearest" }); }
    view.speak(state.lines[at], now);
  }

  function search() {
    const hits = view.search(find.value);
    found.textContent = find.value.trim() ? String(hits.length) : "";
    return hits;
  }
  let soon;
  find.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(search, 100); });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { find.value = ""; search(); find.blur(); }
    if (event.key !== "Enter") return;
    const hits = search(), now = state.lines[state.at]?.start ?? -1;
    const next = event.shiftKey ? hits.filter((line) => line.start < now).at(-1) ?? hits.at(-1) : hits.find((line) => line.start > now) ?? hits[0];
    if (next) { select(state.lines.indexOf(next)); find.focus({ preventScroll: true }); }
  });
  only.addEventListener("change", () => { state.only = only.value; view.draw(); });

  const keys = (event) => {
    if (event.key === "h" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); actions.replace(); return; }
    if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const current = state.lines[state.at];
    const does = {
      " ": () => sound.toggle(), ArrowLeft: () => sound.by(-5), ArrowRight: () => sound.by(5),
      j: () => select(state.at + 1), k: () => select(Math.max(0, state.at - 1)),
      e: () => current && actions.edit(current.id), Enter: () => current && sound.go(current.start),
      s: () => current && actions.speaker(current.id), x: () => current && actions.withhold(current.id), J: () => current && actions.join(current.id),
      m: () => actions.mark(), u: () => actions.undo(), U: () => actions.redo(), "/": () => find.focus(), "?": help, Escape: () => { location.hash = "#/"; },
    }[event.key];
    if (!does || (event.key === "Enter" && event.target.closest("button, a, summary"))) return;
    if (event.key === " " && event.target.closest("button, summary")) return;
    event.preventDefault();
    does();
  };
  document.addEventListener("keydown", keys);

  function help() {
    const dialog = $("#dialog");
    dialog.replaceChildren(h("h2", { id: "dialog-title", text: W.keys }), h("dl", { class: "key-list" }, W.keyList.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", { text: key })), h("dd", { text: what })))),
      h("div", { class: "buttons" }, h("button", { type: "button", class: "main", text: W.ok, onclick: () => dialog.close() })));
    dialog.onclose = null;
    dialog.showModal();
  }

  // --- While it is recorded -----------------------------------------------------------------------------------------

  const bar = liveBar(state, head, actions);
  const partial = new Map();
  let again;
  const soonAgain = () => { clearTimeout(again); again = setTimeout(news_, 150); };
  // What is being typed is not disturbed; who was there first is shown beside it.
  async function news_() {
    const lineId = typer.line;
    await reload();
    if (lineId && typer.line === lineId && lineOf(lineId)) typer.noticed(lineOf(lineId));
  }
  function tell(told) {
    if (told.kind === "stale") { if (state.whole) { state.whole.stale = told.stale; stale.put(told.stale); } return; }
    if (told.kind === "changed" || told.kind === "lagged" || told.kind === "over") {
      if (told.kind === "over") { state.live = false; bar.over(); partial.clear(); growing.replaceChildren(); }
      if (told.revision && told.revision === state.revision) return;
      soonAgain();
      return;
    }
    if (told.kind === "status" || told.kind === "levels") { state.live = true; bar.tell(told); return; }
    if (told.kind) {
      if (["mark", "paused", "resumed", "renamed", "voice_named", "voice_merged", "muted", "unmuted", "hidden", "described"].includes(told.kind)) soonAgain();
      return;
    }
    if (!told.id) return;
    if (!told.final) {
      if (told.text && !state.whole?.passages.some((one) => told.start < one.to && told.end > one.from)) partial.set(told.id, told); else partial.delete(told.id);
    } else {
      partial.delete(told.id);
      spoken(told);
    }
    const isLow = innerHeight + scrollY > document.body.scrollHeight - 160;
    growing.replaceChildren(...[...partial.values()].map((line) => h("p", { class: "growing", dir: "auto" }, h("b", { text: `${line.name}: ` }), `${line.text} …`)));
    if (isLow && !typer.line) scrollTo(0, document.body.scrollHeight);
  }
  function spoken(told) {
    const line = { ...told, speaker: told.name, edited: Boolean(told.edited), hidden: told.withheld || told.bleed_of ? String(told.withheld ?? told.bleed_of) : null };
    // What of it may be read, the server tells.
    if (state.whole.passages.some((one) => line.start < one.to && line.end > one.from)) { soonAgain(); return; }
    if (typer.line === line.id) { typer.noticed(line); return; }
    const at = state.lines.findIndex((one) => one.id === line.id);
    if (at >= 0 && line.hidden) { state.lines.splice(at, 1); view.draw(); return; }
    if (at >= 0) { const isSame = state.lines[at].speaker === line.speaker; state.lines[at] = line; if (isSame) view.put(line); else view.draw(); return; }
    if (line.hidden || !line.text) return;
    if (!state.whole.speakers.includes(line.speaker)) state.whole.speakers.push(line.speaker);
    const place = state.lines.findIndex((one) => one.start > line.start);
    if (place >= 0) { state.lines.splice(place, 0, line); if (place <= state.at) state.at += 1; if (!typer.line) view.draw(); else wait.reload = true; return; }
    const last = state.lines.at(-1);
    state.lines.push(line);
    if (!state.only || state.only === line.speaker) view.add(line, last?.speaker !== line.speaker);
  }

  let sound = { go() {}, toggle() {}, by() {}, loop() {}, hear() {}, close() {}, time: 0 };
  const close = news(id, tell);
  await reload();
  if (state.whole) sound = sessionSound(id, state.whole.tracks, state.whole.duration_s, onTime);
  const asked = wantedLine ? state.lines.findIndex((line) => line.id === wantedLine) : -1;
  // What was typed before the page went away is where it was.
  const [unsaved] = state.drafts;
  if (unsaved) { select(state.lines.findIndex((line) => line.id === unsaved)); typer.begin(unsaved, false); }
  else if (asked >= 0) select(asked);
  return () => { close(); sound.close(); bar.close(); view.close(); typer.close(); document.removeEventListener("keydown", keys); clearTimeout(again); clearTimeout(soon); };
}
