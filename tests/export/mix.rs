//! What is done to sound on its way out: one file of all tracks, and sound without its noise.

use std::fs;

use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::session::disk::SystemDisk;
use hansard::session::manifest::ClockFit;

use super::devices::{Device, clicks, entry, heard, samples, session};
use super::sessions::{expect, hansard};
use super::tracks::{RATE, layout, one_take, unflac};

/// A buzz at a gliding pitch in syllables, as a voice: nnnoiseless lets it pass. With a hiss under it, and
/// silence in the seconds 3 to 4.
fn noisy_voice(seconds: f64) -> Vec<i16> {
    let mut random = Random::at(5);
    (0..(seconds * f64::from(RATE)) as usize)
        .map(|n| {
            let t = n as f64 / f64::from(RATE);
            let syllable = (t * std::f64::consts::TAU).sin().max(0.0).powi(2);
            let phase = std::f64::consts::TAU * (110.0 * t + 5.0 * t * t);
            let voice: f64 = (1..12).map(|h| (phase * f64::from(h)).cos() / f64::from(h)).sum();
            let hiss = (random.unit() - 0.5) * 0.02;
            ((syllable * voice * 0.1 + hiss) * 32_768.0) as i16
        })
        .collect()
}

fn energy(sound: &[f32]) -> f64 {
    sound.iter().map(|x| f64::from(x * x)).sum::<f64>() / sound.len() as f64
}

#[test]
fn denoised_sound_lies_in_its_place_and_silence_stays_silence() {
    let root = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = noisy_voice(10.0).iter().flat_map(|x| x.to_le_bytes()).collect();
    let clock = ClockFit { rate: 48_004.8, ppm: 100.0, ..ClockFit::nominal(0.25, SampleRate(RATE)) };
    let dir = one_take(root.path(), layout(SampleFormat::S16, 1), &bytes, clock);
    // Another device's sound in the fourth second.
    let mut manifest = hansard::session::read::read_manifest(&dir).unwrap();
    manifest.takes[0].foreign = vec![(Frames(144_000), Frames(192_000))];
    fs::write(dir.join("session.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
    for rate in [48_000_usize, 16_000] {
        let rate_arg = rate.to_string();
        for denoise in [&[][..], &["--denoise"]] {
            let args = ["export", "last", "--tracks", "wav", "--rate", &rate_arg, "--bits", "32f"];
            expect(0, hansard(root.path(), &[&args[..], denoise].concat()));
        }
        let [plain, clean] =
            ["ada.wav", "ada.denoised.wav"].map(|name| samples(&dir.join("aligned").join(name)));
        assert_eq!(plain.len(), clean.len());
        let frame = |at: f64| (at * rate as f64) as usize;
        for sound in [&plain, &clean] {
            assert!(sound[..frame(0.249)].iter().all(|x| *x == 0.0), "nothing before it began");
            assert!(
                sound[frame(3.251)..frame(4.249)].iter().all(|x| *x == 0.0),
                "nothing of the other device"
            );
        }
        // The hiss between syllables, once it is known; and where the voice lies best on the plain one.
        let pause = frame(8.25 + 0.6)..frame(8.25 + 0.9);
        let quieter = 10.0 * (energy(&plain[pause.clone()]) / energy(&clean[pause]).max(1e-12)).log10();
        assert!(quieter > 10.0, "{rate}: hiss is {quieter:.1} dB quieter");
        let (from, to) = (frame(5.25), frame(8.25));
        let at = |lag: i64| {
            let shifted = &clean[(from as i64 + lag) as usize..(to as i64 + lag) as usize];
            plain[from..to].iter().zip(shifted).map(|(a, b)| f64::from(a * b)).sum::<f64>()
        };
        let reach = frame(0.012) as i64;
        let lag = (-reach..=reach).max_by(|a, b| at(*a).total_cmp(&at(*b))).unwrap();
        assert!(lag.unsigned_abs() as usize <= frame(0.000_3), "{rate}: shifted by {lag} frames");
    }
}

#[test]
fn the_mix_holds_every_track_at_its_place_and_never_clips() {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicU64, Ordering};

    use hansard::export::save::Target;
    use hansard::export::sound::{Mix, write_mix};
    use hansard::session::reading::Session;

    let root = tempfile::tempdir().unwrap();
    let clicks = clicks(30.0);
    let names = ["ada", "bob", "cyd"];
    let devices = [200.0, -150.0, 0.0].map(|ppm| Device::steady(RATE, ppm, 0.1, 30.0));
    let takes = names.iter().zip(&devices).map(|(name, device)| entry(name, 1, device, device.true_clock()));
    let dir = session(root.path(), takes.collect());
    for (name, device) in names.iter().zip(&devices) {
        device.write(&dir.join(format!("tracks/{name}.wav")), &clicks);
    }
    let session = Session::open(&dir).unwrap();
    let done_ms = AtomicU64::new(0);
    let watch = |seconds: f64| {
        done_ms.fetch_add((seconds * 1e3) as u64, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let target = Target::in_session(&dir, "mix.flac");
    let path = write_mix(&SystemDisk, &session, &target, SampleRate::HZ_16000, &watch).unwrap();
    assert!(done_ms.into_inner() >= 29_000, "it tells how far it is");
    let sound: Vec<f32> = unflac(&path)
        .as_chunks::<2>()
        .0
        .iter()
        .map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0)
        .collect();
    assert!(
        (sound.len() as f64 / 16_000.0 - Mix::plan(&session, SampleRate::HZ_16000).unwrap().seconds()).abs()
            < 1e-6
    );
    // Three clicks of 0.8 at once are more than there is room for.
    let peak = sound.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!((0.7..0.9).contains(&peak), "{peak}");
    for at in &clicks {
        // A twelfth of a millisecond is the limiter's, which turns a click's end down more than its
        // beginning; its delay would be 5 ms.
        let heard = heard(&sound, 16_000, *at).unwrap();
        assert!((heard - at).abs() < 3e-4, "{at}: {heard}");
    }
    // Ended in the middle, nothing is left.
    let other = Target::in_session(&dir, "other.flac");
    assert!(
        write_mix(&SystemDisk, &session, &other, SampleRate::HZ_16000, &|_| ControlFlow::Break(())).is_err()
    );
    let left = fs::read_dir(&dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("other"));
    assert_eq!(left.count(), 0);
}
