// All sessions: search in titles or in what was said, order, state; what is being recorded stands first.
import { $, api, attempt, clock, date, h, news, seg, typing } from "./common.js";
import { themeButton } from "./theme.js";
import { W } from "./words.js";

const ORDERS = {
  newest: (a, b) => b.start.localeCompare(a.start),
  title: (a, b) => a.title.localeCompare(b.title),
  length: (a, b) => b.duration_s - a.duration_s,
};

export async function show() {
  document.title = "Hansard";
  const find = h("input", { type: "search", id: "find", placeholder: W.search, "aria-label": W.search, autocomplete: "off" });
  const where = h("select", { id: "where", "aria-label": W.searchIn }, [["titles", W.inTitles], ["text", W.inText]].map(([value, text]) => h("option", { value, text })));
  const order = h("select", { "aria-label": W.sort }, [["newest", W.newest], ["title", W.byTitle], ["length", W.byLength]].map(([value, text]) => h("option", { value, text })));
  $("#bar").replaceChildren(h("strong", { class: "brand", text: "Hansard" }), find, where, order, themeButton());
  const found = h("p", { id: "found", role: "status" }), table = h("div", { id: "sessions" });
  $("#view").replaceChildren(h("h1", { text: W.sessions }), found, table);

  let rows = [], next = null, asked = 0;
  const inText = () => where.value === "text" && find.value.trim() !== "";
  async function load(more = false) {
    const mine = ++asked;
    if (inText()) {
      const answer = await attempt(() => api(`/search?${new URLSearchParams({ q: find.value.trim(), limit: "100" })}`));
      if (answer && mine === asked) drawHits(answer);
      return;
    }
    const query = new URLSearchParams({ limit: "200" });
    if (find.value.trim()) query.set("query", find.value.trim());
    if (more && next !== null) query.set("cursor", String(next));
    const list = await attempt(() => api(`/sessions?${query}`));
    if (!list || mine !== asked) return;
    rows = more ? rows.concat(list.sessions) : list.sessions;
    next = list.next;
    draw(list.unreadable);
  }
  function draw(unreadable = []) {
    found.textContent = "";
    const sorted = [...rows].sort((a, b) => Number(b.in_use) - Number(a.in_use) || ORDERS[order.value](a, b));
    if (!sorted.length) {
      table.replaceChildren(h("p", { class: "nothing", text: find.value ? W.noMatch : W.nothing }));
      return;
    }
    table.replaceChildren(h("ul", { class: "sessions" }, sorted.map((row) => h("li", { class: row.in_use ? "live" : "" },
      h("a", { href: `#/session/${seg(row.id)}` },
        h("span", { class: "title", dir: "auto", text: row.title }),
        h("span", { class: "when", text: `${date(row.start)} · ${clock(row.duration_s, true)}` }),
        h("span", { class: "who-there", dir: "auto", text: row.people.join(", ") }),
        row.in_use && h("span", { class: "state rec", text: `● ${W.recording}` }),
        row.unfinished && h("span", { class: "state", text: W.unfinished }))))),
      next !== null ? h("button", { type: "button", text: W.more, onclick: () => load(true) }) : "",
      h("ul", { class: "unreadable" }, unreadable.map((text) => h("li", { text }))));
  }
  // Each place leads to its line.
  function drawHits({ hits, more, sessions, passed }) {
    const notes = [W.hits(hits.length, sessions), more && W.moreHits, passed.length && W.passedOver(passed.length)];
    found.textContent = notes.filter(Boolean).join(" ");
    table.replaceChildren(h("ul", { class: "sessions hits" }, hits.map((hit) => h("li", {},
      h("a", { href: `#/session/${seg(hit.folder)}/${seg(hit.id)}` },
        h("span", { class: "title", dir: "auto", text: hit.title }),
        h("span", { class: "when", text: `${date(hit.at)} · ${clock(hit.start)}` }),
        h("span", { class: "hit-text", dir: "auto" }, hit.speaker || hit.mark ? h("b", { text: `${hit.speaker ?? W[hit.mark]}: ` }) : "", marked(hit)))))));
  }
  // Places count code points.
  function marked(hit) {
    const text = [...hit.text], parts = [];
    let at = 0;
    for (const [from, to] of hit.marks) {
      parts.push(text.slice(at, from).join(""), h("mark", { text: text.slice(from, to).join("") }));
      at = to;
    }
    return [...parts, text.slice(at).join("")];
  }
  let timer;
  find.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 150); });
  where.addEventListener("change", () => load());
  order.addEventListener("change", () => { if (!inText()) draw(); });
  const keys = (event) => {
    if (event.key === "Escape" && event.target === find) { find.value = ""; find.blur(); load(); return; }
    if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...document.querySelectorAll(".sessions a")], at = links.indexOf(document.activeElement);
    if (event.key === "/") { event.preventDefault(); find.focus(); }
    else if (event.key === "j") links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === "k") links[Math.max(at - 1, 0)]?.focus();
  };
  document.addEventListener("keydown", keys);
  await load();
  const close = news(null, () => { if (!inText()) load(); });
  return () => { close(); document.removeEventListener("keydown", keys); clearTimeout(timer); };
}
