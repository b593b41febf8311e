//! What packages hold and ask for. `./dev soak` installs one, and removes it without a trace.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::home::{Home, note};

fn checkout(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[test]
fn the_program_runs_on_the_systems_that_packages_are_for() {
    // From here on the C library's own headers ask for newer functions, whatever the program does.
    const NEWEST_TO_BUILD_ON: u32 = 37;
    let version = Command::new("getconf").arg("GNU_LIBC_VERSION").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let minor = version.trim().strip_prefix("glibc 2.").and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_none_or(|minor| minor > NEWEST_TO_BUILD_ON) {
        return note(&format!("SKIPPED: packages are built with an older C library than {version:?}"));
    }
    let check = Command::new(checkout("scripts/package.sh"))
        .args(["--check", env!("CARGO_BIN_EXE_hansard")])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn what_the_desktop_and_systemd_read_is_valid() {
    let home = Home::new();
    let unit = fs::read_to_string(checkout("packaging/hansard.service")).unwrap();
    assert!(unit.contains("KillMode=mixed"), "helpers are ended by their recorder");
    assert!(unit.contains("StandardOutput=null"), "what was said does not go to the system's journal");
    let unit = home.put("hansard.service", &unit.replace("/usr/bin/hansard", env!("CARGO_BIN_EXE_hansard")));
    let desktop = checkout("packaging/hansard.desktop");
    let mut systemd = Command::new("systemd-analyze");
    systemd.args(["verify", "--user", "--man=no"]).arg(&unit).env("XDG_RUNTIME_DIR", home.path("run"));
    let mut validate = Command::new("desktop-file-validate");
    validate.arg(&desktop);
    fs::create_dir_all(home.path("run")).unwrap();
    for command in [&mut systemd, &mut validate] {
        match command.output() {
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
            }
            Err(_) => note(&format!("SKIPPED: no {:?} here", command.get_program())),
        }
    }
}
