//! Which microphone is whose: what there is to choose from, and what an answer says. Pure.

use crate::capture::device::DeviceInfo;
use crate::engine::spec::{SourceSpec, SpecKind};
use crate::session::manifest::SourceKind;

/// More than these fit on no terminal.
const CANDIDATES_MAX: usize = 12;
/// How the default microphone and what is played are called where nobody says otherwise.
const ME: &str = "Me";
const OTHERS: &str = "Others";

/// Something that can be recorded.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// For people.
    pub(super) label: String,
    /// What is opened to listen to it.
    pub(super) listen: SourceSpec,
    /// SPEC of just this device.
    pinned: String,
    /// SPEC of whatever is the default of its kind, where it is the default now.
    following: Option<String>,
    /// Its name where none is typed.
    name: String,
    /// Enter alone chooses it.
    is_suggested: bool,
    is_mic: bool,
}

/// One that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    candidate: usize,
    channel: Option<u16>,
    pub(super) name: String,
    /// SPEC for the settings; empty until it is [`settled`].
    pub(super) spec: String,
}

impl Candidate {
    /// What a user offers by a flag.
    pub(super) fn of_spec(spec: &SourceSpec) -> Self {
        Self {
            label: format!("{} ({})", spec.name, spec.text),
            listen: spec.clone(),
            pinned: spec.text.clone(),
            following: None,
            name: spec.name.clone(),
            is_suggested: true,
            is_mic: !matches!(spec.kind, SpecKind::Loopback(_)),
        }
    }

    fn of_device(device: &DeviceInfo) -> Option<Self> {
        let is_mic = device.kind == SourceKind::Mic;
        let kind = if is_mic { "mic" } else { "loopback" };
        let pinned = format!("{kind}:{}", device.id);
        let name = match (is_mic, device.default) {
            (false, _) => OTHERS.to_owned(),
            (true, true) => ME.to_owned(),
            (true, false) => device.name.clone(),
        };
        let what = match (is_mic, device.default) {
            (true, true) => ", the default microphone",
            (true, false) => "",
            (false, _) => ": what the computer plays",
        };
        Some(Self {
            label: format!("{}{what}", device.name),
            listen: SourceSpec::from_parts(&name, &pinned).ok()?,
            following: device.default.then(|| kind.to_owned()),
            pinned,
            name,
            is_suggested: device.default,
            is_mic,
        })
    }
}

/// The microphones, the default one first, then what is played.
pub(super) fn of_devices(devices: &[DeviceInfo]) -> Vec<Candidate> {
    let mut devices: Vec<&DeviceInfo> = devices.iter().collect();
    let has_default = devices.iter().any(|device| device.kind != SourceKind::Mic && device.default);
    // Other loudspeakers than the one that is used only confuse.
    devices.retain(|device| device.kind == SourceKind::Mic || device.default || !has_default);
    devices.sort_by_key(|device| (device.kind != SourceKind::Mic, !device.default));
    let candidates = devices.into_iter().filter_map(Candidate::of_device);
    let (mics, others): (Vec<_>, Vec<_>) = candidates.partition(|candidate| candidate.is_mic);
    let room = CANDIDATES_MAX - others.len().min(2);
    mics.into_iter().take(room).chain(others.into_iter().take(2)).collect()
}

/// What Enter alone chooses.
pub(super) fn default(candidates: &[Candidate]) -> Vec<Chosen> {
    let suggested = candidates.iter().enumerate().filter(|(_, candidate)| candidate.is_suggested);
    let mut indices: Vec<usize> = suggested.map(|(n, _)| n).collect();
    if indices.is_empty() && !candidates.is_empty() {
        indices.push(0);
    }
    let chosen = |candidate: usize| Chosen {
        candidate,
        channel: None,
        name: candidates[candidate].name.clone(),
        spec: String::new(),
    };
    indices.into_iter().map(chosen).collect()
}

/// `1 Me, 3 Others`
pub(super) fn told(chosen: &[Chosen]) -> String {
    let one = |chosen: &Chosen| {
        let channel = chosen.channel.map(|channel| format!("#{channel}")).unwrap_or_default();
        format!("{}{channel} {}", chosen.candidate + 1, chosen.name)
    };
    chosen.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Reads `1 Alice, 2#1 Bob, 3`; nothing is `default`.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn parse(
    answer: &str,
    candidates: &[Candidate],
    default: &[Chosen],
) -> Result<Vec<Chosen>, String> {
    if answer.trim().is_empty() {
        return Ok(default.to_vec());
    }
    let mut all: Vec<Chosen> = Vec::new();
    for part in answer.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != '#').unwrap_or(part.len());
        let (number, name) = part.split_at(end);
        let (number, channel) = number.split_once('#').map_or((number, None), |(n, c)| (n, Some(c)));
        let candidate = number.parse::<usize>().ok().filter(|n| (1..=candidates.len()).contains(n));
        let Some(candidate) = candidate.map(|n| n - 1) else {
            return Err(format!("{part:?} does not begin with a number from 1 to {}", candidates.len()));
        };
        let channel = match channel.map(|channel| channel.parse::<u16>().ok().filter(|n| *n > 0)) {
            Some(None) => return Err(format!("{part:?}: channels are counted from 1, as in 1#2 Bob")),
            Some(channel) => channel,
            None => None,
        };
        let name = name.trim_start_matches([' ', '=', ':', '.', ')']).trim();
        let name = if name.is_empty() { candidates[candidate].name.as_str() } else { name };
        if !SourceSpec::is_name(name) {
            return Err(format!("{name:?} can't stand in the minutes: it is too long"));
        }
        if let Some(other) = all.iter().find(|other| other.candidate == candidate && other.channel == channel)
        {
            return Err(format!("{number} is both {}'s and {name}'s: name each once", other.name));
        }
        if all.iter().any(|other| other.name == name) {
            return Err(format!("two are called {name}: give each its own name"));
        }
        all.push(Chosen { candidate, channel, name: name.to_owned(), spec: String::new() });
    }
    Ok(all)
}

/// Gives each its SPEC. Where one microphone alone is chosen and it is the default, or what is played, the
/// settings follow the default: a headset that is plugged in later is taken. Of several microphones each is
/// the one that was seen to move. What would be recorded anyhow needs no settings.
pub(super) fn settled(chosen: Vec<Chosen>, candidates: &[Candidate]) -> Vec<Chosen> {
    let mics = chosen.iter().filter(|chosen| candidates[chosen.candidate].is_mic).count();
    let settle = |chosen: &Chosen| {
        let candidate = &candidates[chosen.candidate];
        let may_follow = !candidate.is_mic || mics == 1;
        let spec = candidate.following.as_ref().filter(|_| may_follow).unwrap_or(&candidate.pinned);
        let channel = chosen.channel.map(|channel| format!("#{channel}")).unwrap_or_default();
        Chosen { spec: format!("{spec}{channel}"), ..chosen.clone() }
    };
    let settled: Vec<Chosen> = chosen.iter().map(settle).collect();
    let is_usual = |chosen: &Chosen| {
        [(ME, "mic"), (OTHERS, "loopback")].contains(&(chosen.name.as_str(), chosen.spec.as_str()))
    };
    if settled.len() == 2 && settled.iter().all(is_usual) { Vec::new() } else { settled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{SampleFormat, SampleRate};

    fn device(id: &str, kind: SourceKind, default: bool) -> DeviceInfo {
        DeviceInfo {
            id: format!("pulseaudio:{id}"),
            name: id.to_uppercase(),
            kind,
            rate: SampleRate::HZ_48000,
            channels: 2,
            format: SampleFormat::S16,
            default,
        }
    }

    fn settings(answer: &str) -> Result<Vec<(String, String)>, String> {
        let devices = [
            device("spare", SourceKind::Loopback, false),
            device("usb", SourceKind::Mic, false),
            device("out", SourceKind::Loopback, true),
            device("in", SourceKind::Mic, true),
        ];
        let candidates = of_devices(&devices);
        let default = default(&candidates);
        assert_eq!(told(&default), "1 Me, 3 Others");
        let chosen = settled(parse(answer, &candidates, &default)?, &candidates);
        Ok(chosen.into_iter().map(|chosen| (chosen.name, chosen.spec)).collect())
    }

    fn are(of: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        Ok(of.iter().map(|(name, spec)| ((*name).to_owned(), (*spec).to_owned())).collect())
    }

    #[test]
    fn what_is_typed_says_which_microphone_is_whose() {
        assert_eq!(settings(""), are(&[]), "as without settings");
        assert_eq!(settings("1 Ann, 3"), are(&[("Ann", "mic"), ("Others", "loopback")]));
        assert_eq!(settings("2 Bob"), are(&[("Bob", "mic:pulseaudio:usb")]));
        // Of two microphones none may become another one when somebody plugs a headset in.
        assert_eq!(
            settings("1=Ann M.; 2#1: Bob, 2#2 Cy"),
            are(&[
                ("Ann M.", "mic:pulseaudio:in"),
                ("Bob", "mic:pulseaudio:usb#1"),
                ("Cy", "mic:pulseaudio:usb#2")
            ])
        );
        for (answer, part) in [
            ("4 Ann", "from 1 to 3"),
            ("Ann", "from 1 to 3"),
            ("1 Ann, 2 Ann", "two are called Ann"),
            ("1 Ann, 1 Bob", "both Ann's and Bob's"),
            ("1#0 Ann", "counted from 1"),
        ] {
            assert!(settings(answer).unwrap_err().contains(part), "{answer}");
        }
    }
}
