//! Desktop notifications, with a program in the place of the desktop's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::support::home::{Home, Ran, Running};

/// Records for a moment where `notify-send` is this script, with such a bus.
fn record(home: &Home, script: &str, bus: &str, more: &[&str]) -> Ran {
    let program = home.write("bin/notify-send", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let args =
        ["record", "--title=Board & co", "--pace=max", "--no-transcribe", "--source=A=synth:tone,secs=1"];
    let mut command = home.command(args.iter().chain(more));
    command.env("PATH", program.parent().unwrap()).env("DBUS_SESSION_BUS_ADDRESS", bus);
    Running::start(&mut command).end()
}

#[test]
fn the_desktop_is_told_of_the_end() {
    let home = Home::new();
    let said = home.path("said");
    let script = format!("printf '%s|' \"$@\" >>'{0}'; echo >>'{0}'", said.display());
    record(&home, &script, "unix:path=/nowhere", &[]).expect(0);
    let told = fs::read_to_string(&said).unwrap();
    let told: Vec<&str> =
        told.lines().filter_map(|line| line.split_once("|--|")).map(|(_, told)| told).collect();
    assert_eq!(told, ["Recording stopped|Board &amp; co|", "The recording is safe|Board &amp; co|"]);

    fs::remove_file(&said).unwrap();
    record(&home, &script, "", &[]).expect(0);
    assert!(!said.exists(), "there is no desktop");
    let config = home.put("quiet.toml", "[record]\nnotify = false\n");
    record(&home, &script, "unix:path=/nowhere", &["--config", config.to_str().unwrap()]).expect(0);
    assert!(!said.exists(), "it is not wanted");
}

#[test]
fn a_desktop_that_hangs_or_fails_changes_nothing() {
    let home = Home::new();
    let began = Instant::now();
    let ran = record(&home, "exec /bin/sleep 60", "unix:path=/nowhere", &[]);
    ran.expect(0);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(!ran.err.contains("notif"), "{}", ran.err);
    let ran = record(&home, "echo no service >&2; exit 1", "unix:path=/nowhere", &[]);
    ran.expect(0);
    assert!(!ran.err.contains("service"), "{}", ran.err);
}
