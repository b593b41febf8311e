#!/usr/bin/env python3
"""Lists what a build of Hansard holds of others, with their licences' texts, each once.

    licences.py TARGET >THIRD-PARTY.txt

TARGET is a target triple. What is only used to build or to test is left out. A package without a text of its own is
listed with the name of its licence.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The networks and the fonts that are compiled into the program.
COMPILED_IN = [
    ("Silero VAD 6.2.0", "MIT", "src/audio/vad/silero-v6.2.0.LICENSE"),
    ("CAM++", "Apache-2.0", "src/speakers/networks/campplus.LICENSE"),
    ("segmentation-3.0", "MIT", "src/speakers/networks/segmentation-3.0.LICENSE"),
    ("DejaVu Sans Condensed 2.37", "Bitstream-Vera", "src/export/pdf/LICENSE-DejaVu.txt"),
]
TEXTS = re.compile(r"(licen[cs]e|copying|notice|unlicense|copyright)([-._].*)?$", re.IGNORECASE)
# Sources in C lie in a folder of their own in their package.
DEPTH = 2


def packages(target):
    """The packages that the program is linked from."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    data = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    by_id = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]
    found, waiting = {root}, [root]
    while waiting:
        for dep in nodes[waiting.pop()]["deps"]:
            linked = any(kind["kind"] is None for kind in dep["dep_kinds"])
            macro = any("proc-macro" in target["kind"] for target in by_id[dep["pkg"]]["targets"])
            if linked and not macro and dep["pkg"] not in found:
                found.add(dep["pkg"])
                waiting.append(dep["pkg"])
    return sorted((by_id[id] for id in found - {root}), key=lambda p: (p["name"], p["version"]))


def texts(folder, depth=DEPTH):
    """The licences' files in a package's folder."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and depth > 1 and not path.name.startswith("."):
            yield from texts(path, depth - 1)
        elif path.is_file() and TEXTS.match(path.name) and path.suffix not in {".rs", ".py", ".html"}:
            yield path


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    parts = [(name, licence, [ROOT / path]) for name, licence, path in COMPILED_IN]
    for package in packages(sys.argv[1]):
        folder = Path(package["manifest_path"]).parent
        licence = package["license"] or f"see {package['license_file']}"
        parts.append((f"{package['name']} {package['version']}", licence, list(texts(folder))))

    print("What Hansard holds of others: networks that recognise, fonts, and the packages that it is linked from.")
    print("The source of each is published in the registry of Rust packages, under its name and version.\n")
    by_text, lacking = {}, []
    for name, licence, files in parts:
        print(f"  {name:<40} {licence}")
        if not files:
            lacking.append(f"{name} ({licence})")
        for path in files:
            text = path.read_text(errors="replace").strip()
            _, names = by_text.setdefault(" ".join(text.split()), (text, []))
            if name not in names:
                names.append(name)
    if lacking:
        print("\nThese come without a text; that of their licence stands below with others: " + ", ".join(lacking) + ".")
    for text, names in by_text.values():
        print("\n" + "=" * 100 + "\n" + ", ".join(names) + "\n" + "=" * 100 + "\n\n" + text)


main()
