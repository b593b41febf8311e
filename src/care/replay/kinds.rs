//! Which kinds of events this version knows: asked of the schema itself, so that there is no second list to
//! keep.

use std::fmt::{self, Display};

use serde::Deserialize as _;
use serde::de::value::MapDeserializer;

use crate::session::journal::Event;

/// Why an event of a kind alone, without a payload, is refused.
#[derive(Debug)]
enum Refused {
    /// There is no such kind.
    Unknown,
    /// Anything else: the kind is known, the payload is missing.
    Other,
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "a kind that is not known",
            Self::Other => "a payload that is missing",
        })
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self::Other
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }
}

/// Whether this version knows events of that kind.
pub(super) fn is_known(kind: &str) -> bool {
    let alone = MapDeserializer::<_, Refused>::new(std::iter::once(("kind", kind)));
    !matches!(Event::deserialize(alone), Err(Refused::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_tells_its_kinds() {
        for kind in ["started", "gap", "take_started", "closed", "recovered", "device_notice"] {
            assert!(is_known(kind), "{kind}");
        }
        for kind in ["", "Started", "hologram_opened", "gaps"] {
            assert!(!is_known(kind), "{kind}");
        }
    }
}
