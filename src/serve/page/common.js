// What all views need: asking the server, making elements, times, news.
import { clockText, h, secondsIn } from "./shared.js";
import { W } from "./words.js";

export { h };

export const $ = (selector, root = document) => root.querySelector(selector);

export class Refused extends Error {
  constructor(problem) { super(problem.detail || problem.title || W.refused); this.status = problem.status; this.lines = problem.lines ?? []; }
}

export function api(path, method = "GET", body = undefined) {
  const answer = asked(path, method, body);
  if (method !== "GET") {
    const over = () => writing.delete(answer);
    writing.add(answer);
    answer.then(over, over);
  }
  return answer;
}
async function asked(path, method, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try { answer = await fetch(`/api/v1${path}`, options); } catch { throw new Refused({ status: 0, detail: W.lost }); }
  if (answer.ok) return answer.json();
  throw new Refused(await answer.json().catch(() => ({ status: answer.status, detail: answer.statusText })));
}

// What is being written, until it is answered and whoever asked has taken the answer.
const writing = new Set();
export async function written() {
  await Promise.allSettled(writing);
  await new Promise((done) => setTimeout(done));
}

export const seg = encodeURIComponent;

export function toast(text, isWrong = false) {
  const node = h("p", { class: isWrong ? "toast wrong" : "toast", text });
  $("#toasts").append(node);
  setTimeout(() => node.remove(), isWrong ? 9000 : 3500);
}

// Does something that may be refused, and says why it was.
export async function attempt(what) {
  try { return await what(); } catch (error) { toast(error.message, true); return undefined; }
}

export const clock = (seconds, long = seconds >= 3600) => clockText(seconds, long);
export const seconds = (text) => secondsIn(text.trim());

export function date(start) {
  const at = new Date(start);
  return Number.isNaN(at.getTime()) ? start : `${start.slice(0, 10)} ${start.slice(11, 16)}`;
}

// What stays at the top until it is true no more.
function banner(text) {
  const node = $("#lost");
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}

// One websocket; it comes back by itself. Gives what closes it. A server that was started anew has another key, which the browser
// gets with the address that was printed, in whichever tab: then this page goes on where it was.
export function news(session, tell) {
  let socket, timer, over = false, wait = 500, wasLost = false;
  const query = session === null ? "" : `?session=${seg(session)}`;
  const connect = () => {
    clearTimeout(timer);
    socket = new WebSocket(`ws://${location.host}/api/v1/ws${query}`);
    socket.onopen = () => {
      banner("");
      if (wasLost) { toast(W.again); tell({ kind: "changed" }); }
      wait = 500; wasLost = false;
    };
    socket.onmessage = (message) => tell(JSON.parse(message.data));
    socket.onclose = () => {
      if (over) return;
      wasLost = true;
      explain();
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, 8000);
    };
  };
  async function explain() {
    let status = 0;
    try { status = (await fetch("/favicon.ico", { cache: "no-store" })).status; } catch { /* nobody answers */ }
    if (wasLost && !over) banner(status === 401 ? W.newKey : status === 0 ? W.gone(location.port) : W.lost);
  }
  // Whoever comes back from the terminal does not wait.
  const back = () => { if (wasLost && !over && socket.readyState === WebSocket.CLOSED) { wait = 500; connect(); } };
  addEventListener("focus", back);
  connect();
  return () => { over = true; clearTimeout(timer); removeEventListener("focus", back); banner(""); socket.close(); };
}

// A question; resolves to the form's values, or undefined if it was left.
export function ask(title, fields, submit) {
  const dialog = $("#dialog");
  return new Promise((resolve) => {
    const inputs = fields.map((field) => {
      if (field.options) {
        const select = h("select", { name: field.name }, field.options.map(([value, text]) => h("option", { value, text })));
        if (field.value !== undefined) select.value = field.value;
        return select;
      }
      return h("input", { name: field.name, value: field.value ?? "", maxlength: String(field.max ?? 1000), type: field.type ?? "text", list: field.list, autocomplete: "off" });
    });
    const labelled = fields.map((field, n) => h("label", {}, h("span", { text: field.label }), inputs[n]));
    const values = () => Object.fromEntries(inputs.map((input) => [input.name, input.value]));
    const form = h("form", { method: "dialog", onsubmit: () => resolve(values()) }, h("h2", { id: "dialog-title", text: title }), labelled,
      h("div", { class: "buttons" }, h("button", { type: "button", text: W.cancel, onclick: () => { resolve(); dialog.close(); } }), h("button", { class: "main", text: submit })));
    dialog.replaceChildren(form);
    // Left by Escape. That the question before was closed is told late: perhaps only when this one is open.
    dialog.onclose = () => { if (!dialog.open) resolve(); };
    dialog.showModal();
    (inputs[0] ?? $(".main", form)).focus();
  });
}

export const typing = (event) => event.target.closest("input, select, textarea, [contenteditable], dialog");
