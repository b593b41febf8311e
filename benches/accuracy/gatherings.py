"""Recordings for `voices.py`: several people on one track, one person alone, several microphones in one room.

Real and given ones come from `../shared/speech`. Built ones have a seed that is printed, and an exact truth,
which is measured on each voice before it is mixed. Their voices are flite's, each also at other pitches and
speeds, the synthetic ones of `../shared` (`told`: with text), and those of its LibriSpeech readers whom no
given meeting has (`read`: without text). Where that folder is absent, what flite can say remains.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

import corpus
import further
import sound
from corpus import ROOT, SHARED
from sound import RATE, dbfs

BUILT = ROOT / ".dev" / "accuracy-voices"
# Raise it when what is built changes.
VERSION = 1
GIVEN = ("dev_n3", "dev_p5", "dev_r2", "dev_r4", "tts_n4")
# LibriSpeech's readers who are in none of them.
READERS = ("367", "533", "3005", "3080", "3331")
NEAR, ROOM, PHONE = "near", "room", "phone"
# Reverberation of rooms, noise under what is heard, levels that voices differ by at most.
RT60_S, SNR_DB, LOUDER_DB = 0.45, 28.0, 4.0
# A pause below this is part of a turn.
PAUSE_S = 0.25
SOUND_M_S = 343.0
# Name, seed, place, seconds at most, voices: one of flite's with its speed, of ../shared, of LibriSpeech's.
MEETINGS = (
    ("told_n2", 4101, NEAR, 120, ("slt 1.0", "rms 1.0")),
    ("told_n3", 4102, NEAR, 120, ("slt 0.9", "awb 1.0", "rms 1.1")),
    ("told_p3", 4103, PHONE, 150, ("slt 1.08", "awb 0.92", "rms 0.95")),
    ("told_r4", 4104, ROOM, 180, ("slt 1.0", "rms 0.9", "awb 1.08", "joe")),
    ("told_n5", 4105, NEAR, 180, ("slt 0.95", "rms 1.12", "awb 0.95", "jf_alpha", "jm_kumo")),
    ("told_r6", 4106, ROOM, 210, ("slt 1.1", "rms 1.0", "awb 1.0", "joe", "jf_nezumi", "jm_kumo")),
    ("read_p2", 4201, PHONE, 120, ("533", "3005")),
    ("read_n3", 4202, NEAR, 120, ("367", "3080", "3331")),
    ("read_r3", 4203, ROOM, 120, ("533", "3080", "3005")),
    ("read_r4", 4204, ROOM, 140, ("367", "533", "3005", "3331")),
    ("read_n5", 4205, NEAR, 180, READERS),
)
# What `--short` measures: it needs nothing but flite.
SHORT = ("told_n3", "alone_slt")


@dataclass
class Gathering:
    """One session, and who speaks in it when."""

    name: str
    group: str
    # Track → file.
    tracks: dict[str, str]
    # (start, end, person), and the same with what is said: empty where that isn't known.
    turns: list[tuple[float, float, str]]
    lines: list[tuple[float, float, str, str]]
    seconds: float
    # Whether the turns are exact enough to say of each word whose it is.
    exact: bool = True
    note: str = field(default="")

    @property
    def people(self) -> int:
        return len({who for *_, who in self.turns})


def gatherings(short: bool = False) -> list[Gathering]:
    """All of them, or the short form's; builds what isn't there."""
    index = BUILT / ("short.json" if short else "index.json")
    readable = SHARED.is_dir() and shutil.which("ffmpeg") is not None
    key = {"version": VERSION, "shared": readable}
    if index.is_file():
        stored = json.loads(index.read_text())
        if stored["key"] == key:
            return [Gathering(**each) for each in stored["gatherings"]]
    if short:
        made = built(False, SHORT) + alone(False, SHORT)
    else:
        if not readable:
            print(
                "Without ../shared/speech, and ffmpeg to read it, only flite's voices are heard.",
                file=sys.stderr,
            )
        made = given() if readable else []
        made += alone(readable) + built(readable) + [one_room("table3", 4301, 3, readable)]
    index.write_text(json.dumps({"key": key, "gatherings": [asdict(each) for each in made]}, indent=1))
    return made


# --- Given --------------------------------------------------------------------------------------------------


def given() -> list[Gathering]:
    made = []
    for group in ("ami", "call"):
        for wav in sorted((SHARED / group).glob("*.wav")):
            turns, lines = rttm(wav.with_suffix(".rttm")), stm(wav.with_suffix(".stm"))
            seconds = len(sound.read(wav)) / RATE
            made.append(
                Gathering(
                    f"{group}-{wav.stem}", group, {"meeting": str(wav)}, turns, lines, seconds, exact=False
                )
            )
    for name in GIVEN:
        flac = SHARED / "meetings" / f"{name}.flac"
        text = flac.with_suffix(".stm")
        lines = stm(text) if text.is_file() else []
        made.append(
            Gathering(
                name, "meetings", {"meeting": str(flac)}, rttm(flac.with_suffix(".rttm")), lines, length(flac)
            )
        )
    room = SHARED / "meetings" / "room3"
    files = sorted(room.glob("mic*.flac"))
    lines = stm(room / "truth.stm")
    made.append(
        Gathering(
            "room3",
            "room3",
            {file.stem: str(file) for file in files},
            [line[:3] for line in lines],
            lines,
            length(files[0]),
        )
    )
    return made


def rttm(path: Path) -> list[tuple[float, float, str]]:
    fields = (line.split() for line in path.read_text().splitlines() if line.startswith("SPEAKER"))
    return sorted((float(each[3]), float(each[3]) + float(each[4]), each[7]) for each in fields)


def stm(path: Path) -> list[tuple[float, float, str, str]]:
    lines = (line.split(maxsplit=5) for line in path.read_text().splitlines() if len(line.split()) > 5)
    return sorted((float(each[3]), float(each[4]), each[2], each[5].removeprefix("<NA> ")) for each in lines)


def length(path: Path) -> float:
    return len(decoded(path)) / RATE


def decoded(path: Path) -> np.ndarray:
    """A sound file of any kind, mono."""
    if path.suffix == ".wav":
        return sound.read(path)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2") / 32768.0


def mixed(each: Gathering) -> np.ndarray:
    """Its tracks as one: what a tool gets that knows one track only."""
    tracks = [decoded(ROOT / file) for file in each.tracks.values()]
    return np.mean([track[: min(map(len, tracks))] for track in tracks], axis=0)


# --- Voices -------------------------------------------------------------------------------------------------


def stock(voice: str, random: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    """What a voice can say, in an order of its own: text (empty where it isn't known) and sound."""
    name, _, speed = voice.partition(" ")
    if speed:
        lines = list(random.permutation(corpus.sentences() + list(corpus.ANSWERS)))
        return [
            (str(text), further.other_voice(corpus.flite(name, str(text)), float(speed))) for text in lines
        ]
    if name in corpus.SHARED_VOICES:
        return corpus.lines_of(name)
    files = sorted((SHARED / "librispeech").glob(f"{name}-*.flac"))
    return [("", phrase) for file in files for phrase in phrases(decoded(file))]


def active(samples: np.ndarray) -> list[tuple[int, int]]:
    """Where a dry voice sounds, in samples: levels of 10 ms, short pauses closed."""
    level = np.sqrt((samples[: len(samples) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)) + 1e-6
    loud = np.convolve(level, np.ones(3) / 3, "same") > np.percentile(level, 95) * dbfs(-32.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    spans: list[list[int]] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if spans and first - spans[-1][1] < PAUSE_S * 100:
            spans[-1][1] = int(last)
        else:
            spans.append([int(first), int(last)])
    return [(first * 160, last * 160) for first, last in spans if last - first >= 8]


def phrases(samples: np.ndarray) -> list[np.ndarray]:
    """A long utterance, cut at its pauses into some of 2 s and more: people in a meeting don't read pages."""
    out, begin = [], None
    for first, last in active(samples):
        begin = first if begin is None else begin
        if last - begin > 2.2 * RATE:
            out.append(samples[begin:last])
            begin = None
    return out


# --- Built --------------------------------------------------------------------------------------------------


@dataclass
class Turn:
    start: int
    who: str
    text: str
    samples: np.ndarray


def script(
    people: dict[str, list[tuple[str, np.ndarray]]], seconds: float, random: np.random.Generator, over: float
) -> list[Turn]:
    """Who says what from which sample on, one to three sentences a turn.

    A part `over` of the turns begins before the last one ends.
    """
    left = {who: list(lines) for who, lines in people.items()}
    levels = {who: corpus.VOICE_DBFS + random.uniform(-LOUDER_DB, LOUDER_DB) for who in people}
    # Nobody talks over themselves: when each is free again.
    at, last, turns, free = 0.5, None, [], dict.fromkeys(people, 0.0)
    while at < seconds and (waiting := [who for who in people if left[who] and who != last]):
        # Who has said little is the likelier to be next, lest somebody is heard once only.
        chance = np.array([1.0 / (1 + sum(turn.who == who for turn in turns)) for who in waiting])
        who = str(random.choice(waiting, p=chance / chance.sum()))
        begin = end = max(at, free[who])
        for n in range(int(random.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))):
            if not left[who]:
                break
            text, samples = left[who].pop(0)
            samples = levelled(samples, levels[who])
            start = end + (float(random.uniform(0.1, 0.5)) if n else 0.0)
            turns.append(Turn(int(start * RATE), who, text, samples))
            end = start + len(samples) / RATE
        free[who], last = end, who
        if random.random() < over:
            at = end - min(float(random.uniform(0.4, 1.8)), 0.7 * (end - begin))
        else:
            at = end + min(float(random.lognormal(-0.9, 0.8)), 3.0)
    return turns


def levelled(samples: np.ndarray, level: float) -> np.ndarray:
    """Without the silence around it, at `level` dBFS."""
    spans = active(samples)
    samples = samples[spans[0][0] : spans[-1][1]]
    return samples / max(sound.rms(samples), 1e-9) * dbfs(level)


def truth(turns: list[Turn]):
    spans = [
        (turn.start + first, turn.start + last, turn.who)
        for turn in turns
        for first, last in active(turn.samples)
    ]
    spoken = sorted((round(first / RATE, 3), round(last / RATE, 3), who) for first, last, who in spans)
    lines = sorted(
        (round(turn.start / RATE, 3), round((turn.start + len(turn.samples)) / RATE, 3), turn.who, turn.text)
        for turn in turns
        if turn.text
    )
    return spoken, lines


def fresh(shift: int) -> list[Gathering]:
    """Other meetings of the same voices: for looking at once what was set with these."""
    return built(SHARED.is_dir() and shutil.which("ffmpeg") is not None, shift=shift)


def built(readable: bool, only: tuple[str, ...] = (), shift: int = 0) -> list[Gathering]:
    made = []
    for name, seed, place, seconds, voices in MEETINGS:
        if (only and name not in only) or not (readable or all(" " in voice for voice in voices)):
            continue
        seed, name = seed + shift, f"{name}+{shift}" if shift else name
        random = np.random.default_rng(seed)
        turns = script(
            {voice.replace(" ", "_"): stock(voice, random) for voice in voices}, seconds, random, 0.45
        )
        spoken, lines = truth(turns)
        samples = heard(turns, place, random)
        file = write(name, "meeting", samples)
        made.append(
            Gathering(name, name.split("_")[0], {"meeting": file}, spoken, lines, len(samples) / RATE)
        )
        tell(made[-1], seed, place)
    return made


def alone(readable: bool, only: tuple[str, ...] = ()) -> list[Gathering]:
    """One person on a track: must stay one."""
    made = []
    people = [f"{voice} 1.0" for voice in corpus.FLITE]
    if readable:
        people += sorted({file.name.split("-")[0] for file in (SHARED / "librispeech").glob("*")})
    for n, voice in enumerate(people):
        name, seed, place = f"alone_{voice.split()[0]}", 4400 + n, (NEAR, ROOM)[n % 2]
        if only and name not in only:
            continue
        random = np.random.default_rng(seed)
        at, turns = 0.5, []
        for text, samples in stock(voice, random)[:12]:
            samples = levelled(samples, corpus.VOICE_DBFS)
            turns.append(Turn(int(at * RATE), voice, text, samples))
            at += len(samples) / RATE + float(random.uniform(0.2, 1.5))
        samples = heard(turns, place, random)
        files = {"meeting": write(name, "meeting", samples)}
        made.append(Gathering(name, "alone", files, *truth(turns), len(samples) / RATE))
        tell(made[-1], seed, place)
    if readable:
        speech = SHARED / "jfk" / "jfk.wav"
        spans = [(first / RATE, last / RATE, "jfk") for first, last in active(sound.read(speech))]
        lines = [(spans[0][0], spans[-1][1], "jfk", speech.with_suffix(".txt").read_text().strip())]
        made.append(
            Gathering("alone_jfk", "alone", {"meeting": str(speech)}, spans, lines, spans[-1][1], exact=False)
        )
    return made


def one_room(name: str, seed: int, microphones: int, readable: bool) -> Gathering:
    """People round a table, microphones 0.9 m apart on it, one session: each hears everything."""
    random = np.random.default_rng(seed)
    voices = ["slt 0.95", "rms 1.05", "awb 1.0", "slt 1.15"] + (["joe"] if readable else [])
    turns = script({voice.replace(" ", "_"): stock(voice, random) for voice in voices}, 120, random, 0.25)
    size, who = np.array([6.0, 5.0, 2.8]), list(dict.fromkeys(turn.who for turn in turns))
    seats = {
        each: size / 2 + [1.3 * np.cos(angle), 0.9 * np.sin(angle), -0.2]
        for each, angle in zip(who, angles(len(who)), strict=True)
    }
    files = {}
    for n in range(microphones):
        at = np.array([3.0 + (n - (microphones - 1) / 2) * 0.9, 2.5 + 0.1 * (n % 2), 0.78])
        samples = mix(turns, {each: response(size, seat, at) for each, seat in seats.items()})
        files[f"mic{n + 1}"] = write(name, f"mic{n + 1}", noisy(samples, random, 25.0))
    spoken, lines = truth(turns)
    made = Gathering(name, "room3", files, spoken, lines, len(samples) / RATE)
    tell(made, seed, f"{microphones} microphones")
    return made


def write(name: str, track: str, samples: np.ndarray) -> str:
    path = BUILT / name / f"{track}.wav"
    sound.write(path, samples / max(np.abs(samples).max(), 1e-9) * 0.6)
    return str(path.relative_to(ROOT))


def tell(each: Gathering, seed: int, place: str) -> None:
    moments = np.zeros((each.people, int(each.seconds * 100) + 1), bool)
    for start, end, who in each.turns:
        moments[sorted({turn[2] for turn in each.turns}).index(who), int(start * 100) : int(end * 100)] = True
    at_once = moments.sum(axis=0)
    each.note = (
        f"seed {seed}, {place}, {each.seconds:.0f} s, {each.people} voices, "
        f"{100 * (at_once > 1).sum() / max((at_once > 0).sum(), 1):.0f} % of speech overlapped"
    )
    print(f"built {each.name}: {each.note}", file=sys.stderr)


# --- Places -------------------------------------------------------------------------------------------------


def heard(turns: list[Turn], place: str, random: np.random.Generator) -> np.ndarray:
    responses = {}
    if place == ROOM:
        size = np.array([random.uniform(4, 8), random.uniform(3, 6), random.uniform(2.5, 3.2)])
        microphone = size / 2 * [1.0, 1.0, 0.6]
        who = list(dict.fromkeys(turn.who for turn in turns))
        for each, angle in zip(who, angles(len(who)), strict=True):
            reach = random.uniform(0.8, 1.4)
            seat = microphone + [reach * np.cos(angle), reach * np.sin(angle), 0.35]
            responses[each] = response(size, seat, microphone)
    samples = mix(turns, responses)
    if place == PHONE:
        samples = phone(samples)
    return noisy(samples, random, SNR_DB)


def angles(count: int) -> np.ndarray:
    return 2 * np.pi * (np.arange(count) + 0.3) / count


def mix(turns: list[Turn], responses: dict[str, np.ndarray]) -> np.ndarray:
    out = np.zeros(max(turn.start + len(turn.samples) for turn in turns) + RATE)
    for turn in turns:
        samples = turn.samples
        if turn.who in responses:
            long = len(samples) + len(responses[turn.who]) - 1
            samples = np.fft.irfft(np.fft.rfft(samples, long) * np.fft.rfft(responses[turn.who], long), long)
        samples = samples[: len(out) - turn.start]
        out[turn.start : turn.start + len(samples)] += samples
    return out


def noisy(samples: np.ndarray, random: np.random.Generator, snr: float) -> np.ndarray:
    level = sound.rms(samples[np.abs(samples) > 1e-3])
    return samples + sound.noise("pink", len(samples), int(random.integers(1 << 31))) * level * dbfs(-snr)


def response(size: np.ndarray, source: np.ndarray, microphone: np.ndarray) -> np.ndarray:
    """What a microphone hears of a click in a box (image sources), from the direct sound on."""
    surface = 2 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    kept = np.sqrt(max(0.0, 1 - 0.161 * size.prod() / (surface * RT60_S)))
    axes = []
    for side, from_, to in zip(size, source, microphone, strict=True):
        n = np.arange(-int(RT60_S * SOUND_M_S / (2 * side)) - 1, int(RT60_S * SOUND_M_S / (2 * side)) + 2)
        place = np.concatenate([2 * n * side + from_, 2 * n * side - from_]) - to
        axes.append((place, np.concatenate([2 * np.abs(n), np.abs(2 * n - 1)])))
    (x, bx), (y, by), (z, bz) = axes
    far = np.sqrt(x[:, None, None] ** 2 + y[:, None] ** 2 + z**2).ravel()
    bounces = (bx[:, None, None] + by[:, None] + bz).ravel()
    late = far - far.min()
    near = late < RT60_S * SOUND_M_S
    out = np.bincount(np.round(late[near] / SOUND_M_S * RATE).astype(int), kept ** bounces[near] / far[near])
    # Mirrors of one sign add up to a rumble that no room has.
    spectrum = np.fft.rfft(out, 2 * len(out))
    spectrum[np.fft.rfftfreq(2 * len(out), 1 / RATE) < 60.0] = 0.0
    out = np.fft.irfft(spectrum)[: len(out)]
    return out / np.sqrt((out**2).sum())


def phone(samples: np.ndarray) -> np.ndarray:
    """300 to 3400 Hz, in the 8 bits of the telephone's µ-law."""
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    band = 1 / np.sqrt((1 + (300.0 / np.maximum(hz, 1.0)) ** 8) * (1 + (hz / 3_400.0) ** 8))
    samples = np.fft.irfft(np.fft.rfft(samples) * band, len(samples))
    samples = samples / np.abs(samples).max()
    coded = np.round(np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256) * 127) / 127
    return np.sign(coded) * (256 ** np.abs(coded) - 1) / 255
