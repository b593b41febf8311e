#!/usr/bin/env python3
"""Renews docs/terminal.svg: a terminal in which the demo's meeting is recorded, as it is at one moment.

Voices of flite say the first turns of examples/demo/meeting.toml, a file for each person, which the recorder plays
at their true pace in tmux. What stands on that terminal becomes a picture. Called by `./dev terminal`.

    terminal.py HANSARD CHECKOUT [--seconds N] [--columns N] [--rows N]
"""

import argparse
import html
import os
import random
import subprocess
import tempfile
import time
import tomllib
import wave
from array import array
from pathlib import Path

RATE = 16_000
SETTINGS = '[transcribe]\nlanguage = "en"\n'
# Colours of the picture: background, text, the window's bar, and the sixteen that terminals have names for.
GROUND, TEXT, BAR, DOTS = "#16181d", "#d7dae0", "#23262d", ("#e0645c", "#e2b94b", "#6cb36c")
NAMED = (
    "#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
    "#6b7280", "#ff8087", "#b5e08f", "#ffd78a", "#83c5ff", "#dd99ee", "#7dd3df", "#ffffff",
)
# Pixels: of a cell, and around the text.
CELL, LINE, SIZE, PAD, HEAD = 8.4, 19, 14, 16, 34


def say(voice, text):
    """What a voice of flite's makes of it: samples of 16 bits."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True)
        with wave.open(file.name) as sound:
            assert sound.getframerate() == RATE and sound.getnchannels() == 1
            return array("h", sound.readframes(sound.getnframes()))


def meeting(script, seconds):
    """The first seconds of the script: samples by person, and (second, kind, text) of the marks."""
    people = {person["name"]: person["voice"] for person in script["person"]}
    noise = random.Random(script["seed"])
    # A room is never quite silent.
    tracks = {who: [noise.gauss(0, 30) for _ in range(seconds * RATE)] for who in people}
    marks, end = [], int(script["lead_in"] * RATE)
    for turn in script["turn"]:
        at = end + int(turn["gap"] * RATE)
        for breath in turn["say"]:
            sound = say(people[turn["who"]], breath)
            loud = (sum(s * s for s in sound) / len(sound)) ** 0.5
            gain = 32768 * 10 ** (script["voice_dbfs"] / 20) / loud
            track = tracks[turn["who"]]
            for n, sample in enumerate(sound[: max(0, len(track) - at)]):
                track[at + n] += sample * gain
            at += len(sound)
            end = max(end, at)
            at += int(turn.get("pause", 0) * RATE)
        if mark := turn.get("mark"):
            marks.append((end / RATE, *mark.split(": ", 1)))
        if end > seconds * RATE:
            break
    return tracks, marks


def write(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes(array("h", (max(-32768, min(32767, round(s))) for s in samples)).tobytes())


def screen(hansard, script, args):
    """What stands on the terminal after `--seconds` of the meeting, with escapes for colours."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        # What plays on must not end before the picture is taken.
        tracks, marks = meeting(script, args.seconds + 20)
        sources = ""
        for who, samples in tracks.items():
            write(folder / f"{who.lower()}.wav", samples)
            sources += f'[[source]]\nname = "{who}"\nspec = "file:{folder}/{who.lower()}.wav"\n'
        (folder / "hansard").mkdir()
        (folder / "hansard/config.toml").write_text(sources + SETTINGS)
        (folder / "bin").mkdir()
        (folder / "bin/hansard").symlink_to(Path(hansard).resolve())
        env = {
            **os.environ, "XDG_CONFIG_HOME": str(folder), "HANSARD_RECORDINGS": str(folder / "recordings"),
            "PATH": f"{folder}/bin:{os.environ['PATH']}", "HISTFILE": "/dev/null", "LC_ALL": "C.UTF-8",
        }
        (folder / "prompt").write_text(r"PS1='\[\e[32m\]$\[\e[0m\] '" + "\n")
        tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]

        def do(*words):
            return subprocess.run([*tmux, *words], env=env, check=True, capture_output=True, text=True).stdout

        do("new-session", "-d", "-x", str(args.columns), "-y", str(args.rows), f"bash --rcfile {folder}/prompt")
        try:
            time.sleep(1)
            do("send-keys", "clear", "Enter")
            time.sleep(0.5)
            do("send-keys", f'hansard record --title "{script["title"]}"', "Enter")
            begun = time.monotonic()
            for at, kind, text in marks:
                if at + 1 < args.seconds:
                    time.sleep(max(0, begun + at - time.monotonic()))
                    do("send-keys", kind[0].lower())
                    do("send-keys", "-l", text)
                    time.sleep(0.5)
                    do("send-keys", "Enter")
            time.sleep(max(0, begun + args.seconds - time.monotonic()))
            # Where it was made is nobody's business.
            return do("capture-pane", "-e", "-p").replace(str(folder), "/home/alice")
        finally:
            # The view asks once; then the text is not waited for.
            for pause in (0.5, 1, 3):
                do("send-keys", "C-c")
                time.sleep(pause)
            subprocess.run([*tmux, "kill-server"], check=False)


def colour(number):
    """One of the 256 colours."""
    if number < 16:
        return NAMED[number]
    if number < 232:
        level = [0, 95, 135, 175, 215, 255]
        n = number - 16
        return "#%02x%02x%02x" % (level[n // 36], level[n // 6 % 6], level[n % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (number - 232),) * 3)


def styled(style, codes):
    """The style after an escape: a dict with fg, bg, bold, dim, italic, under, reverse."""
    style, codes = dict(style), [int(code or 0) for code in codes.split(";")]
    flags = {1: "bold", 2: "dim", 3: "italic", 4: "under", 7: "reverse"}
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in flags:
            style[flags[code]] = True
        elif code in (22, 23, 24, 27):
            for name in {22: ("bold", "dim"), 23: ("italic",), 24: ("under",), 27: ("reverse",)}[code]:
                style.pop(name, None)
        elif code in (38, 48):
            where = "fg" if code == 38 else "bg"
            if codes.pop(0) == 5:
                style[where] = colour(codes.pop(0))
            else:
                style[where] = "#%02x%02x%02x" % tuple(codes.pop(0) for _ in range(3))
        elif code in (39, 49):
            style.pop("fg" if code == 39 else "bg", None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["fg"] = NAMED[code - 30 if code < 40 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["bg"] = NAMED[code - 40 if code < 50 else code - 92]
    return style


def runs(line):
    """The pieces of a line that look alike: (column, text, style). All signs are one cell wide here."""
    style, column, found = {}, 0, []
    for n, piece in enumerate(line.split("\x1b[")):
        if n:
            codes, _, piece = piece.partition("m")
            style = styled(style, codes)
        if piece:
            found.append((column, piece, style))
            column += len(piece)
    return found


def picture(text, title, columns):
    lines = text.rstrip("\n").split("\n")
    width, height = columns * CELL + 2 * PAD, len(lines) * LINE + HEAD + 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}" role="img" font-size="{SIZE}" '
        "font-family=\"ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace\">",
        f"<title>{html.escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="9" fill="{GROUND}"/>',
        f'<path d="M0 {HEAD}V9a9 9 0 0 1 9-9H{width - 9:.0f}a9 9 0 0 1 9 9V{HEAD}z" fill="{BAR}"/>',
    ]
    out += [f'<circle cx="{18 + 20 * n}" cy="{HEAD / 2}" r="6" fill="{fill}"/>' for n, fill in enumerate(DOTS)]
    for row, line in enumerate(lines):
        y = HEAD + PAD + row * LINE + SIZE
        for column, piece, style in runs(line):
            fg, bg = style.get("fg", TEXT), style.get("bg")
            if style.get("reverse"):
                fg, bg = bg or GROUND, fg
            x, wide = PAD + column * CELL, len(piece) * CELL
            if bg:
                out.append(f'<rect x="{x:.1f}" y="{y - SIZE}" width="{wide:.1f}" height="{LINE}" fill="{bg}"/>')
            # Spaces at both ends move nothing and draw nothing.
            bare = piece.strip()
            if not bare:
                continue
            x += (len(piece) - len(piece.lstrip())) * CELL
            looks = f' fill="{fg}"'
            looks += ' font-weight="bold"' if style.get("bold") else ""
            looks += ' font-style="italic"' if style.get("italic") else ""
            looks += ' opacity="0.6"' if style.get("dim") else ""
            looks += ' text-decoration="underline"' if style.get("under") else ""
            out.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{len(bare) * CELL:.1f}" xml:space="preserve"{looks}>'
                f"{html.escape(bare)}</text>"
            )
    return "\n".join([*out, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hansard")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--seconds", type=int, default=58)
    parser.add_argument("--columns", type=int, default=104)
    parser.add_argument("--rows", type=int, default=30)
    args = parser.parse_args()
    script = tomllib.loads((args.checkout / "examples/demo/meeting.toml").read_text())
    text = screen(args.hansard, script, args)
    title = "hansard record: a clock, a meter for each source, lines under the names of who speaks, a mark"
    to = args.checkout / "docs/terminal.svg"
    to.write_text(picture(text, title, args.columns))
    print(to)


main()
