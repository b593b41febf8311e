# What must be installed, and how it gets here without anything of the user's being given up. Sourced by ../dev, whose
# `root`, `say` and `die` it uses. Things have names that `have` knows; most are a package's of Debian's.
# shellcheck shell=bash
# shellcheck disable=SC2154 # root is the caller's.

apt=(apt-get)
# Tests have apt look at another system than this one.
[ -z "${HANSARD_DEV_STATUS:-}" ] || apt+=(-o "Dir::State::status=$HANSARD_DEV_STATUS")
# Where packages are unpacked.
unpacked=$root/.dev
# `plan` only says what would be done.
planning=

on_path() {
  local name
  for name in "$@"; do command -v "$name" >/dev/null || return 1; done
}

# Whether something is there, whoever brought it.
have() {
  case $1 in
    build-essential) on_path cc c++ make ;;
    libasound2-dev) pkg-config --exists alsa 2>/dev/null ;;
    sound) have pulseaudio || have pipewire ;;
    pulseaudio) on_path pulseaudio || [ -e "$unpacked/pulseaudio/.whole" ] ;;
    pipewire) on_path dbus-daemon pipewire wireplumber pipewire-pulse || [ -e "$unpacked/pipewire/.whole" ] ;;
    pulseaudio-utils) on_path pactl pacat paplay parec ;;
    browser) on_path chromium || on_path chromium-browser || on_path google-chrome ;;
    writer) have_writer ;;
    debootstrap) on_path debootstrap || [ -x /usr/sbin/debootstrap ] ;;
    poppler-utils) on_path pdftotext ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    python3-dev) python3 -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' 2>/dev/null ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 ;;
    *) on_path "$1" ;;
  esac
}

# LibreOffice comes in parts: on Debian there can be one without its Writer.
have_writer() {
  local folder
  on_path soffice || return 1
  folder=$(dirname -- "$(readlink -f -- "$(command -v soffice)")")
  [ ! -e "$folder/soffice.bin" ] || [ -e "$folder/libswlo.so" ]
}

# The packages of Debian's that bring something, all on one line; lines to choose from, the best first.
packages_of() {
  case $1 in
    browser) echo chromium ;;
    rpmbuild) echo rpm ;;
    xz) echo xz-utils ;;
    writer) printf '%s\n' libreoffice-writer-nogui libreoffice-writer ;;
    pipewire) echo pipewire pipewire-pulse wireplumber dbus-daemon ;;
    *) echo "$1" ;;
  esac
}

# Whether apt would install packages without removing any.
fits() { "${apt[@]}" -s install -q --no-install-recommends --no-remove "$@" >/dev/null 2>&1; }

# Sees to it that all of these are there. Only what is missing is installed, and nothing is removed for it: what apt
# could install only in place of something else, which sound servers are, is unpacked into .dev and runs from there.
need() {
  local thing choice packages missing=() install=() unpack=()
  for thing in "$@"; do
    have "$thing" || missing+=("$thing")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  on_path apt-get || not_debian "${missing[@]}"
  renew_lists
  for thing in "${missing[@]}"; do
    choice=
    case $thing in
      # A PipeWire that is installed would want to be the desktop's.
      pipewire) ;;
      # Beside PipeWire's own PulseAudio server the real one could start at the next login.
      sound | pulseaudio)
        on_path pipewire-pulse || ! fits pulseaudio || choice=pulseaudio
        [ -n "$choice" ] || [ "$thing" = pulseaudio ] || thing=pipewire ;;
      *) while read -ra packages; do
          if fits "${packages[@]}"; then choice=${packages[*]}; break; fi
        done < <(packages_of "$thing") ;;
    esac
    if [ -n "$choice" ]; then install+=("$choice"); else unpack+=("$thing"); fi
  done
  [ ${#install[@]} -eq 0 ] || apt_install "${install[@]}"
  for thing in "${unpack[@]}"; do unpack "$thing"; done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then env DEBIAN_FRONTEND=noninteractive "$@"; else sudo env DEBIAN_FRONTEND=noninteractive "$@"; fi
}

renew_lists() {
  [ -z "$planning" ] || return 0
  [ "$(id -u)" -eq 0 ] || on_path sudo || { say "not root, and no sudo here: the package lists are not renewed"; return; }
  as_root apt-get update -q >&2 || say "the package lists could not be renewed; trying with the old ones"
}

# Installs packages.
apt_install() {
  local attempt
  if [ -n "$planning" ]; then echo "install $*"; return; fi
  [ "$(id -u)" -eq 0 ] || on_path sudo || die "not root, and no sudo here: please have these installed: $*"
  say "installing $* with apt-get (a minute or two) …"
  # An interrupted download or another apt beside this one: once more is usually enough.
  for attempt in 1 2; do
    # shellcheck disable=SC2068 # Some are several packages.
    as_root apt-get install -q -y --no-install-recommends --no-remove $@ >&2 && return
    [ "$attempt" = 2 ] || { say "apt-get failed; once more …"; sleep 5; }
  done
  die "apt-get could not install: $*"
}

# Unpacks something, with all that it needs and this machine lacks, into the folder that is called like it.
unpack() {
  local into=$unpacked/$1 debs deb names packages
  read -ra names < <(packages_of "$1")
  # A package that would only be renewed is left out: the system's own is as good.
  mapfile -t packages < <("${apt[@]}" -s install -q --no-install-recommends "${names[@]}" |
    awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }')
  [ ${#packages[@]} -gt 0 ] || die "apt-get offers none of: ${names[*]}"
  case $1 in
    pulseaudio | pipewire) ;;
    *) die "apt-get would remove something for ${names[*]}; please see to it yourself" ;;
  esac
  if [ -n "$planning" ]; then echo "unpack $1: ${packages[*]}"; return; fi
  say "unpacking ${names[*]} into $into, beside what is installed …"
  debs=$(mktemp -d)
  # So that apt's own user could write here, did it want to.
  chmod 755 "$debs"
  (cd -- "$debs" && apt-get download -q "${packages[@]}" >&2) || die "apt-get could not download: ${packages[*]}"
  rm -rf -- "$into"
  mkdir -p -- "$into"
  for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$into"; done
  rm -rf -- "$debs"
  touch -- "$into/.whole"
}

# Where there is no apt: names what is missing, and what it is for.
not_debian() {
  local thing
  say "this is not Debian or Ubuntu; please install:"
  for thing in "$@"; do
    case $thing in
      build-essential) echo "a C and C++ compiler with make" ;;
      libasound2-dev) echo "the headers of alsa-lib (alsa-lib-devel, alsa-lib)" ;;
      sound) echo "PipeWire with WirePlumber and pipewire-pulse, or pulseaudio (a private one is started)" ;;
      pipewire) echo "PipeWire with WirePlumber, pipewire-pulse and dbus-daemon (a private one is started)" ;;
      pulseaudio) echo "pulseaudio (the daemon; a private one is started, and it runs beside PipeWire)" ;;
      pulseaudio-utils) echo "pulseaudio-utils (pactl, pacat, parec)" ;;
      browser) echo "Chromium or Chrome" ;;
      writer) echo "LibreOffice Writer" ;;
      poppler-utils) echo "poppler (pdftotext)" ;;
      python3-venv) echo "python3 with venv" ;;
      python3-dev) echo "Python's headers" ;;
      python3-pip) echo "pip for python3" ;;
      rpmbuild) echo "rpmbuild (rpm-build)" ;;
      *) echo "$thing" ;;
    esac
  done | sed 's/^/       /' >&2
  exit 1
}
