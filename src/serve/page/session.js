// One session: read, listen, correct; and watch it while it is being recorded.
import { $, api, ask, attempt, clock, date, h, news, seconds, seg, toast, typing } from "./common.js";
import { W } from "./words.js";
import { themeButton } from "./app.js";
import { player } from "./player.js";
import { liveBar } from "./live.js";
import { replaceAll } from "./replace.js";
import { panels } from "./panels.js";

// Lines that are built at once; more follow when there is time.
const CHUNK = 200;
const DOUBT = 0.5;

export async function show(id) {
  const path = `/sessions/${seg(id)}`;
  const state = { id, path, whole: null, lines: [], known: new Map(), revision: "", at: -1, only: "", editing: null, undo: [], live: false };
  const nodes = new Map();

  const find = h("input", { type: "search", id: "find", placeholder: W.search, "aria-label": W.search, autocomplete: "off" });
  const found = h("span", { id: "found", role: "status" });
  const only = h("select", { id: "only", "aria-label": W.only });
  const doubt = h("button", { type: "button", "aria-pressed": "false", text: W.doubt, onclick: () => {
    doubt.setAttribute("aria-pressed", String(document.body.classList.toggle("doubt")));
  } });
  const withheld = h("button", { type: "button", "aria-pressed": "false", text: W.withheld, onclick: async () => {
    withheld.setAttribute("aria-pressed", String(withheld.getAttribute("aria-pressed") !== "true"));
    await reload();
  } });
  $("#bar").replaceChildren(h("a", { href: "#/", text: "‹ " + W.sessions, class: "back" }), find, found, only, doubt, withheld, themeButton());

  const head = h("header", {}), text = h("div", { id: "text", class: "text" }), growing = h("div", { id: "growing", "aria-live": "off" });
  const side = h("aside", { id: "side" });
  $("#view").replaceChildren(head, side, h("section", { "aria-label": W.said }, h("h2", { text: W.said }), text, growing));

  // --- What there is -----------------------------------------------------------------------------------------

  async function reload() {
    const all = withheld.getAttribute("aria-pressed") === "true";
    const [whole, said] = await Promise.all([
      attempt(() => api(path)), attempt(() => api(`${path}/transcript?words=true&withheld=${all}`)),
    ]);
    if (!whole || !said) return;
    Object.assign(state, { whole, revision: whole.revision });
    let lines = said.lines, next = said.next;
    while (next !== null) {
      const more = await attempt(() => api(`${path}/transcript?words=true&withheld=${all}&cursor=${next}`));
      if (!more) break;
      lines = lines.concat(more.lines);
      next = more.next;
    }
    state.lines = lines;
    drawHead();
    panels(state, side, actions);
    drawText();
  }

  function colour(name) {
    const at = state.whole.speakers.indexOf(name);
    return `s${(at < 0 ? 6 : at) % 8}`;
  }

  function drawHead() {
    const { whole } = state;
    document.title = `${whole.title} · Hansard`;
    const title = h("h1", { dir: "auto", text: whole.title });
    head.replaceChildren(title,
      h("p", { text: `${date(whole.start)} · ${clock(whole.duration_s, true)}` }),
      h("p", {}, whole.warning ? h("strong", { text: whole.account }) : whole.account),
      whole.pending ? h("p", {}, h("strong", { text: whole.pending })) : "");
    const before = only.value;
    only.replaceChildren(h("option", { value: "", text: W.everyone }), ...whole.speakers.map((name) => h("option", { value: name, text: name })));
    only.value = before;
  }

  // Paragraphs: a heading where the speaker changes, with marks and gaps in their places.
  function drawText() {
    const scroll = scrollY;
    nodes.clear();
    const between = [
      ...state.whole.marks.map((mark) => [mark.at, () => h("p", { class: "mark-here", id: mark.id }, time(mark.at), h("span", { class: "mark-text" }, h("b", { text: `${W[mark.kind]}: ` }), mark.text))]),
      ...state.whole.gaps.map((gap) => [gap.from, () => h("p", { class: "missing", text: `[${clock(gap.from)}–${clock(gap.to)} ${gap.text}]` })]),
    ].sort((a, b) => a[0] - b[0]);
    const shown = state.lines.filter((line) => !state.only || line.speaker === state.only);
    text.replaceChildren();
    if (!shown.length && !state.live) text.append(h("p", { class: "nothing", text: "—" }));
    let at = 0, place = 0, last = null;
    const build = () => {
      const part = document.createDocumentFragment();
      for (const end = Math.min(at + CHUNK, shown.length); at < end; at++) {
        const line = shown[at];
        while (place < between.length && between[place][0] <= line.start) { part.append(between[place++][1]()); last = null; }
        part.append(lineNode(line, last !== line.speaker));
        last = line.speaker;
      }
      if (at >= shown.length) for (; place < between.length; place++) part.append(between[place][1]());
      text.append(part);
      if (at < shown.length) setTimeout(build, 0);
      else if (find.value) search();
    };
    build();
    scrollTo(0, scroll);
  }

  const time = (from) => h("a", { class: "time", href: `#t=${clock(from)}`, text: clock(from), onclick: (event) => { event.preventDefault(); sound.go(from); } });

  function lineNode(line, isFirst) {
    const said = h("p", { class: "said", dir: "auto", tabindex: "-1" });
    fill(said, line);
    const node = h("div", { class: `line ${colour(line.speaker)}${isFirst ? " first" : ""}${line.hidden ? " left-out" : ""}`, "data-id": line.id, tabindex: "-1" },
      h("div", { class: "who" }, isFirst ? h("b", { dir: "auto", text: line.speaker }) : "", time(line.start)), said,
      h("div", { class: "tools" },
        h("button", { type: "button", title: W.edit, "aria-label": W.edit, text: "✎", onclick: () => actions.edit(line.id) }),
        h("button", { type: "button", title: W.speaker, "aria-label": W.speaker, text: "☺", onclick: () => actions.speaker(line.id) }),
        h("button", { type: "button", title: line.hidden ? W.restore : W.withhold, "aria-label": line.hidden ? W.restore : W.withhold, text: line.hidden ? "＋" : "－", onclick: () => actions.withhold(line.id) }),
        line.rev > 0 ? h("button", { type: "button", title: W.history, "aria-label": W.history, text: "⟲", onclick: () => actions.history(line.id) }) : ""));
    nodes.set(line.id, node);
    state.known.set(line.id, line);
    return node;
  }

  // Words as elements only where they can light up: what has their times.
  function fill(said, line) {
    const words = line.words ?? [];
    const matches = words.length && words.map((word) => word.text).join(" ") === line.text.split(/\s+/).join(" ");
    const parts = matches ? words.flatMap((word, n) => [n ? " " : "", h("span", { class: word.p > 0 && word.p < DOUBT ? "w unsure" : "w", "data-at": word.start, text: word.text })]) : [line.text];
    said.replaceChildren(...parts, line.hidden ? h("small", { class: "why", text: ` [${line.hidden}]` }) : "", line.edited ? h("small", { class: "by-hand", title: W.history, text: " ✎" }) : "");
  }

  text.addEventListener("click", (event) => {
    const node = event.target.closest(".line");
    if (!node || event.target.closest("button, a, [contenteditable=plaintext-only]")) return;
    select(state.lines.findIndex((line) => line.id === node.dataset.id), false);
    const word = event.target.closest(".w");
    if (word) sound.go(Number(word.dataset.at));
  });
  text.addEventListener("dblclick", (event) => {
    const node = event.target.closest(".line");
    if (node && !state.editing) { event.preventDefault(); actions.edit(node.dataset.id); }
  });

  // --- What is changed -----------------------------------------------------------------------------------------

  async function change(what, back) {
    const done = await attempt(what);
    if (!done) return undefined;
    if (back) state.undo.push(back);
    state.revision = done.revision ?? state.revision;
    if (done.remark) toast(done.remark, true);
    return done;
  }

  function put(line) {
    const at = state.lines.findIndex((one) => one.id === line.id), old = nodes.get(line.id);
    if (at < 0) return reload();
    const isFirst = at === 0 || state.lines[at - 1].speaker !== line.speaker;
    const same = state.lines[at].speaker === line.speaker;
    state.lines[at] = line;
    if (!same || !old) return drawText();
    const node = lineNode(line, isFirst && old.classList.contains("first"));
    old.replaceWith(node);
    if (state.at === at) node.classList.add("now");
    return undefined;
  }

  const lineOf = (id) => state.lines.find((line) => line.id === id);
  const post = (id, body) => api(`${path}/lines/${seg(id)}`, "POST", body);

  const actions = {
    reload, change, path,
    async edit(lineId) {
      if (state.editing) return;
      const line = lineOf(lineId), node = nodes.get(lineId);
      if (!line || !node) return;
      const said = $(".said", node), before = line.text;
      select(state.lines.indexOf(line), false);
      state.editing = lineId;
      said.textContent = before;
      said.setAttribute("contenteditable", "plaintext-only");
      said.setAttribute("aria-label", W.edit);
      node.classList.add("editing");
      node.append(h("p", { class: "hint", text: W.loop }));
      said.focus();
      getSelection().selectAllChildren(said);
      getSelection().collapseToEnd();
      sound.loop([Math.max(0, line.start - 0.2), line.end + 0.3]);
      const end = () => {
        state.editing = null;
        sound.loop(null);
        said.removeAttribute("contenteditable");
        node.classList.remove("editing");
        $(".hint", node)?.remove();
        said.onkeydown = null;
      };
      said.onkeydown = async (event) => {
        if (event.key === "Escape") { end(); fill(said, line); node.focus(); event.stopPropagation(); }
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        event.stopPropagation();
        const wanted = said.textContent.trim();
        if (!wanted || wanted === before) { end(); fill(said, line); node.focus(); return; }
        const done = await change(() => post(lineId, { edit: "text", text: wanted, rev: line.rev }), { id: lineId, body: { edit: "text", text: before } });
        // What was typed stays where it is until it is saved.
        if (!done) return;
        end();
        put(done.line);
        nodes.get(lineId)?.focus();
      };
    },
    async speaker(lineId) {
      const line = lineOf(lineId);
      const names = h("datalist", { id: "names" }, state.whole.speakers.map((value) => h("option", { value })));
      document.body.append(names);
      const answer = await ask(W.speaker, [{ name: "name", label: W.name, value: "", list: "names", max: 200 }], W.save);
      names.remove();
      if (!answer?.name.trim()) return;
      const done = await change(() => post(lineId, { edit: "speaker", name: answer.name, rev: line.rev }), { id: lineId, body: { edit: "speaker", name: line.speaker } });
      if (done) await reload();
    },
    async withhold(lineId) {
      const line = lineOf(lineId), [to, back] = line.hidden ? ["restore", "withhold"] : ["withhold", "restore"];
      const done = await change(() => post(lineId, { edit: to, rev: line.rev }), { id: lineId, body: { edit: back } });
      if (done) { if (withheld.getAttribute("aria-pressed") === "true") put(done.line); else await reload(); }
    },
    async history(lineId) {
      const all = await attempt(() => api(`${path}/lines/${seg(lineId)}`));
      if (!all) return;
      const options = all.map((one) => [String(one.rev), `${one.rev}: ${one.speaker}: ${one.text}${one.hidden ? ` [${one.hidden}]` : ""}`]).reverse();
      const answer = await ask(W.history, [{ name: "rev", label: W.history, options }], W.restore);
      const chosen = answer && all.find((one) => String(one.rev) === answer.rev), line = lineOf(lineId);
      if (!chosen || chosen.text === line.text) return;
      const done = await change(() => post(lineId, { edit: "text", text: chosen.text, rev: line.rev }), { id: lineId, body: { edit: "text", text: line.text } });
      if (done) put(done.line);
    },
    async undo() {
      const last = state.undo.pop();
      if (!last) { toast(W.nothingToUndo); return; }
      const done = last.run ? await attempt(last.run) : await change(() => post(last.id, last.body));
      if (done) await reload();
    },
    async mark() {
      const kinds = ["decision", "action", "question", "note"].map((kind) => [kind, W[kind]]);
      const answer = await ask(W.mark, [{ name: "text", label: W.mark }, { name: "kind", label: "", options: kinds, value: "note" }], W.save);
      if (!answer?.text.trim()) return;
      const at = state.live ? null : sound.time;
      const done = await attempt(() => api(`${path}/marks`, "POST", { text: answer.text, kind: answer.kind, at }));
      if (done) await reload();
    },
    hear: (from, to) => sound.only(from, to),
    go: (from) => sound.go(from),
    lines: () => state.lines,
    put,
    post,
  };

  // --- Where one is ------------------------------------------------------------------------------------------------

  function select(at, scroll = true) {
    if (at < 0 || at >= state.lines.length) return;
    nodes.get(state.lines[state.at]?.id)?.classList.remove("now");
    state.at = at;
    const node = nodes.get(state.lines[at].id);
    node?.classList.add("now");
    if (scroll) { node?.scrollIntoView({ block: "center" }); node?.focus({ preventScroll: true }); }
  }

  let lit = null;
  function onTime(now, playing) {
    if (!playing || state.editing) return;
    // Lines are by time: the last one that has begun.
    let low = 0, high = state.lines.length;
    while (low < high) { const middle = (low + high) >> 1; if (state.lines[middle].start <= now) low = middle + 1; else high = middle; }
    const at = low - 1;
    if (at >= 0 && at !== state.at) { select(at, false); nodes.get(state.lines[at].id)?.scrollIntoView({ block: "nearest" }); }
    const words = nodes.get(state.lines[at]?.id)?.querySelectorAll(".w") ?? [];
    let word = null;
    for (const one of words) if (Number(one.dataset.at) <= now) word = one; else break;
    if (word !== lit) { lit?.classList.remove("lit"); word?.classList.add("lit"); lit = word; }
  }

  function search() {
    const wanted = find.value.trim().toLowerCase();
    const hits = wanted ? state.lines.filter((line) => line.text.toLowerCase().includes(wanted)) : [];
    found.textContent = wanted ? String(hits.length) : "";
    for (const [lineId, node] of nodes) node.classList.toggle("hit", hits.some((line) => line.id === lineId));
    return hits;
  }
  find.addEventListener("input", search);
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { find.value = ""; search(); find.blur(); }
    if (event.key !== "Enter") return;
    const hits = search(), now = state.lines[state.at]?.start ?? -1;
    const next = event.shiftKey ? hits.filter((line) => line.start < now).at(-1) ?? hits.at(-1) : hits.find((line) => line.start > now) ?? hits[0];
    if (next) { select(state.lines.indexOf(next)); find.focus({ preventScroll: true }); }
  });
  only.addEventListener("change", () => { state.only = only.value; drawText(); });

  const keys = (event) => {
    if (event.key === "h" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); replaceAll(state, actions); return; }
    if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const current = state.lines[state.at];
    const does = {
      " ": () => sound.toggle(), ArrowLeft: () => sound.by(-5), ArrowRight: () => sound.by(5),
      j: () => select(state.at + 1), k: () => select(Math.max(0, state.at - 1)),
      e: () => current && actions.edit(current.id), Enter: () => current && sound.go(current.start),
      s: () => current && actions.speaker(current.id), x: () => current && actions.withhold(current.id),
      m: () => actions.mark(), u: () => actions.undo(), "/": () => find.focus(),
      "?": () => ask(W.keys, [], "OK"), Escape: () => { location.hash = "#/"; },
    }[event.key];
    if (!does || (event.key === "Enter" && event.target.closest("button, a, summary"))) return;
    if (event.key === "?") { help(); event.preventDefault(); return; }
    if (event.key === " " && event.target.closest("button, summary")) return;
    event.preventDefault();
    does();
  };
  document.addEventListener("keydown", keys);

  function help() {
    const dialog = $("#dialog");
    dialog.replaceChildren(h("h2", { id: "dialog-title", text: W.keys }), h("dl", { class: "key-list" }, W.keyList.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", { text: key })), h("dd", { text: what })))),
      h("div", { class: "buttons" }, h("button", { type: "button", class: "main", text: "OK", onclick: () => dialog.close() })));
    dialog.onclose = null;
    dialog.showModal();
  }

  // --- While it is recorded -----------------------------------------------------------------------------------------

  const bar = liveBar(state, head, actions);
  const partial = new Map();
  let again;
  function tell(told) {
    if (told.kind === "changed" || told.kind === "lagged" || told.kind === "over") {
      if (told.kind === "over") { state.live = false; bar.over(); partial.clear(); growing.replaceChildren(); }
      if (told.revision && told.revision === state.revision) return;
      clearTimeout(again);
      // What is being typed is not disturbed; it is told when it is saved if somebody else was there first.
      again = setTimeout(() => { if (!state.editing) reload(); }, 150);
      return;
    }
    if (told.kind === "status" || told.kind === "levels") { state.live = true; bar.tell(told); return; }
    if (told.kind) {
      if (["mark", "paused", "resumed", "hidden", "renamed", "voice_named", "voice_merged", "muted", "unmuted"].includes(told.kind)) { clearTimeout(again); again = setTimeout(reload, 150); }
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
    if (isLow) scrollTo(0, document.body.scrollHeight);
  }
  function spoken(told) {
    const line = { ...told, speaker: told.name, edited: Boolean(told.edited), hidden: told.withheld || told.bleed_of ? String(told.withheld ?? told.bleed_of) : null };
    const at = state.lines.findIndex((one) => one.id === line.id);
    if (at >= 0) { if (line.hidden) { state.lines.splice(at, 1); drawText(); } else if (state.editing !== line.id) put(line); return; }
    if (line.hidden || !line.text) return;
    // What of it may be read, the server tells.
    if (state.whole.passages.some((one) => line.start < one.to && line.end > one.from)) { clearTimeout(again); again = setTimeout(reload, 150); return; }
    if (!state.whole.speakers.includes(line.speaker)) state.whole.speakers.push(line.speaker);
    const place = state.lines.findIndex((one) => one.start > line.start);
    if (place >= 0) { state.lines.splice(place, 0, line); if (!state.editing) drawText(); return; }
    const last = state.lines.at(-1);
    state.lines.push(line);
    if (!state.only || state.only === line.speaker) text.append(lineNode(line, last?.speaker !== line.speaker));
  }

  let sound = { go() {}, toggle() {}, by() {}, loop() {}, only() {}, close() {}, time: 0 };
  const close = news(id, tell);
  await reload();
  if (state.whole) sound = player(id, state.whole.tracks, state.whole.duration_s, onTime);
  return () => { close(); sound.close(); bar.close(); document.removeEventListener("keydown", keys); clearTimeout(again); };
}
