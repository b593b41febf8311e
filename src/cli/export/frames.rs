//! `--frame-rate`, `--drop-frame`, `--start-timecode`: how the markers for cutting programs count.

use crate::cli::wrong_use;
use crate::export::timecode::{FrameRate, StartCode, Timecode};

/// How frames are counted. The defaults are those of [`Timecode`].
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Markers (resolve, premiere)")]
pub(super) struct Frames {
    /// Frames a second of the project: 23.976, 24, 25, 29.97, 30, 48, 50, 59.94 or 60 [default: 25]
    #[arg(long, value_name = "RATE")]
    frame_rate: Option<FrameRate>,
    /// Count as drop-frame, at 29.97 and 59.94
    #[arg(long)]
    drop_frame: bool,
    /// What the first frame of the session is called, or `day` for the time of day [default: 01:00:00:00 in
    /// resolve, as its timelines begin; 00:00:00:00 in premiere]
    #[arg(long, value_name = "TIMECODE")]
    start_timecode: Option<StartCode>,
}

impl Frames {
    /// An option of these that was given.
    pub fn asked(&self) -> Option<&'static str> {
        let given = [
            (self.frame_rate.is_some(), "--frame-rate"),
            (self.drop_frame, "--drop-frame"),
            (self.start_timecode.is_some(), "--start-timecode"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
    }

    /// How frames are to be counted.
    ///
    /// # Errors
    /// Numbers that this rate does not have.
    pub fn timecode(&self) -> anyhow::Result<Timecode> {
        let rate = self.frame_rate.unwrap_or_default();
        if self.drop_frame && !rate.may_drop() {
            return Err(wrong_use("--drop-frame is for --frame-rate 29.97 and 59.94 only"));
        }
        if let Some(StartCode::At([.., frames])) = self.start_timecode
            && frames >= rate.nominal
        {
            let nominal = rate.nominal;
            return Err(wrong_use(format!(
                "--start-timecode: a second has {nominal} frames at this rate, from 00 on"
            )));
        }
        Ok(Timecode { rate, drop: self.drop_frame, start: self.start_timecode })
    }
}
