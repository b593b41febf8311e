// What was corrected here, and what takes it back, the last one first. Nothing is taken away from the session by it: a line gets a further
// revision, a mark or a passage that was taken back is made again. What can't be taken back says so, and nothing older is done in its place.
import { api, seg, toast, written } from "./common.js";
import { W } from "./words.js";

// `on`: applied(done, focus, null), remarked(text), reload(), showable(line).
export function takingBack(path, on) {
  const undone = [], done = [], moved = new Map();
  // A server that is away may be asked again; who was refused is not asked for ever.
  const isAway = (error) => error.status === 0 || error.status >= 500;

  // One after the other, each when all that was corrected before is known: the keys are quicker than the answers.
  let turn = Promise.resolve();
  const inTurn = (...what) => { turn = turn.then(written).then(() => take(...what)).catch((error) => toast(error.message, true)); return turn; };
  async function take(from, to, none) {
    const last = from.pop();
    if (!last) { toast(none); return; }
    if (last.never) { toast(last.never, true); return; }
    try {
      const back = await (last.lines ? ofLines(last.lines) : last.back());
      if (back) to.push(back);
      if (last.note) toast(last.note, true);
    } catch (error) {
      toast(error.message, true);
      if (isAway(error)) from.push(last); else await on.reload();
    }
  }
  async function ofLines(edits) {
    const answer = await api(`${path}/lines`, "POST", { edits });
    // A line that is again as it was then has another number now: what was done before it is taken back by that one.
    const known = [...done, ...undone].flatMap((one) => one.lines ?? []);
    for (const { line, change: { edit, to: was } } of edits) {
      const now = edit === "back" && answer.lines.find((one) => one.id === line)?.rev;
      for (const one of now ? known : []) if (one.line === line && one.change.rev === was) one.change.rev = now;
    }
    on.applied(answer, answer.lines.find(on.showable)?.id, null);
    return answer.undo.length && { lines: answer.undo };
  }
  async function send(what, method, body) {
    const answer = await api(path + what, method, body);
    on.remarked(answer.remark);
    await on.reload();
    return answer;
  }

  // What is there again has another id than it had.
  const idNow = (id) => { while (moved.has(id)) id = moved.get(id); return id; };
  const idIn = (answer) => answer.id ?? answer.events[0].payload.id;
  const added = (what, id, body) => ({ back: async () => {
    await send(`${what}/${seg(idNow(id))}`, "DELETE");
    return removed(what, id, body);
  } });
  const removed = (what, id, body) => ({ back: async () => {
    const again = idIn(await send(what, "POST", body));
    moved.set(idNow(id), again);
    return added(what, again, body);
  } });
  // Something that is told in one way or in another.
  const told = (what, method, now, before) => ({ back: async () => {
    await send(what, method, before);
    return told(what, method, before, now);
  } });

  return {
    added, removed, told, idIn,
    // A correction, by what takes it back. What was taken back before can't be done again any more.
    did(entry) { done.push(entry); undone.length = 0; },
    undo: () => inTurn(done, undone, W.nothingToUndo),
    redo: () => inTurn(undone, done, W.nothingToRedo),
  };
}
