// The text of a session: lines of plain text with their speakers, marks and gaps between them, painted over where something is
// spoken, found or doubtful. Six hours stay quick: a line is a few elements, and what has not changed is not built again.
import { $, clock, h } from "./common.js";
import { fold, offsetsOf, painter, rangeOf, standsIn, upTo, wordAt, wordRange } from "./shared.js";
import { W } from "./words.js";

// Lines that are built at once; more follow when there is time.
const FIRST = 200, CHUNK = 500;
const DOUBT = 0.5;

// `on`: go(seconds), edit(id), select(index).
export function textView(state, holder, on) {
  const nodes = new Map();
  const folded = new WeakMap(), offsets = new WeakMap();
  const painters = { hit: painter("hit", 1), now: painter("now", 2), doubt: painter("doubt", 0) };
  let building, isBuilding = false, wanted = "", doubts = false;

  const colour = (name) => { const at = state.whole.speakers.indexOf(name); return `s${(at < 0 ? 6 : at) % 8}`; };
  const time = (from) => h("a", { class: "time", href: `#t=${clock(from)}`, text: clock(from), onclick: (event) => { event.preventDefault(); on.go(from); } });
  const mark = (one) => h("p", { class: "mark-here", id: one.id }, time(one.at), h("span", { class: "mark-text" }, h("b", { text: `${W[one.kind]}: ` }), one.text));
  const gap = (one) => h("p", { class: "missing", text: `[${clock(one.from)}–${clock(one.to)} ${one.text}]` });

  function build(line, isFirst) {
    const known = nodes.get(line.id);
    if (known && known.line === line && known.isFirst === isFirst) return known.node;
    const said = h("p", { class: "said", dir: "auto" });
    fill(said, line);
    const node = h("div", { class: `line ${colour(line.speaker)}${isFirst ? " first" : ""}${line.hidden ? " left-out" : ""}`, "data-id": line.id, tabindex: "-1" },
      h("div", { class: "who" }, isFirst ? h("b", { dir: "auto", text: line.speaker }) : h("span", { class: "unseen", text: line.speaker }), time(line.start)), said);
    if (state.drafts?.has(line.id)) node.classList.add("has-draft");
    nodes.set(line.id, { node, line, isFirst });
    return node;
  }
  function fill(said, line) {
    said.replaceChildren(line.text, line.hidden ? h("small", { class: "why", text: ` [${line.hidden}]` }) : "", line.edited ? h("small", { class: "by-hand", title: W.history, text: " ✎" }) : "");
  }

  // Paragraphs: a heading where the speaker changes, with marks and gaps in their places.
  function draw() {
    clearTimeout(building);
    const scroll = scrollY;
    const between = [
      ...state.whole.marks.map((one) => [one.at, () => mark(one)]), ...state.whole.gaps.map((one) => [one.from, () => gap(one)]),
    ].sort((a, b) => a[0] - b[0]);
    const plan = [];
    let place = 0, last = null;
    for (const line of state.lines) {
      if (state.only && line.speaker !== state.only) continue;
      while (place < between.length && between[place][0] <= line.start) { plan.push(between[place++][1]); last = null; }
      const isFirst = last !== line.speaker;
      last = line.speaker;
      plan.push(() => build(line, isFirst));
    }
    for (; place < between.length; place++) plan.push(between[place][1]);
    if (!plan.length && !state.live) plan.push(() => h("p", { class: "nothing", text: "—" }));
    const kept = new Set(state.lines.map((line) => line.id));
    for (const id of nodes.keys()) if (!kept.has(id)) nodes.delete(id);
    // Nearly all of it is built already unless it is the first time.
    let at = nodes.size > FIRST ? plan.length : Math.min(plan.length, FIRST);
    // Who has the focus in a line keeps it.
    const focused = holder.contains(document.activeElement) ? document.activeElement : null;
    holder.replaceChildren(...plan.slice(0, at).map((make) => make()));
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    const more = () => {
      const part = plan.slice(at, at + CHUNK);
      at += part.length;
      holder.append(...part.map((make) => make()));
      isBuilding = at < plan.length;
      if (isBuilding) building = setTimeout(more, 0);
      paint();
    };
    more();
    scrollTo(0, scroll);
  }

  // One line that has changed.
  function put(line) {
    const known = nodes.get(line.id);
    if (!known) return;
    const node = build(line, known.isFirst);
    if (known.node.classList.contains("now")) node.classList.add("now");
    known.node.replaceWith(node);
    paint();
  }
  function add(line, isFirst) { holder.append(build(line, isFirst)); }

  const textOf = (line) => {
    const node = $(".said", nodes.get(line.id)?.node)?.firstChild;
    return node && node.nodeType === Node.TEXT_NODE && node.data === line.text ? node : null;
  };
  function offsetsIn(line) {
    if (!offsets.has(line)) offsets.set(line, offsetsOf(line.text, (line.words ?? []).map((word) => word.text)));
    return offsets.get(line);
  }
  const foldedOf = (line) => { if (!folded.has(line)) folded.set(line, fold(line.text)); return folded.get(line); };

  function paint() {
    const hits = [], doubtful = [];
    if (wanted || doubts) {
      for (const line of state.lines) {
        const node = textOf(line);
        if (!node) continue;
        if (wanted) for (const [from, to] of standsIn(foldedOf(line), wanted)) hits.push(rangeOf(node, from, to));
        const places = doubts && offsetsIn(line);
        if (places) line.words.forEach((word, n) => { if (word.p > 0 && word.p < DOUBT) doubtful.push(wordRange(node, places, n)); });
      }
    }
    painters.hit.paint(hits);
    painters.doubt.paint(doubtful);
  }

  let spoken = "";
  // The word of a line that is heard at this second; null when nothing is.
  function speak(line, now) {
    const places = line && offsetsIn(line), node = places && places.length ? textOf(line) : null;
    const word = node ? Math.max(0, upTo(line.words.map((one) => one.start), now) - 1) : -1;
    const key = node ? `${line.id} ${line.rev} ${word}` : "";
    if (key === spoken) return;
    spoken = key;
    painters.now.paint(node ? [wordRange(node, places, word)] : []);
  }

  holder.addEventListener("click", (event) => {
    const node = event.target.closest(".line");
    if (!node || node.classList.contains("editing") || event.target.closest("button, a") || !getSelection().isCollapsed) return;
    const at = state.lines.findIndex((line) => line.id === node.dataset.id), line = state.lines[at];
    if (!line) return;
    on.select(at);
    const places = offsetsIn(line), text = event.target.closest(".said") && textOf(line);
    if (text) on.go(places?.length ? line.words[wordAt(event, text, places)].start : line.start);
  });
  holder.addEventListener("dblclick", (event) => {
    const node = event.target.closest(".line");
    if (node && !node.classList.contains("editing")) { event.preventDefault(); on.edit(node.dataset.id); }
  });

  return {
    draw, put, add, fill, speak,
    node: (id) => nodes.get(id)?.node ?? null,
    search(text) {
      wanted = fold(text.trim().replace(/\s+/g, " "));
      paint();
      return wanted ? state.lines.filter((line) => foldedOf(line).includes(wanted)) : [];
    },
    doubt(on) { doubts = on; paint(); },
    close() { clearTimeout(building); for (const one of Object.values(painters)) one.paint([]); },
  };
}
