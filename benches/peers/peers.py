#!/usr/bin/env python3
"""Hansard beside faster-whisper, whisper.cpp and Moonshine's own library: the same recordings, two threads, in turn.

`./dev bench peers` runs it: in each round every system transcribes all recordings from its start to its end as a process of
its own, so that whatever else the machine does meets all of them. Told are wall time, CPU time of all processes, the highest
memory, and WER by Whisper's normaliser, with a paired bootstrap over the recordings for its difference from faster-whisper's.
Last it says which of the bars below are kept.

faster-whisper: int8, VAD on, two threads, else its defaults (beam 5). whisper.cpp (pywhispercpp): the same ggml file as Hansard,
two threads, else its defaults. Hansard: all recordings in one process, each into a session of its own, with Whisper's weights,
which are those of both peers, and with moonshine-base; each of them once for words alone, as the others make them ("one
voice"), and once with its defaults, which tell voices apart. All are told the language. Moonshine's own library has the weights that moonshine-base is made of. It takes longer than the sound lasts, so it is
compared in a table of its own, over few recordings, once.
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
DEV = ROOT / ".dev"
sys.path.insert(0, str(HERE.parent / "accuracy"))
CHOSEN = ("ami-", "call-", "jfk", "mixed-0", "mixed-1", "pauses-0", "read-slt", "read-rms", "read-awb", "read-joe", "read-jm_kumo")
# For a look at whether it works.
SHORT = ("ami-dev00", "jfk", "read-slt")
# For what is slow.
FEW = ("ami-dev00", "call-", "jfk")
THREADS = 2
# What all are compared with.
BESIDE = "faster-whisper"
WHISPER, ENGLISH = "hansard", "hansard, moonshine-base"
# None of the others tells voices apart.
ALONE = ", one voice"
QUICK = (BESIDE, WHISPER + ALONE, ENGLISH + ALONE, WHISPER, ENGLISH, "whisper.cpp")
SLOW = (WHISPER + ALONE, ENGLISH + ALONE, "moonshine-voice")
# System, figure, and how much of faster-whisper's it may be (of the word error rate: points more).
BARS = tuple(
    (system, figure, bound)
    for way in (ALONE, "")
    for system, figure, bound in (
        (WHISPER + way, "wall", 0.5),
        (WHISPER + way, "cpu", 0.5),
        (WHISPER + way, "wer", 1.0),
        (ENGLISH + way, "cpu", 0.35),
    )
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="three recordings, one round: does it work? (2 min)")
    parser.add_argument("--all", action="store_true", help="all the suite's recordings of one track in which somebody speaks")
    parser.add_argument("--rounds", type=int, help="of the first table (default 2)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="recordings whose name begins so")
    parser.add_argument("--systems", nargs="+", choices=QUICK, default=QUICK, metavar="NAME", help=f"of the first table: {', '.join(QUICK)}")
    parser.add_argument("--no-slow", action="store_true", help="without the second table")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    parser.add_argument("--python", default=str(DEV / "peers" / "bin" / "python"), help="with the peers installed")
    parser.add_argument("--ct2", default=str(DEV / "peers" / "base"), help="folder of faster-whisper's model")
    parser.add_argument("--moonshine", default=str(DEV / "peers" / "moonshine"), help="folder of Moonshine's model, as its library has it")
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
    hear = {"faster-whisper": faster_whisper, "whisper.cpp": whisper_cpp, "moonshine-voice": moonshine}[system](model)
    print(json.dumps({"load": time.monotonic() - started}), flush=True)
    for file in files:
        print(json.dumps({"file": file, "text": hear(file)}), flush=True)
    return 0


def faster_whisper(model: str):
    from faster_whisper import WhisperModel

    loaded = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=THREADS)
    return lambda file: "".join(segment.text for segment in loaded.transcribe(file, language="en", vad_filter=True)[0])


def whisper_cpp(model: str):
    from pywhispercpp.model import Model

    # Its own messages and prints would go between ours.
    loaded = Model(model, n_threads=THREADS, language="en", print_progress=False, print_realtime=False, redirect_whispercpp_logs_to=None)
    return lambda file: " ".join(segment.text for segment in loaded.transcribe(file))


def moonshine(model: str):
    from moonshine_voice import ModelArch, load_wav_file
    from moonshine_voice.transcriber import Transcriber

    loaded = Transcriber(model, ModelArch.BASE)
    return lambda file: " ".join(line.text for line in loaded.transcribe_without_streaming(*load_wav_file(file)).lines)


# --- The comparison -------------------------------------------------------------------------------------------------


def compare(arguments: argparse.Namespace) -> int:
    import corpus

    alone = [each for each in corpus.recordings() if len(each.tracks) == 1 and each.reference]
    wanted = tuple(arguments.only or (SHORT if arguments.short else ("",) if arguments.all else CHOSEN))
    rounds = arguments.rounds or (1 if arguments.short else 2)
    tables = [(arguments.systems, wanted, rounds)]
    if not arguments.no_slow:
        tables.append((SLOW, SHORT[1:2] if arguments.short else FEW, 1))
    kept = []
    for systems, names, times in tables:
        files = {str(ROOT / next(iter(each.tracks.values()))): each for each in alone if each.name.startswith(names)}
        results = measure(systems, files, times, arguments)
        kept.append(results)
        if arguments.save:
            Path(arguments.save).write_text(json.dumps(kept, indent=1))
        print(render(results, files), flush=True)
    return 0


def measure(systems: tuple[str, ...], files: dict, rounds: int, arguments: argparse.Namespace) -> dict[str, list[dict]]:
    """Each system's rounds."""
    results = {system: [] for system in systems}
    for n in range(rounds):
        for system, done in results.items():
            load = os.getloadavg()[0]
            result = (hansard if system.startswith(WHISPER) else peer)(system, files, arguments)
            done.append(result | {"load": load})
            print(f"round {n + 1}, {system}: {result['wall']:.1f} s, CPU {result['cpu']:.1f} s, load before {load:.1f}",
                  file=sys.stderr)  # fmt: skip
    return results


def hansard(system: str, files: dict, arguments: argparse.Namespace) -> dict:
    import suite

    model = "moonshine-base" if system.startswith(ENGLISH) else arguments.ggml
    voices = ["--speakers", "1"] if system.endswith(ALONE) else []
    texts = {}
    with tempfile.TemporaryDirectory() as out:
        cost = suite.run([arguments.binary, "transcribe", "--each", "--json", "--out", out, "--model", model,
                          "--language", "en", *voices, *files], {})  # fmt: skip
        made = [json.loads(line) for line in cost["stdout"].splitlines() if line.startswith("{")]
        sessions = {each["file"]: each["session"] for each in made if "session" in each}
        for file, recording in files.items():
            heard = json.loads(suite.output([arguments.binary, "export", sessions[file], "--format", "json", "--output", "-"]))
            texts[recording.name] = " ".join(each["words"] for each in heard)
    return {key: cost[key] for key in ("wall", "cpu", "memory")} | {"texts": texts}


def peer(system: str, files: dict, arguments: argparse.Namespace) -> dict:
    import suite

    model = {"faster-whisper": arguments.ct2, "whisper.cpp": arguments.ggml, "moonshine-voice": arguments.moonshine}[system]
    quiet = {"OMP_NUM_THREADS": str(THREADS), "HF_HUB_OFFLINE": "1"}
    cost = suite.run([arguments.python, __file__, "--one", system, model, *files], quiet)
    lines = [json.loads(line) for line in cost.pop("stdout").splitlines() if line.startswith("{")]
    texts = {files[line["file"]].name: line["text"] for line in lines if "file" in line}
    return cost | {"texts": texts, "load_s": next(line["load"] for line in lines if "load" in line)}


# --- The tables -----------------------------------------------------------------------------------------------------


def render(results: dict[str, list[dict]], files: dict) -> str:
    import suite

    beside = BESIDE if BESIDE in results else next(iter(results))
    rows = figures(results, files, beside)
    seconds = sum(recording.seconds for recording in files.values())
    lines = [
        f"{len(files)} recordings, {seconds:.0f} s of sound; each round in the order of the table.",
        "",
        f"| system | wall, per round | CPU, per round | of {beside}'s wall | of its CPU | memory | WER | WER less its (95 %) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for system, done in results.items():
        row = rows[system]
        low, middle, high = row["apart"]
        cells = [
            system,
            ", ".join(f"{each['wall']:.1f} s" for each in done),
            ", ".join(f"{each['cpu']:.1f} s" for each in done),
            f"{row['wall']:.2f} ×",
            f"{row['cpu']:.2f} ×",
            f"{max(each['memory'] for each in done) / 1e6:.0f} MB",
            f"{suite.rate(row['errors']):.1f} %",
            "–" if system == beside else f"{middle:+.1f} ({low:+.1f} … {high:+.1f}) points",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    loads = ", ".join(f"{each['load']:.1f}" for done in zip(*results.values(), strict=True) for each in done)
    lines += ["", f"Load of the machine before each run, in order: {loads}."]
    if beside == BESIDE:
        lines += ["", *bars(rows)]
    return "\n".join(lines) + "\n"


def figures(results: dict[str, list[dict]], files: dict, beside: str) -> dict[str, dict]:
    """What of the best round of `beside` each system's best one takes, and its words."""
    import compare as statistics
    import suite

    errors = {}
    for system, done in results.items():
        errors[system] = {}
        for recording in files.values():
            heard = [{"session_id": recording.name, "speaker": "-", "start_time": 0.0, "end_time": recording.seconds,
                      "words": done[0]["texts"][recording.name], "word_times": []}]  # fmt: skip
            errors[system][recording.name] = suite.score(recording, heard, [])["wer"]
    best = {system: {key: min(each[key] for each in done) for key in ("wall", "cpu")} for system, done in results.items()}
    return {
        system: {key: best[system][key] / best[beside][key] for key in ("wall", "cpu")}
        | {"errors": suite.total(list(errors[system].values())), "apart": statistics.bootstrap(errors[beside], errors[system])}
        for system in results
    }


def bars(rows: dict[str, dict]) -> list[str]:
    """Which of the bars are kept."""
    lines = ["| bar | measured | |", "|---|---|---|"]
    for system, key, bound in BARS:
        if system not in rows:
            continue
        if key == "wer":
            value, told = rows[system]["apart"][1], f"WER at most {bound:+.1f} points"
            measured = f"{value:+.1f}"
        else:
            value, told = rows[system][key], f"{'CPU' if key == 'cpu' else key} at most {bound:.2f} ×"
            measured = f"{value:.2f} ×"
        lines.append(f"| {system}: {told} | {measured} | {'kept' if value <= bound else '**missed**'} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
