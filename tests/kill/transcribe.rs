//! `transcribe`, killed in its middle.

use std::collections::BTreeMap;
use std::fs;

use hansard::session::reading::Session;

use crate::support::home::{Home, alone, children, is_alive, shared, wait};
use crate::support::sound;

const TINY: &str = "--model=tiny.en-q8_0";
/// Times that the known sentence is said, with a pause between.
const TIMES: usize = 3;

#[test]
fn a_text_that_is_killed_goes_on_where_it_was() {
    let test = "a_text_that_is_killed_goes_on_where_it_was";
    let (Some(home), Some(folder)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let _alone = alone();
    let (spec, once) = sound::read_pcm(&folder.join("jfk.wav"));
    let pause = vec![0; spec.sample_rate as usize * 2];
    let samples: Vec<i32> = (0..TIMES).flat_map(|_| once.iter().chain(&pause).copied()).collect();
    let wav = home.path("cwd/three.wav");
    sound::pcm(&wav, spec.sample_rate, spec.channels, spec.bits_per_sample, &samples);
    let (_, session) =
        home.record(0, &["--pace=max", "--no-transcribe", &format!("--source=JFK=file:{}", wav.display())]);

    let running = home.start(["transcribe", "last", TINY]);
    let transcript = session.dir.join("transcript.jsonl");
    wait("the first line is written", || fs::read(&transcript).is_ok_and(|text| text.contains(&b'\n')));
    let workers = children(running.id());
    running.signal("KILL");
    assert_eq!(running.end().signal, Some(9));
    wait("the recogniser ends with its parent", || workers.iter().all(|worker| !is_alive(*worker)));
    let before = Session::open(&session.dir).unwrap();
    let had = before.utterances.len();
    assert!(had > 0 && had < 2 * TIMES, "killed in the middle: {had} utterances");

    home.run(["transcribe", "--resume", "last", TINY]).expect(0);
    let after = Session::open(&session.dir).unwrap();
    assert!(after.utterances.len() > had);
    // What had been done was not done again, nothing was done twice, and it is all there.
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    after.history.iter().for_each(|line| *lines.entry(&line.id).or_default() += 1);
    assert!(lines.values().all(|count| *count == 1), "{lines:?}");
    assert_eq!(after.history[..before.history.len()], before.history[..]);
    let mut spans: Vec<_> = after.utterances.iter().map(|u| (u.from_frame, u.to_frame)).collect();
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
    let shown = after.utterances.iter().filter(|u| u.is_shown()).map(|u| u.text.to_lowercase());
    let text: String = shown.collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("for your country").count(), TIMES, "{text}");
    home.run(["verify", "last"]).expect(0);
}
