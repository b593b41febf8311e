//! English.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::English,
    tag: "en-GB",
    decimal: ".",
    thousands: ",",
    colon: ": ",
    semicolon: "; ",
    stop: ".",
    space: " ",
    length: text::length,
    date: |day| format!("{}, {} {} {}", weekday(day, DAYS), day.day(), month(day, MONTHS), day.year()),
    list: |names| listed(names, ", ", " and "),
    head: Head {
        minutes: "Minutes",
        clock_unknown: "time of day not known",
        place: "Place",
        present: "Present",
        excused: "Excused",
        invited: "Invited",
        consent: "Consent",
        announced: "Announced",
        announcement: "This meeting is being recorded, and a transcript is made of it. If you do not agree, please say so now.",
        agenda: "Agenda",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!(": from {from} to {to}"),
                (Some(from), None) => format!(": from {from} on"),
                (None, Some(to)) => format!(": up to {to}"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("; only what {who} said")).unwrap_or_default();
            format!("These minutes are a part of the meeting{span}{who}.")
        },
    },
    complete: Complete {
        complete: "Complete: nothing was lost.",
        left_out: "Nothing was lost; what was not to be recorded, or could not be heard, is named in place.",
        of: |amount, who| format!("{amount} of {who}"),
        lost: |what, in_place| {
            let place = if in_place { "named in place" } else { "named in place or at the end" };
            format!("Not complete: {what} are missing, {place}.")
        },
        unfinished: "This recording was not finished in order, or is still going on: whether it is complete is not known.",
        no_account: "Whether it is complete was not checked: the recorder's journal is not there, or damaged.",
        files: "Whether it is complete was not checked: not all sound that was recorded lies beside these minutes.",
        sound_removed: |day| format!("The sound was removed on {day}; the text was kept."),
        verify: "More is told by",
    },
    pending: Pending {
        removed: |day| format!("The text of this meeting was removed on {day}."),
        running: "This meeting is being recorded at this moment; its text is not complete yet.",
        none: "The text of this meeting has not been made yet:",
        part: "The text of this meeting has not been made to its end yet:",
        until: |reached| format!("– it stands up to {reached}"),
        of: |until, who| format!("{until} ({who})"),
        end: "the end",
    },
    who: Who {
        heading: "Who was there",
        speaker: "Speaker",
        talking_time: "Talking time",
        share: "Share",
        turns: "Turns",
        text_up_to: "Text up to",
        percent: |share| format!("{share} %"),
    },
    marks: Marks {
        heading: "What was marked",
        one: MarkKind::title,
        many: |kind| match kind {
            MarkKind::Decision => "Decisions",
            MarkKind::Action => "Actions",
            MarkKind::Question => "Questions",
            MarkKind::Note => "Notes",
        },
    },
    summary: Summary {
        heading: "Summary",
        topics: "Topics",
        made_by: |model| {
            format!("Made by {model} from what was said; each line leads to the words that it rests on.")
        },
        made_at: |model, host| {
            format!(
                "Made by {model} at {host} from what was said; each line leads to the words that it rests on."
            )
        },
        nothing: "It found nothing to tell.",
        stale: "The text or its names were changed after that.",
        left_out: |n, shown, of| {
            let were = if n == 1 { "was" } else { "were" };
            format!("{shown} of {of} sentences {were} left out: not in the transcript.")
        },
        unread: |n, shown, of| {
            let were = if n == 1 { "was" } else { "were" };
            format!("{shown} of {of} parts of the meeting {were} left out: no answer could be used.")
        },
        gone: |n, shown| match n {
            1 => "1 sentence is not shown any more: what it rests on was hidden or changed.".to_owned(),
            _ => {
                format!("{shown} sentences are not shown any more: what they rest on was hidden or changed.")
            }
        },
        corrected: "corrected since",
        quoted: |text| format!("“{text}”"),
    },
    said: Said {
        heading: "What was said",
        nothing: "No speech was transcribed.",
        still_spoke: |who| format!("while {who} still spoke"),
        voice: |number| format!("Voice {number}"),
        voice_of: |place, number| format!("{place}, voice {number}"),
        withheld: |reason| format!("withheld: {reason}"),
        reason: |_| None,
        withheld_label: "withheld",
        echo_label: "echo",
        echo_of: |who| format!("echo of {who}"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "not recorded".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who} not recorded"),
        (NoticeKind::Paused, "") => "paused".to_owned(),
        (NoticeKind::Paused, who) => format!("{who} paused"),
        (NoticeKind::Muted, "") => "all sources muted".to_owned(),
        (NoticeKind::Muted, who) => format!("{who} muted"),
        (NoticeKind::Hidden, _) => "not for publication".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}: only digital silence"),
        (NoticeKind::TooQuiet, who) => format!("{who} very quiet"),
        (NoticeKind::NotTranscribed, who) => format!("text of {who} missing"),
        (NoticeKind::TextPending, "") => "text not made yet".to_owned(),
        (NoticeKind::TextPending, who) => format!("text of {who} not made yet"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "nothing was playing",
        (GapCause::NotStarted, _) => "device started late",
        (GapCause::Stall, _) => "device delivered nothing",
        (GapCause::Slip, _) => "device skipped a little",
        (GapCause::Overrun, _) => "computer was too busy to take the sound in time",
        (GapCause::DeviceLost, SourceKind::File) => "file broke off",
        (GapCause::DeviceLost, _) => "device was unplugged",
        (GapCause::Foreign, _) => "another device's sound came instead",
        (GapCause::Restart, _) => "recorder was restarted",
        (GapCause::Suspend, _) => "computer slept",
        (GapCause::Suspended, _) => "recorder's process was stopped",
        (GapCause::Paused, _) => "recording was paused",
        (GapCause::Muted, _) => "track was muted",
        (GapCause::WriteError, _) => "disk refused to write",
        (GapCause::Ended, _) => "source had ended",
        (GapCause::Damaged, _) => "file is damaged there",
        (GapCause::Unrecorded, _) => "file holds no sound for this time",
    },
    why: Why {
        length_unknown: "nobody knows how much",
        recogniser_failed: "the recogniser failed here",
        muted: "it may have been muted, or the wrong device",
        loudspeaker_muted: "the loudspeaker may have been muted while something was played",
        words_missing: "words may be missing",
    },
    account: Account {
        heading: "What was recorded",
        complete: |names| format!("The recording is complete: nothing is missing ({names})."),
        nothing_lost: "Nothing was lost.",
        sources: "Sources",
        source: |kind| match kind {
            SourceKind::Mic => "microphone",
            SourceKind::Loopback => "sound of the computer",
            SourceKind::File => "file",
            SourceKind::Synth => "synthetic sound",
        },
        channel: |n| format!("channel {n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!(", in {takes} takes") } else { String::new() };
            format!("{who}: {long} recorded{takes}")
        },
        nothing_missing: ", nothing missing",
        missing: |long, lost, reason, times| {
            let what = if lost { "lost" } else { "not recorded" };
            let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
            format!("{long} {what}: {reason}{times}")
        },
        no_reason: "nothing says why",
        silence: |long| format!("{long} of nothing but digital silence (muted?)"),
        unknown_amount: "an unknown amount",
        at_least: |long| format!("at least {long}"),
    },
    about: About {
        heading: "About these minutes",
        transcribed_by: |models| format!("Transcribed by {models}."),
        sent_to: |hosts| format!("The sound was sent to {hosts} for transcription."),
        summarised_by: |hosts| format!("The text was sent to {hosts} to be summarised."),
        left_out: |what| format!("Left out, but kept in the transcript: {what}."),
        marked_withheld: |what| format!("Marked as withheld: {what}."),
        echoes: |n, shown| match n {
            1 => "1 echo of another track".to_owned(),
            _ => format!("{shown} echoes of other tracks"),
        },
        without_evidence: |n, shown| match n {
            1 => "1 utterance without enough evidence of speech".to_owned(),
            _ => format!("{shown} utterances without enough evidence of speech"),
        },
        corrected: |n, shown| match n {
            1 => "Corrected by hand: 1 utterance.".to_owned(),
            _ => format!("Corrected by hand: {shown} utterances."),
        },
        zone: |zone| format!("Times of day are those of {zone}."),
        no_font: |n, named| match n {
            1 => format!(
                "No font on this computer has 1 character of this document: {named}. A box stands for it; the text itself is whole, for searching and copying."
            ),
            _ => format!(
                "No font on this computer has {n} characters of this document: {named}. Boxes stand for them; the text itself is whole, for searching and copying."
            ),
        },
        written: |version, session| format!("Written by Hansard {version} from the session {session}."),
    },
    evidence: Evidence {
        frames: "The account in frames",
        track: "Track",
        expected: "Frames expected",
        written: "= written",
        gaps: "+ in gaps",
        lost: "Of it lost",
        rounding: "+ rounding",
        difference: "+ difference",
        lines: "Where each line comes from",
        from: "From",
        file: "File",
        frames_of: "Frames",
        confidence: "Confidence",
        model: "Model",
        line: "Line",
        revision: |id, rev| format!("{id}, revision {rev}"),
        take: |track, take| format!("{track}, take {take}"),
        by_hand: "by hand",
        fingerprints: "Fingerprints",
        sha256: "SHA-256 of each track's file as it was when these minutes were written. In the session's folder, \
                 sha256sum --check holds the files against these lines:",
        put_off: |size| format!("The tracks' SHA-256 were left out: {size} of sound were to be read."),
        growing: "it is still being written",
        summary: "Frames and fingerprints",
        where_from: "Where this comes from",
    },
    page: Page {
        skip: "Skip to what was said",
        in_minutes: "In these minutes",
        search_in: "Search in the minutes",
        search: "Search",
        match_before: "Match before",
        match_after: "Next match",
        dark: "Dark colours",
        whose: "Whose words are shown",
        everybody: "Everybody",
        who_is: "who is this?",
        perhaps: |name| format!("Perhaps {name}?"),
        hear: "Hear",
        unheard: "Nobody can be heard here: the sound does not lie beside this page. A voice is played by",
        left_behind: |file| {
            format!("The sound is not here: keep “{file}” beside this page, in the same folder.")
        },
        of_another: |file| {
            format!(
                "“{file}” beside this page is not its sound, but that of another recording, or was changed: put this page’s own there."
            )
        },
        when: "Who spoke when",
        mark_at: |kind, at, text| format!("{kind} at {at}: {text}"),
        missing: |long, reason| format!("{long} missing: {reason}"),
        table: "Table",
        keys: "Keys",
        space: "space",
        key_play: "play, pause",
        key_seek: "5 seconds back, on",
        key_turn: "turn before, next turn",
        key_search: "search; <kbd>Enter</kbd> next match, <kbd>Shift</kbd> <kbd>Enter</kbd> the one before",
        key_escape: "end the search",
        sound: "Sound",
        play: "Play",
        pause: "Pause",
        place: "Place in the recording",
        speed: "Speed",
        follow: "Follow",
        of: "{0} of {1}",
        not_found: "not found",
    },
};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
