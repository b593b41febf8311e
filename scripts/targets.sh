# Type-checks the program for systems that this machine is not. Sourced by ../dev, whose `root`, `target`, `say`, `die`
# and `need_cargo` it uses.
# shellcheck shell=bash
# shellcheck disable=SC2154 # root and target are the caller's.

# A Mac of today, and Windows with Microsoft's linker.
other_systems=(aarch64-apple-darwin x86_64-pc-windows-msvc)

# The standard library of a system, as rustup gets it.
need_standard_library() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && return
  command -v rustup >/dev/null || die "the standard library for $1 is missing, and there is no rustup to get it"
  say "getting the standard library for $1 (25 to 50 MB) …"
  rustup target add "$1" >&2 || die "rustup could not get the standard library for $1"
}

# Nothing is linked or run, so no C is compiled: what C and C++ libraries would be is made of empty files. whisper.cpp is
# left out, as its bindings are the same everywhere. Generated code is not optimised: only build scripts run.
lint_targets() {
  local system name nothing=$root/scripts/nothing.sh
  need_cargo
  for system in "${other_systems[@]}"; do
    need_standard_library "$system"
    say "type-checking for $system (2 min the first time) …"
    name=${system//-/_}
    env "CC_$name=$nothing" "CXX_$name=$nothing" "AR_$name=$nothing" CMAKE="$nothing" CMAKE_GENERATOR=Ninja RUSTFLAGS="-D warnings" \
      CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_TARGET_DIR="$target/targets" \
      cargo check --config 'profile.dev.package."*".opt-level=0' --no-default-features --lib --bin hansard \
      --target "$system"
  done
  say "no errors and no warnings for ${other_systems[*]}: type-checked, not run"
}
