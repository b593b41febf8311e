//! `./dev` asks for programs, not for packages, and gives up nothing of the user's for them: what it would
//! install, and what it would only unpack, on desktops that this machine is not. apt is shown another system
//! than this one, and plans.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

/// A system: this one, but for some things.
#[derive(Default)]
struct System {
    /// Programs that it lacks, and packages.
    without: &'static [&'static str],
    /// Programs that it has.
    programs: &'static [&'static str],
    /// Packages that it has, and what they conflict with.
    packages: &'static [(&'static str, &'static str)],
}

impl System {
    /// What `./dev plan` would do there, line by line, in a new checkout.
    fn plan(&self, what: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir(folder.path().join("scripts")).unwrap();
        for file in ["dev", "scripts/need.sh"] {
            fs::copy(checkout.join(file), folder.path().join(file)).unwrap();
        }
        let status = folder.path().join("status");
        fs::write(&status, self.status()).unwrap();
        let output = Command::new(folder.path().join("dev"))
            .args(["plan", what])
            .env("PATH", self.programs_in(&folder.path().join("bin")))
            .env("HANSARD_DEV_STATUS", &status)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?} {said}", output.status);
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// A folder with this machine's programs, but for those that differ.
    fn programs_in<'a>(&self, folder: &'a Path) -> &'a Path {
        fs::create_dir(folder).unwrap();
        let all = std::env::var_os("PATH").unwrap();
        for entry in std::env::split_paths(&all).filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten()
        {
            let name = entry.file_name().into_string().unwrap_or_default();
            if !self.without.contains(&name.as_str()) && !self.programs.contains(&name.as_str()) {
                // One of an earlier folder goes first.
                let _ = symlink(entry.path(), folder.join(name));
            }
        }
        for name in self.programs {
            let path = folder.join(name);
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    /// What dpkg would say.
    fn status(&self) -> String {
        let ours = fs::read_to_string("/var/lib/dpkg/status").unwrap();
        let of = |package: &str| package.lines().next().unwrap_or("").replace("Package: ", "");
        let kept = ours.split("\n\n").filter(|package| {
            let name = of(package);
            // An office is many packages that need each other.
            let other_office = self.without.contains(&"soffice") || self.programs.contains(&"soffice");
            let office = other_office && name.starts_with("libreoffice");
            !self.without.contains(&name.as_str())
                && !office
                && !self.packages.iter().any(|(own, _)| *own == name)
        });
        let added = self.packages.iter().map(|(name, conflicts)| {
            format!(
                "Package: {name}\nStatus: install ok installed\nMaintainer: nobody\nArchitecture: all\n\
                 Version: 99\nConflicts: {conflicts}\nDescription: another system's"
            )
        });
        kept.map(str::to_owned).chain(added).collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

/// Whether apt is there and knows packages.
fn lacks_apt(test: &str) -> bool {
    let shown = Command::new("apt-cache").args(["show", "pulseaudio", "pipewire-pulse", "flite"]).output();
    match shown {
        Err(_) => println!("SKIPPED {test}: this is not Debian"),
        Ok(shown) if !shown.status.success() => {
            assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: no package lists");
            println!("SKIPPED {test}: apt has no package lists; `apt-get update` gets them");
        }
        Ok(_) => return false,
    }
    true
}

#[test]
fn nothing_of_a_desktop_is_given_up() {
    if lacks_apt("nothing_of_a_desktop_is_given_up") {
        return;
    }
    // PipeWire is what this desktop's own packages ask for, and its office is the ordinary one.
    let desktop = System {
        without: &["pulseaudio", "flite"],
        programs: &["pipewire", "pipewire-pulse", "wireplumber", "soffice"],
        packages: &[("pipewire-audio", "pulseaudio"), ("libreoffice-writer", "libreoffice-writer-nogui")],
    };
    assert_eq!(desktop.plan("demo"), ["install flite"], "its own PipeWire serves");
    let test = desktop.plan("test");
    assert_eq!(test[0], "install flite", "its own office serves: {test:?}");
    assert_eq!(test.len(), 2, "{test:?}");
    assert!(test[1].starts_with("unpack pulseaudio: ") && test[1].contains("pulseaudio"), "{test:?}");

    // PipeWire has the sound card only, and no program of PulseAudio's is served.
    let half = System {
        without: &["pulseaudio", "flite", "pipewire", "pipewire-pulse", "wireplumber"],
        packages: &[("pipewire-alsa", "pulseaudio")],
        ..System::default()
    };
    let demo = half.plan("demo");
    assert_eq!(demo[0], "install flite", "{demo:?}");
    assert!(demo[1].starts_with("unpack pipewire: ") && demo[1].contains(" pipewire-pulse"), "{demo:?}");
}

#[test]
fn what_fits_is_installed() {
    if lacks_apt("what_fits_is_installed") {
        return;
    }
    let bare = System {
        without: &["pulseaudio", "flite", "soffice", "pipewire", "pipewire-pulse", "wireplumber"],
        ..System::default()
    };
    assert_eq!(bare.plan("demo"), ["install pulseaudio flite"]);
    let test = bare.plan("test");
    assert_eq!(test[0], "install pulseaudio flite libreoffice-writer-nogui", "{test:?}");
    assert!(test[1].starts_with("unpack pipewire: "), "PipeWire would be the desktop's: {test:?}");
}
