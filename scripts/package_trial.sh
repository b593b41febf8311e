#!/usr/bin/env bash
# Tries the .deb on systems that have never seen Hansard: package_trial.sh DEB [SUITE…]. Called by ../dev soak; needs root,
# debootstrap and a mirror. In each suite of Debian (12 and 13, unless others are named) the package is installed, a user
# without a sound server asks the doctor, records, verifies and exports, and it is removed again: nothing may be left but
# that user's data. With a model's file in HANSARD_TRIAL_MODEL it also says, step by step, how long it is from the bare
# system to the first minutes: those of the demo, and those of a sound file.
set -euo pipefail

deb=$(realpath -- "$1")
shift
[ $# -gt 0 ] || set -- bookworm trixie
mirror=${HANSARD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
work=$(mktemp -d)
# What debootstrap has made is kept in this folder, if one is named: the next trial begins with it.
kept=${HANSARD_TRIAL_SYSTEMS:-}

say() { printf 'trial: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

leave() {
  local mounted
  for mounted in "$work"/*/proc; do
    ! mountpoint -q "$mounted" || umount "$mounted"
  done
  rm -rf --one-file-system -- "$work"
}
trap leave EXIT

# All files of a system but the user's own and what apt and dpkg keep for themselves.
files() {
  (cd -- "$1" && find . -xdev \( -path ./proc -o -path ./home -o -path ./tmp -o -path ./var/lib/apt -o -path ./var/cache \
    -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./trial \) -prune -o -print | sort)
}

# The first minutes, of the demo and of a file; each step's time. Uses what `trial` has made.
minutes() {
  local step model from
  model=$(realpath -- "$HANSARD_TRIAL_MODEL")
  cp -- "$model" "$(dirname -- "$0")"/../assets/demo/*.opus "$system/trial"
  for step in "models import /trial/$(basename -- "$model")" demo "transcribe --each /trial/alice.opus"; do
    from=$SECONDS
    # The step's words are its arguments.
    # shellcheck disable=SC2086
    user hansard $step >"$work/said" 2>&1 || { cat -- "$work/said" >&2; die "$suite: hansard $step failed"; }
    say "$suite: hansard $step took $((SECONDS - from)) s"
  done
  find "$system/home/ann" -name minutes.md | grep -q . || die "$suite: no minutes were made"
  say "$suite: the first minutes, $((SECONDS - began)) s after the bare system"
}

trial() {
  local suite=$1 system=$work/$1 status=0 began=$SECONDS alsa=libasound2t64
  case $suite in bookworm | jammy) alsa=libasound2 ;; esac
  if [ -n "$kept" ] && [ -d "$kept/$suite" ]; then
    cp -a -- "$kept/$suite" "$system"
  else
    say "$suite: debootstrap (a minute or two) …"
    debootstrap --variant=minbase "$suite" "$system" "$mirror" >"$work/$suite.log" 2>&1 ||
      { tail -n 20 "$work/$suite.log" >&2; die "$suite: debootstrap failed"; }
    [ -z "$kept" ] || { mkdir -p -- "$kept"; cp -a -- "$system" "$kept/$suite"; }
  fi
  say "$suite: a bare system after $((SECONDS - began)) s"
  began=$SECONDS
  cp -- /etc/resolv.conf "$system/etc/resolv.conf"
  mount -t proc proc "$system/proc"
  # Nothing is to be started in there.
  printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
  chmod 755 "$system/usr/sbin/policy-rc.d"
  within() { chroot "$system" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
  user() { chroot "$system" runuser -u ann -- env -i HOME=/home/ann PATH=/usr/bin:/bin LANG=C.UTF-8 "$@"; }

  within useradd --create-home ann
  within apt-get -q update >"$work/$suite.log" 2>&1 || die "$suite: no package lists"
  # What the package needs comes first, so that its own files can be told from theirs.
  within apt-get -q -y --no-install-recommends install alsa-topology-conf libstdc++6 man-db \
    "$alsa" >>"$work/$suite.log" 2>&1 ||
    { tail -n 20 "$work/$suite.log" >&2; die "$suite: what it depends on can't be installed"; }
  files "$system" >"$work/$suite.before"
  mkdir -- "$system/trial"
  cp -- "$deb" "$system/trial"
  say "$suite: installing …"
  within apt-get -q -y --no-install-recommends install "/trial/$(basename -- "$deb")" >>"$work/$suite.log" 2>&1 ||
    { tail -n 20 "$work/$suite.log" >&2; die "$suite: it can't be installed"; }
  say "$suite: $(user hansard --version), installed after $((SECONDS - began)) s"
  [ -z "${HANSARD_TRIAL_MODEL:-}" ] || minutes

  user hansard doctor --seconds 1 >"$work/doctor" 2>&1 || status=$?
  sed 's/^/  /' "$work/doctor" >&2
  [ "$status" -le 3 ] || die "$suite: the doctor crashed ($status)"
  say "$suite: the doctor ends with $status on a system without sound and models"
  grep -q . "$work/doctor" || die "$suite: the doctor says nothing"
  user hansard record --no-transcribe --pace max --source "A=synth:tone,secs=5" >"$work/said" 2>&1 ||
    { cat -- "$work/said" >&2; die "$suite: it does not record"; }
  user hansard verify last >"$work/said" 2>&1 || { cat -- "$work/said" >&2; die "$suite: what it recorded is not whole"; }
  user hansard export last --format md,docx,html --output /home/ann/minutes >"$work/said" 2>&1 ||
    { cat -- "$work/said" >&2; die "$suite: it does not export"; }
  find "$system/home/ann/minutes" -name '*.docx' -size +1k | grep -q . || die "$suite: no minutes are there"
  [ -s "$system/usr/share/man/man1/hansard-record.1.gz" ] || die "$suite: no man page is there"
  user hansard complete bash "hansard show l" | grep -qx last || die "$suite: nothing is completed"
  say "$suite: recorded, verified and exported"

  within apt-get -q -y purge hansard >>"$work/$suite.log" 2>&1 || die "$suite: it can't be removed"
  rm -rf -- "$system/trial"
  files "$system" >"$work/$suite.after"
  diff "$work/$suite.before" "$work/$suite.after" >&2 || die "$suite: the above is left of it"
  find "$system/home/ann" -name session.json | grep -q . || die "$suite: the user's recording is gone"
  umount "$system/proc"
  rm -rf --one-file-system -- "$system"
  say "$suite: removed; only the user's data is left"
}

[ "$(id -u)" -eq 0 ] || die "a trial needs root, for chroot"
for suite in "$@"; do trial "$suite"; done
