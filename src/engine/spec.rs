//! `--source NAME=SPEC`: what to record and whose it is. SPEC is `mic[:ID]`, `loopback[:ID]`, `file:PATH` or
//! `synth:SCRIPT`, then `#N` for one channel.
//!
//! NAME ends at the first `=`, as names hold no `=` but ids, paths and scripts may. Without a NAME the source
//! is named after what it is. A trailing `#digits` is the channel, unless a file of exactly that name exists.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::config::nearest;
use crate::session::names::SameName;

/// Characters of the longest name that a source may have.
pub const NAME_MAX: usize = 200;

const KINDS: [&str; 4] = ["mic", "loopback", "file", "synth"];

/// One source to record, as asked for; no device has been looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    /// The person's or the place's name; one line, not empty.
    pub name: String,
    /// Whether `name` was made up here, as none was given.
    pub derived: bool,
    /// What to record.
    pub kind: SpecKind,
    /// The one channel, from 1; `None` means all.
    pub channel: Option<u16>,
    /// The one sound track of a file, from 1; `None` means the one that players take.
    pub sound_track: Option<u16>,
    /// SPEC as it was written, without NAME.
    pub text: String,
    /// Code of the language that is spoken there, where one is named for this source.
    pub language: Option<String>,
    /// Most voices that are told apart there, where it is said for this source; 1 tells none apart.
    pub speakers: Option<u32>,
}

/// What to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecKind {
    /// The microphone of that id, or the default one.
    Mic(Option<String>),
    /// What is played on the device of that id, or on the default one.
    Loopback(Option<String>),
    /// A sound file.
    File(PathBuf),
    /// The synthetic source with its script.
    Synth(String),
}

/// What is wrong with a SPEC, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The kind does not exist.
    #[error("`{spec}` is not a source: it must begin with mic, loopback, file: or synth:{}", hint(.near))]
    UnknownKind {
        /// SPEC.
        spec: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// A kind that needs something after its colon.
    #[error("`{spec}` is not complete: write {wants}")]
    Incomplete {
        /// SPEC.
        spec: String,
        /// What to write.
        wants: &'static str,
    },
    /// A channel that can't be.
    #[error("`{spec}`: channels are counted from 1 to {}, so #{channel} can't be one", u16::MAX)]
    Channel {
        /// SPEC.
        spec: String,
        /// What stands after the `#`.
        channel: String,
    },
    /// A name that can't stand in the minutes.
    #[error(
        "the name {0:?} can't stand in the minutes: it must be one line of at most {NAME_MAX} characters"
    )]
    Name(String),
    /// Two sources of one name.
    #[error(transparent)]
    SameName(#[from] SameName),
}

fn hint(near: &Option<String>) -> String {
    near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

impl FromStr for SourceSpec {
    type Err = SpecError;

    fn from_str(argument: &str) -> Result<Self, SpecError> {
        parse(argument, &|path| path.is_file())
    }
}

impl SourceSpec {
    /// The same of a name and a SPEC that stand apart, as in a config file.
    ///
    /// # Errors
    /// As for an argument.
    pub fn from_parts(name: &str, spec: &str) -> Result<Self, SpecError> {
        from_parts(name, spec, &|path| path.is_file())
    }

    /// What stands for a sound file where only files can be meant: `FILE`, `FILE#N`, `FILE#trackN` and
    /// `NAME=` before each. `None` where there is no such file.
    ///
    /// # Errors
    /// A channel, a track or a name that can't be.
    pub fn of_input(input: &Path) -> Option<Result<Self, SpecError>> {
        if input.is_file() {
            return Some(Ok(Self::of_file(input)));
        }
        let text = input.to_str()?;
        let named = text.split_once('=').into_iter();
        for (name, file) in [("", text)].into_iter().chain(named) {
            match Self::from_parts(name, &format!("file:{file}")) {
                Ok(spec) if matches!(&spec.kind, SpecKind::File(path) if path.is_file()) => {
                    return Some(Ok(spec));
                }
                Err(error @ (SpecError::Channel { .. } | SpecError::Name(_))) => return Some(Err(error)),
                _ => {}
            }
        }
        None
    }

    /// Whether this can stand as a name in the minutes.
    pub fn is_name(name: &str) -> bool {
        !name.trim().is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control)
    }

    /// All channels of a sound file, named after it.
    pub fn of_file(path: &Path) -> Self {
        let kind = SpecKind::File(path.into());
        let name = derive_name(&kind, None, None);
        let text = format!("file:{}", path.display());
        Self {
            name,
            derived: true,
            kind,
            channel: None,
            sound_track: None,
            text,
            language: None,
            speakers: None,
        }
    }
}

/// Makes sure that all names differ: those that were made up get a number, those that were given twice are
/// refused.
///
/// # Errors
/// Two sources to which the user gave one name.
pub fn settle_names(mut specs: Vec<SourceSpec>) -> Result<Vec<SourceSpec>, SpecError> {
    let mut taken = HashSet::new();
    for spec in specs.iter().filter(|spec| !spec.derived) {
        if !taken.insert(spec.name.clone()) {
            return Err(SameName(spec.name.clone()).into());
        }
    }
    for spec in specs.iter_mut().filter(|spec| spec.derived) {
        let first = spec.name.clone();
        // Ends: of n + 1 numbers one is free.
        for n in 2u32.. {
            if taken.insert(spec.name.clone()) {
                break;
            }
            spec.name = format!("{first} ({n})");
        }
    }
    Ok(specs)
}

/// `exists` tells whether there is a file of exactly that path.
fn parse(argument: &str, exists: &dyn Fn(&Path) -> bool) -> Result<SourceSpec, SpecError> {
    match argument.split_once('=') {
        // `file:a=b.wav` has an `=`, but no name: what follows it is not a source, and the whole is one.
        Some((_, spec)) if kind_of(spec.trim_start()).is_none() && kind_of(argument).is_some() => {
            from_parts("", argument, exists)
        }
        Some((name, spec)) => from_parts(name, spec, exists),
        None => from_parts("", argument, exists),
    }
}

fn from_parts(name: &str, spec: &str, exists: &dyn Fn(&Path) -> bool) -> Result<SourceSpec, SpecError> {
    // In front only: a file's name may end in a space.
    let spec = spec.trim_start();
    let (kind, channel, sound_track) = parse_spec(spec, exists)?;
    let name = name.trim();
    let derived = name.is_empty();
    let name = if derived { derive_name(&kind, sound_track, channel) } else { name.to_owned() };
    if !SourceSpec::is_name(&name) {
        return Err(SpecError::Name(name));
    }
    Ok(SourceSpec {
        name,
        derived,
        kind,
        channel,
        sound_track,
        text: spec.into(),
        language: None,
        speakers: None,
    })
}

/// The known kind that a SPEC begins with, and what follows it (a `:`, a `#` or nothing comes first).
fn kind_of(spec: &str) -> Option<(&'static str, &str)> {
    KINDS.into_iter().find_map(|kind| {
        let rest = spec.strip_prefix(kind)?;
        (rest.is_empty() || rest.starts_with([':', '#'])).then_some((kind, rest))
    })
}

/// What to record, which channel of it, and which sound track.
type Parsed = (SpecKind, Option<u16>, Option<u16>);

fn parse_spec(spec: &str, exists: &dyn Fn(&Path) -> bool) -> Result<Parsed, SpecError> {
    let (kind, rest) = kind_of(spec).ok_or_else(|| unknown_kind(spec, exists))?;
    let incomplete = |wants| Err(SpecError::Incomplete { spec: spec.into(), wants });
    if let Some(path) = rest.strip_prefix(':')
        && kind == "file"
        && exists(Path::new(path))
    {
        return Ok((SpecKind::File(path.into()), None, None));
    }
    let (rest, channel) = split_channel(spec, rest)?;
    let (rest, sound_track) = if kind == "file" { split_track(spec, rest)? } else { (rest, None) };
    // A `#` that is left in front belongs to no id: `mic#left`.
    if rest.starts_with('#') {
        return incomplete("a channel's number after the #, such as mic#2");
    }
    let id = rest.strip_prefix(':');
    let kind = match (kind, id) {
        ("mic", Some("")) => {
            return incomplete("mic for the default microphone, or mic:ID (`hansard devices` lists ids)");
        }
        ("loopback", Some("")) => {
            return incomplete(
                "loopback for the default output, or loopback:ID (`hansard devices` lists ids)",
            );
        }
        ("file", None | Some("")) => return incomplete("file: and the path of a sound file"),
        ("synth", None | Some("")) => return incomplete("synth: and a script"),
        ("mic", id) => SpecKind::Mic(id.map(str::to_owned)),
        ("loopback", id) => SpecKind::Loopback(id.map(str::to_owned)),
        ("file", Some(path)) => SpecKind::File(path.into()),
        (_, script) => SpecKind::Synth(script.unwrap_or_default().into()),
    };
    Ok((kind, channel, sound_track))
}

/// Splits a trailing `#trackN` off.
fn split_track<'a>(spec: &str, rest: &'a str) -> Result<(&'a str, Option<u16>), SpecError> {
    match rest.rsplit_once("#track") {
        Some((path, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            match digits.parse::<u16>() {
                Ok(track) if track > 0 => Ok((path, Some(track))),
                _ => Err(SpecError::Channel { spec: spec.into(), channel: format!("track{digits}") }),
            }
        }
        _ => Ok((rest, None)),
    }
}

/// Splits a trailing `#digits` off.
fn split_channel<'a>(spec: &str, rest: &'a str) -> Result<(&'a str, Option<u16>), SpecError> {
    match rest.rsplit_once('#') {
        Some((rest, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            match digits.parse::<u16>() {
                Ok(channel) if channel > 0 => Ok((rest, Some(channel))),
                _ => Err(SpecError::Channel { spec: spec.into(), channel: digits.into() }),
            }
        }
        _ => Ok((rest, None)),
    }
}

fn unknown_kind(spec: &str, exists: &dyn Fn(&Path) -> bool) -> SpecError {
    let near = if exists(Path::new(spec)) {
        Some(format!("file:{spec}"))
    } else {
        let head = spec.split([':', '#']).next().unwrap_or(spec);
        nearest(head, KINDS).map(|kind| format!("{kind}{}", &spec[head.len()..]))
    };
    SpecError::UnknownKind { spec: spec.into(), near }
}

/// A name for a source without one: what it is, and which sound track and channel of it.
fn derive_name(kind: &SpecKind, sound_track: Option<u16>, channel: Option<u16>) -> String {
    let what = match kind {
        SpecKind::Mic(_) => "mic".into(),
        SpecKind::Loopback(_) => "loopback".into(),
        SpecKind::Synth(_) => "synth".into(),
        SpecKind::File(path) => {
            let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
            stem.chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .take(NAME_MAX - 25)
                .collect::<String>()
        }
    };
    let what = sound_track.map_or_else(|| what.clone(), |track| format!("{what} track {track}"));
    channel.map_or_else(|| what.clone(), |channel| format!("{what} {channel}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(argument: &str, existing: &[&str]) -> Result<SourceSpec, SpecError> {
        parse(argument, &|path| existing.iter().any(|name| Path::new(name) == path))
    }

    fn mic(id: &str) -> SpecKind {
        SpecKind::Mic(Some(id.into()))
    }

    #[test]
    fn what_people_write() {
        let pulse = "pulseaudio:alsa_input.usb-Blue=1#x:00";
        for (argument, name, kind, channel) in [
            ("Alice=mic", "Alice", SpecKind::Mic(None), None),
            (" Zoë Q. = mic", "Zoë Q.", SpecKind::Mic(None), None),
            ("Alice=mic#2", "Alice", SpecKind::Mic(None), Some(2)),
            ("mic", "mic", SpecKind::Mic(None), None),
            ("=mic#2", "mic 2", SpecKind::Mic(None), Some(2)),
            ("Room=loopback", "Room", SpecKind::Loopback(None), None),
            ("loopback:x", "loopback", SpecKind::Loopback(Some("x".into())), None),
            ("Alice=file:a b.wav", "Alice", SpecKind::File("a b.wav".into()), None),
            ("file:dir/a=b.wav", "a=b", SpecKind::File("dir/a=b.wav".into()), None),
            ("file:dir/take.1.flac#3", "take.1 3", SpecKind::File("dir/take.1.flac".into()), Some(3)),
            ("A=file:C:\\x.wav", "A", SpecKind::File("C:\\x.wav".into()), None),
            ("A=file:a#b.wav", "A", SpecKind::File("a#b.wav".into()), None),
            ("A=file:song#2", "A", SpecKind::File("song".into()), Some(2)),
            ("A=file:real#2", "A", SpecKind::File("real#2".into()), None),
            ("A=file:real#2#1", "A", SpecKind::File("real#2".into()), Some(1)),
            ("A=synth:seed=4,ppm=50", "A", SpecKind::Synth("seed=4,ppm=50".into()), None),
            ("mic=loopback", "mic", SpecKind::Loopback(None), None),
            ("A=mic:hw=1,0", "A", mic("hw=1,0"), None),
            ("mic:hw=1,0", "mic", mic("hw=1,0"), None),
        ] {
            let spec = parsed(argument, &["real#2"]).unwrap_or_else(|error| panic!("{argument}: {error}"));
            assert_eq!((spec.name.as_str(), &spec.kind, spec.channel), (name, &kind, channel), "{argument}");
        }
        for (suffix, channel) in [("", None), ("#12", Some(12))] {
            let spec = parsed(&format!("Al={}", format_args!("mic:{pulse}{suffix}")), &[]).unwrap();
            assert_eq!((spec.kind, spec.channel), (mic(pulse), channel));
            assert_eq!(spec.text, format!("mic:{pulse}{suffix}"));
        }
    }

    #[test]
    fn what_is_refused_says_what_to_write() {
        for (argument, expected) in [
            ("", "`` is not a source"),
            ("Alice", "`Alice` is not a source"),
            ("Alice=", "`` is not a source"),
            ("Alice=mick", "did you mean `mic`?"),
            ("Alice=Mic:x", "did you mean `mic:x`?"),
            ("Alice=lopback#1", "did you mean `loopback#1`?"),
            ("Alice=here.wav", "did you mean `file:here.wav`?"),
            ("here.wav", "did you mean `file:here.wav`?"),
            ("A=microphone", "must begin with mic"),
            ("A=mic:", "mic for the default microphone"),
            ("A=loopback:#1", "loopback for the default output"),
            ("A=file", "the path of a sound file"),
            ("A=file:", "the path of a sound file"),
            ("A=file#1", "the path of a sound file"),
            ("A=synth:", "and a script"),
            ("A=mic#0", "counted from 1 to 65535, so #0 can't be one"),
            ("A=mic#65536", "so #65536 can't be one"),
            ("A=mic#left", "a channel's number"),
            ("A=mic#", "a channel's number"),
            ("A\nB=mic", "one line"),
        ] {
            let error = parsed(argument, &["here.wav"]).expect_err(argument).to_string();
            assert!(error.contains(expected), "{argument}\n expected: {expected}\n got:      {error}");
        }
    }

    #[test]
    fn made_up_names_are_numbered_and_given_ones_respected() {
        let all =
            |arguments: &[&str]| settle_names(arguments.iter().map(|a| parsed(a, &[]).unwrap()).collect());
        let names: Vec<_> =
            all(&["mic:a", "mic:b", "mic=loopback", "mic:c"]).unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["mic (2)", "mic (3)", "mic", "mic (4)"]);
        assert_eq!(all(&["A=mic", "A=loopback"]), Err(SpecError::SameName(SameName("A".into()))));
    }

    #[test]
    fn a_real_file_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take#2");
        std::fs::write(&path, "").unwrap();
        let spec: SourceSpec = format!("A=file:{}", path.display()).parse().unwrap();
        assert_eq!((spec.kind, spec.channel), (SpecKind::File(path), None));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(argument in "(mic|loopback|file|synth|A=)?[:=#]?\\PC{0,12}[:=#]?[0-9]{0,6}") {
            if let Ok(spec) = parsed(&argument, &[]) {
                prop_assert!(!spec.name.is_empty());
                prop_assert!(argument.ends_with(&spec.text));
                prop_assert_ne!(spec.channel, Some(0));
            }
        }

        #[test]
        fn what_is_put_together_comes_apart_again(
            name in "[^=\\pC\\s]([^=\\pC]{0,20}[^=\\pC\\s])?", id in "\\PC{0,20}[^#0-9\\pC]", channel in prop::option::of(1u16..),
        ) {
            let suffix = channel.map_or_else(String::new, |n| format!("#{n}"));
            let spec = parsed(&format!("{name}=mic:{id}{suffix}"), &[]).unwrap();
            prop_assert_eq!(spec.name, name);
            prop_assert_eq!(spec.kind, mic(&id));
            prop_assert_eq!(spec.channel, channel);
        }
    }
}
