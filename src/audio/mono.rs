//! One channel to listen to, out of however many a track has. For analysis only: the track itself keeps all
//! of them.

/// The mean of the channels is refused when its energy is below this share of the loudest channel's.
///
/// Two equal channels give a share of 1, two unrelated ones of one loudness 0.5, one live beside one dead
/// channel 0.25, two in antiphase 0. So everything from "one is dead" downwards takes the loudest channel
/// instead, and a person on one side of a stereo microphone isn't 6 dB quieter than one in the middle.
const MEAN_SHARE_MIN: f64 = 0.3;

/// Mixes `interleaved` frames of `channels` down to mono and appends them to `out`.
///
/// It's the average, except where the channels cancel one another or only some are live (the average's energy
/// is far below the loudest channel's): there it's the loudest channel alone. The choice is made per call, so
/// pass blocks of some tens of milliseconds or more; at a change of choice the level may step, which analysis
/// doesn't mind. A frame that isn't whole at the end is ignored, and so is everything if `channels` is 0.
pub fn downmix(interleaved: &[f32], channels: u16, out: &mut Vec<f32>) {
    let n = usize::from(channels);
    match n {
        0 => return,
        1 => return out.extend_from_slice(interleaved),
        _ => {}
    }
    let mut channel_energy = vec![0.0_f64; n];
    let mut mean_energy = 0.0_f64;
    let start = out.len();
    for frame in interleaved.chunks_exact(n) {
        let mut sum = 0.0_f64;
        for (energy, &sample) in channel_energy.iter_mut().zip(frame) {
            let sample = f64::from(sample);
            sum += sample;
            *energy += sample * sample;
        }
        let mean = sum / n as f64;
        mean_energy += mean * mean;
        out.push(mean as f32);
    }
    if let Some(loudest) = instead_of_mean(mean_energy, &channel_energy) {
        for (mixed, frame) in out[start..].iter_mut().zip(interleaved.chunks_exact(n)) {
            *mixed = frame[loudest];
        }
    }
}

/// The energy of what [`downmix`] gives for sound of which the mean of the channels has `mean_energy` and
/// each channel its `channel_energy`.
pub fn mixed_energy(mean_energy: f64, channel_energy: &[f64]) -> f64 {
    instead_of_mean(mean_energy, channel_energy).map_or(mean_energy, |loudest| channel_energy[loudest])
}

/// The channel that is taken alone; `None` means the mean of all.
fn instead_of_mean(mean_energy: f64, channel_energy: &[f64]) -> Option<usize> {
    let loudest = channel_energy.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    loudest.filter(|(_, energy)| mean_energy < MEAN_SHARE_MIN * **energy).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interleave(left: &[f32], right: &[f32]) -> Vec<f32> {
        left.iter().zip(right).flat_map(|(&l, &r)| [l, r]).collect()
    }

    fn wave(step: f32) -> Vec<f32> {
        (0..480).map(|i| (i as f32 * step).sin() * 0.5).collect()
    }

    fn mixed(left: &[f32], right: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        downmix(&interleave(left, right), 2, &mut out);
        out
    }

    #[test]
    fn live_channels_are_averaged() {
        let (a, b) = (wave(0.1), wave(0.37));
        let out = mixed(&a, &b);
        assert!(out.iter().zip(a.iter().zip(&b)).all(|(m, (a, b))| (m - (a + b) / 2.0).abs() < 1e-6));
    }

    #[test]
    fn cancelling_or_dead_channels_leave_the_loudest() {
        let loud = wave(0.1);
        let inverted: Vec<f32> = loud.iter().map(|x| -x * 0.9).collect();
        assert_eq!(mixed(&loud, &inverted), loud);
        assert_eq!(mixed(&vec![0.0; loud.len()], &loud), loud);
    }

    #[test]
    fn it_appends_and_ignores_a_torn_frame() {
        let mut out = vec![9.0];
        downmix(&[0.5, 0.5, 0.25], 2, &mut out);
        downmix(&[0.125], 1, &mut out);
        downmix(&[0.125], 0, &mut out);
        assert_eq!(out, [9.0, 0.5, 0.125]);
    }
}
