// The player of the exported page and of the page of `hansard serve`: its markup, its keys' work, and what plays when. Where the sound
// comes from differs: one file beside the page or inside it here, tracks that a server mixes there; that is `audio` and `open`.
import { clockText, h } from "./shared.js";

const SPEEDS = ["0.75", "1", "1.25", "1.5", "2"];
const SIGNS = '<svg viewBox="0 0 20 20" aria-hidden="true"><path class="go" d="M5 2.5v15l12.5-7.5z"/><path class="halt" d="M4 3h4.2v14H4zM11.8 3H16v14h-4.2z"/></svg>';

/**
 * Fills `holder`, which stays hidden until `show`.
 * `words`: play, halt, place, speed, decimal, of(some, all), and for tracks: tracks, alone.
 * `audio`: the element that sounds; `open()` gives it its sound if it has none yet; `length()`: seconds; `long`: times with hours.
 * `tracks`: [id, name] each, and `choose(ids)` takes those that are to be heard. `beneath` lies under the place, `after` stands at the end.
 * `on`: time(now, playing, isSample) at each picture while it plays; place(now) a few times a second; start() when somebody starts it.
 */
export function soundPlayer(holder, { words, audio, length, long, open = () => {}, tracks = [], choose = () => {}, beneath = null, after = [], on }) {
  const clock = (seconds) => clockText(seconds, long);
  const button = h("button", { id: "play", type: "button", "aria-label": words.play, onclick: toggle });
  button.innerHTML = SIGNS;
  const at = h("span", { id: "at", text: clock(0) }), whole = h("span", { id: "whole" });
  const seek = h("input", { id: "seek", type: "range", min: "0", max: "1", step: "0.1", value: "0", "aria-label": words.place, oninput: () => { loop = null; go(Number(seek.value), false); } });
  const rate = h("select", { id: "rate", "aria-label": words.speed }, SPEEDS.map((speed) => h("option", { value: speed, text: `${speed.replace(".", words.decimal)} ×` })));
  rate.value = "1";
  // What is loaded anew keeps the speed.
  rate.addEventListener("change", () => { audio.defaultPlaybackRate = audio.playbackRate = Number(rate.value); });
  const rows = tracks.length > 1 ? tracks.map(([id, name]) => row(id, name)) : [];
  const mixer = rows.length ? h("details", { class: "tracks" }, h("summary", { text: words.tracks }), rows.map((one) => one.node)) : null;
  holder.firstElementChild.replaceChildren(...[button, at, h("div", { class: "place" }, beneath, seek), whole, rate, mixer, ...after].filter(Boolean));

  // `wanted`: where it is to go as soon as its sound is there; null: it is there.
  let loop = null, sample = null, wanted = null, frame = 0;

  // ---- which tracks ----

  function row(id, name) {
    const box = h("input", { type: "checkbox", checked: true, onchange: mix });
    const alone = h("button", { type: "button", text: words.alone, "aria-label": `${words.alone}: ${name}`, "aria-pressed": "false", onclick: () => {
      const on = alone.getAttribute("aria-pressed") !== "true";
      for (const one of rows) one.box.checked = !on || one.id === id;
      mix();
    } });
    return { id, box, alone, node: h("div", { class: "track" }, h("label", {}, box, ` ${name}`), alone) };
  }
  function mix() {
    const heard = rows.filter((one) => one.box.checked);
    for (const one of rows) one.alone.setAttribute("aria-pressed", String(heard.length === 1 && heard[0] === one));
    audio.muted = !heard.length;
    if (!heard.length) return;
    const [now, plays, isOpen] = [timeNow(), isPlaying(), wanted !== null || audio.readyState > 0];
    choose(heard.map((one) => one.id));
    if (isOpen) set(now, plays);
  }

  // ---- what plays ----

  const timeNow = () => wanted?.seconds ?? audio.currentTime, isPlaying = () => wanted?.plays ?? !audio.paused;

  function set(seconds, plays, failed = () => {}) {
    wanted = { seconds: Math.min(Math.max(0, seconds), length()), plays, failed };
    open();
    put();
  }
  function put() {
    if (!wanted || audio.readyState === 0) return;
    const { seconds, plays, failed } = wanted;
    wanted = null;
    audio.currentTime = seconds;
    if (plays) audio.play().catch(failed);
    moved();
  }
  function go(seconds, andPlay) {
    leaveSample();
    set(seconds, andPlay);
  }
  function toggle() {
    if (isPlaying()) {
      if (wanted) wanted.plays = false;
      audio.pause();
      return;
    }
    on.start?.();
    if (wanted || audio.readyState === 0) set(timeNow(), true); else audio.play().catch(() => {});
  }
  // Some seconds, then the sound is where it was before: how a voice sounds. Only the sound moves, not the page.
  function leaveSample() {
    const left = sample;
    sample = null;
    left?.left();
  }
  function endSample() {
    if (!sample) return;
    const { before } = sample;
    leaveSample();
    audio.pause();
    audio.currentTime = before;
  }
  function hear(from, to, left = () => {}) {
    const before = sample ? sample.before : timeNow();
    leaveSample();
    loop = null;
    const own = sample = { before, to: Math.min(to, length()), left };
    set(from, true, () => { if (sample === own) endSample(); });
  }

  // ---- what is seen of it ----

  function now() {
    if (loop && audio.currentTime >= loop[1]) audio.currentTime = loop[0];
    if (sample && !audio.seeking && audio.currentTime >= sample.to) endSample();
    on.time(audio.currentTime, !audio.paused, Boolean(sample));
  }
  function place() {
    const text = clock(audio.currentTime);
    if (at.textContent !== text || !seek.hasAttribute("aria-valuetext")) {
      at.textContent = text;
      seek.setAttribute("aria-valuetext", words.of(text, clock(length())));
    }
    // Who drags it is not disturbed.
    if (document.activeElement !== seek || audio.paused || !seek.matches(":active")) seek.value = audio.currentTime;
    on.place?.(audio.currentTime);
  }
  function picture() {
    now();
    if (!audio.paused) frame = requestAnimationFrame(picture);
  }
  function plays() {
    document.body.classList.toggle("playing", !audio.paused);
    button.setAttribute("aria-label", audio.paused ? words.play : words.halt);
    cancelAnimationFrame(frame);
    if (!audio.paused) frame = requestAnimationFrame(picture); else endSample();
  }
  const moved = () => { place(); now(); };
  for (const kind of ["play", "pause", "emptied"]) audio.addEventListener(kind, plays);
  audio.addEventListener("loadedmetadata", put);
  for (const kind of ["timeupdate", "seeked"]) audio.addEventListener(kind, moved);

  return {
    go, toggle, hear, endSample,
    get time() { return timeNow(); },
    get playing() { return isPlaying(); },
    by(step) { go(timeNow() + step, isPlaying()); },
    /** Plays a stretch again and again; null goes on normally. */
    loop(stretch) { loop = stretch; if (stretch) go(stretch[0], true); },
    show() {
      holder.hidden = false;
      seek.max = length();
      whole.textContent = clock(length());
      place();
    },
    close() {
      audio.pause();
      cancelAnimationFrame(frame);
      holder.hidden = true;
      document.body.classList.remove("playing");
    },
  };
}
