#!/usr/bin/env python3
"""The accuracy suite: has the real program transcribe the recordings of `corpus.py` and scores what it wrote.

`./dev accuracy` runs it. A recording goes through `hansard transcribe`, then `hansard export --format json` (SegLST) and
`hansard show --withheld --json`. Words are normalised by Whisper's English normaliser (whisper-normalizer) and counted by
MeetEval: WER over all words in order of time, cpWER and tcpWER (collar 5 s) by speaker. CPU time is user and system time
of the program and its children, memory the highest sum over its processes.
"""

import argparse
import json
import logging
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

import kaldialign
import meeteval
from whisper_normalizer.english import EnglishTextNormalizer

import corpus

HERE = Path(__file__).resolve().parent
BASELINE = HERE / "baseline.json"
COLLAR_S = 5.0
# A word this far from all speech is invented, whatever it is.
OUTSIDE_S = 0.5
# What a figure may be worse than the baseline before it is called a regression, in points: less is noise on sets of this size.
TOLERANCE = {"wer": 3.0, "cpwer": 3.0, "tcpwer": 3.0}
QUICK = ("jfk", "call-sample", "ami-dev00", "tracks-0", "pauses-1", "nobody-fan", "nobody-keys")
normal = EnglishTextNormalizer()
# It warns of segments longer than the collar; within them MeetEval places words by their letters.
logging.getLogger("preprocess").setLevel(logging.ERROR)


def main() -> int:
    arguments = parse()
    chosen = [
        each
        for each in corpus.recordings()
        if (not arguments.quick or each.name in QUICK)
        and (not arguments.only or each.group in arguments.only or each.name.startswith(tuple(arguments.only)))
    ]
    results = [measure(each, arguments) for each in chosen]
    report = {"facts": facts(arguments), "recordings": results}
    if arguments.save:
        Path(arguments.save).write_text(json.dumps(report, indent=1))
    groups = by_group(results)
    table = render(groups, report["facts"])
    print(table)
    if arguments.write:
        write_doc(table, groups)
    return check(groups) if arguments.check else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few recordings only (2 min)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="recordings or sets whose name begins so")
    parser.add_argument("--model", default="base-q8_0", help="model to transcribe with [base-q8_0]")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings, such as segment.onset=0.6")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"), help="program to measure [the release build]")
    parser.add_argument("--language", default="en", help="language told to the recogniser; auto: none [en]")
    parser.add_argument("--save", metavar="FILE", help="all figures as JSON, for compare.py")
    parser.add_argument("--write", action="store_true", help="put the table into docs/accuracy.md and the baseline")
    parser.add_argument("--check", action="store_true", help="fail where a set is worse than the baseline allows")
    return parser.parse_args()


def facts(arguments: argparse.Namespace) -> dict:
    with open("/proc/cpuinfo") as info:
        cpu = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores ({cpu}), {platform.system()}",
        "load": f"{os.getloadavg()[1]:.1f}",
        "model": arguments.model,
        "settings": arguments.set,
        "command": " ".join(["./dev accuracy", *[each for each in sys.argv[1:] if each not in ("--write",)]]),
    }


# --- One recording ------------------------------------------------------------------------------------------------


def measure(recording: corpus.Recording, arguments: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory() as out:
        files = [str(corpus.ROOT / file) for file in recording.tracks.values()]
        cost = run([arguments.binary, "transcribe", "--json", "--out", out, "--model", arguments.model,
                    "--language", arguments.language, *files], settings(arguments))  # fmt: skip
        session = cost.pop("stdout").strip().splitlines()[-1]
        session = json.loads(session)["session"]
        heard = json.loads(output([arguments.binary, "export", session, "--format", "json", "--output", "-"]))
        shown = json.loads(output([arguments.binary, "show", session, "--withheld", "--json"]))
    withheld = [each for each in shown["utterances"] if each["withheld"]]
    result = {"name": recording.name, "group": recording.group, "seconds": recording.seconds, **cost}
    result |= score(recording, heard, withheld)
    told = ("start", "text", "withheld", "bleed_of", "evidence")
    result["utterances"] = [{key: each.get(key) for key in told} for each in shown["utterances"]]
    print(f"{recording.name:24} WER {rate(result['wer']):5.1f} %  {cost['cpu']:6.1f} s CPU", file=sys.stderr)
    return result


def settings(arguments: argparse.Namespace) -> dict[str, str]:
    pairs = (each.split("=", 1) for each in arguments.set)
    return {"HANSARD_" + key.replace(".", "_").upper(): value for key, value in pairs}


def output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run(command: list[str], more: dict[str, str]) -> dict:
    """Runs it; what it printed, and what it cost with all its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | more) as child:
        peak = [0]
        watcher = threading.Thread(target=watch, args=(child, peak))
        watcher.start()
        stdout, stderr = child.communicate()
        watcher.join()
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {child.returncode}\n{stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"stdout": stdout, "wall": wall, "cpu": cpu, "memory": peak[0]}


def watch(child: subprocess.Popen, peak: list[int]) -> None:
    """The highest sum of resident bytes over a process and its children, looked at each 50 ms."""
    while child.poll() is None:
        total, waiting = 0, [child.pid]
        while waiting:
            pid = waiting.pop()
            try:
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += [int(each) for each in (task / "children").read_text().split()]
            except (OSError, ValueError, IndexError):
                continue
        peak[0] = max(peak[0], total)
        time.sleep(0.05)


# --- Scoring ------------------------------------------------------------------------------------------------------


def normalised(segments: list[dict], session: str) -> list[dict]:
    kept = []
    for each in segments:
        words = normal(each["words"])
        if words:
            kept.append({"session_id": session, "speaker": each["speaker"], "start_time": each["start_time"],
                         "end_time": max(each["end_time"], each["start_time"] + 0.001), "words": words})  # fmt: skip
    return sorted(kept, key=lambda each: each["start_time"])


def errors(found) -> dict:
    return {"errors": found.errors, "words": found.length, "insertions": found.insertions,
            "deletions": found.deletions, "substitutions": found.substitutions}  # fmt: skip


def words_of(segments: list[dict]) -> list[str]:
    return " ".join(each["words"] for each in segments).split()


def score(recording: corpus.Recording, heard: list[dict], withheld: list[dict]) -> dict:
    name = recording.name
    # MeetEval knows no empty hypothesis of a session.
    one = [{"session_id": name, "speaker": "-", "start_time": 0.0, "end_time": 0.001, "words": ""}]
    reference, hypothesis = normalised(recording.reference, name), normalised(heard, name)
    result = {"outside": outside(recording, heard), "withheld_words": 0}
    texts = [" ".join(words_of(each)) for each in (reference, hypothesis)]
    result["wer"] = errors(meeteval.wer.wer.siso.siso_word_error_rate(*texts))
    if reference:
        seglst = [meeteval.io.SegLST(each or one) for each in (reference, hypothesis)]
        result["cpwer"] = errors(meeteval.wer.cpwer(*seglst)[name])
        result["tcpwer"] = errors(meeteval.wer.tcpwer(*seglst, collar=COLLAR_S)[name])
        result["edges"] = edges(reference, hypothesis)
        result["withheld_words"] = withheld_words(reference, heard, withheld, name)
    result["withheld"] = [f"{each['withheld']}: {each['text']}" for each in withheld]
    result["text"] = [f"{each['start_time']:.1f} {each['speaker']}: {each['words']}" for each in heard]
    return result


def outside(recording: corpus.Recording, heard: list[dict]) -> int:
    """Words whose middle lies where nobody speaks."""
    count = 0
    for each in heard:
        for word in each["word_times"]:
            middle = (word["start"] + word["end"]) / 2
            near = any(start - OUTSIDE_S <= middle <= end + OUTSIDE_S for start, end in recording.speech)
            count += 0 if near else 1
    return count


def edges(reference: list[dict], hypothesis: list[dict]) -> dict:
    """First and last words of turns, and how many of them have no word at their place."""
    said, gone = [], 0
    for each in reference:
        words = each["words"].split()
        said += [(word, n in (0, len(words) - 1)) for n, word in enumerate(words)]
    pairs = kaldialign.align([word for word, _ in said], words_of(hypothesis), "\0")
    at = 0
    for mine, theirs in pairs:
        if mine != "\0":
            gone += said[at][1] and theirs == "\0"
            at += 1
    return {"lost": gone, "words": sum(edge for _, edge in said)}


def withheld_words(reference: list[dict], heard: list[dict], withheld: list[dict], name: str) -> int:
    """Words of the reference that were understood and withheld."""
    if not withheld:
        return 0
    extra = [{"speaker": each["speaker"], "start_time": each["start"], "end_time": each["end"], "words": each["text"], "held": 1}
             for each in withheld]  # fmt: skip
    marked = []
    for each in sorted(heard + extra, key=lambda each: each["start_time"]):
        marked += [(word, "held" in each) for word in normal(each["words"]).split()]
    pairs, at, count = kaldialign.align(words_of(reference), [word for word, _ in marked], "\0"), 0, 0
    for mine, theirs in pairs:
        if theirs != "\0":
            count += marked[at][1] and mine == theirs
            at += 1
    return count


# --- The table ----------------------------------------------------------------------------------------------------


def rate(figure: dict) -> float:
    return 100.0 * figure["errors"] / figure["words"] if figure["words"] else 100.0 * bool(figure["errors"])


def total(figures: list[dict]) -> dict:
    return {key: sum(each[key] or 0 for each in figures) for key in figures[0]} if figures else {"errors": 0, "words": 0}


def by_group(results: list[dict]) -> dict[str, dict]:
    groups = defaultdict(list)
    for each in results:
        groups[each["group"]].append(each)
    summed = {}
    for group, members in groups.items():
        row = {key: sum(each[key] for each in members) for key in ("seconds", "wall", "cpu", "outside", "withheld_words")}
        row["memory"] = max(each["memory"] for each in members)
        for key in ("wer", "cpwer", "tcpwer", "edges"):
            row[key] = total([each[key] for each in members if key in each])
        summed[group] = row
    return summed


def render(groups: dict[str, dict], facts: dict) -> str:
    """The table in Markdown."""
    lines = [
        "| set | sound | words | WER | ins / del / sub | cpWER | tcpWER | edges | withheld | invented | CPU | wall | memory |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for group, row in groups.items():
        wer, real = row["wer"], row["wer"]["words"] > 0
        kinds = f"{wer['insertions']} / {wer['deletions']} / {wer['substitutions']}"
        cells = [
            group,
            f"{row['seconds']:.0f} s",
            str(wer["words"]),
            f"{rate(wer):.1f} %" if real else "–",
            kinds,
            f"{rate(row['cpwer']):.1f} %" if real else "–",
            f"{rate(row['tcpwer']):.1f} %" if real else "–",
            f"{row['edges']['lost']} of {row['edges']['words']}" if real else "–",
            str(row["withheld_words"]),
            str(row["outside"]),
            f"{row['cpu'] / row['seconds']:.3f}",
            f"{row['wall'] / row['seconds']:.3f}",
            f"{row['memory'] / 1e6:.0f} MB",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    told = ", ".join(facts["settings"]) or "none but the defaults"
    lines.append("")
    lines.append(f"`{facts['command']}`, {facts['date']}, model {facts['model']}, settings: {told}; {facts['machine']}, "
                 f"load during the run {facts['load']}.")  # fmt: skip
    return "\n".join(lines)


def write_doc(table: str, groups: dict[str, dict]) -> None:
    doc = corpus.ROOT / "docs" / "accuracy.md"
    text = doc.read_text()
    begin, end = "<!-- table -->\n", "<!-- end of table -->"
    head, rest = text.split(begin, 1)
    doc.write_text(head + begin + table + "\n" + end + rest.split(end, 1)[1])
    kept = {group: {key: round(rate(row[key]), 2) for key in TOLERANCE if row[key]["words"]} | {"outside": row["outside"]}
            for group, row in groups.items()}  # fmt: skip
    # What others hold against it stays: the tests' own count, and the voices.
    stored = json.loads(BASELINE.read_text()) | {"tolerance": TOLERANCE, "sets": kept}
    BASELINE.write_text(json.dumps(stored, indent=1) + "\n")


def check(groups: dict[str, dict]) -> int:
    """0, or 1 with a line for each figure that is worse than the baseline allows."""
    worse = []
    baseline = json.loads(BASELINE.read_text())
    for group, row in groups.items():
        for key, value in baseline["sets"].get(group, {}).items():
            now = row["outside"] if key == "outside" else rate(row[key])
            if now > value + baseline["tolerance"].get(key, 0):
                worse.append(f"{group}: {key} {now:.1f}, baseline {value}")
    print("\n".join(worse) or "no set is worse than the baseline allows", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
