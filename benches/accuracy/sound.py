"""Sound for the suite: WAV in and out, levels, noise of several colours. Mono, floats of ±1.0, 16 kHz unless said otherwise."""

import wave
from pathlib import Path

import numpy as np

RATE = 16_000
# A frame of 10 ms is speech if it comes within so many dB of the loudest one: down to a soft consonant, not to a breath.
SPEECH_DB = -35.0
FRAME = 160


def read(path: Path) -> np.ndarray:
    """A 16-bit or float WAV at 16 kHz; several channels are averaged."""
    data = path.read_bytes()
    at, kind, channels, bits, rate, body = 12, 0, 0, 0, 0, b""
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            kind, channels = int.from_bytes(chunk[0:2], "little"), int.from_bytes(chunk[2:4], "little")
            rate, bits = int.from_bytes(chunk[4:8], "little"), int.from_bytes(chunk[14:16], "little")
        elif name == b"data":
            body = chunk
        at += 8 + size + size % 2
    if kind == 3 and bits == 32:
        samples = np.frombuffer(body, "<f4").astype(np.float64)
    elif bits == 16:
        samples = np.frombuffer(body[: len(body) // 2 * 2], "<i2") / 32768.0
    else:
        raise ValueError(f"{path}: WAV of kind {kind} with {bits} bits")
    if rate != RATE:
        raise ValueError(f"{path}: {rate} Hz instead of {RATE}")
    return samples.reshape(-1, channels).mean(axis=1)


def write(path: Path, samples: np.ndarray) -> None:
    """16-bit mono; what is over full scale is clipped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1.0, 32767 / 32768) * 32768).astype("<i2").tobytes())


def dbfs(level: float) -> float:
    return 10.0 ** (level / 20.0)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def speech_edges(samples: np.ndarray) -> tuple[int, int]:
    """First and last sample of the speech in a sentence that stands alone."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    level = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() * dbfs(SPEECH_DB))
    return int(loud[0]) * FRAME, (int(loud[-1]) + 1) * FRAME


def at_level(samples: np.ndarray, level: float) -> np.ndarray:
    """The sentence without the silence around it (40 ms stay), its speech at `level` dBFS."""
    first, last = speech_edges(samples)
    samples = samples[max(0, first - 640) : last + 640]
    first, last = speech_edges(samples)
    return samples * (dbfs(level) / max(rms(samples[first:last]), 1e-9))


def noise(kind: str, length: int, seed: int) -> np.ndarray:
    """Noise at an RMS of 1: `white`, `pink` or `brown`; `babble` and `fan` are shaped as their names say."""
    random = np.random.default_rng(seed)
    white = random.standard_normal(length)
    if kind == "white":
        shaped = white
    else:
        spectrum = np.fft.rfft(white)
        hz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20.0)
        shape = {
            "pink": hz**-0.5,
            "brown": 1.0 / hz,
            # The long-term spectrum of speech: even to 500 Hz, then 9 dB an octave down.
            "babble": 1.0 / (1.0 + (hz / 500.0) ** 1.5),
            "fan": 1.0 / (1.0 + (hz / 300.0) ** 2) + 0.5 * np.exp(-(((hz - 240.0) / 8.0) ** 2)),
        }[kind]
        shaped = np.fft.irfft(spectrum * shape, length)
    return shaped / rms(shaped)


def hum(length: int, hz: float = 50.0) -> np.ndarray:
    """A ground loop: the mains and its odd harmonics, at an RMS of 1."""
    t = np.arange(length) / RATE
    tone = sum(np.sin(2 * np.pi * hz * n * t + n) / n for n in (1, 2, 3, 5, 7, 9, 11))
    return tone / rms(tone)


def keys(length: int, seed: int) -> np.ndarray:
    """Somebody types: bursts of clicks with a short ring, peaks at 1."""
    random = np.random.default_rng(seed)
    out = np.zeros(length)
    at = 0.5
    while True:
        at += random.exponential(0.12) + (random.uniform(1.0, 4.0) if random.random() < 0.06 else 0.05)
        first = int(at * RATE)
        if first + 800 > length:
            return out / max(np.abs(out).max(), 1e-9)
        t = np.arange(800) / RATE
        ring = np.sin(2 * np.pi * random.uniform(900, 4_000) * t) * 0.4 + random.standard_normal(800) * 0.6
        out[first : first + 800] += ring * np.exp(-t * random.uniform(150, 500)) * random.uniform(0.3, 1.0)


def music(length: int, seed: int) -> np.ndarray:
    """Chords and a tune of plucked tones with harmonics, at an RMS of 1."""
    random = np.random.default_rng(seed)
    out = np.zeros(length)
    scale = [0, 2, 4, 5, 7, 9, 11, 12]
    beat = 0.4
    for n in range(int(length / RATE / beat)):
        notes = [57 + scale[random.integers(8)]]
        if n % 4 == 0:
            root = 45 + scale[random.integers(6)]
            notes += [root, root + 4, root + 7]
        first = int(n * beat * RATE)
        t = np.arange(min(int(RATE * 1.6), length - first)) / RATE
        for note in notes:
            hz = 440.0 * 2 ** ((note - 69) / 12)
            tone = sum(np.sin(2 * np.pi * hz * k * t) / k**1.5 for k in range(1, 7))
            out[first : first + len(t)] += tone * np.exp(-t * 2.5) * np.minimum(1.0, t * 200)
    return out / rms(out)
