// All that the page says, in one place, so that it can be translated.
export const W = {
  sessions: "Sessions", search: "Search", nothing: "Nothing here yet. `hansard record` makes a session.",
  noMatch: "No session matches.", newest: "Newest first", byTitle: "By title", byLength: "Longest first",
  sort: "Order", recording: "recording", unfinished: "not finished: hansard recover", inUse: "in use",
  back: "All sessions", play: "Play", halt: "Halt", speed: "Speed", follow: "Follow", place: "Place",
  everyone: "Everybody", only: "Whose words", doubt: "Doubtful words", withheld: "What is withheld",
  save: "Save", cancel: "Cancel", undo: "Undo", edit: "Correct (e)", loop: "The line is played again and again while you type. Enter saves, Esc leaves it as it was.",
  speaker: "Said by", withhold: "Keep out of the minutes", restore: "Show again", history: "History",
  replace: "Find and replace", find: "Find", by: "Replace by", wholeWords: "Whole words only", matchCase: "Match case",
  replaceThese: (n) => `Replace in ${n} ${n === 1 ? "line" : "lines"}`, noHit: "Not found.",
  people: "People", rename: "Another name", merge: "The same person as …", whose: "Whose voice is this?", hear: "Hear", name: "Name",
  marks: "Marked", mark: "Mark", takeBack: "Take back", decision: "Decision", action: "Action", question: "Question", note: "Note",
  hide: "Hide a passage", from: "From", to: "To", hidden: "Not for publication", show: "Show again",
  title: "Title", download: "Export", missing: "not recorded", said: "What was said", open: "still open",
  pause: "Pause", resume: "Go on", stop: "End the recording", reallyStop: "End the recording now?", reallyPause: "Pause? Nothing is recorded until you go on.",
  paused: "PAUSED", rec: "REC", safe: "safe", lost: "Connection lost; trying again …", again: "Connected again.",
  changed: "Somebody else has changed this session; it is shown as it stands now.", saved: "Saved.", nothingToUndo: "Nothing to undo.",
  keys: "Keys", theme: "Dark or light", tracks: "Tracks that are heard", keyList: [
    ["Space", "play, halt"], ["← →", "5 seconds back, on"], ["j k", "next, previous line"], ["e", "correct the line"],
    ["Enter", "play from the line; while correcting, save"], ["s", "who said it"], ["x", "keep out of the minutes, show again"],
    ["m", "mark here"], ["u", "undo your last correction"], ["/", "search"], ["Ctrl-H", "find and replace"], ["?", "these keys"], ["Esc", "leave"],
  ],
};
