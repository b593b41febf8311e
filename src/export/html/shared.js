// What the exported page and the page of `hansard serve` share: elements, times, places of words, search, and painting over text; the
// player beside it. The exported page, which is one file, has the text of both inside, without the words `import` and `export`.

/** An element. Text is always text: nothing that was said becomes markup. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** How many of the sorted `values` are at most `wanted`. */
export function upTo(values, wanted) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1; else high = middle;
  }
  return low;
}

/** `4:05`, with hours where they are asked for: `1:04:05`. */
export function clockText(seconds, long) {
  const s = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
  return long ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${two(Math.floor(s / 60))}:${two(s % 60)}`;
}

/** "12:30", "1:02:03" or "750": seconds; null if it is no time. */
export function secondsIn(text) {
  const parts = /^\d+(:\d+){0,2}(\.\d+)?$/.test(text) ? text.split(":") : [];
  return parts.length ? parts.reduce((sum, part) => sum * 60 + Number(part), 0) : null;
}

/** Without accents and case, one unit for one, so that places in it are places in the text. */
export function fold(text) {
  const plain = text.toLowerCase();
  if (/^[\x00-\x7f]*$/.test(plain) && plain.length === text.length) return plain;
  let out = "";
  for (const c of text) {
    const bare = c.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    out += bare.length === c.length ? bare : c;
  }
  return out;
}

/** Where `wanted` stands in `text`, both folded: [from, to] each. */
export function standsIn(text, wanted) {
  const found = [];
  for (let at = wanted ? text.indexOf(wanted) : -1; at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push([at, at + wanted.length]);
  return found;
}

/** Where each of these words begins in a text that has them in this order; null if it has not. */
export function offsetsOf(text, words) {
  const offsets = [];
  let at = 0;
  for (const word of words) {
    const from = text.indexOf(word, at);
    if (from < 0) return null;
    offsets.push(from);
    at = from + word.length;
  }
  return offsets;
}

/** The word that begins at one of these offsets, without the spaces behind it. */
export function wordRange(node, offsets, word) {
  let to = word + 1 < offsets.length ? offsets[word + 1] : node.data.length;
  while (to > offsets[word] && node.data[to - 1] === " ") to -= 1;
  return rangeOf(node, offsets[word], to);
}

export const rangeOf = (node, from, to) => new StaticRange({ startContainer: node, startOffset: from, endContainer: node, endOffset: to });

export const rectOf = (place) => {
  if (place instanceof Element) return place.getBoundingClientRect();
  const range = document.createRange();
  range.setStart(place.startContainer, place.startOffset);
  range.setEnd(place.endContainer, place.endOffset);
  return range.getBoundingClientRect();
};

/** Whether the browser can paint over text without touching it. */
export const paints = typeof Highlight === "function" && Boolean(CSS.highlights);

/** Paints ranges as `::highlight(name)`; of several, the one with the higher priority is seen. */
export function painter(name, priority) {
  if (!paints) return { paint() {} };
  const highlight = new Highlight();
  highlight.priority = priority;
  CSS.highlights.set(name, highlight);
  return { paint(ranges) { highlight.clear(); for (const range of ranges) highlight.add(range); } };
}

/** The text node and the place in it that was clicked. */
export function caretAt(event) {
  if (document.caretPositionFromPoint) {
    const at = document.caretPositionFromPoint(event.clientX, event.clientY);
    return at && [at.offsetNode, at.offset];
  }
  const at = document.caretRangeFromPoint && document.caretRangeFromPoint(event.clientX, event.clientY);
  return at && [at.startContainer, at.startOffset];
}

/** The word of a line that was clicked, by its number. */
export function wordAt(event, node, offsets) {
  const at = caretAt(event);
  if (!at || at[0] !== node || !offsets || !offsets.length) return 0;
  let word = Math.max(0, upTo(offsets, at[1]) - 1);
  const rect = (word) => rectOf(wordRange(node, offsets, word));
  // The caret may stand before the next word though the click was on the end of this one.
  while (word > 0 && offsets[word] === at[1] && rect(word).left > event.clientX && rect(word - 1).top <= event.clientY &&
    rect(word).top <= event.clientY && rect(word - 1).bottom >= event.clientY) word -= 1;
  return word;
}
