//! A pseudo-terminal, of which a program or a shell that starts it is the owner.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, SpecialCodeIndex, Winsize, tcgetattr, tcsetwinsize};

use super::home::{Home, LIMIT, wait};

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

/// A terminal and what runs in it. Killed when dropped before its end.
pub struct Terminal {
    pub keyboard: File,
    // While somebody holds it open, what was written to it stays to be read.
    slave: OwnedFd,
    pub screen: Arc<Mutex<String>>,
    /// What stands on it.
    picture: Arc<Mutex<vt100::Parser>>,
    /// Up to where it has been read.
    seen: usize,
    pub child: Option<Child>,
}

impl Terminal {
    pub fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let slave = rustix::fs::open(&*path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let keyboard = File::from(master);
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut shown, written) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let picture = Arc::new(Mutex::new(vt100::Parser::new(cells(24), cells(100), 1_000)));
        let drawn = Arc::clone(&picture);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = shown.read(&mut bytes) {
                drawn.lock().unwrap().process(&bytes[..count]);
                written.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { keyboard, slave: slave.unwrap(), screen, picture, seen: 0, child: None }
    }

    pub fn stdio(&self) -> Stdio {
        self.slave.try_clone().unwrap().into()
    }

    /// A shell's script as the terminal's owner; in it `$hansard` is the program.
    pub fn start(&mut self, home: &Home, program: &[&str], script: &str, env: &[(&str, &str)]) {
        // Ctrl-\ and a hang-up must work also where the tests were started in the background of a script, or
        // by nohup: these have their programs ignore them, and they all that they start.
        let mut command = Command::new("env");
        home.settle(
            command.args(["--default-signal=HUP,QUIT", "setsid", "--ctty"]).args(program).arg(script),
        );
        command.env("hansard", env!("CARGO_BIN_EXE_hansard")).env("PATH", "/usr/bin:/bin");
        command.env("TERM", "xterm").env("HANSARD_RECORD_STATUS_EVERY_S", "0.5").env("HANSARD_UI", "plain");
        command.envs(env.iter().copied());
        command.stdin(self.stdio()).stdout(self.stdio()).stderr(self.stdio());
        self.child = Some(command.spawn().unwrap());
    }

    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is written after all that was waited for before.
    #[track_caller]
    pub fn shows(&mut self, part: &str) {
        let seen = self.seen;
        let at = || self.screen.lock().unwrap()[seen..].find(part).map(|at| seen + at + part.len());
        let until = Instant::now() + LIMIT;
        self.seen = loop {
            match at() {
                Some(at) => break at,
                None if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                None => panic!("{part:?} is never shown, but:\n{}", &self.screen.lock().unwrap()[seen..]),
            }
        };
    }

    /// From now on it has so many columns and rows.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.picture().set_size(cells(rows), cells(columns));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.keyboard, size).unwrap();
    }

    /// What stands on it now.
    pub fn picture(&self) -> std::sync::MutexGuard<'_, vt100::Parser> {
        self.picture.lock().unwrap()
    }

    /// Waits until this stands on it.
    #[track_caller]
    pub fn stands(&self, part: &str) {
        let until = Instant::now() + LIMIT;
        while !self.picture().screen().contents().contains(part) {
            let contents = || self.picture().screen().contents();
            assert!(Instant::now() < until, "{part:?} never stands there, but:\n{}", contents());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its settings, so far as a person notices them.
    pub fn settings(&self) -> (LocalModes, Vec<u8>) {
        use SpecialCodeIndex as Code;
        let is = tcgetattr(&self.slave).unwrap();
        let codes = [Code::VINTR, Code::VQUIT, Code::VSUSP, Code::VMIN, Code::VTIME, Code::VERASE];
        (is.local_modes, codes.into_iter().map(|code| is.special_codes[code]).collect())
    }

    pub fn hands_keys_over(&self) -> bool {
        !self.settings().0.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }

    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let child = self.child.as_mut().unwrap();
        let is_over = std::cell::RefCell::new(None);
        let child = std::cell::RefCell::new(child);
        wait("it ends", || {
            *is_over.borrow_mut() = child.borrow_mut().try_wait().unwrap();
            is_over.borrow().is_some()
        });
        is_over.into_inner().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child
            && let Ok(None) = child.try_wait()
        {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
