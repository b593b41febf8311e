// The sound of a session: the tracks that are wanted, mixed by the server, on session time, with a picture of who speaks where.
import { $, api, attempt, h, seg } from "./common.js";
import { soundPlayer } from "./player.js";
import { W } from "./words.js";

const COLUMNS = 600;

export function sessionSound(id, tracks, duration, onTime) {
  const audio = new Audio(), path = `/sessions/${seg(id)}`;
  audio.preload = "metadata";
  let heard = tracks.map((one) => one.track), peaks = [];
  const source = () => `/api/v1${path}/audio/${heard.map(seg).join(",")}`;
  const picture = h("canvas", { id: "wave", "aria-hidden": "true", height: 36 });

  async function draw() {
    const all = await Promise.all(heard.map((track) => attempt(() => api(`${path}/peaks/${seg(track)}?columns=${COLUMNS}`))));
    peaks = Array.from({ length: COLUMNS }, (_, n) => Math.max(0, ...all.filter(Boolean).map((one) => one.peaks[n] ?? 0)));
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

  const player = soundPlayer($("#player"), {
    words: W, audio, length: () => duration, long: duration >= 3600, beneath: picture,
    open() { if (!audio.src) audio.src = source(); },
    tracks: tracks.map((one) => [one.track, one.name]),
    choose(wanted) {
      heard = wanted;
      if (audio.src) audio.src = source();
      draw();
    },
    // A piece of a voice leads nowhere.
    on: { time: (now, plays, isSample) => onTime(now, plays && !isSample) },
  });
  player.show();
  draw();
  addEventListener("resize", paint);
  return {
    toggle: player.toggle, by: player.by, loop: player.loop, hear: player.hear,
    go: (seconds) => player.go(seconds, true),
    get time() { return player.time; },
    close() {
      player.close();
      audio.removeAttribute("src");
      removeEventListener("resize", paint);
    },
  };
}
