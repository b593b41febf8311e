#!/usr/bin/env python3
"""How far word times are off, against speech whose word times are exactly known.

`./dev accuracy words` runs it, with the program of `words.rs`. flite reads sentences and says to the sample when each sound of
them begins and ends; they are joined, with pauses of known length between them that end no segment. A word counts where it was
understood rightly; the others have no time to compare. *In a pause* are begins of words further than 50 ms from all speech by the
truth, *in a heard pause* those in a pause that the detector itself heard.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict

import kaldialign
import numpy as np

import corpus
import sound
from sound import RATE

PAUSES_S = (0.2, 0.3, 0.45, 0.55)
SENTENCES_PER_CLIP = 3
NEAR_S = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev accuracy words", description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.environ.get("HANSARD_WORDS"))
    parser.add_argument("--model", default=os.environ.get("HANSARD_MODEL_FILE"))
    parser.add_argument("--clips", type=int, default=30, help="clips of three sentences [30]")
    parser.add_argument("--show", action="store_true", help="each word with its errors")
    arguments = parser.parse_args()
    clips = build(arguments.clips)
    found = defaultdict(list)
    with subprocess.Popen([arguments.program, arguments.model, *clips], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            one = json.loads(line)
            found[one["way"], one["held"]].append(one)
    if child.returncode:
        return child.returncode
    print(render(found, clips, arguments.show))
    return 0


# --- Speech whose word times are known ----------------------------------------------------------------------------


def sounds(voice: str, text: str, wav: str | None = None) -> list[tuple[str, float, float]]:
    """The sounds that flite makes of a text, with their times."""
    told = subprocess.run(["flite", "-voice", voice, "-psdur", "-t", text, "-o", wav or "none"], check=True, capture_output=True, text=True)
    made, at = [], 0.0
    for each in told.stdout.split():
        name, end = each.rsplit(":", 1)
        made.append((name, at, float(end)))
        at = float(end)
    return made


def spoken_words(voice: str, text: str, wav: str) -> list[tuple[str, float, float]] | None:
    """The words of a sentence with their times; `None` where its sounds can't be told apart into words. A word has as many sounds
    in its sentence as it has alone."""
    made = [each for each in sounds(voice, text, wav) if each[0] != "pau"]
    words, at = [], 0
    for word in re.findall(r"[A-Za-z']+", text):
        count = sum(name != "pau" for name, *_ in sounds(voice, word))
        if count == 0 or at + count > len(made):
            return None
        words.append((word.lower(), made[at][1], made[at + count - 1][2]))
        at += count
    return words if at == len(made) else None


def build(wanted: int) -> dict[str, list[tuple[str, float, float]]]:
    """File → its words."""
    folder = corpus.BUILT.parent / "word-times"
    index = folder / f"{wanted}.json"
    if index.is_file():
        return {file: [tuple(word) for word in words] for file, words in json.loads(index.read_text()).items()}
    folder.mkdir(parents=True, exist_ok=True)
    clips = {}
    for n in range(wanted):
        random = np.random.default_rng(900 + n)
        voice = corpus.FLITE[n % len(corpus.FLITE)]
        track, words = [np.zeros(int(0.3 * RATE))], []
        for text in random.permutation(corpus.sentences())[:SENTENCES_PER_CLIP]:
            said = spoken_words(voice, str(text), str(folder / "one.wav"))
            if said is None:
                continue
            samples = sound.read(folder / "one.wav")
            first, last = int(said[0][1] * RATE), int(said[-1][2] * RATE)
            piece = samples[first:last] * (sound.dbfs(corpus.VOICE_DBFS) / sound.rms(samples[first:last]))
            at = sum(map(len, track)) / RATE
            words += [(word, at + start - first / RATE, at + end - first / RATE) for word, start, end in said]
            track += [piece, np.zeros(int(random.choice(PAUSES_S) * RATE))]
        track = np.concatenate(track)
        file = folder / f"clip-{n}.wav"
        sound.write(file, track + corpus.room(len(track), 900 + n))
        clips[str(file)] = words
    (folder / "one.wav").unlink(missing_ok=True)
    index.write_text(json.dumps(clips))
    return clips


# --- Counting -----------------------------------------------------------------------------------------------------


def pairs(truth, heard):
    """Words of the truth with those that were understood rightly in their place."""
    plain = [re.sub("[^a-z']", "", each["text"].lower()) for each in heard]
    at_truth = at_heard = 0
    for a, b in kaldialign.align([word for word, *_ in truth], plain, "-"):
        if a == b:
            yield truth[at_truth], heard[at_heard]
        at_truth, at_heard = at_truth + (a != "-"), at_heard + (b != "-")


def outside(time: float, stretches, around: float) -> bool:
    return not any(start - around <= time < end + around for start, end in stretches)


def render(found: dict, clips: dict, show: bool) -> str:
    lines = [
        "| word times | words | start: median | p95 | bias | end: median | p95 | bias | in a pause | in a heard pause | without length | CPU |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (way, held), ones in found.items():
        errors, silent, heard_silent, empty, cpu, seconds, words = [], 0, 0, 0, 0.0, 0.0, 0
        for one in ones:
            truth = clips[one["file"]]
            spans = [(start, end) for _, start, end in truth]
            for (word, start, end), heard in pairs(truth, one["words"]):
                errors.append((heard["start"] - start, heard["end"] - end))
                if show:
                    print(f"{way:10} {held!s:5} {word:14} {start:6.2f} {end:6.2f} {errors[-1][0]:+.3f} {errors[-1][1]:+.3f}")
            for each in one["words"]:
                silent += outside(each["start"], spans, NEAR_S)
                heard_silent += outside(each["start"], one["spoken"], 1e-6)
                empty += each["end"] - each["start"] < 0.0199
            words += len(one["words"])
            cpu, seconds = cpu + one["cpu"], seconds + truth[-1][2]
        off = np.array(errors)
        cells = [f"{way}, {'held to the speech' if held else 'as they come'}", str(len(errors))]
        for column in range(2):
            size = np.abs(off[:, column])
            cells += [f"{np.median(size):.3f} s", f"{np.percentile(size, 95):.3f} s", f"{np.median(off[:, column]):+.3f} s"]
        cells += [f"{100 * count / words:.1f} %" for count in (silent, heard_silent, empty)]
        cells.append(f"{cpu / seconds:.3f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
