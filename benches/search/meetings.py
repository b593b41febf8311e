#!/usr/bin/env python3
"""Simulated years of meetings, and how long it takes to search them.

    benches/search/meetings.py make FOLDER --years 10 [--words]
    benches/search/meetings.py ask FOLDER --hansard target/release/hansard

A year is 1,150 meetings of an hour, 8,700 words each: 230 days of five hours, 10 million words. Words are drawn as
languages draw them (Zipf, 60,000 different ones). With --words lines carry the time of each word as real
transcripts do (1.3 GB a year); without them (0.15 GB) the index is the same, and only reading is quicker.

`ask` runs the program as people do, one process a search, and tells the median and the 95th percentile of several runs:
first the index is made, then come words that are rare, frequent, several, phrases and beginnings. At its end it says
whether the usual queries keep to the bar (--bar, in ms; the newest hits of words, which is what people ask for).
"""

import argparse
import datetime
import itertools
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

VOCABULARY = 60_000
PER_YEAR = 1_150
LINES = 620
WORDS = 14
SYLLABLES = [a + b for a in "bdfghklmnprstvwz" for b in "aeiou"]


def word(n):
    """The n-th word: no two are the same."""
    text = ""
    n += len(SYLLABLES)
    while n:
        n, rest = divmod(n, len(SYLLABLES))
        text = SYLLABLES[rest] + text
    return text


def make(folder, years, with_words):
    vocabulary = [word(n) for n in range(VOCABULARY)]
    weights = list(itertools.accumulate(1 / (n + 1) for n in range(VOCABULARY)))
    rng = random.Random(7)
    people = ["Ann", "Bob", "Carol", "Dan"]
    begin = datetime.datetime(2016, 1, 4, 9, tzinfo=datetime.timezone.utc)
    for number in range(int(years * PER_YEAR)):
        day, hour = divmod(number, 5)
        year, in_year = divmod(day, 230)
        at = begin + datetime.timedelta(days=year * 365 + in_year * 365 // 230, hours=hour)
        name = f"{at:%Y-%m-%d_%H%M}_weekly-{number}"
        session = folder / name
        session.mkdir(parents=True)
        sources = [{"track": p.lower(), "name": p, "kind": "mic", "spec": "mic", "device": None, "device_name": None,
                    "channel": None} for p in people]
        manifest = {"format": 1, "id": name, "title": f"Weekly {number}", "state": "closed", "duration": 3600.0,
                    "start": {"utc": at.isoformat().replace("+00:00", "Z"), "zone": None, "offset": "+00:00"},
                    "sources": sources, "takes": [], "account": []}
        (session / "session.json").write_text(json.dumps(manifest))
        (session / "events.jsonl").write_text('{"seq":0,"session_ns":0,"utc":"2016-01-04T09:00:00Z",'
                                              '"kind":"text_reached","payload":{"tracks":[],"complete":true}}\n')
        said = rng.choices(vocabulary, cum_weights=weights, k=LINES * WORDS)
        lines = []
        for n in range(LINES):
            words, start, person = said[n * WORDS:(n + 1) * WORDS], n * 5.8, people[n % 4]
            times = [{"text": w, "start": round(start + 0.4 * i, 2), "end": round(start + 0.4 * i + 0.35, 2), "p": 0.91}
                     for i, w in enumerate(words)] if with_words else []
            lines.append(json.dumps({
                "id": f"{person.lower()}-1-{n}", "rev": 0, "track": person.lower(), "speaker": person, "take": 1,
                "from_frame": 0, "to_frame": 0, "start": start, "end": start + 5.6, "text": " ".join(words),
                "words": times, "confidence": 0.9, "language": "en", "model": "simulated", "final": True,
                "withheld": None, "bleed_of": None}))
        (session / "transcript.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{number + 1} meetings, {(number + 1) * LINES * WORDS / 1e6:.1f} million words in {folder}")


def quantiles(values):
    """The median and the 95th percentile."""
    return statistics.median(values), sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def ask(folder, program, runs, bar):
    cache = tempfile.mkdtemp(prefix="hansard-search-")
    env = dict(os.environ, HANSARD_RECORDINGS=str(folder), XDG_CACHE_HOME=cache)

    def run(*args):
        began, before = time.perf_counter(), os.times()
        done = subprocess.run([program, "search", "--json", *args], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return time.perf_counter() - began, used, json.loads(done.stdout)

    wall, used, report = run("nosuchword")
    size = sum(f.stat().st_size for f in pathlib.Path(cache).rglob("*") if f.is_file())
    print(f"{report['sessions']} meetings; made in {wall:.0f} s ({used:.0f} s of processors), {size / 1e6:.0f} MB")
    began = time.perf_counter()
    subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, check=True)
    print(f"the program alone: {(time.perf_counter() - began) * 1000:.0f} ms")
    usual = []
    frequent, medium, rare = word(0), word(400), word(59_000)
    for what, args in [
        ("no such word", ["nosuchword"]),
        ("rare", [rare]),
        ("medium", [medium]),
        ("frequent, newest", [frequent]),
        ("two words", [word(30), word(200)]),
        ("two rare words", [word(20_000), word(30_000)]),
        ("phrase", [f"{word(3)} {word(20)}"]),
        ("beginning", [word(400)[:4] + "*"]),
        ("of one person", [medium, "--speaker=ann"]),
        ("of one month", [medium, "--from=2016-03-01", "--to=2016-03-31"]),
        ("frequent, best", [frequent, "--sort=best"]),
        ("medium, best", [medium, "--sort=best"]),
    ]:
        results = [run(*args) for _ in range(runs)]
        walls, useds = ([r[i] * 1000 for r in results] for i in (0, 1))
        p50, p95 = quantiles(walls)
        if "best" not in what:
            usual += walls
        print(f"{what:18} p50 {p50:5.0f} ms, p95 {p95:5.0f} ms, {statistics.median(useds):5.0f} ms of processors, "
              f"{len(results[0][2]['hits'])} hits")
    p50, p95 = quantiles(usual)
    print(f"usual queries      p50 {p50:5.0f} ms, p95 {p95:5.0f} ms; the bar is {bar:.0f} ms: "
          f"{'kept' if p95 <= bar else 'NOT KEPT'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    maker = verbs.add_parser("make")
    maker.add_argument("folder", type=pathlib.Path)
    maker.add_argument("--years", type=float, default=1)
    maker.add_argument("--words", action="store_true")
    asker = verbs.add_parser("ask")
    asker.add_argument("folder", type=pathlib.Path)
    asker.add_argument("--hansard", default="target/release/hansard")
    asker.add_argument("--runs", type=int, default=21)
    asker.add_argument("--bar", type=float, default=50)
    args = parser.parse_args()
    if args.verb == "make":
        make(args.folder, args.years, args.words)
    else:
        ask(args.folder, os.path.abspath(args.hansard), args.runs, args.bar)


main()
