//! Where there is no PulseAudio: no stream has a place at a server.

use std::sync::Arc;

/// No stream has a seat.
pub mod seat {
    use crate::base::cause::Condition;
    use crate::capture::source::{Look, Presence};

    /// Never made.
    #[derive(Debug)]
    pub struct Seat(std::convert::Infallible);

    impl Seat {
        /// Of its device.
        pub fn name(&self) -> &str {
            match self.0 {}
        }

        /// What is known of it.
        pub fn look(&self) -> Look {
            Look::of_now(Presence::Unknown)
        }

        /// What the system does to its sound.
        pub fn condition(&self) -> Option<Condition> {
            None
        }
    }

    /// Never begun.
    pub struct Turn(std::convert::Infallible);

    impl Turn {
        /// To be begun before the stream is made.
        ///
        /// # Errors
        /// Always.
        pub fn begin() -> Result<Self, &'static str> {
            Err("there is no PulseAudio on this system")
        }

        /// The stream has been made.
        ///
        /// # Errors
        /// It is never called.
        pub fn seat(self, _name: &str) -> Result<Seat, String> {
            match self.0 {}
        }
    }
}

/// No server is looked for.
pub mod server {
    /// None is ever needed.
    ///
    /// # Errors
    /// None.
    pub fn check(_needed: bool) -> Result<(), std::convert::Infallible> {
        Ok(())
    }
}

/// Nothing is watched.
pub mod watch {
    use super::{Arc, seat::Seat};

    /// Watches nothing.
    #[derive(Clone, Default)]
    pub struct Watch;

    impl Watch {
        /// Does nothing.
        ///
        /// # Errors
        /// None.
        pub fn add(&self, _seat: &Arc<Seat>) -> std::io::Result<()> {
            Ok(())
        }

        /// It is not known.
        pub fn is_default(&self, _monitor: bool, _name: &str) -> Option<bool> {
            None
        }
    }
}
