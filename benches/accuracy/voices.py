#!/usr/bin/env python3
"""Voices within a track: are the people told apart, counted, and given their words?

`./dev accuracy voices` runs it, over the recordings of `gatherings.py`: `hansard transcribe`, then who
speaks when from `hansard export --format rttm` and the words with their speakers from `--format json`.
Beside it stand one voice per track, the true turns, and tools whose RTTM files are given (`--beside
NAME=FOLDER`): with each of them Hansard's words go to whom they overlap most.

DER is in per cent of the time that people speak, each person's counted: missed, false and confused time,
with a collar of 0 and of 0.25 s on each side of a true turn's edges. A word is under a wrong voice where
its middle lies in true turns, but in none of the person's for whom that voice stands (one to one, by most
overlap). cpWER is MeetEval's, normalised as in the suite.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import meeteval
import numpy as np
from scipy.optimize import linear_sum_assignment

import corpus
import gatherings
import suite
from gatherings import Gathering

COLLARS_S = (0.0, 0.25)
# A word without any turn at its place belongs to one this near, else to whom the word before belongs to.
NEAR_S = 2.0
# The same word twice within so long, from two microphones, was said once.
TWICE_S = 0.7
OURS, ONE, TRUE = "Hansard", "one voice per track", "true turns"
# By how much a figure of `--short` may be worse than the baseline, in points; people must be counted right.
TOLERANCE = {"confusion": 2.0, "der": 3.0, "cpwer": 5.0, "wrong": 3.0, "miscounted": 0}

Turn = tuple[float, float, str]


def main() -> int:
    arguments = parse()
    known = gatherings.fresh(arguments.fresh) if arguments.fresh else gatherings.gatherings(arguments.short)
    chosen = [each for each in known if wanted(each, arguments)]
    if not chosen:
        raise SystemExit("There is no such recording.")
    results = []
    for each in chosen:
        results += measure(each, arguments)
        if arguments.save:
            Path(arguments.save).write_text(json.dumps(results, indent=1))
    print(render(results, "name" if arguments.each else "group"))
    minutes = sum(each.seconds for each in chosen) / 60
    told = " ".join(["./dev accuracy voices", *sys.argv[1:]])
    cost = sum(each.get("cpu", 0.0) for each in results) / minutes / 60
    print(f"\n`{told}`, {arguments.model}; {len(chosen)} recordings, {minutes:.0f} min, CPU {cost:.3f}")
    for each in chosen:
        if arguments.each and each.note:
            print(f"{each.name}: {each.note}")
    return check(results, arguments.write) if arguments.short else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev accuracy voices", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="recordings or sets whose name begins so")
    parser.add_argument(
        "--short",
        action="store_true",
        help="two recordings, held to the baseline: fails where they are worse",
    )
    parser.add_argument("--write", action="store_true", help="with --short: make its figures the baseline")
    parser.add_argument("--fresh", type=int, metavar="N", help="told and read from other seeds: theirs + N")
    parser.add_argument("--each", action="store_true", help="a row for each recording, not for each set")
    parser.add_argument(
        "--beside",
        nargs="+",
        default=[],
        metavar="NAME=FOLDER",
        help="RTTM files of other tools, by recording",
    )
    parser.add_argument(
        "--keep", metavar="FOLDER", help="keep the sessions there, and score those that are there already"
    )
    parser.add_argument("--model", default="base-q8_0", help="model to transcribe with [base-q8_0]")
    parser.add_argument("--language", default="en", help="language told to the recogniser; auto: none [en]")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings, as the suite's")
    parser.add_argument(
        "--binary", default=os.environ.get("HANSARD_BINARY"), help="program to measure [the release build]"
    )
    parser.add_argument("--save", metavar="FILE", help="all figures as JSON")
    return parser.parse_args()


def wanted(each: Gathering, arguments: argparse.Namespace) -> bool:
    named = arguments.only or []
    return arguments.short or not named or each.group in named or each.name.startswith(tuple(named))


# --- One recording ------------------------------------------------------------------------------------------


def measure(each: Gathering, arguments: argparse.Namespace) -> list[dict]:
    """A result for each way of giving words to people."""
    told = transcribed(each, arguments)
    segments = told["segments"]
    words = words_of(segments)
    fields = (line.split() for line in told["rttm"].splitlines() if line.startswith("SPEAKER"))
    ways = {OURS: ([(float(line[3]), float(line[3]) + float(line[4]), line[7]) for line in fields], words)}
    ways[ONE] = (
        [(segment["start_time"], segment["end_time"], segment["track"]) for segment in segments],
        [(text, start, end, track) for text, start, end, _, track in words],
    )
    ways[TRUE] = (each.turns, assign(words, each.turns))
    for named in arguments.beside:
        name, folder = named.split("=", 1)
        file = Path(folder) / f"{each.name}.rttm"
        if file.is_file():
            turns = gatherings.rttm(file)
            ways[name] = (turns, assign(words, turns))
    results = []
    for way, (turns, given) in ways.items():
        about = {"name": each.name, "group": each.group, "way": way, "seconds": each.seconds}
        results.append(about | score(each, turns, given))
    ours, row = results[0], pooled(results[:1])
    ours["cpu"] = told["cpu"]
    if len(each.tracks) > 1:
        said, written = (
            sum(len(suite.normal(text).split()) for text in texts)
            for texts in ((text for *_, text in each.lines), (text for text, *_ in words))
        )
        ours["once"] = {"said": said, "written": written, "twice": twice(words)}
    print(
        f"{each.name:12} {ours['voices']} of {each.people} people, DER {row['der']:5.1f} %, "
        f"words {len(words)}",
        file=sys.stderr,
    )
    return results


def transcribed(each: Gathering, arguments: argparse.Namespace) -> dict:
    """What the program exports, and the CPU time that it took."""
    with tempfile.TemporaryDirectory() as own:
        out = Path(arguments.keep, each.name) if arguments.keep else Path(own)
        out.mkdir(parents=True, exist_ok=True)
        stored = out / "told.json"
        if arguments.keep and stored.is_file():
            told = json.loads(stored.read_text())
        else:
            files = [f"{track}={corpus.ROOT / file}" for track, file in each.tracks.items()]
            ran = suite.run(
                [
                    arguments.binary,
                    "transcribe",
                    "--json",
                    "--out",
                    str(out),
                    "--model",
                    arguments.model,
                    "--language",
                    arguments.language,
                    *files,
                ],
                suite.settings(arguments),
            )
            session = json.loads(ran["stdout"].strip().splitlines()[-1])["session"]
            export = [arguments.binary, "export", session, "--output", "-", "--format"]
            told = {
                "rttm": suite.output([*export, "rttm"]),
                "segments": json.loads(suite.output([*export, "json"])),
            }
            told |= {"cpu": ran["cpu"], "session": session}
            stored.write_text(json.dumps(told))
    return told


def words_of(segments: list[dict]) -> list[tuple]:
    """Text, start, end, speaker and track of each word, by time."""
    words = []
    for segment in segments:
        for word in segment["word_times"]:
            end = max(word["end"], word["start"] + 0.02)
            words.append((word["text"], word["start"], end, segment["speaker"], segment["track"]))
    return sorted(words, key=lambda word: word[1])


def assign(words: list, turns: list[Turn]) -> list:
    """Each word to whom it overlaps most, of two equals to whom the word before belongs to."""
    out, before = [], None
    for text, start, end, *_ in words:
        middle, half = (start + end) / 2, max(end - start, 0.1) / 2
        shared: dict[str, float] = defaultdict(float)
        for first, last, who in turns:
            shared[who] += max(0.0, min(middle + half, last) - max(middle - half, first))
        most = max(shared.values(), default=0.0)
        best = [who for who, overlap in shared.items() if overlap > most - 1e-3]
        if most > 0.0:
            before = before if before in best else best[0]
        else:
            away, who = min(
                ((max(first - middle, middle - last), who) for first, last, who in turns),
                default=(NEAR_S, None),
            )
            before = who if away < NEAR_S or before is None else before
        out.append((text, start, end, before or "nobody"))
    return out


# --- Scoring ------------------------------------------------------------------------------------------------


PARTS = ("missed", "false", "confused")


def score(each: Gathering, turns: list[Turn], words: list) -> dict:
    result: dict = {
        "people": each.people,
        "voices": len({who for *_, who in turns}),
        "der": [error_rate(each.turns, turns, each.seconds, collar) for collar in COLLARS_S],
    }
    if each.lines:
        result["cpwer"] = cpwer(each, words)
    if each.exact:
        result["wrong"] = wrong(each.turns, words)
    return result


def overlap(truth: list[Turn], heard: list[Turn]) -> tuple[list[str], list[str], np.ndarray]:
    people, voices = sorted({who for *_, who in truth}), sorted({who for *_, who in heard})
    shared = np.zeros((len(people), len(voices)))
    for start, end, who in truth:
        for first, last, voice in heard:
            shared[people.index(who), voices.index(voice)] += max(0.0, min(end, last) - max(start, first))
    return people, voices, shared


def error_rate(truth: list[Turn], heard: list[Turn], seconds: float, collar: float) -> dict:
    """Seconds that are missed, false and confused, and of speech in all, each person's counted."""
    end = max([seconds, *(turn[1] for turn in truth + heard)])
    edges = sorted(
        {
            0.0,
            end,
            *(edge for turn in truth + heard for edge in turn[:2]),
            *(
                min(max(edge + sign * collar, 0.0), end)
                for turn in truth
                for edge in turn[:2]
                for sign in (-1, 1)
            ),
        }
    )
    middles, spans = (np.array(edges[1:]) + edges[:-1]) / 2, np.diff(edges)
    counted = np.ones(len(spans), bool)
    for turn in truth:
        for edge in turn[:2]:
            counted &= np.abs(middles - edge) >= collar

    def activity(turns: list[Turn]) -> np.ndarray:
        who = sorted({turn[2] for turn in turns})
        active = np.zeros((len(who), len(spans)))
        for start, last, each in turns:
            active[who.index(each)] = np.maximum(
                active[who.index(each)], (middles > start) & (middles < last)
            )
        return active

    spans = spans * counted
    true, told = activity(truth), activity(heard)
    shared = (true * spans) @ told.T
    right = shared[linear_sum_assignment(-shared)].sum() if shared.size else 0.0
    people, voices = true.sum(axis=0), told.sum(axis=0)
    return {
        "total": float(people @ spans),
        "missed": float(np.maximum(people - voices, 0) @ spans),
        "false": float(np.maximum(voices - people, 0) @ spans),
        "confused": max(0.0, float(np.minimum(people, voices) @ spans - right)),
    }


def cpwer(each: Gathering, words: list) -> dict:
    said, heard = defaultdict(list), defaultdict(list)
    for _, _, who, text in each.lines:
        said[who].append(text)
    for text, _, _, who, *_ in words:
        heard[who].append(text)
    texts = [[suite.normal(" ".join(lines)) for lines in given.values()] or [""] for given in (said, heard)]
    found = meeteval.wer.wer.cp.cp_word_error_rate(*texts)
    return {"errors": found.errors, "words": found.length}


def wrong(truth: list[Turn], words: list) -> dict:
    people, voices, shared = overlap(truth, [(start, end, who) for _, start, end, who, *_ in words])
    stands_for = {
        voices[voice]: people[person] for person, voice in zip(*linear_sum_assignment(-shared), strict=True)
    }
    placed = missed = 0
    for _, start, end, who, *_ in words:
        speaking = {person for first, last, person in truth if first <= (start + end) / 2 < last}
        placed += bool(speaking)
        missed += bool(speaking) and stands_for.get(who) not in speaking
    return {"errors": missed, "words": placed}


def twice(words: list) -> int:
    """Words of two tracks that are the same at about the same time."""
    plain = [(suite.normal(text), (start + end) / 2, track) for text, start, end, _, track in words]
    count = 0
    for n, (text, middle, track) in enumerate(plain):
        count += any(
            text and text == other and middle - before < TWICE_S and track != another
            for other, before, another in plain[max(0, n - 12) : n]
        )
    return count


# --- The table ----------------------------------------------------------------------------------------------


def percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole else 100.0 * bool(part)


def pooled(results: list[dict]) -> dict:
    ders = [suite.total([each["der"][n] for each in results]) for n in range(len(COLLARS_S))]
    row = {
        "files": len(results),
        "right": sum(each["voices"] == each["people"] for each in results),
        "miscounted": sum(abs(each["voices"] - each["people"]) for each in results),
    }
    row |= {part: percent(ders[0][part], ders[0]["total"]) for part in PARTS} | {
        "confusion": percent(ders[0]["confused"], ders[0]["total"])
    }
    row["der"], row["collar"] = (percent(sum(der[part] for part in PARTS), der["total"]) for der in ders)
    for key in ("cpwer", "wrong"):
        counted = [each[key] for each in results if key in each]
        if counted:
            row[key], row[f"{key}_words"] = suite.rate(suite.total(counted)), suite.total(counted)["words"]
    if once := [each["once"] for each in results if "once" in each]:
        row["once"] = suite.total(once)
    return row


def render(results: list[dict], by: str) -> str:
    lines = [
        "| set | voices by | people right | off by | DER 0 (missed / false / confused) | DER 0.25 "
        "| cpWER | under a wrong voice | written of said, twice |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    sets = list(dict.fromkeys(each[by] for each in results))
    for name in [*sets, "all"]:
        for way in dict.fromkeys(each["way"] for each in results):
            row = (
                pooled(chosen)
                if (chosen := [each for each in results if each["way"] == way and name in (each[by], "all")])
                else None
            )
            if row is None:
                continue
            once = row.get("once")
            cells = [
                name,
                way,
                f"{row['right']} of {row['files']}",
                str(row["miscounted"]),
                f"{row['der']:.1f} ({row['missed']:.1f} / {row['false']:.1f} / {row['confused']:.1f})",
                f"{row['collar']:.1f}",
                f"{row['cpwer']:.1f} % of {row['cpwer_words']}" if "cpwer" in row else "–",
                f"{row['wrong']:.1f} % of {row['wrong_words']}" if "wrong" in row else "–",
                f"{once['written']} of {once['said']}, {once['twice']}" if once else "–",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def check(results: list[dict], write: bool) -> int:
    """0, or 1 with a line for each figure that is worse than the baseline allows."""
    stored = json.loads(suite.BASELINE.read_text())
    now = {}
    for each in results:
        if each["way"] == OURS:
            row = pooled([each])
            now[each["name"]] = {key: round(row[key], 2) for key in TOLERANCE if key in row}
    if write:
        stored["voices"] = {"tolerance": TOLERANCE, "short": now}
        suite.BASELINE.write_text(json.dumps(stored, indent=1) + "\n")
        return 0
    known = stored.get("voices")
    if known is None:
        print("there is no baseline of voices yet: --short --write makes one", file=sys.stderr)
        return 1
    worse = [
        f"{name}: {key} {now.get(name, {}).get(key)}, baseline {value}"
        for name, row in known["short"].items()
        for key, value in row.items()
        if now.get(name, {}).get(key, float("inf")) > value + known["tolerance"][key]
    ]
    print("\n".join(worse) or "no figure is worse than the baseline allows", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
