// Sound: the tracks that are wanted, mixed by the server, on session time.
import { $, api, attempt, clock, h, seg } from "./common.js";
import { W } from "./words.js";

export function player(id, tracks, duration, onTime) {
  const heard = new Set(tracks.map((track) => track.track));
  const audio = new Audio();
  audio.preload = "metadata";
  let loop = null, whole = duration;
  const source = () => `/api/v1/sessions/${seg(id)}/audio/${[...heard].map(seg).join(",")}`;
  const button = h("button", { type: "button", id: "play", "aria-label": W.play });
  button.innerHTML = '<svg viewBox="0 0 20 20" aria-hidden="true"><path class="go" d="M5 2.5v15l12.5-7.5z"/><path class="halt" d="M4 3h4.2v14H4zM11.8 3H16v14h-4.2z"/></svg>';
  const at = h("span", { id: "at", text: clock(0) });
  const seek = h("input", { id: "seek", type: "range", min: "0", max: String(whole), step: "0.1", value: "0", "aria-label": W.place });
  const picture = h("canvas", { id: "wave", "aria-hidden": "true", height: 36 });
  const rate = h("select", { "aria-label": W.speed }, ["0.75", "1", "1.25", "1.5", "2"].map((value) => h("option", { value, text: `${value} ×` })));
  rate.value = "1";
  const boxes = tracks.length > 1 && h("details", { class: "tracks" }, h("summary", { text: W.tracks }),
    tracks.map((track) => h("label", {}, h("input", { type: "checkbox", checked: true, onchange: (event) => choose(track.track, event.target.checked) }), ` ${track.name}`)));
  $("#player-inner").replaceChildren(button, at, h("div", { class: "place" }, picture, seek), h("span", { id: "whole", text: clock(whole) }), rate, boxes || "");
  $("#player").hidden = false;

  function choose(track, on) {
    if (on) heard.add(track); else heard.delete(track);
    const [time, playing] = [audio.currentTime, !audio.paused];
    if (!heard.size) { audio.pause(); return; }
    audio.src = source();
    audio.addEventListener("loadedmetadata", () => { audio.currentTime = time; if (playing) audio.play().catch(() => {}); }, { once: true });
    draw();
  }
  function shown() { document.body.classList.toggle("playing", !audio.paused); button.setAttribute("aria-label", audio.paused ? W.play : W.halt); }
  button.addEventListener("click", () => toggle());
  rate.addEventListener("change", () => { audio.playbackRate = Number(rate.value); });
  seek.addEventListener("input", () => { loop = null; go(Number(seek.value), !audio.paused); });
  audio.addEventListener("play", shown);
  audio.addEventListener("pause", shown);
  let frame;
  function tick() {
    if (loop && audio.currentTime >= loop[1]) audio.currentTime = loop[0];
    at.textContent = clock(audio.currentTime);
    if (document.activeElement !== seek) seek.value = String(audio.currentTime);
    onTime(audio.currentTime, !audio.paused);
    if (!audio.paused) frame = requestAnimationFrame(tick);
  }
  audio.addEventListener("playing", () => { cancelAnimationFrame(frame); tick(); });
  audio.addEventListener("seeked", () => { cancelAnimationFrame(frame); tick(); });

  function go(time, play = true) {
    if (!audio.src) audio.src = source();
    const set = () => { audio.currentTime = Math.max(0, time); if (play) audio.play().catch(() => {}); };
    if (audio.readyState >= 1) set(); else audio.addEventListener("loadedmetadata", set, { once: true });
  }
  function toggle() { if (audio.paused) { if (!audio.src) go(0); else audio.play().catch(() => {}); } else audio.pause(); }

  let peaks = [];
  async function draw() {
    const all = await Promise.all([...heard].map((track) => attempt(() => api(`/sessions/${seg(id)}/peaks/${seg(track)}?columns=600`))));
    peaks = Array.from({ length: 600 }, (_, n) => Math.max(0, ...all.filter(Boolean).map((one) => one.peaks[n] ?? 0)));
    paint();
  }
  function paint() {
    const context = picture.getContext("2d"), width = picture.width = Math.max(100, picture.clientWidth), height = picture.height;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--soft");
    // Decibels, so that soft voices are seen: -60 dB is nothing.
    peaks.forEach((peak, n) => {
      const tall = peak > 0 ? Math.max(0, 1 + Math.log10(peak) / 3) * height : 0;
      context.fillRect((n * width) / peaks.length, (height - tall) / 2, Math.max(1, width / peaks.length - 0.3), tall);
    });
  }
  draw();
  addEventListener("resize", paint);
  return {
    go, toggle, draw,
    get time() { return audio.currentTime; },
    get playing() { return !audio.paused; },
    by(step) { go(audio.currentTime + step, !audio.paused); },
    // Plays a stretch again and again; null goes on normally.
    loop(stretch) { loop = stretch; if (stretch) go(stretch[0]); },
    only(from, to) { loop = null; go(from); const stop = () => { if (audio.currentTime >= to) { audio.pause(); audio.removeEventListener("timeupdate", stop); } }; audio.addEventListener("timeupdate", stop); },
    close() { audio.pause(); audio.removeAttribute("src"); cancelAnimationFrame(frame); removeEventListener("resize", paint); $("#player").hidden = true; document.body.classList.remove("playing"); },
  };
}
