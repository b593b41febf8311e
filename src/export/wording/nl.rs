//! Dutch.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::Dutch,
    tag: "nl-NL",
    decimal: ",",
    thousands: ".",
    colon: ": ",
    semicolon: "; ",
    stop: ".",
    space: " ",
    length: |seconds| comma_length(seconds).replace(" h ", " u "),
    date: |day| format!("{} {} {} {}", weekday(day, DAYS), day.day(), month(day, MONTHS), day.year()),
    list: |names| listed(names, ", ", " en "),
    head: Head {
        minutes: "Notulen",
        clock_unknown: "tijdstip niet bekend",
        place: "Plaats",
        present: "Aanwezig",
        excused: "Afwezig met kennisgeving",
        invited: "Uitgenodigd",
        consent: "Toestemming",
        announced: "Aangekondigd",
        announcement: "Deze vergadering wordt opgenomen en uitgeschreven. Wie niet akkoord gaat, zegt dat nu alstublieft.",
        agenda: "Agenda",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!(": van {from} tot {to}"),
                (Some(from), None) => format!(": vanaf {from}"),
                (None, Some(to)) => format!(": tot {to}"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("; alleen wat {who} zei")).unwrap_or_default();
            format!("Deze notulen zijn een deel van de vergadering{span}{who}.")
        },
    },
    complete: Complete {
        complete: "Volledig: er ging niets verloren.",
        left_out: "Er ging niets verloren; wat niet opgenomen moest worden, of niet te horen was, staat op zijn plaats vermeld.",
        of: |amount, who| format!("{amount} van {who}"),
        lost: |what, in_place| {
            let place =
                if in_place { "op zijn plaats vermeld" } else { "op zijn plaats of aan het eind vermeld" };
            format!("Niet volledig: {what} ontbreekt, {place}.")
        },
        unfinished: "Deze opname is niet ordelijk beëindigd, of loopt nog: het is niet bekend of ze volledig is.",
        no_account: "Of ze volledig zijn, is niet nagegaan: het logboek van de opname ontbreekt of is beschadigd.",
        files: "Of ze volledig zijn, is niet nagegaan: niet al het opgenomen geluid ligt bij deze notulen.",
        sound_removed: |day| format!("Het geluid is op {day} verwijderd; de tekst is bewaard."),
        verify: "Meer zegt",
    },
    pending: Pending {
        removed: |day| format!("De tekst van deze vergadering is op {day} verwijderd."),
        running: "Deze vergadering wordt op dit moment opgenomen; de tekst is nog niet volledig.",
        none: "De tekst van deze vergadering is nog niet gemaakt:",
        part: "De tekst van deze vergadering is nog niet tot het einde gemaakt:",
        until: |reached| format!("– hij reikt tot {reached}"),
        of: |until, who| format!("{until} ({who})"),
        end: "het einde",
    },
    who: Who {
        heading: "Wie erbij was",
        speaker: "Naam",
        talking_time: "Spreektijd",
        share: "Aandeel",
        turns: "Beurten",
        text_up_to: "Tekst tot",
        percent: |share| format!("{share} %"),
    },
    marks: Marks {
        heading: "Wat werd vastgelegd",
        one: |kind| match kind {
            MarkKind::Decision => "Besluit",
            MarkKind::Action => "Actiepunt",
            MarkKind::Question => "Vraag",
            MarkKind::Note => "Notitie",
        },
        many: |kind| match kind {
            MarkKind::Decision => "Besluiten",
            MarkKind::Action => "Actiepunten",
            MarkKind::Question => "Vragen",
            MarkKind::Note => "Notities",
        },
    },
    summary: Summary {
        heading: "Samenvatting",
        topics: "Onderwerpen",
        made_by: |model| {
            format!(
                "Door {model} gemaakt uit wat is gezegd; elke regel leidt naar de woorden waarop hij berust."
            )
        },
        made_at: |model, host| {
            format!(
                "Door {model} bij {host} gemaakt uit wat is gezegd; elke regel leidt naar de woorden waarop hij berust."
            )
        },
        nothing: "Er viel niets te melden.",
        stale: "De tekst of de namen zijn daarna gewijzigd.",
        left_out: |n, shown, of| {
            let were = if n == 1 { "is" } else { "zijn" };
            format!("{shown} van {of} zinnen {were} weggelaten: niet in het transcript.")
        },
        unread: |n, shown, of| {
            let were = if n == 1 { "is" } else { "zijn" };
            format!(
                "{shown} van {of} delen van de vergadering {were} weggelaten: geen antwoord was bruikbaar."
            )
        },
        gone: |n, shown| match n {
            1 => "1 zin wordt niet meer getoond: waarop hij berust is verborgen of gewijzigd.".to_owned(),
            _ => format!(
                "{shown} zinnen worden niet meer getoond: waarop ze berusten is verborgen of gewijzigd."
            ),
        },
        corrected: "sindsdien verbeterd",
        quoted: |text| format!("“{text}”"),
    },
    said: Said {
        heading: "Wat er gezegd werd",
        nothing: "Er is geen spraak herkend.",
        still_spoke: |who| format!("terwijl {who} nog sprak"),
        voice: |number| format!("Stem {number}"),
        voice_of: |place, number| format!("{place}, stem {number}"),
        withheld: |reason| format!("achtergehouden: {reason}"),
        reason: |name| match name {
            "no_speech_evidence" => Some("geen aanwijzing van spraak"),
            "no_speech" => Some("niemand sprak"),
            "repetition" => Some("herhaling"),
            "too_fast" => Some("te snel"),
            "too_slow" => Some("te langzaam"),
            "stock_phrase" => Some("vaste frase"),
            "hidden" => Some("niet voor publicatie"),
            "by hand" => Some("met de hand"),
            _ => None,
        },
        withheld_label: "weggelaten",
        echo_label: "echo",
        echo_of: |who| format!("echo van {who}"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "niet opgenomen".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who} niet opgenomen"),
        (NoticeKind::Paused, "") => "onderbroken".to_owned(),
        (NoticeKind::Paused, who) => format!("{who} onderbroken"),
        (NoticeKind::Muted, "") => "alle bronnen gedempt".to_owned(),
        (NoticeKind::Muted, who) => format!("{who} gedempt"),
        (NoticeKind::Hidden, _) => "niet voor publicatie".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}: alleen digitale stilte"),
        (NoticeKind::TooQuiet, who) => format!("{who} erg zacht"),
        (NoticeKind::NotTranscribed, who) => format!("tekst van {who} ontbreekt"),
        (NoticeKind::TextPending, "") => "tekst nog niet gemaakt".to_owned(),
        (NoticeKind::TextPending, who) => format!("tekst van {who} nog niet gemaakt"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "er werd niets afgespeeld",
        (GapCause::NotStarted, _) => "het apparaat begon later",
        (GapCause::Stall, _) => "het apparaat leverde niets",
        (GapCause::Slip, _) => "het apparaat sloeg een ogenblik over",
        (GapCause::Overrun, _) => "de computer had het te druk om het geluid op tijd aan te nemen",
        (GapCause::DeviceLost, SourceKind::File) => "het bestand brak af",
        (GapCause::DeviceLost, _) => "het apparaat werd losgekoppeld",
        (GapCause::Foreign, _) => "in plaats daarvan kwam het geluid van een ander apparaat",
        (GapCause::Restart, _) => "de recorder werd opnieuw gestart",
        (GapCause::Suspend, _) => "de computer sliep",
        (GapCause::Suspended, _) => "het opnameprogramma was stilgezet",
        (GapCause::Paused, _) => "de opname was onderbroken",
        (GapCause::Muted, _) => "het spoor was gedempt",
        (GapCause::WriteError, _) => "de schijf weigerde te schrijven",
        (GapCause::Ended, _) => "de bron was afgelopen",
        (GapCause::Damaged, _) => "het bestand is daar beschadigd",
        (GapCause::Unrecorded, _) => "het bestand bevat geen geluid voor dit moment",
    },
    why: Why {
        length_unknown: "niemand weet hoeveel",
        recogniser_failed: "de herkenning faalde hier",
        muted: "misschien gedempt, of het verkeerde apparaat",
        loudspeaker_muted: "de luidspreker was misschien gedempt terwijl er iets werd afgespeeld",
        words_missing: "er kunnen woorden ontbreken",
    },
    account: Account {
        heading: "Wat er opgenomen werd",
        complete: |names| format!("De opname is volledig: er ontbreekt niets ({names})."),
        nothing_lost: "Er ging niets verloren.",
        sources: "Bronnen",
        source: |kind| match kind {
            SourceKind::Mic => "microfoon",
            SourceKind::Loopback => "geluid van de computer",
            SourceKind::File => "bestand",
            SourceKind::Synth => "kunstmatig geluid",
        },
        channel: |n| format!("kanaal {n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!(", in {takes} delen") } else { String::new() };
            format!("{who}: {long} opgenomen{takes}")
        },
        nothing_missing: ", er ontbreekt niets",
        missing: |long, lost, reason, times| {
            let what = if lost { "verloren" } else { "niet opgenomen" };
            let times = if times > 1 { format!(" ({times} keer)") } else { String::new() };
            format!("{long} {what}: {reason}{times}")
        },
        no_reason: "niets zegt waarom",
        silence: |long| format!("{long} alleen digitale stilte (gedempt?)"),
        unknown_amount: "onbekend hoeveel",
        at_least: |long| format!("minstens {long}"),
    },
    about: About {
        heading: "Over deze notulen",
        transcribed_by: |models| format!("Uitgeschreven door {models}."),
        sent_to: |hosts| format!("Het geluid is naar {hosts} gestuurd om te worden uitgeschreven."),
        summarised_by: |hosts| format!("De tekst is naar {hosts} gestuurd om te worden samengevat."),
        left_out: |what| format!("Weggelaten, maar bewaard in het transcript: {what}."),
        marked_withheld: |what| format!("Als achtergehouden gemerkt: {what}."),
        echoes: |n, shown| match n {
            1 => "1 echo van een ander spoor".to_owned(),
            _ => format!("{shown} echo’s van andere sporen"),
        },
        without_evidence: |n, shown| match n {
            1 => "1 uiting zonder genoeg aanwijzing van spraak".to_owned(),
            _ => format!("{shown} uitingen zonder genoeg aanwijzing van spraak"),
        },
        corrected: |n, shown| match n {
            1 => "Met de hand verbeterd: 1 uiting.".to_owned(),
            _ => format!("Met de hand verbeterd: {shown} uitingen."),
        },
        zone: |zone| format!("Tijdstippen zijn die van {zone}."),
        no_font: |n, named| {
            format!(
                "Tekens van dit document die geen lettertype op deze computer heeft ({n}): {named}. In plaats daarvan staan vakjes; de tekst zelf is volledig, om te zoeken en te kopiëren."
            )
        },
        written: |version, session| format!("Geschreven door Hansard {version} uit de opname {session}."),
    },
    evidence: Evidence {
        frames: "De afrekening in frames",
        track: "Spoor",
        expected: "Verwachte frames",
        written: "= geschreven",
        gaps: "+ in gaten",
        lost: "Daarvan verloren",
        rounding: "+ afronding",
        difference: "+ verschil",
        lines: "Waar elke regel vandaan komt",
        from: "Vanaf",
        file: "Bestand",
        frames_of: "Frames",
        confidence: "Zekerheid",
        model: "Model",
        line: "Regel",
        revision: |id, rev| format!("{id}, versie {rev}"),
        take: |track, take| format!("{track}, deel {take}"),
        by_hand: "met de hand",
        fingerprints: "Vingerafdrukken",
        sha256: "SHA-256 van het bestand van elk spoor, zoals het was toen deze notulen geschreven werden. In de map van de opname \
                 vergelijkt sha256sum --check de bestanden met deze regels:",
        put_off: |size| format!("De SHA-256 van de sporen zijn weggelaten: er was {size} geluid te lezen."),
        growing: "wordt nog geschreven",
        summary: "Frames en vingerafdrukken",
        where_from: "Waar dit vandaan komt",
    },
    page: Page {
        skip: "Naar wat er gezegd werd",
        in_minutes: "In deze notulen",
        search_in: "In de notulen zoeken",
        search: "Zoeken",
        match_before: "Vorige treffer",
        match_after: "Volgende treffer",
        dark: "Donkere kleuren",
        whose: "Wiens woorden getoond worden",
        everybody: "Iedereen",
        who_is: "wie is dit?",
        perhaps: |name| format!("Misschien {name}?"),
        hear: "Luister naar",
        unheard: "Hier is niemand te horen: het geluid staat niet naast deze pagina. Een stem klinkt met",
        left_behind: |file| {
            format!("Het geluid ontbreekt: bewaar ‘{file}’ naast deze pagina, in dezelfde map.")
        },
        of_another: |file| {
            format!(
                "‘{file}’ naast deze pagina is niet haar geluid maar dat van een andere opname, of is gewijzigd: zet het eigen geluid daar."
            )
        },
        when: "Wie wanneer sprak",
        mark_at: |kind, at, text| format!("{kind} op {at}: {text}"),
        missing: |long, reason| format!("{long} ontbreekt: {reason}"),
        table: "Tabel",
        keys: "Toetsen",
        space: "spatie",
        key_play: "afspelen, stilzetten",
        key_seek: "5 seconden terug, verder",
        key_turn: "vorige, volgende beurt",
        key_search: "zoeken; <kbd>Enter</kbd> volgende treffer, <kbd>Shift</kbd> <kbd>Enter</kbd> de vorige",
        key_escape: "zoeken beëindigen",
        sound: "Geluid",
        play: "Afspelen",
        pause: "Stilzetten",
        place: "Plaats in de opname",
        speed: "Snelheid",
        follow: "Meelopen",
        of: "{0} van {1}",
        not_found: "niet gevonden",
    },
};

const DAYS: [&str; 7] = ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"];
const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
];
