// What a language model made of the text: by kinds, each sentence leads to the line that it rests on. All of it is text.
// And having that made.
import { api, ask, clock, h, seg } from "./common.js";
import { W } from "./words.js";

const QUOTED = ["decision", "action"];
const LOOK_EVERY = 700; // ms, while one is made

// `on`: lead(place), to the line and its sound.
export function summaryView(state, holder, on) {
  let shown = "", asked = 0;
  const making = maker(state, () => { state.whole.summary = true; load(); }, () => show());
  holder.append(making.node);
  const show = () => { holder.hidden = !shown && making.node.hidden; };

  // What it says changes with the session: it is read again after each correction.
  async function load() {
    const mine = ++asked;
    making.look();
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
    const links = () => [...holder.querySelectorAll("a.item")], at = links().indexOf(document.activeElement);
    const isOpen = (selector, otherwise) => holder.querySelector(selector)?.open ?? otherwise;
    const isFolded = !isOpen("details", true), areReasons = isOpen(".reasons", false);
    holder.querySelector(":scope > details")?.remove();
    show();
    if (!told) return;
    holder.prepend(h("details", { open: !isFolded }, h("summary", {}, h("h2", { id: "h-summary", text: W.summary })), told.problem ? h("p", { class: "by", text: told.problem }) : body(told, areReasons)));
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

// Asks the server of the settings for a summary, where there is one: it says whose computer gets the text, and sends nothing to
// another one before somebody has confirmed that.
function maker(state, done, changed) {
  const node = h("div", { class: "maker", hidden: true }), status = h("span", { role: "status" }), problem = h("p", { class: "problem", role: "alert", hidden: true });
  const template = h("select", { "aria-label": W.template }), bar = h("progress", { "aria-label": W.summarising });
  const start = h("button", { type: "button", text: W.summarise, onclick: begin }), stop = h("button", { type: "button", text: W.cancel, onclick: cancel });
  const wish = h("span", { class: "wish" }, template, start), work = h("span", { class: "wish", hidden: true }, bar, status, stop);
  node.append(wish, work, problem);
  const path = `${state.path}/summary`;
  let way, job = null, timer;

  async function look() {
    if (way === undefined) {
      way = null;
      // A page of another version's server, or one that is away: there is no button then.
      try { way = await api("/summaries"); } catch { return; }
      const named = way.templates.map(({ name, about }) => h("option", { value: name, text: name, title: about }));
      if (!way.templates.some(({ name }) => name === way.template)) named.unshift(h("option", { value: "", text: way.template }));
      template.replaceChildren(...named);
      template.value = way.templates.some(({ name }) => name === way.template) ? way.template : "";
    }
    // One may be made that somebody else has asked for.
    if (way?.host && state.whole?.summarising && job?.state !== "running") await follow();
    draw();
  }
  function draw() {
    const isRunning = job?.state === "running", hadFocus = work.contains(document.activeElement);
    if (state.whole) state.whole.summarising = isRunning;
    node.hidden = !way?.host || state.live || (!state.lines.length && !isRunning);
    wish.hidden = isRunning;
    work.hidden = !isRunning;
    if (hadFocus && !isRunning) start.focus();
    start.textContent = state.whole?.summary ? W.summariseAgain : W.summarise;
    if (isRunning) {
      if (job.parts) Object.assign(bar, { max: job.parts, value: job.part - 1 }); else bar.removeAttribute("value");
      const told = job.parts ? W.partOf(job.part, job.parts) : W.summarising;
      if (status.textContent !== told) status.textContent = told;
    }
    const why = job?.state === "failed" ? job.reason : "";
    problem.hidden = !why;
    if (problem.textContent !== why) problem.textContent = why;
    changed();
  }
  async function begin() {
    const named = way.templates.length && template.value ? { template: template.value } : {};
    if (!way.here && !await ask(W.reallySend(way.host), [], W.send)) return;
    await set(() => api(path, "POST", way.here ? named : { ...named, host: way.host }));
    if (job.state === "running") { wait(); stop.focus(); }
  }
  async function cancel() {
    clearTimeout(timer);
    await set(() => api(`${path}/job`, "DELETE"));
    if (job.state === "running") wait();
  }
  async function set(what) {
    try { job = await what(); } catch (error) { job = { state: "failed", reason: error.message }; }
    draw();
  }
  async function follow() {
    clearTimeout(timer);
    try { job = await api(`${path}/job`); } catch (error) { if (error.status !== 0) job = null; }
    draw();
    if (job?.state === "running") wait(); else if (job?.state === "done") done();
  }
  function wait() {
    clearTimeout(timer);
    if (node.isConnected) timer = setTimeout(follow, LOOK_EVERY);
  }

  return { node, look };
}
