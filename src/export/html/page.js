// The page is complete without this: it adds the sound, the search and the keys. What was said is never made into markup here, only
// measured and painted over (CSS highlights), so that 40,000 words stay plain text.
(() => {
  const one = (id) => document.getElementById(id);
  const root = document.documentElement;
  const data = JSON.parse(one("data").textContent);
  const minutes = one("minutes");
  /** One of several, in the words of the page. */
  const of = (some, all) => data.words.of.replace("{0}", some).replace("{1}", all);

  // ---- colours ----

  const darkWished = matchMedia("(prefers-color-scheme: dark)");
  const kept = (() => { try { return localStorage.getItem("hansard-theme"); } catch { return null; } })();
  function colours(theme) {
    if (theme) root.dataset.theme = theme;
    one("theme").setAttribute("aria-pressed", String((root.dataset.theme || (darkWished.matches ? "dark" : "light")) === "dark"));
  }
  colours(kept === "dark" || kept === "light" ? kept : null);
  darkWished.addEventListener("change", () => colours(null));
  one("theme").addEventListener("click", () => {
    const next = one("theme").getAttribute("aria-pressed") === "true" ? "light" : "dark";
    colours(next);
    try { localStorage.setItem("hansard-theme", next); } catch { /* not kept, then */ }
  });

  // ---- lines and words ----

  // data.lines, one per line in the document's order: [start ms, end ms, [ms after the start, per word], [offset per word]?].
  // Without offsets, words are what stands between spaces.
  const spans = [...minutes.querySelectorAll(".l")];
  const places = new Map(spans.map((span, i) => [span, i]));
  const lines = data.lines;
  const order = lines.map((_, i) => i).sort((a, b) => lines[a][0] - lines[b][0]);
  const starts = Float64Array.from(order, (i) => lines[i][0]);
  const reached = new Float64Array(order.length);
  order.reduce((max, i, n) => (reached[n] = Math.max(max, lines[i][1])), 0);

  const offsetsKnown = new Map();
  function offsets(line) {
    let known = offsetsKnown.get(line);
    if (!known) {
      known = lines[line][3];
      if (!known) {
        known = [];
        for (const word of spans[line].firstChild.data.matchAll(/[^ ]+/g)) known.push(word.index);
      }
      offsetsKnown.set(line, known);
    }
    return known;
  }
  const rangeAt = (line, word) => wordRange(spans[line].firstChild, offsets(line), word);
  const wordMs = (line, word) => lines[line][0] + (lines[line][2][word] || 0);

  const isShown = (line) => !spans[line].closest("[hidden]");
  /** Lines that are being spoken at a time: few, but more than one where people talk at once. */
  function linesAt(ms) {
    const found = [];
    for (let n = upTo(starts, ms) - 1; n >= 0 && reached[n] > ms; n -= 1) {
      if (lines[order[n]][1] > ms) found.push(order[n]);
    }
    return found;
  }

  // ---- moving about ----

  const clock = (seconds) => clockText(seconds, data.long);

  /** Brings it to a third of the window's height. Twice, as what lies between may only now be laid out and be higher than was thought. */
  function reveal(place, again = true) {
    const top = rectOf(place).top;
    scrollTo({ top: scrollY + top - innerHeight / 3, behavior: "instant" });
    if (again) requestAnimationFrame(() => reveal(place, false));
  }
  function inSight(place) {
    const rect = rectOf(place);
    return rect.top > innerHeight * 0.12 && rect.bottom < innerHeight * 0.72;
  }

  /** The line that is spoken at a time, or else the next one. */
  function lineNear(ms) {
    const now = linesAt(ms).filter(isShown);
    if (now.length) return now[now.length - 1];
    let n = upTo(starts, ms);
    while (n < order.length && !isShown(order[n])) n += 1;
    if (n >= order.length) for (n = order.length - 1; n > 0 && !isShown(order[n]); n -= 1);
    return order[n];
  }
  function show(seconds) {
    const line = lineNear(seconds * 1000 + 1);
    if (line !== undefined) reveal(spans[line]);
  }
  function secondsOf(hash) {
    const value = /^#t=([\d.:]+)$/.exec(hash);
    return value && secondsIn(value[1]);
  }

  // ---- the sound ----

  const sound = one("sound"), head = one("head");
  const nowPainter = painter("now", 2);
  let sounding = false, following = true, spoken = "", turnsNow = [];

  const length = () => (Number.isFinite(sound.duration) && sound.duration > 0 ? sound.duration : data.duration);
  const follow = h("button", { id: "follow", type: "button", "aria-pressed": "true", text: data.words.follow, onclick: () => {
    setFollowing(!following);
    spoken = "";
    if (following) { paintNow(player.time, player.playing); show(player.time); }
  } });
  const setFollowing = (on) => { following = on; follow.setAttribute("aria-pressed", String(on)); };
  const player = sound && soundPlayer(one("player"), {
    words: { ...data.words, of }, audio: sound, length, long: data.long, after: [follow],
    on: { time: paintNow, place: paintHead, start: () => setFollowing(true) },
  });

  /** Paints what is spoken at this moment; does nothing while the same words last. */
  function paintNow(seconds, plays, isSample = false) {
    if (!sounding) return;
    const ms = seconds * 1000;
    const now = linesAt(ms).map((line) => [line, Math.max(0, upTo(lines[line][2], ms - lines[line][0] + 0.5) - 1)]);
    const key = now.join(" ");
    if (key === spoken) return;
    spoken = key;
    nowPainter.paint(now.map(([line, word]) => rangeAt(line, word)));
    const turns = now.map(([line]) => spans[line].closest(".turn"));
    for (const turn of turnsNow) if (!turns.includes(turn)) turn.classList.remove("now");
    for (const turn of turns) turn.classList.add("now");
    turnsNow = turns;
    if (!paints) {
      for (const old of minutes.querySelectorAll(".line-now")) old.classList.remove("line-now");
      for (const [line] of now) spans[line].classList.add("line-now");
    }
    const inView = now.filter(([line]) => isShown(line));
    if (following && !isSample && plays && inView.length) {
      const [line, word] = inView[0];
      if (!inSight(rangeAt(line, word))) reveal(rangeAt(line, word));
    }
  }
  function paintHead(at) {
    const x = `${(100 * at / (data.duration || 1)).toFixed(3)}%`;
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    head.setAttribute("visibility", at > 0 ? "visible" : "hidden");
  }
  // How one voice sounds.
  function hear(button) {
    if (button.getAttribute("aria-pressed") === "true") { player.endSample(); return; }
    const left = () => button.setAttribute("aria-pressed", "false");
    player.hear(Number(button.dataset.from), Number(button.dataset.to), left);
    button.setAttribute("aria-pressed", "true");
  }
  const go = (seconds, andPlay) => { if (sounding) player.go(seconds, andPlay); else show(seconds); };

  /** A page without its sound is whole without it: it says why, and the player stays hidden. */
  function leave(why) {
    one(why)?.removeAttribute("hidden");
    sound.remove();
  }
  /** Another recording's sound is known by its length: each one's has a length of its own, to a quarter of a millisecond. */
  const isOwn = () => data.sound === null || Math.abs(sound.duration - data.sound) < 0.0002;

  function ready() {
    if (sounding || !sound.isConnected) return;
    if (!isOwn()) { leave("of-another"); return; }
    sounding = true;
    document.body.classList.add("sound");
    const wanted = secondsOf(location.hash);
    if (wanted !== null) go(wanted, false);
    player.show();
  }
  if (sound) {
    sound.addEventListener("error", () => { if (!sounding && sound.isConnected) leave("left-behind"); });
    sound.addEventListener("loadedmetadata", ready);
    for (const button of document.querySelectorAll(".hear")) button.addEventListener("click", () => hear(button));
    if (sound.readyState >= 1) ready();
    // Whoever scrolls wants to look elsewhere.
    const away = () => { if (player.playing) setFollowing(false); };
    for (const kind of ["wheel", "touchmove"]) addEventListener(kind, away, { passive: true });
    addEventListener("pointerdown", (event) => { if (event.target === root && event.clientX >= root.clientWidth) away(); });
    addEventListener("keydown", (event) => { if (/^(Page|Home|End|ArrowUp|ArrowDown)/.test(event.key)) away(); });
  }

  // ---- clicks ----

  minutes.addEventListener("click", (event) => {
    const span = event.target.closest(".l");
    if (!span || !sounding || !getSelection().isCollapsed || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const line = places.get(span);
    const word = wordAt(event, span.firstChild, offsets(line));
    setFollowing(true);
    go(wordMs(line, word) / 1000, true);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#t="], a[*|href^="#t="]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const hash = link.getAttribute("href"), seconds = secondsOf(hash);
    if (seconds === null) return;
    event.preventDefault();
    history.replaceState(null, "", hash);
    setFollowing(true);
    if (!link.closest(".turn")) show(seconds);
    if (sounding) go(seconds, true);
  });
  addEventListener("hashchange", () => {
    const seconds = secondsOf(location.hash);
    if (seconds !== null) { show(seconds); if (sounding) go(seconds, false); }
  });

  const timeline = one("timeline"), point = one("point");
  if (timeline) {
    const secondsAt = (event) => {
      const rect = timeline.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - rect.left) / rect.width)) * data.duration;
    };
    timeline.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      const seconds = secondsAt(event);
      setFollowing(true);
      show(seconds);
      if (sounding) go(seconds, true);
    });
    timeline.addEventListener("pointermove", (event) => {
      const rect = timeline.getBoundingClientRect();
      const x = Math.min(rect.width, Math.max(0, event.clientX - rect.left));
      point.setAttribute("visibility", "visible");
      point.firstElementChild.setAttribute("x1", x);
      point.firstElementChild.setAttribute("x2", x);
      point.lastElementChild.setAttribute("x", Math.min(rect.width - 24, Math.max(24, x)));
      point.lastElementChild.textContent = clock(secondsAt(event));
    });
    timeline.addEventListener("pointerleave", () => point.setAttribute("visibility", "hidden"));
  }

  // ---- search ----

  const find = one("find"), found = one("found"), hits = one("hits");
  const hitPainter = painter("hit", 1), herePainter = painter("here", 3);
  let paragraphs = null, matches = [], here = -1, asked = "";
  /** Paragraphs as they are read: lines of one are joined by a space, and a phrase may span them. */
  function read() {
    return [...minutes.querySelectorAll(".said, .mark-here")].filter((block) => !block.closest("[hidden]")).map((block) => {
      const nodes = [...block.querySelectorAll(".l, .mark-text")].map((span) => span.firstChild).filter(Boolean);
      const from = [];
      let text = "";
      for (const node of nodes) { if (text) text += " "; from.push(text.length); text += node.data; }
      // What lies outside of the window is not laid out: only the turn itself has a place that costs nothing to ask for.
      return { nodes, from, text: fold(text), holder: block.closest(".turn") || block };
    });
  }
  function matchRange([p, from, to]) {
    const { nodes, from: starts } = paragraphs[p];
    const first = upTo(starts, from) - 1, last = upTo(starts, to - 1) - 1;
    return new StaticRange({
      startContainer: nodes[first], startOffset: from - starts[first],
      endContainer: nodes[last], endOffset: Math.min(to - starts[last], nodes[last].data.length),
    });
  }
  function search() {
    const wanted = fold(find.value.trim().replace(/\s+/g, " "));
    asked = find.value;
    matches = [];
    here = -1;
    if (wanted) {
      paragraphs = paragraphs || read();
      paragraphs.forEach(({ text }, p) => {
        for (const [from, to] of standsIn(text, wanted)) matches.push([p, from, to]);
      });
    }
    hitPainter.paint(matches.map(matchRange));
    herePainter.paint([]);
    if (hits) {
      const seen = new Set();
      for (const [p, from] of matches) {
        const { nodes, from: starts } = paragraphs[p];
        const line = places.get(nodes[upTo(starts, from) - 1].parentNode);
        if (line !== undefined) seen.add(Math.round(lines[line][0] / (data.duration || 1)));
      }
      // Thousandths of the whole, as the picture's inner units are.
      hits.setAttribute("d", [...seen].map((x) => `M${x} 0V1`).join(""));
    }
    if (matches.length) {
      // The first one from where the reader is.
      let low = 0, high = matches.length;
      while (low < high) {
        const n = (low + high) >> 1;
        if (paragraphs[matches[n][0]].holder.getBoundingClientRect().bottom > 60) high = n; else low = n + 1;
      }
      step(0, low < matches.length ? low : 0);
    } else tell();
  }
  function step(by, from = here) {
    if (!matches.length) return;
    here = (from + by + matches.length) % matches.length;
    const range = matchRange(matches[here]);
    herePainter.paint([range]);
    setFollowing(false);
    if (!inSight(range)) reveal(range);
    tell();
  }
  function tell() {
    found.textContent = !find.value.trim() ? "" : matches.length ? of(here + 1, matches.length) : data.words.none;
    one("before").disabled = one("after").disabled = matches.length < 2;
  }
  let soon = 0;
  find.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(search, 120); });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(soon);
      if (asked !== find.value) search(); else step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      find.value = "";
      search();
      find.blur();
    }
  });
  one("before").addEventListener("click", () => step(-1));
  one("after").addEventListener("click", () => step(1));

  // ---- whose words ----

  // What somebody put in while another spoke stands in that one's turn, which is shown then.
  const only = one("only");
  if (only) only.addEventListener("change", () => {
    const wanted = only.value && `[data-who="${only.value}"]`;
    for (const turn of minutes.querySelectorAll(".turn")) {
      turn.hidden = wanted !== "" && !turn.matches(wanted) && !turn.querySelector(wanted);
    }
    paragraphs = null;
    if (find.value.trim()) search();
  });

  // ---- keys ----

  function stepTurn(by) {
    const turns = [...minutes.querySelectorAll(".turn:not([hidden])")];
    const middle = innerHeight / 3 + 4;
    const passed = (n) => turns[n].getBoundingClientRect().top > middle;
    let low = 0, high = turns.length;
    while (low < high) { const n = (low + high) >> 1; if (passed(n)) high = n; else low = n + 1; }
    let at = low - 1;
    if (by < 0 && at >= 0 && turns[at].getBoundingClientRect().top < middle - 16) at += 1;
    const turn = turns[Math.min(turns.length - 1, Math.max(0, at + by))];
    if (!turn) return;
    setFollowing(false);
    reveal(turn);
    turn.querySelector("a.time").focus({ preventScroll: true });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const on = event.target instanceof Element ? event.target : document.body;
    if (on === find || on.matches("select")) return;
    switch (event.key) {
      case "/": find.focus(); find.select(); break;
      case "j": stepTurn(1); break;
      case "k": stepTurn(-1); break;
      case " ":
        if (!sounding || on.matches("button, summary")) return;
        player.toggle();
        break;
      case "ArrowLeft": case "ArrowRight":
        if (!sounding) return;
        setFollowing(true);
        player.by(event.key === "ArrowLeft" ? -5 : 5);
        if (!player.playing) { spoken = ""; paintNow(player.time, false); if (!linesAt(sound.currentTime * 1000).some((line) => inSight(spans[line]))) show(sound.currentTime); }
        break;
      default: return;
    }
    event.preventDefault();
  });

  const wanted = secondsOf(location.hash);
  if (wanted !== null) show(wanted);
})();
