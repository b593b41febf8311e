#!/usr/bin/env python3
"""Hansard beside faster-whisper and whisper.cpp (pywhispercpp): the same recordings, the same weights, two threads, in turn.

`./dev bench peers` runs it: in each round every system transcribes all recordings from its start to its end as a process of
its own, so that whatever else the machine does meets all of them. Told are wall time, CPU time of all processes, the highest
memory, and WER by Whisper's normaliser, with a paired bootstrap over the recordings for its difference from Hansard's.

faster-whisper: int8, VAD on, two threads, else its defaults (beam 5). pywhispercpp: the same ggml file as Hansard, two threads,
else its defaults. Hansard: its defaults; a process per recording, each of which loads the model. All are told the language.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "accuracy"))
CHOSEN = ("ami-", "call-", "jfk", "mixed-0", "mixed-1", "pauses-0", "read-slt", "read-rms", "read-awb", "read-joe", "read-jm_kumo")
THREADS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=CHOSEN, metavar="NAME", help="recordings whose name begins so")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    parser.add_argument("--python", default=str(ROOT / ".dev" / "peers" / "bin" / "python"), help="with the peers installed")
    parser.add_argument("--ct2", default=str(ROOT / ".dev" / "peers" / "base"), help="folder of faster-whisper's model")
    parser.add_argument("--ggml", help="Hansard's and whisper.cpp's model")
    parser.add_argument("--save", metavar="FILE", help="all figures as JSON")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        return one(*arguments.one)
    return compare(arguments)


# --- A peer, in a process of its own, with the peers' Python --------------------------------------------------------


def one(system: str, model: str, *files: str) -> int:
    started = time.monotonic()
    if system == "faster-whisper":
        from faster_whisper import WhisperModel

        loaded = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=THREADS)

        def hear(file: str) -> str:
            return "".join(segment.text for segment in loaded.transcribe(file, language="en", vad_filter=True)[0])
    else:
        from pywhispercpp.model import Model

        # Its own messages and prints would go between ours.
        loaded = Model(model, n_threads=THREADS, language="en", print_progress=False, print_realtime=False,
                       redirect_whispercpp_logs_to=None)  # fmt: skip

        def hear(file: str) -> str:
            return " ".join(segment.text for segment in loaded.transcribe(file))

    print(json.dumps({"load": time.monotonic() - started}), flush=True)
    for file in files:
        print(json.dumps({"file": file, "text": hear(file)}), flush=True)
    return 0


# --- The comparison -------------------------------------------------------------------------------------------------


def compare(arguments: argparse.Namespace) -> int:
    import corpus
    import suite

    chosen = [each for each in corpus.recordings() if each.name.startswith(tuple(arguments.only)) and len(each.tracks) == 1]
    files = {str(ROOT / next(iter(each.tracks.values()))): each for each in chosen}
    rounds = {"hansard": [], "faster-whisper": [], "pywhispercpp": []}
    for n in range(arguments.rounds):
        for system, done in rounds.items():
            load = os.getloadavg()[0]
            result = hansard(arguments, files, suite) if system == "hansard" else peer(system, arguments, files, suite)
            done.append(result | {"load": load})
            print(f"round {n + 1}, {system}: {result['wall']:.1f} s, CPU {result['cpu']:.1f} s, load before {load:.1f}",
                  file=sys.stderr)  # fmt: skip
    if arguments.save:
        Path(arguments.save).write_text(json.dumps(rounds, indent=1))
    print(render(rounds, files, suite))
    return 0


def hansard(arguments: argparse.Namespace, files: dict, suite) -> dict:
    wall = cpu = memory = 0.0
    texts = {}
    with tempfile.TemporaryDirectory() as out:
        for file, recording in files.items():
            cost = suite.run([arguments.binary, "transcribe", "--json", "--out", out, "--model", arguments.ggml,
                              "--language", "en", file], {})  # fmt: skip
            session = json.loads(cost["stdout"].strip().splitlines()[-1])["session"]
            heard = json.loads(suite.output([arguments.binary, "export", session, "--format", "json", "--output", "-"]))
            texts[recording.name] = " ".join(each["words"] for each in heard)
            wall, cpu, memory = wall + cost["wall"], cpu + cost["cpu"], max(memory, cost["memory"])
    return {"wall": wall, "cpu": cpu, "memory": memory, "texts": texts}


def peer(system: str, arguments: argparse.Namespace, files: dict, suite) -> dict:
    model = arguments.ct2 if system == "faster-whisper" else arguments.ggml
    quiet = {"OMP_NUM_THREADS": str(THREADS), "HF_HUB_OFFLINE": "1"}
    cost = suite.run([arguments.python, __file__, "--one", system, model, *files], quiet)
    lines = [json.loads(line) for line in cost.pop("stdout").splitlines() if line.startswith("{")]
    texts = {files[line["file"]].name: line["text"] for line in lines if "file" in line}
    return cost | {"texts": texts, "load_s": next(line["load"] for line in lines if "load" in line)}


def render(rounds: dict, files: dict, suite) -> str:
    import compare as statistics

    errors = {}
    for system, done in rounds.items():
        errors[system] = {}
        for recording in files.values():
            heard = [{"session_id": recording.name, "speaker": "-", "start_time": 0.0, "end_time": recording.seconds,
                      "words": done[0]["texts"][recording.name], "word_times": []}]  # fmt: skip
            errors[system][recording.name] = suite.score(recording, heard, [])["wer"]
    seconds = sum(recording.seconds for recording in files.values())
    lines = [
        f"{len(files)} recordings, {seconds:.0f} s of sound; each round in the order of the table.",
        "",
        "| system | wall, per round | CPU, per round | of Hansard's wall | of Hansard's CPU | memory | WER | WER less Hansard's (95 %) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    best = {key: min(each[key] for each in rounds["hansard"]) for key in ("wall", "cpu")}
    for system, done in rounds.items():
        figure = suite.total(list(errors[system].values()))
        low, middle, high = statistics.bootstrap(errors["hansard"], errors[system])
        apart = "–" if system == "hansard" else f"{middle:+.1f} ({low:+.1f} … {high:+.1f}) points"
        cells = [
            system,
            ", ".join(f"{each['wall']:.1f} s" for each in done),
            ", ".join(f"{each['cpu']:.1f} s" for each in done),
            *(f"{min(each[key] for each in done) / best[key]:.2f} ×" for key in ("wall", "cpu")),
            f"{max(each['memory'] for each in done) / 1e6:.0f} MB",
            f"{suite.rate(figure):.1f} %",
            apart,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    loads = ", ".join(f"{each['load']:.1f}" for done in zip(*rounds.values(), strict=True) for each in done)
    lines += ["", f"Load of the machine before each run, in order: {loads}."]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
