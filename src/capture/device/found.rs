//! Which of the system's devices is meant.

use cpal::traits::DeviceTrait;

use super::DeviceInfo;
use crate::base::units::{SampleFormat, SampleRate};
use crate::capture::source::SourceError;
use crate::session::manifest::SourceKind;

/// How ids of devices begin that a PulseAudio server has, or PipeWire's.
const PULSEAUDIO: &str = "pulseaudio:";
/// As many devices as a message lists.
const LISTED: usize = 5;

/// A device with what is known of it.
pub(super) struct Found {
    pub(super) device: cpal::Device,
    /// Stable: `host:name`.
    pub(super) id: String,
    pub(super) kind: SourceKind,
    /// It is the system's default of its kind.
    pub(super) default: bool,
}

impl Found {
    /// The server's name of it, where the server can be asked about streams.
    pub(super) fn server_name(&self) -> Option<&str> {
        self.id.strip_prefix(PULSEAUDIO)
    }

    pub(super) fn name(&self) -> String {
        self.device.description().map_or_else(|_| self.id.clone(), |d| d.name().to_owned())
    }

    pub(super) fn info(&self) -> Option<DeviceInfo> {
        let config = self.config().ok()?;
        Some(DeviceInfo {
            id: self.id.clone(),
            name: self.name(),
            kind: self.kind,
            rate: SampleRate(config.sample_rate()),
            channels: config.channels(),
            format: stored_as(config.sample_format()),
            default: self.default,
        })
    }

    pub(super) fn config(&self) -> Result<cpal::SupportedStreamConfig, cpal::Error> {
        self.device.default_input_config().or_else(|_| self.device.default_output_config())
    }
}

/// Sound cards have 24 bits at most, so floats of a device fit into them.
pub(super) fn stored_as(format: cpal::SampleFormat) -> SampleFormat {
    use cpal::SampleFormat as F;
    match format {
        F::I8 | F::U8 | F::I16 | F::U16 => SampleFormat::S16,
        _ => SampleFormat::S24,
    }
}

/// The device of `kind` that is `wanted`: by its id, its id without the host, its name, or a part of one of
/// them that no other device of this kind has. Without a wish, the default one.
///
/// # Errors
/// None is meant, or several are; both list what can be named instead.
pub(super) fn choose(
    found: Vec<Found>,
    kind: SourceKind,
    wanted: Option<&str>,
) -> Result<Found, SourceError> {
    let Some(wanted) = wanted else {
        let default = found.into_iter().find(|f| f.kind == kind && f.default);
        return default.ok_or_else(|| {
            SourceError(format!("there is no default {}; hansard devices lists what there is", told(kind)))
        });
    };
    let named: Vec<Named> =
        found.iter().map(|f| Named { id: f.id.clone(), name: f.name(), kind: f.kind }).collect();
    match pick(&named, kind, wanted) {
        Pick::One(n) => found.into_iter().nth(n).ok_or_else(|| SourceError("the device is gone".into())),
        Pick::OtherKind(n) => {
            let Named { id, name, kind: other } = &named[n];
            let (is, as_spec) = match other {
                SourceKind::Loopback => ("what a loudspeaker plays, not a microphone", "loopback"),
                _ => ("a microphone, not what a loudspeaker plays", "mic"),
            };
            Err(SourceError(format!("{name} is {is}; to record it all the same: {as_spec}:{id}")))
        }
        Pick::Several(all) => {
            let lines: Vec<String> = all.iter().map(|n| named[*n].line()).collect();
            Err(SourceError(format!(
                "{wanted:?} is a part of several {}s; name one of them by its id:{}",
                told(kind),
                lines.concat()
            )))
        }
        // Only what can be recorded: ALSA names a dozen plugins besides.
        Pick::None => {
            let near: Vec<Named> =
                found.iter().zip(named).filter(|(f, _)| f.info().is_some()).map(|(_, named)| named).collect();
            Err(SourceError(not_found(near, wanted)))
        }
    }
}

const fn told(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Loopback => "loopback",
        _ => "microphone",
    }
}

/// What a device is called.
#[derive(Debug, Clone)]
struct Named {
    id: String,
    name: String,
    kind: SourceKind,
}

impl Named {
    fn bare(&self) -> &str {
        self.id.split_once(':').map_or(&self.id, |(_, id)| id)
    }

    fn line(&self) -> String {
        format!("\n  {}  {}", self.id, self.name)
    }

    fn has(&self, part: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&part.to_lowercase());
        has(&self.id) || has(&self.name)
    }
}

#[derive(Debug, PartialEq)]
enum Pick {
    One(usize),
    /// It is clear which one, but it is not what was asked for.
    OtherKind(usize),
    Several(Vec<usize>),
    None,
}

fn pick(devices: &[Named], kind: SourceKind, wanted: &str) -> Pick {
    let all = |of: &dyn Fn(&Named) -> bool| -> Vec<usize> {
        devices.iter().enumerate().filter(|(_, device)| of(device)).map(|(n, _)| n).collect()
    };
    // An id is one device's, whatever else has it as a part. An input that is called a loopback may well be
    // one, of a cable; what a loudspeaker plays is nobody's microphone.
    for exact in [all(&|d| d.id == wanted), all(&|d| d.bare() == wanted)] {
        if let [one, ..] = exact[..] {
            let monitor = devices[one].kind == SourceKind::Loopback;
            return if monitor && kind == SourceKind::Mic { Pick::OtherKind(one) } else { Pick::One(one) };
        }
    }
    for of_kind in [true, false] {
        for found in [
            all(&|d| (d.kind == kind) == of_kind && d.name == wanted),
            all(&|d| (d.kind == kind) == of_kind && d.has(wanted)),
        ] {
            match (&found[..], of_kind) {
                ([], _) => {}
                ([one], true) => return Pick::One(*one),
                ([one], false) => return Pick::OtherKind(*one),
                (_, true) => return Pick::Several(found),
                (_, false) => return Pick::None,
            }
        }
    }
    Pick::None
}

fn not_found(mut near: Vec<Named>, wanted: &str) -> String {
    let nearness = |device: &Named| {
        let score = |text: &str| strsim::jaro_winkler(&text.to_lowercase(), &wanted.to_lowercase());
        score(&device.id).max(score(device.bare())).max(score(&device.name))
    };
    near.sort_by(|a, b| nearness(b).total_cmp(&nearness(a)));
    near.truncate(LISTED);
    if near.is_empty() {
        return format!("there is no device {wanted:?}, nor any other that can be recorded");
    }
    let lines: Vec<String> = near.iter().map(Named::line).collect();
    format!("there is no device {wanted:?}; the nearest are:{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<Named> {
        let named = |id: &str, name: &str, kind| Named { id: id.into(), name: name.into(), kind };
        vec![
            named("pulseaudio:usb-jabra", "Jabra Evolve2 65", SourceKind::Mic),
            named("pulseaudio:usb-rode-1", "RODE NT-USB", SourceKind::Mic),
            named("pulseaudio:usb-rode-2", "RODE NT-USB", SourceKind::Mic),
            named("pulseaudio:usb-rode", "RODE Wireless", SourceKind::Mic),
            named("pulseaudio:usb-jabra-out.monitor", "Monitor of Jabra Evolve2 65", SourceKind::Loopback),
            named("pulseaudio:hdmi.monitor", "Monitor of HDMI", SourceKind::Loopback),
        ]
    }

    #[test]
    fn a_device_is_known_by_its_id_its_name_or_a_part_that_no_other_has() {
        let devices = devices();
        for (kind, wanted, meant) in [
            (SourceKind::Mic, "pulseaudio:usb-jabra", Pick::One(0)),
            (SourceKind::Mic, "usb-jabra", Pick::One(0)),
            (SourceKind::Mic, "jabra", Pick::One(0)),
            (SourceKind::Mic, "JABRA evolve", Pick::One(0)),
            (SourceKind::Mic, "Jabra Evolve2 65", Pick::One(0)),
            (SourceKind::Loopback, "jabra", Pick::One(4)),
            (SourceKind::Mic, "RODE NT-USB", Pick::Several(vec![1, 2])),
            (SourceKind::Mic, "rode", Pick::Several(vec![1, 2, 3])),
            (SourceKind::Mic, "usb-rode", Pick::One(3)),
            (SourceKind::Mic, "wireless", Pick::One(3)),
            (SourceKind::Mic, "hdmi", Pick::OtherKind(5)),
            (SourceKind::Mic, "hdmi.monitor", Pick::OtherKind(5)),
            (SourceKind::Loopback, "usb-rode", Pick::One(3)),
            (SourceKind::Loopback, "wireless", Pick::OtherKind(3)),
            (SourceKind::Mic, "monitor", Pick::None),
            (SourceKind::Mic, "shure", Pick::None),
        ] {
            assert_eq!(pick(&devices, kind, wanted), meant, "{kind:?} {wanted}");
        }
    }
}
