"""The recordings of the suite, with who said what and when.

Real ones come from `../shared/speech`: meetings of the AMI corpus, a phone call, one speech. Built ones are spoken by flite and,
where that folder is there, by its synthetic voices: their truth is exact, and they can be had in any mixture and noise. Everything
that is random has a seed, so that a recording is the same to the last sample wherever it is built with the same voices.

A recording is one session: one sound file a track. Times in references are seconds from the first sample.
"""

import json
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

import sound
from sound import RATE, dbfs

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "speech"
BUILT = ROOT / ".dev" / "accuracy-corpus"
# Raise it when what is built changes.
VERSION = 5
# Level of the voices while they speak, and of the room behind them.
VOICE_DBFS, ROOM_DBFS = -23.0, -60.0
FLITE = ("slt", "rms", "awb")
# The other voices of ../shared; jf_gongitsune and jf_tebukuro sound like jf_nezumi.
SHARED_VOICES = ("joe", "jf_alpha", "jf_nezumi", "jm_kumo", "espeak")
ANSWERS = ("Yes, exactly.", "I agree.", "No, not yet.", "That is right.", "Why not?", "Okay.")
# Meetings of the set `tracks`, and how many of them are heard in noise too.
MEETINGS, NOISY = 4, 2
# Sets that are mixed from them: noise and its level under the voices in dB.
MIXED = {
    "mixed": None,
    "white20": ("white", 20.0),
    "fan10": ("fan", 10.0),
    "babble10": ("babble", 10.0),
    "babble5": ("babble", 5.0),
}


@dataclass
class Recording:
    """One session to be made."""

    name: str
    group: str
    # Speaker (the track's name) → file.
    tracks: dict[str, str]
    # SegLST.
    reference: list[dict]
    seconds: float
    # Where anybody makes a sound with their mouth; what is understood outside is invented.
    speech: list[tuple[float, float]] = field(default_factory=list)


def segment(name: str, speaker: str, start: float, end: float, words: str) -> dict:
    return {"session_id": name, "speaker": speaker, "start_time": round(start, 3), "end_time": round(end, 3), "words": words}


def recordings() -> list[Recording]:
    """All of them; builds what isn't there."""
    index = BUILT / "index.json"
    key = {"version": VERSION, "shared": SHARED.is_dir()}
    if index.is_file():
        stored = json.loads(index.read_text())
        if stored["key"] == key:
            return [Recording(**each) for each in stored["recordings"]]
    shutil.rmtree(BUILT, ignore_errors=True)
    made = real() + read_aloud() + meetings() + pauses() + nobody()
    index.write_text(json.dumps({"key": key, "recordings": [asdict(each) for each in made]}, indent=1))
    return made


# --- Real ---------------------------------------------------------------------------------------------------------


def real() -> list[Recording]:
    made = []
    for group in ("ami", "call"):
        for wav in sorted((SHARED / group).glob("*.wav")):
            name = f"{group}-{wav.stem}"
            samples = sound.read(wav)
            reference = [
                segment(name, speaker, float(start), float(end), words)
                for _, _, speaker, start, end, words in (
                    line.split(maxsplit=5) for line in wav.with_suffix(".stm").read_text().splitlines() if len(line.split()) > 5
                )
            ]
            turns = [line.split() for line in wav.with_suffix(".rttm").read_text().splitlines() if line.startswith("SPEAKER")]
            speech = [(float(turn[3]), float(turn[3]) + float(turn[4])) for turn in turns]
            speech += [(each["start_time"], each["end_time"]) for each in reference]
            file = copy(name, samples)
            made.append(Recording(name, group, {"meeting": file}, reference, len(samples) / RATE, speech))
    jfk = SHARED / "jfk" / "jfk.wav"
    if jfk.is_file():
        samples = sound.read(jfk)
        words = jfk.with_suffix(".txt").read_text().strip()
        end = len(samples) / RATE
        reference = [segment("jfk", "meeting", 0.0, end, words)]
        made.append(Recording("jfk", "clean", {"meeting": copy("jfk", samples)}, reference, end, [(0.0, end)]))
    return made


def copy(name: str, samples: np.ndarray, track: str = "meeting") -> str:
    path = BUILT / name / f"{track}.wav"
    sound.write(path, samples)
    return str(path.relative_to(ROOT))


# --- Built --------------------------------------------------------------------------------------------------------


def sentences() -> list[str]:
    return (Path(__file__).with_name("sentences.txt")).read_text().strip().splitlines()


def flite(voice: str, text: str) -> np.ndarray:
    kept = BUILT / "voices" / f"{voice}-{re.sub('[^a-z]+', '-', text.lower())[:80]}.wav"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(kept)], check=True)
    return sound.read(kept)


def lines_of(voice: str) -> list[tuple[str, np.ndarray]]:
    """What a voice of ../shared says."""
    texts = json.loads((SHARED / "tts" / "texts.json").read_text())
    return [(texts[n], sound.read(SHARED / "tts" / f"{voice}-{n}-16k.wav")) for n in range(3)]


def room(length: int, seed: int) -> np.ndarray:
    return sound.noise("pink", length, seed) * dbfs(ROOM_DBFS)


def read_aloud() -> list[Recording]:
    """Each voice alone: sentences with half a second between them."""
    told = {voice: [(text, flite(voice, text)) for text in sentences()[n::6]] for n, voice in enumerate(FLITE)}
    if SHARED.is_dir():
        told |= {voice: lines_of(voice) for voice in SHARED_VOICES}
    made = []
    for seed, (voice, lines) in enumerate(told.items()):
        script = [(voice, text, samples, 0.5) for text, samples in lines]
        name = f"read-{voice}"
        tracks, reference, speech = play(name, script, 100 + seed)
        made.append(Recording(name, "clean", {voice: copy(name, tracks[voice], voice)}, reference, len(tracks[voice]) / RATE, speech))
    return made


def play(name: str, script: list[tuple[str, str, np.ndarray, float]], seed: int):
    """Speakers' lines (speaker, text, sound, seconds from the end of all that came before) → track by speaker, reference, speech."""
    at, placed, reference, speech = 1.5, [], [], []
    for speaker, text, samples, gap in script:
        samples = sound.at_level(samples, VOICE_DBFS)
        first, last = sound.speech_edges(samples)
        start = max(0.0, at + gap)
        placed.append((speaker, int(start * RATE) - first, samples))
        end = start + (last - first) / RATE
        reference.append(segment(name, speaker, start, end, text))
        speech.append((start, end))
        at = max(at, end)
    length = int((at + 1.5) * RATE)
    tracks = {}
    for n, speaker in enumerate(dict.fromkeys(line[0] for line in script)):
        track = room(length, 1_000 * seed + n)
        for who, first, samples in placed:
            if who == speaker:
                begin, skip = max(first, 0), max(-first, 0)
                track[begin : begin + len(samples) - skip] += samples[skip:]
        tracks[speaker] = track
    return tracks, reference, speech


def meeting_script(seed: int) -> list[tuple[str, str, np.ndarray, float]]:
    """Three or four people take turns: short answers, overlaps, pauses of up to 6 s."""
    random = np.random.default_rng(seed)
    shared = SHARED_VOICES[seed % len(SHARED_VOICES)] if SHARED.is_dir() else None
    people = list(FLITE) + ([shared] if shared else [])
    left = {voice: list(random.permutation(sentences())) for voice in FLITE}
    rest = lines_of(shared) if shared else []
    script, last = [], None
    for _ in range(16):
        speaker = people[random.choice([n for n, who in enumerate(people) if who != last])]
        last = speaker
        gap = float(random.choice([-0.4, 0.1, 0.3, 0.6, 1.2, 3.0, 6.0], p=[0.12, 0.18, 0.22, 0.2, 0.14, 0.08, 0.06]))
        if speaker == shared:
            if not rest:
                continue
            text, samples = rest.pop(0)
            script.append((speaker, text, samples, gap))
            continue
        if random.random() < 0.25:
            answer = str(random.choice(ANSWERS))
            script.append((speaker, answer, flite(speaker, answer), gap))
            continue
        for n in range(int(random.integers(1, 4))):
            text = str(left[speaker].pop())
            script.append((speaker, text, flite(speaker, text), gap if n == 0 else float(random.uniform(0.15, 0.9))))
    return script


def meetings() -> list[Recording]:
    """Meetings with a track a person; with every microphone hearing the others too; mixed into one; mixed with noise."""
    made = []
    for seed in range(MEETINGS):
        script = meeting_script(seed)
        name = f"tracks-{seed}"
        tracks, reference, speech = play(name, script, seed)
        length = len(next(iter(tracks.values())))
        seconds = length / RATE

        def add(group: str, sounds: dict[str, np.ndarray]) -> None:
            own = f"{group}-{seed}"
            files = {who: copy(own, samples, who) for who, samples in sounds.items()}
            own_reference = [each | {"session_id": own} for each in reference]
            made.append(Recording(own, group, files, own_reference, seconds, speech))

        add("tracks", tracks)
        add("room", {who: samples + overheard(who, tracks) for who, samples in tracks.items()})
        mix = sum(tracks.values())
        for n, (group, noise) in enumerate(MIXED.items()):
            if noise and seed >= NOISY:
                continue
            if noise:
                kind, below = noise
                level = dbfs(VOICE_DBFS - below)
                add(group, {"meeting": mix + sound.noise(kind, length, 50 * seed + n) * level})
            else:
                add(group, {"meeting": mix})
    return made


def overheard(who: str, tracks: dict[str, np.ndarray]) -> np.ndarray:
    """What a person's microphone gets of the others: 15 dB down, 3 ms late."""
    others = sum(samples for other, samples in tracks.items() if other != who)
    return np.concatenate([np.zeros(48), others[:-48]]) * dbfs(-15.0)


def pauses() -> list[Recording]:
    """Single sentences after long silences, also soft ones: their first and last words are easily lost."""
    made = []
    for seed in range(3):
        random = np.random.default_rng(700 + seed)
        script = []
        for n, text in enumerate(random.permutation(sentences() + list(ANSWERS))[:14]):
            voice = FLITE[(n + seed) % 3]
            script.append((voice, str(text), flite(voice, str(text)), float(random.uniform(2.5, 9.0))))
        name = f"pauses-{seed}"
        tracks, reference, speech = play(name, script, 300 + seed)
        # Another 15 dB down for the last of them: somebody far from the microphone.
        mix = sum(tracks.values()) * (dbfs(-15.0) if seed == 2 else 1.0)
        made.append(Recording(name, "pauses", {"meeting": copy(name, mix)}, reference, len(mix) / RATE, speech))
    return made


def nobody() -> list[Recording]:
    """Nobody speaks: half an hour in all."""
    length = 150 * RATE
    drift = (1.0 + 0.8 * np.sin(np.arange(length) / RATE * 2 * np.pi / 23.0)) / 1.8
    sounds = {
        "silence": np.zeros(length),
        "white-60": sound.noise("white", length, 1) * dbfs(-60.0),
        "white-30": sound.noise("white", length, 2) * dbfs(-30.0),
        "brown-25": sound.noise("brown", length, 3) * dbfs(-25.0),
        "pink-drift": sound.noise("pink", length, 4) * drift * dbfs(-28.0),
        "babble-shaped": sound.noise("babble", length, 5) * drift * dbfs(-35.0),
        "fan": sound.noise("fan", length, 6) * dbfs(-30.0),
        "hum": sound.hum(length) * dbfs(-30.0) + room(length, 7),
        "keys": sound.keys(length, 8) * dbfs(-6.0) + room(length, 9),
        "keys-in-noise": sound.keys(length, 10) * dbfs(-18.0) + sound.noise("pink", length, 11) * dbfs(-45.0),
        "music": sound.music(length, 12) * dbfs(-25.0),
        "music-soft": sound.music(length, 13) * dbfs(-40.0) + room(length, 14),
    }
    between = ami_between()
    if len(between):
        # The same few seconds over and over, at changing levels.
        times = -(-length // len(between))
        looped = np.concatenate([between * dbfs(-3.0 * (n % 4)) for n in range(times)])[:length]
        sounds["ami-between"] = looped
    made = []
    for kind, samples in sounds.items():
        name = f"nobody-{kind}"
        made.append(Recording(name, "nobody", {"meeting": copy(name, samples)}, [], len(samples) / RATE))
    return made


def ami_between() -> np.ndarray:
    """What is heard in the real recordings where nobody speaks, a second away from any speech: the labels are not exact."""
    pieces = []
    for group in ("ami", "call"):
        for wav in sorted((SHARED / group).glob("*.wav")):
            samples = sound.read(wav)
            free = np.ones(len(samples), bool)
            spans = [line.split()[3:5] for line in wav.with_suffix(".rttm").read_text().splitlines() if line.startswith("SPEAKER")]
            spans = [(float(start), float(start) + float(length)) for start, length in spans]
            stm = [line.split()[3:5] for line in wav.with_suffix(".stm").read_text().splitlines() if len(line.split()) > 5]
            spans += [(float(start), float(end)) for start, end in stm]
            for start, end in spans:
                free[max(0, int((start - 1.0) * RATE)) : int((end + 1.0) * RATE)] = False
            edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(int), [0]])))
            for first, last in zip(edges[::2], edges[1::2], strict=True):
                if last - first > RATE // 2:
                    piece = samples[first:last].copy()
                    fade = np.linspace(0, 1, 160)
                    piece[:160] *= fade
                    piece[-160:] *= fade[::-1]
                    pieces.append(piece)
    return np.concatenate(pieces) if pieces else np.zeros(0)
