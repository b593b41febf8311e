#!/usr/bin/env python3
"""Is one configuration better than another? Two files of `suite.py --save`, over the same recordings.

Told is the difference of the word error rates by set with its 95 % interval from a paired bootstrap: recordings are drawn with
replacement, and both configurations are scored on the same draw. An interval that holds 0 is no difference. CPU time stands
beside it.
"""

import json
import sys
from collections import defaultdict

import numpy as np

DRAWS = 10_000


def bootstrap(first: dict[str, dict], second: dict[str, dict]) -> tuple[float, float, float]:
    """2.5 %, middle and 97.5 % of (second − first) in points of error rate, over recordings by name."""
    names = [name for name in first if first[name]["words"]]
    if not names:
        return 0.0, 0.0, 0.0
    words = np.array([first[name]["words"] for name in names], float)
    more = np.array([second[name]["errors"] - first[name]["errors"] for name in names], float)
    drawn = np.random.default_rng(20_261_126).integers(0, len(names), (DRAWS, len(names)))
    differences = 100.0 * more[drawn].sum(axis=1) / words[drawn].sum(axis=1)
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), 100.0 * more.sum() / words.sum(), float(high)


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 1
    first, second = ({each["name"]: each for each in json.load(open(file))["recordings"]} for file in sys.argv[1:])
    common = [name for name in first if name in second]
    groups = defaultdict(list)
    for name in common:
        groups[first[name]["group"]].append(name)
    groups["all"] = common
    print("| set | recordings | first | second | difference (95 %) | CPU | lost edge words |")
    print("|---|---|---|---|---|---|---|")
    for group, names in groups.items():
        one, two = ({name: each[name]["wer"] for name in names} for each in (first, second))
        low, middle, high = bootstrap(one, two)
        words = sum(each["words"] for each in one.values())
        rates = [100.0 * sum(each["errors"] for each in side.values()) / words if words else 0.0 for side in (one, two)]
        cpu = [sum(each[name]["cpu"] for name in names) for each in (first, second)]
        edges = [sum(each[name].get("edges", {"lost": 0})["lost"] for name in names) for each in (first, second)]
        print(f"| {group} | {len(names)} | {rates[0]:.1f} % | {rates[1]:.1f} % | {middle:+.1f} ({low:+.1f} … {high:+.1f}) "
              f"| {cpu[0]:.1f} s → {cpu[1]:.1f} s | {edges[0]} → {edges[1]} |")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
