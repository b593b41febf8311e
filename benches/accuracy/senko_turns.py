#!/usr/bin/env python3
"""Who speaks when by senko, for `voices.py --beside`: an RTTM file for each recording.

usage: senko_turns.py FOLDER [NAME…]     by a Python that has the package senko (and PyTorch, some GB)
"""

import sys
import tempfile
import time
from pathlib import Path

import senko

import gatherings
import sound


def main() -> int:
    folder, only = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    found = senko.Diarizer(device="cpu", warmup=False, quiet=True)
    spent = seconds = 0.0
    for each in gatherings.gatherings():
        if only and each.name not in only:
            continue
        with tempfile.TemporaryDirectory() as kept:
            wav = Path(kept) / "mixed.wav"
            sound.write(wav, gatherings.mixed(each))
            before = time.process_time()
            # Nothing at all, where it hears no speech.
            told = found.diarize(str(wav), generate_colors=False) or {"merged_segments": []}
            spent, seconds = spent + time.process_time() - before, seconds + each.seconds
        lines = [
            f"SPEAKER {each.name} 1 {turn['start']:.3f} {turn['end'] - turn['start']:.3f} "
            f"<NA> <NA> {turn['speaker']} <NA> <NA>\n"
            for turn in told["merged_segments"]
        ]
        (folder / f"{each.name}.rttm").write_text("".join(lines))
        print(
            f"{each.name}: {len({turn['speaker'] for turn in told['merged_segments']})} of {each.people}",
            file=sys.stderr,
        )
    print(f"{spent / seconds:.3f} CPU seconds per second of sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
