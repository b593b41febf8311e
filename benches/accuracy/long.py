#!/usr/bin/env python3
"""A long file: is memory constant, is the time that is left told rightly, and does it go on after Ctrl-C?

`./dev accuracy long` runs it. A talk of an hour and one of a tenth of it (the voices and noises of `further.py`) go through `hansard
transcribe`; told is the highest resident memory of the program and of its recognisers' processes together. The shorter one is then transcribed
again, interrupted by Ctrl-C in the middle of its text, and finished by `--resume`: told is how many words are others than without.
"""

import argparse
import difflib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import corpus
import further
import sound
from sound import RATE

LOOK_S = 0.2
CLOCK = re.compile(r"text: (\S+) of (\S+?)(?:, (?:about )?(\S+) (s|min|h) left)?$")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev accuracy long", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of the long file [60]")
    parser.add_argument("--model", default="base-q8_0")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        short, long = (talk(Path(folder), minutes) for minutes in (arguments.minutes / 10, arguments.minutes))
        print("| sound | program, at most | recognisers, at most | CPU | wall | time left, told against true |\n|---|---|---|---|---|---|")
        kept, peaks = [], []
        for file, minutes in ((short, arguments.minutes / 10), (long, arguments.minutes)):
            ran = Run(arguments, ["transcribe", str(file)], Path(folder)).wait()
            kept.append(ran.session())
            peaks.append(ran.peak)
            print(f"| {minutes:.0f} min | {ran.peak[0] / 1e6:.0f} MB | {ran.peak[1] / 1e6:.0f} MB | {ran.cpu:.0f} s "
                  f"| {ran.wall:.0f} s | {ran.left()} |", flush=True)  # fmt: skip
        print(f"\n{resumed(arguments, short, kept[0], Path(folder))}")
    grown = [after / before for before, after in zip(*peaks, strict=True)]
    return 0 if max(grown) < 1.25 else 1


def talk(folder: Path, minutes: float) -> Path:
    """Talks one after the other, until it is so long."""
    wanted, parts, length = int(minutes * 60 * RATE), [], 0
    seed = 100
    while length < wanted:
        for each in further.talks(seed):
            parts.append(sound.read(corpus.ROOT / each.tracks["meeting"]).astype(np.float32))
            length += len(parts[-1])
        seed += 1
    path = folder / f"talk-{minutes:.0f}.wav"
    sound.write(path, np.concatenate(parts)[:wanted])
    return path


class Run:
    """The program at work."""

    def __init__(self, arguments: argparse.Namespace, command: list[str], out: Path):
        self.lines: list[tuple[float, str]] = []
        self.peak = [0, 0]
        # Files instead of pipes: nobody has to empty them.
        self.out, self.err = (open(out / f"{name}.log", "w+") for name in ("out", "err"))
        self.before, self.started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        more = ["--json", "--model", arguments.model, "--language", "en"]
        more += ["--out", str(out)] if "--resume" not in command else []
        self.child = subprocess.Popen([arguments.binary, *command, *more], stdout=self.out, stderr=self.err, text=True)

    def look(self) -> None:
        """Takes the highest memory so far, as the system counts it, and what was told."""
        for n, pids in enumerate([[self.child.pid], children(self.child.pid)]):
            self.peak[n] = max(self.peak[n], sum(highest(pid) for pid in pids))
        told = Path(self.err.name).read_text().splitlines()
        for line in told[len(self.lines) :]:
            self.lines.append((time.monotonic() - self.started, line))

    def wait(self, until=lambda run: False) -> "Run":
        """To its end, or until something is so; then it gets Ctrl-C."""
        interrupted = False
        while self.child.poll() is None:
            self.look()
            if not interrupted and until(self):
                self.child.send_signal(signal.SIGINT)
                interrupted = True
            time.sleep(LOOK_S)
        self.look()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.wall = time.monotonic() - self.started
        self.cpu = after.ru_utime + after.ru_stime - self.before.ru_utime - self.before.ru_stime
        if self.child.returncode and not interrupted:
            raise SystemExit(f"exit {self.child.returncode}\n{Path(self.err.name).read_text()}")
        return self

    def session(self) -> Path:
        return Path(json.loads(Path(self.out.name).read_text().splitlines()[-1])["session"])

    def said(self) -> int:
        """Lines of text so far."""
        return max(0, len(Path(self.out.name).read_text().splitlines()))

    def left(self) -> str:
        """The middle of the ratios of what was told to be left and what was, and how many were told."""
        ratios = []
        for at, line in self.lines:
            found = CLOCK.search(line)
            if found and found[3] and self.wall - at > 5:
                value = sum(float(part) * 60**n for n, part in enumerate(reversed(found[3].split(":"))))
                seconds = value * {"s": 1, "min": 60, "h": 60}[found[4]]
                ratios.append(seconds / (self.wall - at))
        return f"{np.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f}, {len(ratios)} times)" if ratios else "not told"


def highest(pid: int) -> int:
    """The most bytes that a process has held; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        return 0


def children(pid: int) -> list[int]:
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(each) for each in (task / "children").read_text().split()]
    except OSError:
        pass
    return found


def resumed(arguments: argparse.Namespace, file: Path, whole: Path, folder: Path) -> str:
    """Ctrl-C in the middle, and the rest by --resume."""
    expected = minutes(arguments, whole)
    first = Run(arguments, ["transcribe", str(file)], folder).wait(lambda run: run.said() > len(expected) / 2)
    session = first.session()
    before = minutes(arguments, session)
    second = Run(arguments, ["transcribe", "--resume", str(session)], folder).wait()
    after = minutes(arguments, session)
    said, again = (" ".join(lines).split() for lines in (expected, after))
    matcher = difflib.SequenceMatcher(None, said, again, autojunk=False)
    other = sum(max(b - a, d - c) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal")
    same = f"{other} of {len(said)} words are others"
    return (f"Ctrl-C: exit {first.child.returncode} with {len(before)} of {len(expected)} lines; `--resume`: {len(after)} lines, "
            f"{same}; {first.cpu:.0f} + {second.cpu:.0f} s CPU.")  # fmt: skip


def minutes(arguments: argparse.Namespace, session: Path) -> list[str]:
    command = [arguments.binary, "export", str(session), "--format", "json", "--output", "-"]
    lines = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [each["words"] for each in lines]


if __name__ == "__main__":
    sys.exit(main())
