#!/usr/bin/env python3
"""People who are known by their voices: who is named, and what must never be.

`./dev accuracy prints` runs it: people are enrolled from files (`hansard voices enrol`, in a data folder of
its own), recordings are transcribed, and `hansard voices S --json` and `export --format json` tell who was
named. Three parts; without a name the first two:

- `nobody`: music, singing, a television, laughter, a child, another language, alone and behind a meeting.
  Nobody who is not there may be named: it fails if somebody is. `--real FOLDER` tries sound files of one's own in the same way.
- `rates`: meetings of four, two of whom are enrolled and say little, near, in a room, over a telephone.
  `--people FOLDER` takes the voices from a folder for each person instead of from those at hand.
- `live`: recordings in real time; how much of the speech has another voice after the last pass.

What is built has a seed that is printed. Without `../shared/speech` flite's voices remain.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.signal import lfilter
from scipy.stats import beta

import corpus
import further
import gatherings
import sound
import suite
import voices
from sound import RATE, dbfs

PARTS = ("nobody", "rates", "live")
BUILT = gatherings.BUILT / "prints"
CONSENT = "a recorded or synthetic voice, for measuring"
# Seconds that somebody is enrolled with, short pauses included: half of it is speech with some.
ENROLLED_S = 18.0
# Seconds that those who are enrolled say in a meeting, and that the others say; meetings of each kind.
SAID_S, MEETINGS = ((3.0, 10.0), (5.0, 10.0), (8.0, 10.0), (10.0, 3.0)), 2
PLACES = (gatherings.NEAR, gatherings.ROOM, gatherings.PHONE)
# Of flite's voices at other speeds those of which no two are alike (a cosine of 0.45 at most); the second half
# are strangers.
HEADS = ("slt 1.0", "rms 1.0", "slt 0.85", "awb 0.85", "slt 1.18", "awb 1.18")
# Recordings for `live`: of those of `voices`, those which are long enough for the last pass to matter.
LIVE = ("dev_n3", "dev_r2", "call-sample", "told_n3", "told_r4")
# What is no meeting lasts so long.
SOUND_S = 40
# A child's head and pitch: vowels lie a fifth to a third higher, so the one factor does for both.
CHILD = 1.4


def main() -> int:
    arguments = parse()
    with tempfile.TemporaryDirectory() as own:
        folder = Path(arguments.keep or own)
        folder.mkdir(parents=True, exist_ok=True)
        program = Program(arguments, folder)
        for part in arguments.part or PARTS[:2]:
            {"nobody": nobody, "rates": rates, "live": live}[part](program, arguments)
            print(f"\n`{' '.join(['./dev accuracy prints', *sys.argv[1:]])}`, {arguments.model}\n", flush=True)
    return 1 if program.named_wrongly else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev accuracy prints", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", metavar="PART", help="nobody, rates, live [nobody rates]")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="recordings whose name begins so")
    parser.add_argument("--real", metavar="FOLDER", help="with nobody: try the sound files there, too")
    parser.add_argument("--people", metavar="FOLDER", help="with rates: a folder of sound files a person")
    parser.add_argument("--meetings", type=int, default=MEETINGS, help="with rates: of each kind [2]")
    parser.add_argument("--fresh", type=int, default=0, metavar="N", help="other seeds: theirs + N")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the sessions there")
    parser.add_argument("--model", default="base-q8_0", help="model to transcribe with [base-q8_0]")
    parser.add_argument("--language", default="en", help="language told to the recogniser; auto: none [en]")
    parser.add_argument(
        "--binary", default=os.environ.get("HANSARD_BINARY"), help="program to measure [the release build]"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    return arguments


# --- The program --------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What the program says of a session."""

    session: Path
    words: list[tuple]
    lines: int
    # Voices that say a line: as `hansard voices --json` has them, with the likeness that was noted.
    voices: list[dict] = field(default_factory=list)

    def named(self) -> list[str]:
        return [each["name"] for each in self.voices if each["named_by"] == "print"]

    def perhaps(self) -> list[str]:
        return [each["perhaps"] for each in self.voices if each["perhaps"]]

    def likeness(self) -> float:
        """The highest that was noted."""
        return max((each["cosine"] or 0.0 for each in self.voices), default=0.0)


class Program:
    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.arguments, self.folder = arguments, folder
        self.named_wrongly = 0

    def run(self, people: Path, *words: str) -> str:
        told = os.environ | {"HANSARD_VOICES": str(people)}
        command = [self.arguments.binary, *words]
        ran = subprocess.run(command, capture_output=True, text=True, env=told)
        if ran.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {ran.returncode}\n{ran.stderr}")
        return ran.stdout

    def enrol(self, people: Path, name: str, file: Path) -> None:
        self.run(people, "voices", "enrol", name, str(file), "--consent", CONSENT)

    def transcribe(self, people: Path, name: str, file: Path) -> Told:
        out = self.folder / name
        options = ["--out", str(out), "--model", self.arguments.model, "--language", self.arguments.language]
        # A source of that name would name its one voice.
        ran = self.run(people, "transcribe", "--json", *options, str(file))
        return self.told(people, Path(json.loads(ran.strip().splitlines()[-1])["session"]))

    def told(self, people: Path, session: Path) -> Told:
        segments = json.loads(self.run(people, "export", str(session), "--output", "-", "--format", "json"))
        heard = json.loads(self.run(people, "voices", str(session), "--json"))
        stored = session / "voices.jsonl"
        noted = [json.loads(line) for line in stored.read_text().splitlines()] if stored.is_file() else []
        likeness = {each.get("id"): (each.get("print") or {}).get("cosine") for each in noted}
        heard = [each | {"cosine": likeness.get(each["id"])} for each in heard if each["lines"]]
        return Told(session, voices.words_of(segments), len(segments), heard)


# --- Voices -------------------------------------------------------------------------------------------------


def is_readable() -> bool:
    return corpus.SHARED.is_dir() and shutil.which("ffmpeg") is not None


def people_at_hand(folder: str | None) -> dict[str, list[np.ndarray]]:
    """What each person says, in sentences or phrases: those of a folder, the readers of ../shared, or flite's
    voices."""
    if folder:
        found = {
            each.name: [
                phrase
                for file in sorted(each.iterdir())
                if file.suffix.lower() in (".flac", ".wav", ".ogg", ".mp3")
                for phrase in gatherings.phrases(opened(file))
            ]
            for each in sorted(Path(folder).iterdir())
            if each.is_dir()
        }
        return {name: said for name, said in found.items() if length(said) >= ENROLLED_S + 10.0}
    random = np.random.default_rng(4500)
    if is_readable():
        readers = sorted({file.name.split("-")[0] for file in (corpus.SHARED / "librispeech").glob("*.flac")})
        found = {reader: [said for _, said in gatherings.stock(reader, random)] for reader in readers}
        # There must be something left of who is enrolled: those who say most come first.
        return dict(sorted(found.items(), key=lambda each: -length(each[1])))
    return {head: [said for _, said in gatherings.stock(head, random)] for head in HEADS}


def opened(file: Path) -> np.ndarray:
    """A sound file of any kind, mono, at our rate."""
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2") / 32768.0


def length(said: list[np.ndarray]) -> float:
    return sum(map(len, said)) / RATE


def cut(said: list[np.ndarray], seconds: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Phrases of so many seconds of speech, the last one cut in two, and what comes after them."""
    taken, rest = [], list(said)
    while rest and (left := seconds - length(taken)) > 0.2:
        phrase = rest.pop(0)
        taken.append(phrase[: int(left * RATE)])
        rest.insert(0, phrase[int(left * RATE) :])
        rest = rest if is_heard(rest[0]) else rest[1:]
    return [part for part in taken if is_heard(part)], rest


def is_heard(said: np.ndarray) -> bool:
    """What is cut off may be a pause."""
    return len(said) > RATE // 5 and bool(gatherings.active(said))


def alone(said: list[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """One after the other, with short pauses."""
    pieces = [np.zeros(RATE // 2)]
    for phrase in said:
        pieces += [gatherings.levelled(phrase, corpus.VOICE_DBFS), np.zeros(int(random.uniform(0.1, 0.5) * RATE))]
    return np.concatenate([*pieces, np.zeros(RATE // 2)])


def written(name: str, samples: np.ndarray) -> Path:
    """As loud as it is, where that is not too loud."""
    path = BUILT / f"{name}.wav"
    sound.write(path, samples / max(np.abs(samples).max() / 0.9, 1.0))
    return path


def enrolled(
    program: Program, people: Path, known: dict[str, list[np.ndarray]], seed: int
) -> dict[str, list[np.ndarray]]:
    """Enrols them; gives what is left of what they say."""
    left = {}
    for n, (name, said) in enumerate(known.items()):
        random = np.random.default_rng([seed, n])
        taken, left[name] = cut(said, ENROLLED_S)
        samples = gatherings.noisy(alone(taken, random), random, gatherings.SNR_DB)
        program.enrol(people, f"Known {name}", written(f"{people.name}-{name.replace(' ', '-')}", samples))
    return left


# --- What is nobody's voice ---------------------------------------------------------------------------------


def nobody(program: Program, arguments: argparse.Namespace) -> None:
    said = people_at_hand(None)
    names = list(said)
    # Six of the ten readers, three of flite's six: the others are strangers.
    known = {name: said[name] for name in names[: max(3, len(names) * 6 // 10)]}
    people = program.folder / "people-nobody"
    shutil.rmtree(people, ignore_errors=True)
    left = enrolled(program, people, known, 4510)
    strangers = {name: said[name] for name in names if name not in known}
    print(f"enrolled: {', '.join(known)}; strangers: {', '.join(strangers)}\n")
    print("| sound | seconds | lines, words | voices | named | perhaps | likeness |\n|---|---|---|---|---|---|---|")
    for name, samples, allowed in trials(left, strangers, arguments):
        if arguments.only and not name.startswith(tuple(arguments.only)):
            continue
        told = program.transcribe(people, f"nobody-{name}", written(f"nobody-{name}", samples))
        allowed = {f"Known {each}" for each in allowed}
        wrongly = [each for each in told.named() if each not in allowed]
        program.named_wrongly += len(wrongly)
        cells = [
            name,
            f"{len(samples) / RATE:.0f}",
            f"{told.lines}, {len(told.words)}",
            str(len(told.voices)),
            ", ".join(told.named()) + (" WRONG" if wrongly else "") or "nobody",
            ", ".join(told.perhaps()) or "nobody",
            f"{told.likeness():.2f}" if told.likeness() else "–",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def trials(known: dict[str, list], strangers: dict[str, list], arguments: argparse.Namespace):
    """Name, sound, and who of those who are enrolled speaks in it."""
    seed = 4520 + arguments.fresh
    print(f"seed {seed}", file=sys.stderr)
    random = np.random.default_rng(seed)
    count = SOUND_S * RATE
    song = further.organ(count, seed) + 0.7 * further.strings(count, seed) + 1.5 * further.drums(count, seed)
    song /= sound.rms(song)
    yield "music", song * dbfs(-22.0), []
    yield "plucked", sound.music(count, seed) * dbfs(-22.0), []
    for n in range(2):
        voice = singing(count, seed + n)
        yield f"singing-{n}", voice * dbfs(-20.0) + song * dbfs(-32.0), []
    yield "singing-alone", singing(count, seed + 2) * dbfs(-22.0), []
    yield "laughter", laughter(count, seed) * dbfs(-20.0) + corpus.room(count, seed), []
    who, other = list(known)[0], list(strangers)[0]
    speech, _ = cut(known[who], 20.0)
    yield "laughter-of-two-meeting", over(
        meeting({who: known[who], other: strangers[other]}, 40, random), laughter(count, seed + 1), -6.0
    ), [who]
    set_ = television(strangers, song, random, SOUND_S)
    yield "television", set_, []
    yield "television-soft", set_ * dbfs(-20.0) + corpus.room(len(set_), seed), []
    for below in (12.0, 20.0):
        samples = meeting({who: known[who], other: strangers[other]}, 60, random)
        rest = {name: said for name, said in strangers.items() if name != other}
        behind = television(rest or strangers, song, random, len(samples) // RATE + 1)
        yield f"meeting-television-{below:.0f}dB", over(samples, behind, -below), [who]
    samples = meeting({who: known[who], other: strangers[other]}, 60, random)
    yield "meeting-music", over(samples, song, -12.0), [who]
    # A child is somebody else, even where it is made of somebody who is enrolled.
    if shutil.which("ffmpeg"):
        for name in list(known)[:3] + list(strangers)[:2]:
            said = known.get(name) or strangers[name]
            for factor in (1.25, CHILD):
                small = shifted(alone(cut(said, 20.0)[0], random), factor)
                yield f"child-{factor}-of-{name.replace(' ', '-')}", small, []
    for language, voice, samples in tongues(random):
        yield f"language-{language}-{voice}", samples, []
    if arguments.real:
        for file in sorted(Path(arguments.real).iterdir()):
            if file.is_file():
                yield f"real-{file.stem}", opened(file)[: 2 * SOUND_S * RATE], []


def meeting(people: dict[str, list], seconds: float, random: np.random.Generator) -> np.ndarray:
    turns = gatherings.script({who: [("", each) for each in said] for who, said in people.items()}, seconds, random, 0.2)
    return gatherings.heard(turns, gatherings.NEAR, random)


def over(samples: np.ndarray, behind: np.ndarray, level: float) -> np.ndarray:
    """With something behind it, so many dB from its speech."""
    speech = sound.rms(samples[np.abs(samples) > 1e-3])
    behind = np.resize(behind, len(samples))
    return samples + behind / max(sound.rms(behind), 1e-9) * speech * dbfs(level)


def television(strangers: dict[str, list], song: np.ndarray, random: np.random.Generator, seconds: int) -> np.ndarray:
    """Strangers with hardly a pause, music below them, out of a small box in the corner of a room."""
    names = list(strangers)
    left = {name: list(said) for name, said in strangers.items()}
    pieces: list[np.ndarray] = []
    while length(pieces) < seconds and any(left.values()):
        name = names[int(random.integers(len(names)))]
        for _ in range(int(random.integers(2, 5))):
            if left[name]:
                pieces += [gatherings.levelled(left[name].pop(0), corpus.VOICE_DBFS), np.zeros(RATE // 5)]
    voice = np.concatenate(pieces)
    voice = np.resize(voice, seconds * RATE)
    mixed = voice + np.resize(song, len(voice)) * sound.rms(voice) * dbfs(-10.0)
    hz = np.fft.rfftfreq(len(mixed), 1 / RATE)
    box = 1 / np.sqrt((1 + (200.0 / np.maximum(hz, 1.0)) ** 4) * (1 + (hz / 6_000.0) ** 8))
    mixed = np.fft.irfft(np.fft.rfft(mixed) * box, len(mixed))
    size = np.array([5.5, 4.2, 2.6])
    away = gatherings.response(size, np.array([0.5, 0.6, 1.0]), np.array([4.0, 3.0, 0.8]))
    return np.convolve(mixed, away[: RATE // 2])[: len(mixed)]


VOWELS = ((800, 1200, 2600), (400, 2000, 2600), (300, 2300, 3000), (450, 850, 2500), (320, 800, 2300))


def voiced(hz: np.ndarray, formants: tuple[float, ...], random: np.random.Generator) -> np.ndarray:
    """A throat: pulses at that pitch, through the resonances of a vowel."""
    phase = np.cumsum(hz) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.02 * random.standard_normal(len(hz))
    # The throat's slope.
    source = lfilter([1.0], [1.0, -0.9], pulses)
    out = np.zeros(len(hz))
    for n, formant in enumerate(formants):
        r, angle = np.exp(-np.pi * (60.0 + 40.0 * n) / RATE), 2 * np.pi * formant / RATE
        out += lfilter([1.0 - r], [1.0, -2 * r * np.cos(angle), r * r], source) / (n + 1)
    return out


def singing(count: int, seed: int) -> np.ndarray:
    """A voice without words: vowels on the notes of a tune, with vibrato."""
    random = np.random.default_rng([seed, 20])
    out = np.zeros(count)
    low = int(random.choice([43, 50, 57]))
    head = 0.9 + 0.004 * (low - 43) * 3
    for first, samples, hz in further.notes(count, seed + 70, (0.25, 0.6), low, low + 14):
        if random.random() < 0.12:
            continue
        t = np.arange(samples) / RATE
        vowel = VOWELS[int(random.integers(len(VOWELS)))]
        pitch = hz * (1 + 0.012 * np.sin(2 * np.pi * 5.3 * t) * np.clip(t / 0.3, 0, 1))
        note = voiced(pitch, tuple(head * formant for formant in vowel), random)
        further.put(out, first, note * further.shaped(samples, 0.05, 0.06))
    return out / max(sound.rms(out), 1e-9)


def laughter(count: int, seed: int) -> np.ndarray:
    """Several people, bursts of four or five a second, falling, with breath between them."""
    random = np.random.default_rng([seed, 21])
    out = np.zeros(count)
    for pitch, head in ((130.0, 0.95), (220.0, 1.1), (260.0, 1.15)):
        at = float(random.uniform(0.2, 2.0))
        while at < count / RATE - 3.0:
            base, rate = pitch * random.uniform(0.9, 1.6), random.uniform(4.0, 5.5)
            for n in range(int(random.integers(3, 11))):
                samples = int(RATE * random.uniform(0.07, 0.11))
                t = np.arange(samples) / RATE
                hz = base * (1.0 - 0.035 * n) * (1.0 + 0.1 * np.sin(np.pi * t * RATE / samples))
                mouth = head * random.uniform(0.95, 1.05)
                burst = voiced(hz, tuple(mouth * formant for formant in VOWELS[0]), random) * further.shaped(samples, 0.015, 0.04)
                burst = burst / max(sound.rms(burst), 1e-9) * 0.92**n
                further.put(out, int(at * RATE), burst)
                breath = random.standard_normal(int(RATE * 0.06)) * 0.12
                further.put(out, int((at + 0.1) * RATE), breath * further.shaped(len(breath), 0.01, 0.03))
                at += 1.0 / rate
            at += float(random.exponential(1.5)) + 0.3
    return out / max(sound.rms(out), 1e-9)


def shifted(samples: np.ndarray, factor: float) -> np.ndarray:
    """Higher, and from a smaller head, at the same speed."""
    filters = f"asetrate={int(RATE * factor)},aresample={RATE},atempo={1 / factor:.5f}"
    command = ["ffmpeg", "-v", "error", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-", "-af", filters]
    command += ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-"]
    ran = subprocess.run(command, input=samples.astype("<f4").tobytes(), capture_output=True, check=True)
    return np.frombuffer(ran.stdout, "<f4").astype(np.float64)


# Some sentences of a meeting.
TONGUES = {
    "de": "Guten Morgen zusammen. Heute sprechen wir zuerst über den Umzug, danach über die Rechnung vom letzten "
    "Monat. Wer möchte anfangen? Ich habe die Zahlen mitgebracht, sie sind besser als gedacht.",
    "fr": "Bonjour à tous. Nous parlons d'abord du déménagement, ensuite de la facture du mois dernier. Qui veut "
    "commencer? J'ai apporté les chiffres, ils sont meilleurs que prévu.",
    "es": "Buenos días a todos. Primero hablamos de la mudanza y después de la factura del mes pasado. ¿Quién "
    "quiere empezar? He traído los números, son mejores de lo que pensábamos.",
    "ru": "Доброе утро. Сначала поговорим о переезде, потом о счёте за прошлый месяц. Кто хочет начать? Я принёс "
    "цифры, они лучше, чем мы думали.",
    "cmn": "大家早上好。我们先谈搬家的事,然后谈上个月的账单。谁先开始?我带来了数字,比我们想的要好。",
    "hi": "सबको नमस्ते। पहले हम नए दफ़्तर की बात करेंगे, फिर पिछले महीने के बिल की। कौन शुरू करेगा?",
}


def tongues(random: np.random.Generator):
    """Other languages, by espeak-ng where it is there: language, voice, sound."""
    if not shutil.which("espeak-ng"):
        return
    for n, (language, text) in enumerate(TONGUES.items()):
        voice = ("m3", "f2", "m7", "f4")[n % 4]
        with tempfile.TemporaryDirectory() as own:
            file = Path(own, "said.wav")
            command = ["espeak-ng", "-v", f"{language}+{voice}", "-s", "150", "-w", str(file), f"{text} {text}"]
            subprocess.run(command, check=True, capture_output=True)
            samples = resampled(file)
        yield language, voice, gatherings.noisy(samples, random, gatherings.SNR_DB)


def resampled(file: Path) -> np.ndarray:
    import wave

    with wave.open(str(file)) as wav:
        rate, data = wav.getframerate(), wav.readframes(wav.getnframes())
    samples = np.frombuffer(data, "<i2") / 32768.0
    return np.interp(np.arange(0, len(samples), rate / RATE), np.arange(len(samples)), samples)


# --- Rates --------------------------------------------------------------------------------------------------


def rates(program: Program, arguments: argparse.Namespace) -> None:
    said = people_at_hand(arguments.people)
    names = list(said)
    if len(names) < 4:
        raise SystemExit("Four people at least are needed.")
    known = names[: (len(names) + 1) // 2]
    strangers = names[len(known) :]
    people = program.folder / "people-rates"
    shutil.rmtree(people, ignore_errors=True)
    left = enrolled(program, people, {name: said[name] for name in known}, 4610)
    print(f"{len(known)} enrolled with {ENROLLED_S:.0f} s each, {len(strangers)} strangers")
    counts: dict = defaultdict(lambda: defaultdict(int))
    at = 0
    for place in PLACES:
        for kind, (seconds, others_s) in enumerate(SAID_S):
            for n in range(arguments.meetings):
                seed = 4620 + arguments.fresh + 100 * PLACES.index(place) + 10 * kind + n
                random = np.random.default_rng(seed)
                pair = [known[at % len(known)], known[(at + 1) % len(known)]]
                others = [strangers[at % len(strangers)], strangers[(at + 1) % len(strangers)]]
                at += 2
                name = f"rates-{place}-{seconds:.0f}s-{others_s:.0f}s-{n}"
                if arguments.only and not name.startswith(tuple(arguments.only)):
                    continue
                stock = {who: some(left[who], seconds, random) for who in pair}
                stock |= {who: some(said[who], others_s, random) for who in others}
                turns = gatherings.script(
                    {who: [("", each) for each in phrases] for who, phrases in stock.items()}, 600, random, 0.0
                )
                truth, _ = gatherings.truth(turns)
                file = written(name, gatherings.heard(turns, place, random))
                told = program.transcribe(people, name, file)
                spoken = {who: sum(end - start for start, end, own in truth if own == who) for who in pair}
                row = judge(told, truth, pair, others)
                for key, value in row.items():
                    counts[place, seconds, others_s][key] += value
                spoke = ", ".join(f"{who} {heard:.1f} s" for who, heard in spoken.items())
                print(f"{name}: seed {seed}, {spoke}; {dict(row)}", file=sys.stderr, flush=True)
    print(table(counts))


def some(said: list[np.ndarray], seconds: float, random: np.random.Generator) -> list[np.ndarray]:
    """Phrases from a place by chance, of so many seconds."""
    first = int(random.integers(len(said)))
    taken, _ = cut(said[first:] + said[:first], seconds)
    return taken


def judge(told: Told, truth: list, known: list[str], others: list[str]) -> dict[str, int]:
    """How those who are enrolled and those who aren't are called: each by the name that most of their words
    have."""
    row = dict.fromkeys(
        ("known", "named", "perhaps", "wrong", "others", "stranger", "stranger_perhaps", "words", "words_wrong"), 0
    )
    perhaps = {each["name"]: each["perhaps"] for each in told.voices}
    prints = {each["name"] for each in told.voices if each["named_by"] == "print"}
    for who in known + others:
        heard: dict[str, int] = defaultdict(int)
        for _, start, end, name, _ in told.words:
            speaking = {own for first, last, own in truth if first <= (start + end) / 2 < last}
            heard[name] += speaking == {who}
        name = max(heard, key=heard.get) if heard else ""
        own = f"Known {who}"
        if who in known:
            row["known"] += 1
            row["named"] += name == own
            row["perhaps"] += perhaps.get(name) == own
            row["wrong"] += name in prints and name != own
        else:
            row["others"] += 1
            row["stranger"] += name in prints
            row["stranger_perhaps"] += perhaps.get(name) is not None
    for _, start, end, name, _ in told.words:
        speaking = {f"Known {own}" for first, last, own in truth if first <= (start + end) / 2 < last}
        row["words"] += bool(speaking)
        row["words_wrong"] += bool(speaking) and name in prints and name not in speaking
    return row


def table(counts: dict) -> str:
    lines = [
        "| place | they, strangers say | named rightly | perhaps | another's name | strangers named | perhaps "
        "| words under a wrong name |\n|---|---|---|---|---|---|---|---|"
    ]
    for (place, seconds, others_s), row in counts.items():
        cells = [
            place,
            f"{seconds:.0f} s, {others_s:.0f} s",
            interval(row["named"], row["known"]),
            str(row["perhaps"]),
            str(row["wrong"]),
            interval(row["stranger"], row["others"]),
            str(row["stranger_perhaps"]),
            f"{row['words_wrong']} of {row['words']}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval(found: int, of: int) -> str:
    """`9 of 10 (55–100 %)`: with the interval of Clopper and Pearson, 95 %."""
    if not of:
        return "–"
    low = beta.ppf(0.025, found, of - found + 1) if found else 0.0
    high = beta.ppf(0.975, found + 1, of - found) if found < of else 1.0
    return f"{found} of {of} ({100 * low:.0f}–{100 * high:.0f} %)"


# --- Live ---------------------------------------------------------------------------------------------------


def live(program: Program, arguments: argparse.Namespace) -> None:
    chosen = [
        each
        for each in gatherings.gatherings()
        if each.name in LIVE and (not arguments.only or each.name.startswith(tuple(arguments.only)))
    ]
    print("| recording | speech | changed by the last pass | had no voice before | voices live, then |")
    print("|---|---|---|---|---|")
    for each in chosen:
        before, after = recorded(program, each)
        row = changed(before, after)
        cells = [
            each.name,
            f"{row['speech']:.0f} s",
            f"{100 * row['changed'] / row['speech']:.1f} %",
            f"{100 * row['none'] / row['speech']:.1f} %",
            f"{row['live']}, {row['end']}",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def recorded(program: Program, each: gatherings.Gathering) -> tuple[list[dict], list[dict]]:
    """Lines as they stood when the sound was over, and as they stand in the end."""
    file = next(iter(each.tracks.values()))
    path = corpus.ROOT / file
    if path.suffix != ".wav":
        path = written(f"live-{each.name}", gatherings.decoded(path))
    options = ["--out", str(program.folder / f"live-{each.name}"), "--model", program.arguments.model]
    options += ["--language", program.arguments.language]
    command = [program.arguments.binary, "record", "--json", *options, "--source", f"Room=file:{path}"]
    told = os.environ | {"HANSARD_VOICES": str(program.folder / "people-live")}
    ran = subprocess.run(command, capture_output=True, text=True, env=told)
    if ran.returncode not in (0, 2):
        raise SystemExit(f"{' '.join(command)}: exit {ran.returncode}\n{ran.stderr}")
    *lines, end = (json.loads(line) for line in ran.stdout.splitlines())
    # The last pass comes after the recording, and isn't printed.
    standing = {line["id"]: line for line in lines if line.get("final")}
    session = Path(end["session"])
    stored = [json.loads(line) for line in (session / "transcript.jsonl").read_text().splitlines()]
    last: dict[str, dict] = {}
    for line in stored:
        if "id" in line and line["rev"] >= last.get(line["id"], line)["rev"]:
            last[line["id"]] = line
    return list(standing.values()), list(last.values())


def changed(before: list[dict], after: list[dict]) -> dict:
    """Seconds of speech by whether the voice stayed, by the best map of the voices before to those after."""
    step = 0.05
    end = max(line["end"] for line in before + after)
    times = np.arange(0.0, end, step)

    def labels(lines: list[dict]) -> np.ndarray:
        out = np.full(len(times), "", dtype=object)
        for line in lines:
            if line.get("withheld") or not line["text"] or line.get("bleed_of"):
                continue
            inside = (times >= line["start"]) & (times < line["end"])
            out[inside] = line.get("voice") or "no voice"
        return out

    then, now = labels(before), labels(after)
    both = (then != "") & (now != "")
    is_told = both & (then != "no voice")
    lives, ends = sorted(set(then[is_told])), sorted(set(now[both]))
    shared = np.array([[np.sum(is_told & (then == a) & (now == b)) for b in ends] for a in lives])
    kept = shared[linear_sum_assignment(-shared)].sum() if shared.size else 0
    return {
        "speech": both.sum() * step,
        "changed": (is_told.sum() - kept) * step,
        "none": (both & (then == "no voice")).sum() * step,
        "live": len(lives),
        "end": len(ends),
    }


if __name__ == "__main__":
    sys.exit(main())
