// What is being typed and is not saved yet, kept in this browser: it outlives a reload, a crash, and a server that ended. By session
// and line; taken out as soon as it is saved or given up. Of lines that are hidden or withheld nothing is kept.
const NAME = "hansard-draft:";
const DAYS_MAX = 30;

const store = (what) => { try { return what(localStorage); } catch { return null; } };
const key = (session, line) => `${NAME}${session}:${line}`;

export function read(session, line) {
  return parsed(store((kept) => kept.getItem(key(session, line))));
}
export function write(session, line, draft) {
  store((kept) => kept.setItem(key(session, line), JSON.stringify({ ...draft, at: Date.now() })));
}
export function drop(session, line) { store((kept) => kept.removeItem(key(session, line))); }

// All of a session: [line, draft].
export function all(session) {
  const begin = key(session, "");
  return names().filter((name) => name.startsWith(begin)).map((name) => [name.slice(begin.length), parsed(store((kept) => kept.getItem(name)))]);
}

// What nobody came back for.
export function dropOld() {
  for (const name of names()) {
    const draft = parsed(store((kept) => kept.getItem(name)));
    if (!draft || Date.now() - draft.at > DAYS_MAX * 86400e3) store((kept) => kept.removeItem(name));
  }
}

const names = () => store((kept) => Object.keys(kept).filter((name) => name.startsWith(NAME))) ?? [];

function parsed(text) {
  try {
    const draft = JSON.parse(text);
    return draft && typeof draft.text === "string" && Number.isInteger(draft.rev) ? draft : null;
  } catch { return null; }
}
