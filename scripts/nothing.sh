#!/bin/sh
# Stands in for a compiler, an archiver and cmake where the Rust of another system is only type-checked: the
# files that are asked for are made, and are empty.
out=
while [ $# -gt 0 ]; do
  case $1 in
    -o) out=$2; shift ;;
    -out:* | /OUT:* | -OUT:*) out=${1#*:} ;;
    -Fo* | /Fo*) out=${1#?Fo} ;;
    -o*) out=${1#-o} ;;
    *.a | *.lib) out=${out:-$1} ;;
  esac
  shift
done
[ -z "$out" ] || : >"$out"
