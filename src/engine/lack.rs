//! What is not recorded although everybody would expect it to be.

use crate::capture::device::DeviceInfo;
use crate::session::manifest::SourceKind;

/// A default device that there is not, so that nobody's voice, or nothing that is played, is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Microphone or loopback.
    pub kind: SourceKind,
    /// What is not recorded, and why.
    pub text: String,
    /// What to do.
    pub advice: String,
}

impl Lack {
    /// There is no default device of `kind` among these.
    pub(super) fn of(kind: SourceKind, devices: &[DeviceInfo]) -> Self {
        let (what, name) = match kind {
            SourceKind::Loopback => ("nothing of what the computer plays is recorded", "loopback"),
            _ => ("NO MICROPHONE is recorded, so nobody in this room will be in the recording", "mic"),
        };
        let there: Vec<&DeviceInfo> = devices.iter().filter(|device| device.kind == kind).collect();
        let Some(first) = there.first() else {
            let (device, advice) = match kind {
                SourceKind::Loopback => {
                    ("loudspeaker", "see that one is chosen in the system's sound settings")
                }
                _ => ("microphone", "plug one in, then begin again"),
            };
            let text = format!("{what}: the sound system has no {device} that can be recorded");
            return Self { kind, text, advice: advice.into() };
        };
        let text = match kind {
            SourceKind::Loopback => format!("{what}: the sound system has no default output"),
            _ => {
                format!("{what}: the system's default input is not a microphone but what a loudspeaker plays")
            }
        };
        let names: Vec<String> =
            there.iter().map(|device| format!("{} ({})", device.name, device.id)).collect();
        let advice = format!(
            "choose one in the system's sound settings, or name it: --source Me={name}:{}; there is {}",
            first.id,
            names.join(", ")
        );
        Self { kind, text, advice }
    }
}
