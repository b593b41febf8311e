#!/usr/bin/env python3
"""Detectors of speech beside each other: what they miss, what they take for speech, and what becomes of the words.

`./dev accuracy vad` runs it, with the program of `vad.rs`. Missed is speech of the reference outside all segments (from onset to
offset), false is time in segments a quarter of a second away from all speech; both in per cent of the speech and of the rest.
Edge words are first and last words of turns.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict

import numpy as np

import corpus
import suite

STEP_S = 0.01
NEAR_S = 0.25
CHOSEN = ("ami-", "call-", "mixed-0", "pauses-", "fan10-0", "babble10-0", "babble5-0", "nobody-")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev accuracy vad", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=CHOSEN, metavar="NAME", help="recordings whose name begins so")
    parser.add_argument("--onset", default="0.5")
    parser.add_argument("--offset", default="0.35")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    parser.add_argument("--program", default=os.environ.get("HANSARD_VAD"))
    parser.add_argument("--model", default=os.environ.get("HANSARD_MODEL_FILE"))
    parser.add_argument("--silero", default=str(corpus.ROOT / "src" / "audio" / "vad" / "silero-v6.2.0.bin"))
    arguments = parser.parse_args()
    chosen = {
        str(corpus.ROOT / next(iter(each.tracks.values()))): each
        for each in corpus.recordings()
        if each.name.startswith(tuple(arguments.only)) and len(each.tracks) == 1
    }
    command = [arguments.program, arguments.binary, arguments.model, arguments.silero, arguments.onset, arguments.offset]
    results = defaultdict(lambda: defaultdict(list))
    with subprocess.Popen([*command, *chosen], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            found = json.loads(line)
            recording = chosen[found["file"]]
            print(f"{recording.name}: {found['detector']}", file=sys.stderr)
            results[found["detector"]][group(recording)].append((recording, found))
    if child.returncode:
        return child.returncode
    print(render(results, arguments))
    return 0


def group(recording: corpus.Recording) -> str:
    if recording.group == "nobody":
        return "nobody"
    return "noise" if recording.group in corpus.MIXED and corpus.MIXED[recording.group] else "quiet"


def spans(recording: corpus.Recording, pieces, around: float = 0.0) -> np.ndarray:
    """Per step of time whether it lies in a piece."""
    inside = np.zeros(int(recording.seconds / STEP_S) + 1, bool)
    for start, end, *_ in pieces:
        inside[max(0, int((start - around) / STEP_S)) : int((end + around) / STEP_S)] = True
    return inside


def render(results: dict, arguments: argparse.Namespace) -> str:
    lines = [
        f"Onset {arguments.onset}, offset {arguments.offset}.",
        "",
        "| detector | sound | missed speech | false speech | WER | edge words lost | invented words | time, of real time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for detector, groups in results.items():
        for kind, found in groups.items():
            missed = said = false = rest = 0
            figures, lost, edges, outside, seconds, length = [], 0, 0, 0, 0.0, 0.0
            for recording, one in found:
                speech, near = spans(recording, recording.speech), spans(recording, recording.speech, NEAR_S)
                heard = spans(recording, one["segments"])
                missed, said = missed + (speech & ~heard).sum(), said + speech.sum()
                false, rest = false + (heard & ~near).sum(), rest + (~near).sum()
                scored = suite.score(recording, one["heard"], [])
                figures.append(scored["wer"])
                lost, edges = lost + scored.get("edges", {"lost": 0})["lost"], edges + scored.get("edges", {"words": 0})["words"]
                outside += scored["wer"]["insertions"] if kind == "nobody" else 0
                seconds, length = seconds + one["seconds"], length + recording.seconds
            wer = suite.total(figures)
            cells = [
                detector,
                kind,
                f"{100 * missed / said:.1f} %" if said else "–",
                f"{100 * false / rest:.1f} %",
                f"{suite.rate(wer):.1f} %" if wer["words"] else "–",
                f"{lost} of {edges}" if edges else "–",
                str(outside) if kind == "nobody" else "–",
                f"{seconds / length:.4f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
