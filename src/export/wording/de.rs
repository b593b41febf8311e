//! German.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::German,
    tag: "de-DE",
    decimal: ",",
    thousands: ".",
    colon: ": ",
    semicolon: "; ",
    stop: ".",
    space: " ",
    length: comma_length,
    date: |day| format!("{}, {}. {} {}", weekday(day, DAYS), day.day(), month(day, MONTHS), day.year()),
    list: |names| listed(names, ", ", " und "),
    head: Head {
        minutes: "Protokoll",
        clock_unknown: "Uhrzeit nicht bekannt",
        place: "Ort",
        present: "Anwesend",
        excused: "Entschuldigt",
        invited: "Eingeladen",
        consent: "Einverständnis",
        announced: "Angekündigt",
        announcement: "Diese Besprechung wird aufgenommen, und es entsteht davon eine Mitschrift. Wer nicht einverstanden ist, sage es bitte jetzt.",
        agenda: "Tagesordnung",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!(": von {from} bis {to}"),
                (Some(from), None) => format!(": ab {from}"),
                (None, Some(to)) => format!(": bis {to}"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("; nur, was {who} sagte")).unwrap_or_default();
            format!("Dieses Protokoll ist ein Teil der Sitzung{span}{who}.")
        },
    },
    complete: Complete {
        complete: "Vollständig: Nichts ging verloren.",
        left_out: "Nichts ging verloren; was nicht aufgenommen werden sollte oder nicht zu hören war, steht an seiner Stelle.",
        of: |amount, who| format!("{amount} von {who}"),
        lost: |what, in_place| {
            let place =
                if in_place { "an ihrer Stelle genannt" } else { "an ihrer Stelle oder am Ende genannt" };
            format!("Nicht vollständig: Es fehlen {what}, {place}.")
        },
        unfinished: "Diese Aufnahme wurde nicht ordnungsgemäß beendet oder läuft noch: Ob sie vollständig ist, steht nicht fest.",
        no_account: "Ob sie vollständig ist, wurde nicht geprüft: Das Journal der Aufnahme fehlt oder ist beschädigt.",
        files: "Ob sie vollständig ist, wurde nicht geprüft: Nicht der ganze aufgenommene Ton liegt bei diesem Protokoll.",
        sound_removed: |day| format!("Der Ton wurde am {day} gelöscht; der Text blieb."),
        verify: "Mehr sagt",
    },
    pending: Pending {
        removed: |day| format!("Der Text dieser Sitzung wurde am {day} gelöscht."),
        running: "Diese Sitzung wird gerade aufgenommen; ihr Text ist noch nicht vollständig.",
        none: "Der Text dieser Sitzung ist noch nicht erstellt:",
        part: "Der Text dieser Sitzung ist noch nicht bis zum Ende erstellt:",
        until: |reached| format!("– er reicht bis {reached}"),
        of: |until, who| format!("{until} ({who})"),
        end: "zum Ende",
    },
    who: Who {
        heading: "Wer dabei war",
        speaker: "Name",
        talking_time: "Redezeit",
        share: "Anteil",
        turns: "Wortmeldungen",
        text_up_to: "Text bis",
        percent: |share| format!("{share} %"),
    },
    marks: Marks {
        heading: "Was festgehalten wurde",
        one: |kind| match kind {
            MarkKind::Decision => "Beschluss",
            MarkKind::Action => "Aufgabe",
            MarkKind::Question => "Frage",
            MarkKind::Note => "Notiz",
        },
        many: |kind| match kind {
            MarkKind::Decision => "Beschlüsse",
            MarkKind::Action => "Aufgaben",
            MarkKind::Question => "Fragen",
            MarkKind::Note => "Notizen",
        },
    },
    summary: Summary {
        heading: "Zusammenfassung",
        topics: "Themen",
        made_by: |model| {
            format!(
                "Von {model} aus dem Gesagten gemacht; jede Zeile führt zu den Worten, auf denen sie beruht."
            )
        },
        made_at: |model, host| {
            format!(
                "Von {model} bei {host} aus dem Gesagten gemacht; jede Zeile führt zu den Worten, auf denen sie beruht."
            )
        },
        nothing: "Es fand nichts zu berichten.",
        stale: "Der Text oder seine Namen wurden danach geändert.",
        left_out: |n, shown, of| {
            let were = if n == 1 { "wurde" } else { "wurden" };
            format!("{shown} von {of} Sätzen {were} weggelassen: nicht in der Niederschrift.")
        },
        unread: |n, shown, of| {
            let were = if n == 1 { "wurde" } else { "wurden" };
            format!(
                "{shown} von {of} Abschnitten der Sitzung {were} weggelassen: keine Antwort war brauchbar."
            )
        },
        gone: |n, shown| match n {
            1 => {
                "1 Satz wird nicht mehr gezeigt: worauf er beruht, wurde verborgen oder geändert.".to_owned()
            }
            _ => format!(
                "{shown} Sätze werden nicht mehr gezeigt: worauf sie beruhen, wurde verborgen oder geändert."
            ),
        },
        corrected: "seither berichtigt",
        quoted: |text| format!("„{text}“"),
    },
    said: Said {
        heading: "Was gesagt wurde",
        nothing: "Es wurde nichts Gesprochenes erkannt.",
        still_spoke: |who| format!("während {who} noch sprach"),
        voice: |number| format!("Stimme {number}"),
        voice_of: |place, number| format!("{place}, Stimme {number}"),
        withheld: |reason| format!("zurückgehalten: {reason}"),
        reason: |name| match name {
            "no_speech_evidence" => Some("kein Beleg, dass gesprochen wurde"),
            "no_speech" => Some("niemand sprach"),
            "repetition" => Some("Wiederholung"),
            "too_fast" => Some("zu schnell"),
            "too_slow" => Some("zu langsam"),
            "stock_phrase" => Some("Floskel des Erkenners"),
            "hidden" => Some("nicht zur Veröffentlichung"),
            "by hand" => Some("von Hand"),
            _ => None,
        },
        withheld_label: "zurückgehalten",
        echo_label: "Echo",
        echo_of: |who| format!("Echo von {who}"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "nicht aufgenommen".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who} nicht aufgenommen"),
        (NoticeKind::Paused, "") => "unterbrochen".to_owned(),
        (NoticeKind::Paused, who) => format!("{who} unterbrochen"),
        (NoticeKind::Muted, "") => "alle Quellen stummgeschaltet".to_owned(),
        (NoticeKind::Muted, who) => format!("{who} stummgeschaltet"),
        (NoticeKind::Hidden, _) => "nicht zur Veröffentlichung".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}: nur digitale Stille"),
        (NoticeKind::TooQuiet, who) => format!("{who} sehr leise"),
        (NoticeKind::NotTranscribed, who) => format!("Text von {who} fehlt"),
        (NoticeKind::TextPending, "") => "Text noch nicht erstellt".to_owned(),
        (NoticeKind::TextPending, who) => format!("Text von {who} noch nicht erstellt"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "es wurde nichts abgespielt",
        (GapCause::NotStarted, _) => "das Gerät begann später",
        (GapCause::Stall, _) => "das Gerät lieferte nichts",
        (GapCause::Slip, _) => "das Gerät ließ ein wenig aus",
        (GapCause::Overrun, _) => "der Rechner war zu beschäftigt, um den Ton rechtzeitig anzunehmen",
        (GapCause::DeviceLost, SourceKind::File) => "die Datei brach ab",
        (GapCause::DeviceLost, _) => "das Gerät wurde abgezogen",
        (GapCause::Foreign, _) => "stattdessen kam der Ton eines anderen Geräts",
        (GapCause::Restart, _) => "die Aufnahme wurde neu gestartet",
        (GapCause::Suspend, _) => "der Rechner schlief",
        (GapCause::Suspended, _) => "das Aufnahmeprogramm war angehalten",
        (GapCause::Paused, _) => "die Aufnahme war unterbrochen",
        (GapCause::Muted, _) => "die Spur war stummgeschaltet",
        (GapCause::WriteError, _) => "der Datenträger nahm nichts an",
        (GapCause::Ended, _) => "die Quelle war zu Ende",
        (GapCause::Damaged, _) => "die Datei ist dort beschädigt",
        (GapCause::Unrecorded, _) => "die Datei enthält für diese Zeit keinen Ton",
    },
    why: Why {
        length_unknown: "niemand weiß, wie viel",
        recogniser_failed: "die Erkennung versagte hier",
        muted: "vielleicht stummgeschaltet oder das falsche Gerät",
        loudspeaker_muted: "der Lautsprecher war vielleicht stummgeschaltet, während etwas abgespielt wurde",
        words_missing: "Wörter können fehlen",
    },
    account: Account {
        heading: "Was aufgenommen wurde",
        complete: |names| format!("Die Aufnahme ist vollständig: Es fehlt nichts ({names})."),
        nothing_lost: "Nichts ging verloren.",
        sources: "Quellen",
        source: |kind| match kind {
            SourceKind::Mic => "Mikrofon",
            SourceKind::Loopback => "Ton des Rechners",
            SourceKind::File => "Datei",
            SourceKind::Synth => "künstlicher Ton",
        },
        channel: |n| format!("Kanal {n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!(", in {takes} Stücken") } else { String::new() };
            format!("{who}: {long} aufgenommen{takes}")
        },
        nothing_missing: ", es fehlt nichts",
        missing: |long, lost, reason, times| {
            let what = if lost { "verloren" } else { "nicht aufgenommen" };
            let times = if times > 1 { format!(" ({times}-mal)") } else { String::new() };
            format!("{long} {what}: {reason}{times}")
        },
        no_reason: "nichts sagt, warum",
        silence: |long| format!("{long} nur digitale Stille (stummgeschaltet?)"),
        unknown_amount: "unbekannt viel",
        at_least: |long| format!("mindestens {long}"),
    },
    about: About {
        heading: "Über dieses Protokoll",
        transcribed_by: |models| format!("Verschriftlicht von {models}."),
        sent_to: |hosts| format!("Der Ton wurde zum Verschriftlichen an {hosts} gesendet."),
        summarised_by: |hosts| format!("Der Text wurde zum Zusammenfassen an {hosts} gesendet."),
        left_out: |what| format!("Weggelassen, aber im Transkript bewahrt: {what}."),
        marked_withheld: |what| format!("Als zurückgehalten bezeichnet: {what}."),
        echoes: |n, shown| match n {
            1 => "1 Echo einer anderen Spur".to_owned(),
            _ => format!("{shown} Echos anderer Spuren"),
        },
        without_evidence: |n, shown| match n {
            1 => "1 Äußerung ohne genügenden Beleg, dass gesprochen wurde".to_owned(),
            _ => format!("{shown} Äußerungen ohne genügenden Beleg, dass gesprochen wurde"),
        },
        corrected: |n, shown| match n {
            1 => "Von Hand berichtigt: 1 Äußerung.".to_owned(),
            _ => format!("Von Hand berichtigt: {shown} Äußerungen."),
        },
        zone: |zone| format!("Uhrzeiten sind die von {zone}."),
        no_font: |n, named| {
            format!(
                "Für {n} Zeichen dieses Dokuments hat dieser Computer keine Schrift: {named}. An ihrer Stelle stehen Kästchen; der Text selbst ist vollständig, zum Suchen und Kopieren."
            )
        },
        written: |version, session| format!("Geschrieben von Hansard {version} aus der Aufnahme {session}."),
    },
    evidence: Evidence {
        frames: "Die Abrechnung in Frames",
        track: "Spur",
        expected: "Erwartete Frames",
        written: "= geschrieben",
        gaps: "+ in Lücken",
        lost: "Davon verloren",
        rounding: "+ Rundung",
        difference: "+ Differenz",
        lines: "Woher jede Zeile stammt",
        from: "Ab",
        file: "Datei",
        frames_of: "Frames",
        confidence: "Sicherheit",
        model: "Modell",
        line: "Zeile",
        revision: |id, rev| format!("{id}, Fassung {rev}"),
        take: |track, take| format!("{track}, Stück {take}"),
        by_hand: "von Hand",
        fingerprints: "Fingerabdrücke",
        sha256: "SHA-256 der Datei jeder Spur, wie sie war, als dieses Protokoll geschrieben wurde. Im Ordner der Aufnahme \
                 vergleicht sha256sum --check die Dateien mit diesen Zeilen:",
        put_off: |size| format!("Die SHA-256 der Spuren fehlen hier: {size} Ton wären zu lesen gewesen."),
        growing: "wird noch geschrieben",
        summary: "Frames und Fingerabdrücke",
        where_from: "Woher das stammt",
    },
    page: Page {
        skip: "Zu dem, was gesagt wurde",
        in_minutes: "In diesem Protokoll",
        search_in: "Im Protokoll suchen",
        search: "Suchen",
        match_before: "Voriger Treffer",
        match_after: "Nächster Treffer",
        dark: "Dunkle Farben",
        whose: "Wessen Worte gezeigt werden",
        everybody: "Alle",
        who_is: "Wer ist das?",
        perhaps: |name| format!("Vielleicht {name}?"),
        hear: "Anhören:",
        unheard: "Hier ist niemand zu hören: der Ton liegt nicht neben dieser Seite. Eine Stimme spielt",
        left_behind: |file| {
            format!("Der Ton fehlt: „{file}“ muss neben dieser Seite liegen, im selben Ordner.")
        },
        of_another: |file| {
            format!(
                "„{file}“ neben dieser Seite ist nicht ihr Ton, sondern der einer anderen Aufnahme, oder wurde verändert: Legen Sie den eigenen dorthin."
            )
        },
        when: "Wer wann sprach",
        mark_at: |kind, at, text| format!("{kind} bei {at}: {text}"),
        missing: |long, reason| format!("{long} fehlen: {reason}"),
        table: "Tabelle",
        keys: "Tasten",
        space: "Leertaste",
        key_play: "abspielen, anhalten",
        key_seek: "5 Sekunden zurück, vor",
        key_turn: "vorige, nächste Wortmeldung",
        key_search: "suchen; <kbd>Enter</kbd> nächster Treffer, <kbd>Umschalt</kbd> <kbd>Enter</kbd> der vorige",
        key_escape: "Suche beenden",
        sound: "Ton",
        play: "Abspielen",
        pause: "Anhalten",
        place: "Stelle in der Aufnahme",
        speed: "Geschwindigkeit",
        follow: "Mitlaufen",
        of: "{0} von {1}",
        not_found: "nicht gefunden",
    },
};

const DAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
