#!/usr/bin/env bash
# Makes packages of a build: package.sh TARGET_FOLDER PROFILE. Called by ../dev. With --check PROGRAM it only looks whether
# that program would run on the systems that packages are for.
#
# Plain dpkg-deb and rpmbuild: both are kept by their distributions, and nothing has to be compiled for them. All packages
# hold the same tree; only a few places differ.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root"

# What a package may ask of a system, so that one build runs on what is in use: Debian 12, Ubuntu 22.04, RHEL 9 and later.
glibc_max=2.34
glibcxx_max=3.4.29
libraries='libasound.so.2 libstdc++.so.6 libgcc_s.so.1 libm.so.6 libc.so.6 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1'
# Bytes of the stripped program.
size_max=$((45 * 1000 * 1000))

say() { printf 'package: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# The versions of symbols called $2_… that are newer than $3, in the program $1.
newer_than() {
  objdump -T "$1" | { grep -o "$2_[0-9.]*[0-9]" || true; } | sort -Vu | sed "s/^$2_//" |
    awk -v max="$3" '
      function number(v, p, n, i, s) { n = split(v, p, "."); s = 0; for (i = 1; i <= 4; i++) s = s * 1000 + p[i]; return s }
      number($0) > number(max)'
}

# Dies where the program $1 needs more than that.
check() {
  local library pair family most newer needs
  needs=$(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }')
  for library in $needs; do
    [[ " $libraries " == *" $library "* ]] || die "the program needs $library, which a system may not have"
  done
  for pair in "GLIBC $glibc_max" "GLIBCXX $glibcxx_max"; do
    read -r family most <<<"$pair"
    newer=$(newer_than "$1" "$family" "$most")
    [ -z "$newer" ] || {
      objdump -T "$1" | grep -E "${family}_(${newer//$'\n'/|})\b" | awk '{ print $NF }' | sort -u | head -n 20 >&2
      die "the symbols above need ${family} newer than $most: ${newer//$'\n'/ }; packages are built on Debian 12 or Ubuntu 22.04"
    }
  done
  say "it needs GLIBC ≤ $glibc_max, GLIBCXX ≤ $glibcxx_max and ${needs//$'\n'/ }"
}

if [ "$1" = --check ]; then check "$2"; exit; fi
target=$1
build=$target/$2

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
triple=$(rustc -vV | sed -n 's/^host: //p')
case $triple in
  x86_64-*) deb_arch=amd64 rpm_arch=x86_64 ;;
  aarch64-*) deb_arch=arm64 rpm_arch=aarch64 ;;
  *) die "no packages are made for $triple yet" ;;
esac
name=hansard-$version-$triple
packager=${HANSARD_PACKAGER:-The Hansard project <hansard@localhost>}
summary='records meetings, one track per device, and writes the minutes by speaker'
# Packages of one commit are equal.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH

out=$target/package
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p -- "$out"
rm -f -- "$out"/*.tar.xz "$out"/*.deb "$out"/*.rpm "$out"/*.debug.xz "$out/SHA256SUMS"

# --- The program ----------------------------------------------------------------------------------------------------

# Panics are told by their place in the source, which needs no symbols: the packages have none. They stand beside the
# packages, for a debugger that is given somebody's core dump.
program=$work/hansard
strip --strip-all -o "$program" "$build/hansard"
objcopy --only-keep-debug "$build/hansard" "$work/$name.debug"
(cd -- "$work" && objcopy --add-gnu-debuglink="$name.debug" "$program")

check "$program"
size=$(stat -c %s "$program")
say "the program is $size bytes, stripped"
# What is built for tests is not made small.
[ "$size" -le "$size_max" ] || [ "$2" != dist ] || die "the program is larger than $size_max bytes"

# --- The tree -------------------------------------------------------------------------------------------------------

# As it lies below a prefix: /usr/local, or ~/.local.
tree=$work/$name
put() { install -D -m "$1" -- "$2" "$tree/$3"; }
put 755 "$program" bin/hansard
put 644 packaging/hansard.desktop share/applications/hansard.desktop
put 644 packaging/hansard.service share/systemd/user/hansard.service
for shell in bash zsh fish; do "$program" completions "$shell" >"$work/$shell"; done
put 644 "$work/bash" share/bash-completion/completions/hansard
put 644 "$work/zsh" share/zsh/site-functions/_hansard
put 644 "$work/fish" share/fish/vendor_completions.d/hansard.fish
"$target/debug/examples/man" "$work/man"
for page in "$work"/man/*.1; do
  gzip -9n -- "$page"
  put 644 "$page.gz" "share/man/man1/$(basename -- "$page").gz"
done
python3 scripts/licences.py "$triple" >"$work/THIRD-PARTY.txt"
for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$work/THIRD-PARTY.txt"; do
  put 644 "$file" "share/doc/hansard/$(basename -- "$file")"
done
# Where README.md links to.
while read -r file; do put 644 "$file" "share/doc/hansard/$file"; done < <(find docs -type f)
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

# The same tree below /usr, in the folder $1; zsh reads what packages bring from $2.
system_tree() {
  mkdir -p -- "$1/usr"
  cp -a -- "$tree/." "$1/usr"
  mkdir -p -- "$1/usr/lib/systemd"
  mv -- "$1/usr/share/systemd/user" "$1/usr/lib/systemd/user"
  rmdir -- "$1/usr/share/systemd"
  [ "$2" = site-functions ] || mv -- "$1/usr/share/zsh/site-functions" "$1/usr/share/zsh/$2"
}

# --- Tarball --------------------------------------------------------------------------------------------------------

# Below another prefix than /usr the unit finds the program by its name.
sed -i 's,^ExecStart=/usr/bin/hansard,ExecStart=hansard,' "$tree/share/systemd/user/hansard.service"
touch --date="@$SOURCE_DATE_EPOCH" "$tree/share/systemd/user/hansard.service"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" |
  xz -T0 -6 >"$out/$name.tar.xz"
xz -T0 -1 -c "$work/$name.debug" >"$out/$name.debug.xz"
cp -- packaging/hansard.service "$tree/share/systemd/user/hansard.service"

# --- .deb -----------------------------------------------------------------------------------------------------------

make_deb() {
  local deb=$work/deb doc=$work/deb/usr/share/doc/hansard
  system_tree "$deb" vendor-completions
  # Debian's names for the same things.
  gzip -9n -- "$doc/CHANGELOG.md"
  mv -- "$doc/CHANGELOG.md.gz" "$doc/changelog.gz"
  printf 'hansard (%s-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' "$version" "$packager" \
    "$(date -Ru --date="@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.Debian.gz"
  {
    printf 'Hansard %s\n\nLicensed under either of the MIT license or the Apache License 2.0, at your option.\n' "$version"
    printf 'On Debian systems, the Apache License 2.0 is /usr/share/common-licenses/Apache-2.0.\n'
    printf 'What it holds of others is listed in THIRD-PARTY.txt beside this file.\n\n'
    cat LICENSE-MIT
  } >"$doc/copyright"
  rm -- "$doc/LICENSE-MIT" "$doc/LICENSE-APACHE"
  gzip -9n -- "$doc/THIRD-PARTY.txt"
  sed -i 's/THIRD-PARTY.txt/THIRD-PARTY.txt.gz/' "$doc/copyright"
  mkdir -- "$deb/DEBIAN"
  cat >"$deb/DEBIAN/control" <<TEXT
Package: hansard
Version: $version-1
Architecture: $deb_arch
Maintainer: $packager
Installed-Size: $(du -sk --exclude=DEBIAN "$deb" | cut -f 1)
Section: sound
Priority: optional
Depends: libasound2 | libasound2t64, libc6 (>= $glibc_max), libgcc-s1, libstdc++6 (>= 11)
Recommends: pipewire-pulse | pulseaudio, libnotify-bin
Description: $summary
 Every microphone, and what the computer plays, is recorded on a track of its
 own, on one common clock. Speech is transcribed on this machine while it is
 recorded, and exported as minutes, subtitles and data files.
TEXT
  (cd -- "$deb" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$deb" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  chmod -R u=rwX,go=rX -- "$deb"
  dpkg-deb --root-owner-group -Zxz --build "$deb" "$out/hansard_$version-1_$deb_arch.deb" >&2
}

# --- .rpm -----------------------------------------------------------------------------------------------------------

make_rpm() {
  local files=$work/rpm
  system_tree "$files" site-functions
  # What the program is linked to is found by rpmbuild itself.
  cat >"$work/hansard.spec" <<TEXT
Name: hansard
Version: $version
Release: 1
Summary: ${summary^}
License: (MIT OR Apache-2.0) AND MIT AND Apache-2.0 AND BSD-2-Clause AND BSD-3-Clause AND MPL-2.0 AND Zlib AND Unicode-3.0 AND Bitstream-Vera
Packager: $packager
Recommends: (pipewire-pulseaudio or pulseaudio)
Recommends: libnotify
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global clamp_mtime_to_source_date_epoch 1
%global use_source_date_epoch_as_buildtime 1
%description
Every microphone, and what the computer plays, is recorded on a track of its own,
on one common clock. Speech is transcribed on this machine while it is recorded,
and exported as minutes, subtitles and data files.
%install
cp -a '$files/.' %{buildroot}
%files
/usr/bin/hansard
/usr/lib/systemd/user/hansard.service
/usr/share/applications/hansard.desktop
/usr/share/bash-completion/completions/hansard
/usr/share/zsh/site-functions/_hansard
/usr/share/fish/vendor_completions.d/hansard.fish
/usr/share/man/man1/hansard*.1.gz
%dir /usr/share/doc/hansard
%license /usr/share/doc/hansard/LICENSE-MIT
%license /usr/share/doc/hansard/LICENSE-APACHE
%license /usr/share/doc/hansard/THIRD-PARTY.txt
%doc /usr/share/doc/hansard/README.md
%doc /usr/share/doc/hansard/docs
%doc /usr/share/doc/hansard/CHANGELOG.md
TEXT
  rpmbuild -bb --quiet --target "$rpm_arch" --define "_topdir $work/rpmbuild" --define "_rpmdir $out" \
    --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' "$work/hansard.spec" >&2
}

if command -v dpkg-deb >/dev/null; then make_deb; else say "no dpkg-deb here: no .deb is made"; fi
if command -v rpmbuild >/dev/null; then make_rpm; else say "no rpmbuild here: no .rpm is made"; fi

(cd -- "$out" && find . -maxdepth 1 -type f ! -name SHA256SUMS ! -name "*.crate" -printf "%P\0" | sort -z |
  xargs -0 sha256sum -- >"$work/sums" && mv -- "$work/sums" SHA256SUMS)
say "made in $out:"
while read -r _ file; do printf '  %11d bytes  %s\n' "$(stat -c %s -- "$out/$file")" "$file" >&2; done <"$out/SHA256SUMS"
