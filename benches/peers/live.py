#!/usr/bin/env python3
"""How late lines come while a meeting is recorded at its own pace, and what its growing lines cost.

`./dev bench live` runs it. Files stand in for microphones, so that it needs no sound server: recording them costs next to
nothing beside recognition. `turns`: the meeting of three or four from the accuracy suite, who take turns. `at once`: each
source a voice that reads aloud without end, which no meeting is: what two cores can still follow.

A line's delay is from the end of its last word to its arrival on the recorder's socket; both on the session's clock.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "accuracy"))
START_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench live", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    parser.add_argument("--seconds", type=float, default=70.0, help="of each recording (default 70)")
    parser.add_argument("--at-once", type=int, nargs="+", default=[3, 6], metavar="N", help="sources that all speak (default 3 6)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting, such as transcribe.whisper=int8")
    parser.add_argument("--model", default="base-q8_0")
    parser.add_argument("--save", metavar="FILE", help="all figures as JSON")
    arguments = parser.parse_args()
    import corpus

    everything = corpus.recordings()
    meeting = next(each for each in everything if each.group == "tracks")
    alone = [next(iter(each.tracks.values())) for each in everything if each.group == "clean"]
    cases = {f"{len(meeting.tracks)} in turns": list(meeting.tracks.values())}
    cases |= {f"{n} at once": [alone[i % len(alone)] for i in range(n)] for n in arguments.at_once}
    results = {name: measure(files, arguments) for name, files in cases.items()}
    print(render(results))
    if arguments.save:
        Path(arguments.save).write_text(json.dumps(results, indent=1))
    return 0


def measure(files: list[str], arguments: argparse.Namespace) -> dict:
    """Records `files` as sources beside each other."""
    print(f"live: {len(files)} sources …", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        pieces = [cut(file, Path(folder) / f"{n}.wav", arguments.seconds) for n, file in enumerate(files)]
        pairs = (each.split("=", 1) for each in arguments.set)
        env = os.environ | {"XDG_RUNTIME_DIR": folder} | {"HANSARD_" + key.replace(".", "_").upper(): value for key, value in pairs}
        command = [arguments.binary, "record", "--pace", "real", "--title", "live", "--language", "en", "--model", arguments.model]
        command += ["--ui", "plain", "--out", folder]
        for n, piece in enumerate(pieces):
            command += ["--source", f"S{n + 1}=file:{piece}"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, text=True) as recorder:
            told = follow(Path(folder) / "hansard", recorder)
            said = recorder.communicate()[1]
        if recorder.returncode != 0:
            raise SystemExit(f"hansard: exit {recorder.returncode}\n{said}")
        usage = told.pop("cpu")
        seconds = max(length(piece) for piece in pieces)
        return told | {"sources": len(files), "seconds": seconds, "cpu": usage, "after": told["over"] - seconds}


def cut(file: str, to: Path, seconds: float) -> Path:
    """The first seconds of it."""
    subprocess.run(["ffmpeg", "-v", "error", "-i", file, "-t", str(seconds), str(to)], check=True)
    return to


def length(file: Path) -> float:
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(file)]
    return float(subprocess.run(probe, check=True, capture_output=True, text=True).stdout)


def follow(sockets: Path, recorder: subprocess.Popen) -> dict:
    """Reads the news of the recording to its end: how late each finished line was, how often growing ones came."""
    reader = connect(sockets, recorder)
    # Arrival minus session time: the smallest over all states is the session's beginning on this clock.
    zero, lines, growing, cpu = float("inf"), [], 0, (0.0, 0.0)
    for text in reader:
        now, news = time.monotonic(), json.loads(text)
        if news.get("kind") == "status":
            zero = min(zero, now - news["elapsed"])
            cpu = later(cpu, used(recorder.pid))
        elif "rev" in news and news.get("final"):
            if news["rev"] == 0:
                lines.append((now, news["end"]))
        elif "rev" in news:
            growing += 1
    over = time.monotonic()
    late = sorted(now - zero - end for now, end in lines)
    return {"late": late, "growing": growing, "over": over - zero, "cpu": cpu}


def connect(sockets: Path, recorder: subprocess.Popen):
    """The lines of its socket, once it is there."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and recorder.poll() is None:
        for path in sockets.glob("*.sock"):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
            except OSError:
                continue
            connection.sendall(b'{"ask":"follow","events":false,"status":true}\n')
            return connection.makefile()
        time.sleep(0.02)
    raise SystemExit(f"the recorder does not begin: {recorder.communicate()[1]}")


def used(pid: int) -> tuple[float, float]:
    """CPU seconds of the recorder, and of its recognisers."""
    tick = os.sysconf("SC_CLK_TCK")
    total = [0.0, 0.0]
    waiting = [(pid, 0)]
    while waiting:
        each, place = waiting.pop()
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            total[place] += (int(fields[11]) + int(fields[12])) / tick
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += [(int(child), 1) for child in (task / "children").read_text().split()]
        except (OSError, ValueError, IndexError):
            continue
    return total[0], total[1]


def later(before: tuple[float, float], now: tuple[float, float]) -> tuple[float, float]:
    return max(before[0], now[0]), max(before[1], now[1])


def quantile(values: list[float], part: float) -> float:
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


def render(results: dict[str, dict]) -> str:
    rows = ["| sources | lines | a line's delay: median, p95, worst | growing lines | CPU: recorder, recognisers | complete after the end |", "|---|---|---|---|---|---|"]
    for name, each in results.items():
        delays = ", ".join(f"{quantile(each['late'], part):.2f}" for part in (0.5, 0.95, 1.0))
        cpu = ", ".join(f"{100 * seconds / each['seconds']:.0f} %" for seconds in each["cpu"])
        rows.append(f"| {name} | {len(each['late'])} | {delays} s | {each['growing']} | {cpu} | {each['after']:.1f} s |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
