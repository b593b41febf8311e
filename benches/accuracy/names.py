#!/usr/bin/env python3
"""What a vocabulary is worth: how many names and terms are written rightly without and with it, and what it costs elsewhere.

`./dev accuracy names` runs it. flite's voices read sentences full of names; the same recordings are transcribed twice. A name is right
where all its words stand in its place (words are normalised and aligned as in the suite). Sentences without any of them are
transcribed with the vocabulary too: what is written of it there is invented.
"""

import argparse
import os
import re
import sys

import kaldialign
import numpy as np

import corpus
import suite
from corpus import Recording
from sound import RATE

# What is in brackets is in the vocabulary.
SENTENCES = """
[Ngozi Okonjo] will show the new dashboard in [Grafana] on Monday.
Has [Kowalczyk] already moved the data base to [Postgres]?
The cluster runs [Kubernetes], and [Redpanda] holds the messages.
[Szymborska] wrote to the office in [Reykjavik] yesterday.
We should ask [Tadeusz] whether [Terraform] can do that.
[Priyanka] found a mistake in the [Ansible] files.
The contract with [Zapier] ends in May, says [Lindqvist].
[Oyelaran] and [Bogdanov] share the room on the second floor.
Our partner in [Ljubljana] wants to use [Keycloak].
The build in [Jenkins] failed again, so [Takahashi] looks into it.
""".strip().splitlines()
NAMES = sorted({name for line in SENTENCES for name in re.findall(r"\[(.*?)\]", line)})


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev accuracy names", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="base-q8_0")
    parser.add_argument("--language", default="en")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    arguments = parser.parse_args()
    told = ["transcribe.vocabulary=" + ", ".join(NAMES)]
    print("| sentences | vocabulary | names right | names where none was said | WER |\n|---|---|---|---|---|")
    for kind, recordings in (("with names", named()), ("without", unnamed())):
        for vocabulary in ([], told):
            arguments.set = vocabulary
            results = [(each, suite.measure(each, arguments)) for each in recordings]
            right, said, invented = (sum(counts) for counts in zip(*(names(*each) for each in results), strict=True))
            wer = suite.total([result["wer"] for _, result in results])
            found = f"{right} of {said}" if said else "–"
            print(f"| {kind} | {f'{len(NAMES)} terms' if vocabulary else 'none'} | {found} | {invented} | {suite.rate(wer):.1f} % |")
    return 0


def named() -> list[Recording]:
    """Each voice reads all the sentences."""
    return [read(f"names-{voice}", voice, SENTENCES, 900 + n) for n, voice in enumerate(corpus.FLITE)]


def unnamed() -> list[Recording]:
    sentences = corpus.sentences()
    return [read(f"unnamed-{voice}", voice, sentences[n::5], 950 + n) for n, voice in enumerate(corpus.FLITE)]


def read(name: str, voice: str, sentences: list[str], seed: int) -> Recording:
    random = np.random.default_rng(seed)
    plain = [re.sub(r"[\[\]]", "", line) for line in sentences]
    script = [(voice, text, corpus.flite(voice, text), float(random.uniform(0.5, 2.0))) for text in plain]
    tracks, reference, speech = corpus.play(name, script, seed)
    file = corpus.copy(name, tracks[voice], voice)
    return Recording(name, "names", {voice: file}, reference, len(tracks[voice]) / RATE, speech)


def names(recording: Recording, result: dict) -> tuple[int, int, int]:
    """Names that are right, that were said, and that are written where none was said."""
    heard = [line["text"] for line in result["utterances"] if not line["withheld"] and not line["bleed_of"]]
    said, written = (suite.normal(" ".join(texts)).split() for texts in ([each["words"] for each in recording.reference], heard))
    pairs = kaldialign.align(said, written, "\0")
    mine = [(theirs == word, at) for at, (word, theirs) in enumerate(pairs) if word != "\0"]
    right = of = 0
    good = set()
    for name in NAMES:
        parts = suite.normal(name).split()
        for first in range(len(said) - len(parts) + 1):
            if said[first : first + len(parts)] == parts:
                of += 1
                if all(hit for hit, _ in mine[first : first + len(parts)]):
                    right += 1
                    good |= {at for _, at in mine[first : first + len(parts)]}
    terms = {part for name in NAMES for part in suite.normal(name).split()}
    invented = sum(theirs in terms and at not in good for at, (_, theirs) in enumerate(pairs))
    return right, of, invented


if __name__ == "__main__":
    sys.exit(main())
