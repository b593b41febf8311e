//! The same person on several tracks: voices that are linked, and of what several microphones of one room
//! wrote down the words of one.
//!
//! The rules of [`bleed`](crate::speech::bleed) are made for people with a microphone each, who overhear each
//! other 15 dB or less below their own. Around a table every microphone hears everybody nearly as loud: there
//! the voices tell what the levels can't. Two voices that are alike and speak at the same moments are one
//! person in one room; each person's words are those of the track that hears them best. **Repeat rather than
//! lose** holds here too: a word goes only where the same person's words stand on the better track at that
//! time.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Found;
use crate::audio::level::WINDOW_S;
use crate::base::utterance::{Utterance, Word};
use crate::revise::Proposal;
use crate::speakers::cluster::cosine;
use crate::speakers::turns::Turn;
use crate::speech::bleed::Levels;

/// Voices of two tracks that are closer than this are one person. One voice on two channels lies at 0.52 and
/// more, two voices at 0.39 and less.
const LINKED: f32 = 0.55;
/// The same where they speak at the same moments …
const LINKED_TOGETHER: f32 = 0.40;
/// … for this part of the time of the one that speaks less.
const TOGETHER: f64 = 0.5;
/// Seconds that voices of two tracks speak together from which on these tracks are held to share a room.
const ROOM_S: f64 = 5.0;
/// Seconds by which the times of one word differ on two tracks, at most.
const APART_S: f64 = 0.35;
/// Part of a line's words that has to stand on the better track for the line to be an echo.
const COVERED: f64 = 0.6;
/// Fewer words in a row than this, that stand nowhere else, are what two recognisers made of one sound.
const OWN_WORDS: usize = 3;
/// Part of a track's windows below which its noise lies, for the level of its noise.
const NOISE_PART: f64 = 0.1;
/// Levels are compared over at most this many seconds of a person; a second is enough for one turn.
const COMPARED_S: f64 = 60.0;
/// Levels below this, in dBFS, are silence that no microphone makes.
const SILENCE_DB: f64 = -80.0;

/// A track whose voices are told apart.
pub struct Track<'a> {
    /// As the manifest has it.
    pub name: &'a str,
    /// Its voices and turns.
    pub found: &'a Found,
    /// Its lines, each of one voice; echoes are among them.
    pub lines: Vec<Utterance>,
}

/// A voice: index of its track, its own index there.
pub type Voice = (usize, usize);

/// Who is who across the tracks.
#[derive(Debug, Default)]
pub struct People {
    /// People who are heard on several tracks: their voices.
    groups: Vec<Vec<Voice>>,
    /// Tracks that share a room.
    rooms: Vec<(usize, usize)>,
}

impl People {
    /// Finds them.
    pub fn find(tracks: &[Track<'_>]) -> Self {
        let mut pairs: Vec<(f64, Voice, Voice)> = Vec::new();
        let mut together_s: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for (a, b) in (0..tracks.len()).flat_map(|b| (0..b).map(move |a| (a, b))) {
            for (i, j) in product(tracks[a].found.voices.len(), tracks[b].found.voices.len()) {
                let like = cosine(&tracks[a].found.voices[i].centre, &tracks[b].found.voices[j].centre);
                let (both, part) = together(tracks[a].found, i, tracks[b].found, j);
                if like >= LINKED || (like >= LINKED_TOGETHER && part >= TOGETHER) {
                    pairs.push((f64::from(like) + part, (a, i), (b, j)));
                    if part >= TOGETHER {
                        *together_s.entry((a, b)).or_default() += both;
                    }
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut groups: Vec<Vec<Voice>> = Vec::new();
        for (_, a, b) in pairs {
            let place = |voice: Voice, groups: &[Vec<Voice>]| groups.iter().position(|g| g.contains(&voice));
            let (at, bt) = (place(a, &groups), place(b, &groups));
            if at.is_some() && at == bt {
                continue;
            }
            let take = |place: Option<usize>, voice| place.map_or(vec![voice], |place| groups[place].clone());
            let (of_a, of_b) = (take(at, a), take(bt, b));
            // A person has one voice on a track.
            if of_a.iter().any(|one| of_b.iter().any(|other| one.0 == other.0)) {
                continue;
            }
            let mut gone: Vec<usize> = [at, bt].into_iter().flatten().collect();
            gone.sort_unstable();
            gone.into_iter().rev().for_each(|place| drop(groups.remove(place)));
            groups.push([of_a, of_b].concat());
        }
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups.sort();
        let rooms = together_s.into_iter().filter(|(_, seconds)| *seconds >= ROOM_S);
        Self { groups, rooms: rooms.map(|(pair, _)| pair).collect() }
    }

    /// Of those voices that `stands` says it of: each that is linked to another, with that one (track and
    /// index there).
    pub fn links(&self, stands: impl Fn(Voice) -> bool) -> Vec<(Voice, Voice)> {
        let mut links = Vec::new();
        for group in &self.groups {
            let mut standing = group.iter().copied().filter(|voice| stands(*voice));
            let Some(first) = standing.next() else { continue };
            links.extend(standing.map(|voice| (voice, first)));
        }
        links
    }

    /// Whether two tracks hear one room.
    pub fn share_a_room(&self, a: usize, b: usize) -> bool {
        self.rooms.contains(&(a.min(b), a.max(b)))
    }

    /// What is proposed of lines whose words stand on a track that hears their person better: echoes, or what
    /// is left of them. Each with the line's track and place there.
    pub fn said_once(&self, tracks: &[Track<'_>], levels: &dyn Levels) -> Vec<(usize, usize, Proposal)> {
        if self.rooms.is_empty() {
            return Vec::new();
        }
        let noise: Vec<f64> = tracks.iter().map(|track| noise_db(track, levels)).collect();
        let heard: Vec<BTreeMap<usize, f64>> =
            self.groups.iter().map(|group| self.heard(group, tracks, &noise, levels)).collect();
        let mut proposals = Vec::new();
        for (a, track) in tracks.iter().enumerate() {
            for (place, line) in track.lines.iter().enumerate() {
                let Some(own) = self.person(tracks, a, line) else { continue };
                let better = |b: usize| {
                    let (here, there) = (heard[own].get(&a), heard[own].get(&b));
                    b != a && self.share_a_room(a, b) && there > here
                };
                let others: Vec<&Utterance> = (0..tracks.len())
                    .filter(|b| better(*b))
                    .flat_map(|b| tracks[b].lines.iter().map(move |line| (b, line)))
                    .filter(|(b, other)| self.person(tracks, *b, other) == Some(own))
                    .map(|(_, line)| line)
                    .collect();
                let shares = |b: usize| b != a && heard[own].contains_key(&b) && self.share_a_room(a, b);
                match stands_there(line, &others) {
                    Some(proposal) => proposals.push((a, place, proposal)),
                    // No other track hears this person better, whose echo it was held to be.
                    None if line.bleed_of.is_some() && (0..tracks.len()).any(shares) => {
                        proposals.push((a, place, Proposal::Own));
                    }
                    None => {}
                }
            }
        }
        proposals
    }

    /// The person of a line; `None` where it is heard on its own track alone.
    fn person(&self, tracks: &[Track<'_>], track: usize, line: &Utterance) -> Option<usize> {
        let id = line.voice.as_deref();
        let voices = &tracks[track].found.voices;
        let own = voices.iter().position(|voice| Some(voice.entry.id.as_str()) == id);
        // A track of one voice says nothing of it in its lines.
        let own = own.or_else(|| (id.is_none() && voices.len() == 1).then_some(0))?;
        self.groups.iter().position(|group| group.contains(&(track, own)))
    }

    /// How far above the noise each track hears a person, in dB.
    fn heard(
        &self,
        group: &[Voice],
        tracks: &[Track<'_>],
        noise: &[f64],
        levels: &dyn Levels,
    ) -> BTreeMap<usize, f64> {
        let level = |(track, _): &Voice| {
            let mut windows = Vec::new();
            // The same moments on all tracks: those of the first.
            let turns = tracks[group[0].0].found.turns.iter().filter(|turn| turn.voice == group[0].1);
            let mut left = COMPARED_S;
            for turn in turns {
                let to = turn.end.min(turn.start + left);
                windows.extend(levels.envelope(tracks[*track].name, turn.start, to));
                left -= to - turn.start;
                if left <= 0.0 {
                    break;
                }
            }
            (*track, mean_db(&windows) - noise[*track])
        };
        group.iter().map(level).collect()
    }
}

fn product(a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..a).flat_map(move |i| (0..b).map(move |j| (i, j)))
}

/// Seconds in which two voices speak at the same time, and the part that this is of the one that speaks less.
fn together(a: &Found, i: usize, b: &Found, j: usize) -> (f64, f64) {
    let of = |found: &Found, voice: usize| -> Vec<Turn> {
        found.turns.iter().filter(|turn| turn.voice == voice).copied().collect()
    };
    let (one, other) = (of(a, i), of(b, j));
    let (mut at, mut both) = (0, 0.0);
    for turn in &one {
        while at < other.len() && other[at].end <= turn.start {
            at += 1;
        }
        let sharing = other[at..].iter().take_while(|next| next.start < turn.end);
        both += sharing.map(|next| turn.end.min(next.end) - turn.start.max(next.start)).sum::<f64>();
    }
    let seconds = |turns: &[Turn]| turns.iter().map(|turn| turn.end - turn.start).sum::<f64>();
    let less = seconds(&one).min(seconds(&other));
    (both, if less > 0.0 { both / less } else { 0.0 })
}

/// What becomes of a line of which `others` are the same person's lines on better tracks; `None` where it
/// stays.
fn stands_there(line: &Utterance, others: &[&Utterance]) -> Option<Proposal> {
    let near = |word: &Word, other: &Utterance| {
        let middle = (word.start + word.end) / 2.0;
        (other.start - APART_S..other.end + APART_S).contains(&middle)
    };
    let stands = |word: &Word| others.iter().find(|other| near(word, other)).map(|other| other.id.clone());
    let there: Vec<Option<String>> = line.words.iter().map(stands).collect();
    let covered = there.iter().flatten().count();
    let first = there.iter().flatten().next()?.clone();
    let own = longest_run(&there);
    if own.len() < OWN_WORDS || (own.len() as f64) < (1.0 - COVERED) * there.len() as f64 {
        let is_echo = covered as f64 >= COVERED * there.len() as f64 || own.len() < OWN_WORDS;
        return is_echo.then_some(Proposal::Echo { of: first });
    }
    (own.len() < there.len()).then_some(Proposal::Trim { keep: own })
}

/// The longest run of words that stand nowhere else.
fn longest_run(there: &[Option<String>]) -> Range<usize> {
    let mut longest = 0..0;
    let mut begun = 0;
    for (at, word) in there.iter().enumerate() {
        if word.is_some() {
            begun = at + 1;
        } else if at + 1 - begun > longest.len() {
            longest = begun..at + 1;
        }
    }
    longest
}

fn mean_db(windows: &[f32]) -> f64 {
    let energy: f64 = windows.iter().map(|rms| f64::from(*rms).powi(2)).sum();
    let mean = energy / windows.len().max(1) as f64;
    (10.0 * mean.max(1e-30).log10()).max(SILENCE_DB)
}

/// How loud a track is where it is quiet, in dBFS, around what is said on it.
fn noise_db(track: &Track<'_>, levels: &dyn Levels) -> f64 {
    let mut windows: Vec<f32> = Vec::new();
    for line in &track.lines {
        windows.extend(levels.envelope(track.name, (line.start - 1.0).max(0.0), line.end + 1.0));
        if windows.len() as f64 * WINDOW_S > 10.0 * COMPARED_S {
            break;
        }
    }
    windows.sort_by(f32::total_cmp);
    let count = (windows.len() as f64 * NOISE_PART) as usize;
    mean_db(&windows[..count])
}

#[cfg(test)]
mod tests {
    use super::super::FoundVoice;
    use super::*;
    use crate::session::voices::{VoiceEntry, id};
    use crate::speakers::networks::DIMENSIONS;

    /// Two microphones of one room: `a` has the first person 6 dB louder, `b` the second; `b` is set 10 dB
    /// lower as a whole. Both make a noise of their own.
    struct Room;

    impl Levels for Room {
        fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32> {
            let level = |n: usize| {
                let at = from_s + n as f64 * WINDOW_S;
                let said = match (track, at.rem_euclid(10.0)) {
                    ("a", 1.0..4.0) | ("b", 6.0..9.0) => 0.2,
                    (_, 1.0..4.0 | 6.0..9.0) => 0.1,
                    _ => 0.001,
                };
                if track == "a" { said } else { 0.316 * said }
            };
            (0..((to_s - from_s) / WINDOW_S).round() as usize).map(level).collect()
        }
    }

    /// A track on which person `n` speaks `turns[n]`.
    fn found(track: &str, turns: &[&[(f64, f64)]]) -> Found {
        let voice = |n: usize| {
            let mut centre = Box::new([0.0; DIMENSIONS]);
            centre[n] = 1.0;
            let entry = VoiceEntry {
                id: id(track, n as u32 + 1),
                track: track.into(),
                number: n as u32 + 1,
                seconds: 30.0,
                first: 0.0,
                sample: None,
                linked: None,
                print: None,
            };
            FoundVoice { entry, centre }
        };
        let of =
            |n: usize| turns[n].iter().map(move |(start, end)| Turn { start: *start, end: *end, voice: n });
        let mut all: Vec<Turn> = (0..turns.len()).flat_map(of).collect();
        all.sort_by(|a, b| a.start.total_cmp(&b.start));
        Found { turns: all, voices: (0..turns.len()).map(voice).collect() }
    }

    fn said(track: &str, person: u32, start: f64, text: &str) -> Utterance {
        let word = |(n, text): (usize, &str)| {
            let start = start + n as f64 * 0.5;
            Word { text: text.into(), start, end: start + 0.4, p: 0.9 }
        };
        let words: Vec<Word> = text.split(' ').enumerate().map(word).collect();
        Utterance {
            id: format!("{track}-{start}"),
            track: track.into(),
            voice: Some(id(track, person)),
            start,
            end: words[words.len() - 1].end,
            text: text.into(),
            words,
            ..Utterance::default()
        }
    }

    #[test]
    fn around_a_table_each_person_stands_where_they_are_heard_best() {
        let turns: [&[(f64, f64)]; 2] = [&[(1.0, 4.0), (11.0, 14.0)], &[(6.0, 9.0), (16.0, 19.0)]];
        let (on_a, on_b) = (found("a", &turns), found("b", &turns));
        let line = |track, person, start| said(track, person, start, "we meet at nine sharp");
        // What the first person says at 11 s is on the worse track alone: it stays.
        let a = vec![line("a", 1, 1.2), line("a", 2, 6.2), line("a", 2, 16.2)];
        let echo = Utterance { bleed_of: Some("a-6.2".into()), ..line("b", 2, 6.2) };
        let b = vec![line("b", 1, 1.3), echo, line("b", 1, 11.2), line("b", 2, 16.2)];
        let tracks =
            [Track { name: "a", found: &on_a, lines: a }, Track { name: "b", found: &on_b, lines: b }];
        let people = People::find(&tracks);
        assert_eq!(people.links(|_| true), [((1, 0), (0, 0)), ((1, 1), (0, 1))]);
        assert_eq!(people.links(|voice| voice != (0, 1)), [((1, 0), (0, 0))]);
        let echo = |of: &str| Proposal::Echo { of: of.into() };
        let wanted = [
            (0, 1, echo("b-6.2")),
            (0, 2, echo("b-16.2")),
            (1, 0, echo("a-1.2")),
            // It was held to be an echo of the one that hears less of this person.
            (1, 1, Proposal::Own),
        ];
        assert_eq!(people.said_once(&tracks, &Room), wanted);
    }

    #[test]
    fn people_who_speak_at_different_times_share_no_room() {
        let (on_a, on_b) = (found("a", &[&[(1.0, 9.0)]]), found("b", &[&[(11.0, 19.0)]]));
        let tracks = [
            Track { name: "a", found: &on_a, lines: vec![said("a", 1, 1.0, "good morning to you all")] },
            Track { name: "b", found: &on_b, lines: vec![said("b", 1, 11.0, "good morning to you all")] },
        ];
        let people = People::find(&tracks);
        // The same voice on a microphone and in a call later is one person, and says both.
        assert_eq!(people.links(|_| true), [((1, 0), (0, 0))]);
        assert_eq!(people.said_once(&tracks, &Room), []);
    }
}
