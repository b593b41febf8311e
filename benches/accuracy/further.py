"""More recordings than the suite's: for setting bounds on some seeds and checking them on others.

A seed gives sounds in which nobody speaks (those kinds of the suite that are random, and more music, signals and weather) and talks of
several voices in changing noise. The voices are flite's, each at another pitch and speed per seed. Beside the seeds there are real
utterances without a text (LibriSpeech, of ../shared/speech), for counting what is withheld of speech.
"""

import numpy as np

import corpus
import sound
from corpus import Recording
from sound import RATE, dbfs

NOBODY_S, TURNS = 75, 14
# Sets: where nobody speaks, what is built of voices, what is real.
NOBODY, TALK, REAL = "nobody", "talk", "real"


def recordings(seed: int) -> list[Recording]:
    """What a seed gives; it is built each time, in seconds."""
    return nobody(seed) + talks(seed)


# --- Nobody speaks ------------------------------------------------------------------------------------------------


def nobody(seed: int) -> list[Recording]:
    length = NOBODY_S * RATE
    level = np.random.default_rng([seed, 1])

    def loud(samples: np.ndarray) -> np.ndarray:
        return samples / max(sound.rms(samples), 1e-9) * dbfs(level.uniform(-42.0, -18.0))

    behind = {n: corpus.room(length, 9_000 + 100 * seed + n) for n in range(16)}
    sounds = {
        "noise": loud(sound.noise(("white", "pink", "brown")[seed % 3], length, 1_000 + seed)),
        "fan": loud(sound.noise("fan", length, 2_000 + seed)),
        "shaped": loud(sound.noise("babble", length, 3_000 + seed) * swell(length, seed)),
        "keys": sound.keys(length, 4_000 + seed) * dbfs(level.uniform(-20.0, -6.0)) + behind[0],
        "plucked": loud(sound.music(length, 5_000 + seed)) + behind[1],
        "organ": loud(organ(length, seed)) + behind[2],
        "strings": loud(strings(length, seed)) + behind[3],
        "song": loud(organ(length, seed + 1) + 0.7 * strings(length, seed + 2) + 1.5 * drums(length, seed)) + behind[4],
        "drums": loud(drums(length, seed)) + behind[5],
        "whistle": loud(whistle(length, seed)) + behind[6],
        "ringing": loud(ringing(length, seed)) + behind[7],
        "rain": loud(rain(length, seed)),
        "engine": loud(engine(length, seed)) + behind[8],
    }
    made = []
    for kind, samples in sounds.items():
        name = f"further-{seed}-{kind}"
        made.append(Recording(name, NOBODY, {"meeting": corpus.copy(name, samples)}, [], length / RATE))
    return made


def swell(length: int, seed: int) -> np.ndarray:
    """Louder and softer, at the pace of phrases."""
    random = np.random.default_rng([seed, 2])
    points = random.uniform(0.05, 1.0, length // RATE + 2)
    return np.interp(np.arange(length), np.arange(len(points)) * RATE, points)


def notes(length: int, seed: int, beat: tuple[float, float], low: int, high: int):
    """Notes of a scale one after the other: first sample, samples, frequency."""
    random = np.random.default_rng([seed, 3])
    steps = np.array([0, 2, 3, 5, 7, 8, 10] if seed % 2 else [0, 2, 4, 5, 7, 9, 11])
    pitch, at = (low + high) // 2, 0.0
    while at < length / RATE:
        long = random.choice([0.5, 1.0, 1.0, 2.0, 4.0]) * random.uniform(*beat)
        pitch = int(np.clip(pitch + random.integers(-4, 5), low, high))
        note = pitch - (0 if (pitch % 12) in steps else 1)
        first = int(at * RATE)
        yield first, min(int(long * RATE), length - first), 440.0 * 2 ** ((note - 69) / 12)
        at += long


def put(out: np.ndarray, first: int, piece: np.ndarray) -> None:
    out[first : first + len(piece)] += piece[: max(0, len(out) - first)]


def shaped(samples: int, attack_s: float, release_s: float) -> np.ndarray:
    t = np.arange(samples) / RATE
    return np.minimum(1.0, t / attack_s) * np.minimum(1.0, (samples / RATE - t) / release_s)


def organ(length: int, seed: int) -> np.ndarray:
    """Chords that are held."""
    out = np.zeros(length)
    for first, samples, hz in notes(length, seed, (0.8, 1.6), 45, 60):
        t = np.arange(samples) / RATE
        for ratio in (1.0, 1.25, 1.5, 2.0):
            tone = sum(np.sin(2 * np.pi * hz * ratio * k * t + k) / k for k in (1, 2, 3, 4, 6, 8) if hz * ratio * k < 7_000)
            put(out, first, tone * shaped(samples, 0.05, 0.1))
    return out


def strings(length: int, seed: int) -> np.ndarray:
    """A tune with vibrato and the many harmonics of a bow: of all music the most like a voice."""
    out = np.zeros(length)
    for first, samples, hz in notes(length, seed + 50, (0.3, 0.6), 55, 76):
        t = np.arange(samples) / RATE
        phase = 2 * np.pi * hz * t + 0.012 * hz / 5.5 * np.sin(2 * np.pi * 5.5 * t)
        tone = sum(np.sin(k * phase) / k * (2.0 if 500 < k * hz < 1_800 else 1.0) for k in range(1, 24) if k * hz < 7_000)
        put(out, first, tone * shaped(samples, 0.08, 0.08))
    return out


def drums(length: int, seed: int) -> np.ndarray:
    random = np.random.default_rng([seed, 4])
    out, beat = np.zeros(length), random.uniform(0.2, 0.3)
    t = np.arange(RATE // 4) / RATE
    kick = np.sin(2 * np.pi * 55 * t + 8 * np.exp(-t * 40)) * np.exp(-t * 14)
    for n in range(int(length / RATE / beat)):
        first = int(n * beat * RATE)
        if n % 4 == 0:
            put(out, first, kick)
        if n % 4 == 2:
            put(out, first, 0.6 * random.standard_normal(len(t)) * np.exp(-t * 22))
        put(out, first, 0.15 * np.diff(random.standard_normal(len(t) + 1)) * np.exp(-t * 60))
    return out


def whistle(length: int, seed: int) -> np.ndarray:
    """Somebody whistles, or a bird: glides with breath."""
    random = np.random.default_rng([seed, 5])
    out, at = np.zeros(length), 0.5
    while at < length / RATE - 2:
        samples = int(random.uniform(0.15, 1.2) * RATE)
        hz = np.interp(np.linspace(0, 1, samples), [0, 0.5, 1], random.uniform(900, 3_200, 3))
        tone = np.sin(2 * np.pi * np.cumsum(hz) / RATE) + 0.05 * random.standard_normal(samples)
        put(out, int(at * RATE), tone * shaped(samples, 0.04, 0.06))
        at += samples / RATE + (random.exponential(0.2) if random.random() < 0.8 else random.uniform(1.0, 4.0))
    return out


def ringing(length: int, seed: int) -> np.ndarray:
    """Telephones: two tones, or a trill, again and again."""
    random = np.random.default_rng([seed, 6])
    out, t = np.zeros(length), np.arange(length) / RATE
    low, high = random.uniform(350, 500), random.uniform(600, 1_400)
    trill = np.where((t * random.uniform(15, 25)).astype(int) % 2 == 0, low, high)
    tone = np.sin(2 * np.pi * np.cumsum(trill) / RATE) if seed % 2 else np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t)
    out += tone * ((t % random.uniform(2.5, 5.0)) < random.uniform(0.8, 2.0))
    return out


def rain(length: int, seed: int) -> np.ndarray:
    """Drops on a window over a rush."""
    random = np.random.default_rng([seed, 7])
    out = sound.noise("pink", length, 6_000 + seed) * (0.4 + 0.6 * swell(length, seed + 9))
    t = np.arange(400) / RATE
    for first in random.integers(0, length - 400, length // 800):
        out[first : first + 400] += random.exponential(1.0) * np.sin(2 * np.pi * random.uniform(1_500, 5_000) * t) * np.exp(-t * 400)
    return out


def engine(length: int, seed: int) -> np.ndarray:
    """A car that passes through its gears: pulses and their harmonics, as a low voice has."""
    speed = np.interp(np.arange(length), np.arange(0, length, 4 * RATE),
                      np.random.default_rng([seed, 8]).uniform(45, 160, len(range(0, length, 4 * RATE))))  # fmt: skip
    phase = 2 * np.pi * np.cumsum(speed) / RATE
    tone = sum(np.sin(k * phase + k * k) / k**0.8 for k in range(1, 20))
    return tone + 0.5 * sound.noise("brown", length, 7_000 + seed) * sound.rms(tone)


# --- Voices -------------------------------------------------------------------------------------------------------


def other_voice(samples: np.ndarray, factor: float) -> np.ndarray:
    """The same at another speed and with another head."""
    return np.interp(np.arange(0, len(samples) - 1, factor), np.arange(len(samples)), samples)


def talks(seed: int) -> list[Recording]:
    """One talk in a quiet room, softly from afar, and in noise."""
    random = np.random.default_rng([seed, 10])
    factors = {voice: float(random.uniform(0.86, 1.16)) for voice in corpus.FLITE}
    lines = list(random.permutation(corpus.sentences() + list(corpus.ANSWERS) * 2))
    script, last = [], None
    for _ in range(TURNS):
        voice = str(random.choice([voice for voice in corpus.FLITE if voice != last]))
        last = voice
        for n in range(int(random.integers(1, 3))):
            text = str(lines.pop())
            samples = other_voice(corpus.flite(voice, text), factors[voice])
            gap = float(random.choice([-0.4, 0.2, 0.8, 2.0, 5.0])) if n == 0 else float(random.uniform(0.2, 0.9))
            script.append((voice, text, samples, gap))
    tracks, reference, speech = corpus.play(f"talk-{seed}", script, 8_000 + seed)
    mix = sum(tracks.values())
    noise = str(random.choice(["white", "pink", "babble", "fan"]))
    below = float(random.uniform(5.0, 15.0))
    heard = {
        "quiet": mix,
        "far": mix * dbfs(-18.0),
        "noise": mix + sound.noise(noise, len(mix), 8_500 + seed) * dbfs(corpus.VOICE_DBFS - below),
    }
    made = []
    for kind, samples in heard.items():
        name = f"further-{seed}-talk-{kind}"
        own = [each | {"session_id": name} for each in reference]
        made.append(Recording(name, TALK, {"meeting": corpus.copy(name, samples)}, own, len(samples) / RATE, speech))
    return made


def real() -> list[Recording]:
    """Read by ten people, 40 utterances; what they say is not known here."""
    made = []
    for file in sorted((corpus.SHARED / "librispeech").glob("*.flac")):
        made.append(Recording(f"real-{file.stem}", REAL, {"meeting": str(file)}, [], 0.0))
    return made
