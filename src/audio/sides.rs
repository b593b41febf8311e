//! Whether a stereo file has one person on each side, as telephone systems record calls.

use super::decode::{DecodeError, Read, SoundFile};

/// How long is listened, in seconds.
const LISTEN_S: f64 = 600.0;
/// Blocks that are compared, a second's part.
const BLOCKS_A_SECOND: u32 = 4;
/// Mean square of a block in which somebody may speak: −50 dBFS.
const AUDIBLE: f64 = 1e-5;
/// Mean squares of a voice and of what crosses over to the other side: 10 dB.
const APART: f64 = 10.0;
/// Each side is alone for at least this part of what is heard.
const ALONE: f64 = 0.15;

/// Listens to the first minutes of a file of two channels.
///
/// # Errors
/// Nothing of it can be read.
pub fn are_two_speakers(file: &mut SoundFile) -> Result<bool, DecodeError> {
    let format = file.format();
    if format.channels != 2 {
        return Ok(false);
    }
    let block = (format.rate.0 / BLOCKS_A_SECOND) as usize;
    let (mut samples, mut count) = (Vec::new(), Counts::default());
    for _ in 0..(LISTEN_S * f64::from(BLOCKS_A_SECOND)) as usize {
        samples.clear();
        match file.read(block, &mut samples) {
            Ok(Read::Sound(_)) => count.add(&samples),
            Ok(Read::Missing(..)) => {}
            Ok(Read::End) => break,
            // What came before it tells as much.
            Err(_) if count.heard > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(count.are_two())
}

#[derive(Default)]
struct Counts {
    heard: u32,
    alone: [u32; 2],
}

impl Counts {
    fn add(&mut self, stereo: &[f32]) {
        let mut squares = [0.0f64; 2];
        for frame in stereo.chunks_exact(2) {
            (0..2).for_each(|side| squares[side] += f64::from(frame[side] * frame[side]));
        }
        let [left, right] = squares.map(|sum| sum / (stereo.len() as f64 / 2.0).max(1.0));
        if left.max(right) < AUDIBLE {
            return;
        }
        self.heard += 1;
        self.alone[0] += u32::from(left > right * APART);
        self.alone[1] += u32::from(right > left * APART);
    }

    fn are_two(&self) -> bool {
        self.alone.iter().all(|alone| f64::from(*alone) > ALONE * f64::from(self.heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(at: impl Fn(usize) -> [f32; 2]) -> bool {
        let mut count = Counts::default();
        for block in 0..40 {
            let samples: Vec<f32> = (0..1_000).flat_map(|_| at(block)).collect();
            count.add(&samples);
        }
        count.are_two()
    }

    #[test]
    fn turns_on_both_sides_are_two_speakers() {
        assert!(stereo(|block| if block % 2 == 0 { [0.2, 0.01] } else { [0.02, 0.3] }));
        assert!(!stereo(|_| [0.2, 0.15]), "a stereo microphone");
        assert!(!stereo(|_| [0.2, 0.0]), "one side only");
        assert!(!stereo(|_| [0.0, 0.0]), "silence");
    }
}
