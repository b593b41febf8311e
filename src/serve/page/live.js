// The bar of a running recording: that it runs, how loud it is, and what it can be told.
import { api, ask, attempt, clock, h } from "./common.js";
import { W } from "./words.js";

export function liveBar(state, head, actions) {
  const clockNode = h("span", { class: "clock" }), dot = h("span", { class: "rec" }), meters = h("div", { class: "meters" }), trouble = h("div", { class: "alarms", role: "alert" });
  const steer = (action, source = undefined) => attempt(() => api(`/live/${action}`, "POST", { session: state.id, source }));
  const pause = h("button", { type: "button", text: W.pause, onclick: async () => {
    if (state.paused) await steer("resume");
    else if (await ask(W.reallyPause, [], W.pause)) await steer("pause");
  } });
  const stop = h("button", { type: "button", class: "danger", text: W.stop, onclick: async () => { if (await ask(W.reallyStop, [], W.stop)) await steer("stop"); } });
  const mark = h("button", { type: "button", text: W.mark, onclick: () => actions.mark() });
  const bar = h("div", { id: "live", hidden: true }, h("div", { class: "line-1" }, dot, clockNode, mark, pause, stop), trouble, meters);
  head.after(bar);
  let toldBefore = "";
  const tracks = new Map();
  const meter = (track, name) => {
    if (!tracks.has(track)) {
      const value = h("meter", { min: "-60", max: "0", low: -50, high: -3, value: -60, "aria-label": name ?? track }), label = h("span", { class: "name", text: name ?? track }), note = h("span", { class: "note" });
      const button = h("button", { type: "button", text: W.mute, onclick: () => steer(tracks.get(track).muted ? "unmute" : "mute", track) });
      tracks.set(track, { value, label, note, button, muted: false });
      meters.append(h("div", { class: "meter" }, label, value, button, note));
    }
    return tracks.get(track);
  };
  return {
    tell(told) {
      bar.hidden = false;
      if (told.kind === "levels") {
        for (const level of told.tracks) meter(level.track).value.value = level.peak_dbfs ?? -60;
        return;
      }
      const { status } = told;
      state.paused = status.doing === "paused";
      dot.textContent = state.paused ? `‖ ${W.paused}` : `● ${W.rec}`;
      bar.classList.toggle("paused", state.paused);
      clockNode.textContent = clock(status.elapsed, true);
      pause.textContent = state.paused ? W.resume : W.pause;
      for (const track of status.tracks ?? []) {
        const shown = meter(track.track, track.name);
        shown.label.textContent = track.name;
        shown.muted = track.muted_since !== null;
        shown.button.textContent = shown.muted ? W.unmute : W.mute;
        shown.note.textContent = [shown.muted && W.muted, track.trouble, track.lost > 0 && W.lostS(track.lost.toFixed(1)), track.text_lag > 2 && W.textLag(track.text_lag.toFixed(0))].filter(Boolean).join(" · ");
      }
      const alarms = [...status.alarms.map((alarm) => alarm.text), ...status.tracks.flatMap((track) => track.alarms.map((alarm) => `${track.name}: ${alarm.text}`))];
      // Only what is new is read out.
      if (alarms.join("\n") !== toldBefore) trouble.replaceChildren(...alarms.map((text) => h("p", { text })));
      toldBefore = alarms.join("\n");
    },
    over() { bar.hidden = true; },
    close() { bar.remove(); },
  };
}
