#!/usr/bin/env python3
"""What the verdicts keep out of the minutes: words where nobody speaks, and words that somebody spoke.

`./dev accuracy gates` runs it, over the recordings of `further.py`. The bounds of `src/speech/gates.rs` were set with one half of the
recordings (some seeds, half of the real voices and meetings); the other half was only looked at afterwards. Both are told.
"""

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import corpus
import further
import suite

SET_WITH, HELD_OUT = "set with", "held out"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev accuracy gates", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3, 11, 12, 13], help="seeds that the bounds were set with")
    parser.add_argument("--held-out", nargs="*", type=int, default=[21, 22, 23, 24], help="seeds that they were not")
    parser.add_argument("--only", nargs="+", metavar="SET", help=f"sets: {further.NOBODY}, {further.TALK}, {further.REAL}")
    parser.add_argument("--model", default="base-q8_0")
    parser.add_argument("--language", default="en")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings, as the suite's")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    parser.add_argument("--save", metavar="FILE", help="all figures as JSON, with what each line was judged by")
    arguments = parser.parse_args()
    results = []
    for half, recording in chosen(arguments):
        results.append(suite.measure(recording, arguments) | {"half": half})
        if arguments.save:
            Path(arguments.save).write_text(json.dumps(results, indent=1))
    print(render(results))
    return 0


def chosen(arguments: argparse.Namespace):
    """Pairs of a half and a recording."""
    for half, seeds in ((SET_WITH, arguments.seeds), (HELD_OUT, arguments.held_out)):
        for seed in seeds:
            for each in further.recordings(seed):
                if not arguments.only or each.group in arguments.only:
                    yield half, each
    if arguments.only and further.REAL not in arguments.only:
        return
    read = further.real()
    meetings = [each for each in corpus.recordings() if each.group in ("ami", "call")]
    for n, each in enumerate(read):
        yield (SET_WITH if n < len(read) // 2 else HELD_OUT), each
    for each in meetings:
        each.group = further.REAL
        yield (SET_WITH if each.name.startswith("ami-trn") else HELD_OUT), each


def words(text: str) -> int:
    return len(suite.normal(text).split())


def render(results: list[dict]) -> str:
    rows = defaultdict(lambda: Counter(reasons=Counter()))
    for each in results:
        row = rows[each["group"], each["half"]]
        row["recordings"] += 1
        row["said"] += each["wer"]["words"]
        for line in each["utterances"]:
            if line["bleed_of"]:
                continue
            if line["withheld"]:
                row["reasons"][line["withheld"]] += words(line["text"])
            else:
                row["shown"] += words(line["text"])
        # Where there is no text to compare with, all that was understood counts as said.
        row["lost"] += each["withheld_words"] if each["wer"]["words"] else sum(words(line["text"]) for line in each["utterances"] if line["withheld"])
        row["of"] += each["wer"]["words"] or sum(words(line["text"]) for line in each["utterances"])
    lines = ["| set | half | recordings | words in the minutes | words withheld, by verdict | words of speech withheld |", "|---|---|---|---|---|---|"]
    for (group, half), row in sorted(rows.items()):
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(row["reasons"].items())) or "none"
        lost = f"{row['lost']} of {row['of']} ({100 * row['lost'] / max(row['of'], 1):.2f} %)" if group != further.NOBODY else "–"
        lines.append(f"| {group} | {half} | {row['recordings']} | {row['shown']} | {reasons} | {lost} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
