//! Italian.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::Italian,
    tag: "it-IT",
    decimal: ",",
    thousands: ".",
    colon: ": ",
    semicolon: "; ",
    stop: ".",
    space: " ",
    length: comma_length,
    date: |day| {
        let first = if day.day() == 1 { "º" } else { "" };
        format!("{} {}{first} {} {}", weekday(day, DAYS), day.day(), month(day, MONTHS), day.year())
    },
    list: |names| listed(names, ", ", " e "),
    head: Head {
        minutes: "Verbale",
        clock_unknown: "ora non nota",
        place: "Luogo",
        present: "Presenti",
        excused: "Assenti giustificati",
        invited: "Invitati",
        consent: "Consenso",
        announced: "Annunciato",
        announcement: "Questa riunione viene registrata e trascritta. Se non siete d’accordo, per favore ditelo ora.",
        agenda: "Ordine del giorno",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!(": da {from} a {to}"),
                (Some(from), None) => format!(": da {from} in poi"),
                (None, Some(to)) => format!(": fino a {to}"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("; solo ciò che ha detto {who}")).unwrap_or_default();
            format!("Questo verbale è una parte della riunione{span}{who}.")
        },
    },
    complete: Complete {
        complete: "Completo: nulla è andato perduto.",
        left_out: "Nulla è andato perduto; ciò che non doveva essere registrato, o non si poteva sentire, è indicato al suo posto.",
        of: |amount, who| format!("{amount} di {who}"),
        lost: |what, in_place| {
            let place = if in_place {
                "come indicato al suo posto"
            } else {
                "come indicato al suo posto o alla fine"
            };
            format!("Incompleto: manca {what}, {place}.")
        },
        unfinished: "Questa registrazione non è stata conclusa regolarmente, o è ancora in corso: non si sa se è completa.",
        no_account: "Non è stato verificato se sia completo: il giornale della registrazione manca o è danneggiato.",
        files: "Non è stato verificato se sia completo: non tutto l’audio registrato accompagna questo verbale.",
        sound_removed: |day| format!("L’audio è stato eliminato il {day}; il testo è stato conservato."),
        verify: "Per saperne di più:",
    },
    pending: Pending {
        removed: |day| format!("Il testo di questa riunione è stato eliminato il {day}."),
        running: "Questa riunione è in corso di registrazione; il suo testo non è ancora completo.",
        none: "Il testo di questa riunione non è ancora stato prodotto:",
        part: "Il testo di questa riunione non è ancora stato prodotto fino alla fine:",
        until: |reached| format!("– arriva fino a {reached}"),
        of: |until, who| format!("{until} ({who})"),
        end: "la fine",
    },
    who: Who {
        heading: "Chi c’era",
        speaker: "Nome",
        talking_time: "Tempo di parola",
        share: "Quota",
        turns: "Interventi",
        text_up_to: "Testo fino a",
        percent: |share| format!("{share} %"),
    },
    marks: Marks {
        heading: "Che cosa è stato annotato",
        one: |kind| match kind {
            MarkKind::Decision => "Decisione",
            MarkKind::Action => "Compito",
            MarkKind::Question => "Domanda",
            MarkKind::Note => "Nota",
        },
        many: |kind| match kind {
            MarkKind::Decision => "Decisioni",
            MarkKind::Action => "Compiti",
            MarkKind::Question => "Domande",
            MarkKind::Note => "Note",
        },
    },
    summary: Summary {
        heading: "Riassunto",
        topics: "Argomenti",
        made_by: |model| {
            format!("Fatto da {model} su ciò che è stato detto; ogni riga porta alle parole su cui si basa.")
        },
        made_at: |model, host| {
            format!(
                "Fatto da {model} presso {host} su ciò che è stato detto; ogni riga porta alle parole su cui si basa."
            )
        },
        nothing: "Non ha trovato nulla da riferire.",
        stale: "Il testo o i suoi nomi sono stati cambiati in seguito.",
        left_out: |n, shown, of| {
            let were = if n == 1 { "è stata omessa" } else { "sono state omesse" };
            format!("{shown} frasi su {of} {were}: non sono nella trascrizione.")
        },
        unread: |n, shown, of| {
            let were = if n == 1 { "è stata omessa" } else { "sono state omesse" };
            format!("{shown} parti della riunione su {of} {were}: nessuna risposta era utilizzabile.")
        },
        gone: |n, shown| match n {
            1 => "1 frase non è più mostrata: ciò su cui si basa è stato nascosto o cambiato.".to_owned(),
            _ => format!(
                "{shown} frasi non sono più mostrate: ciò su cui si basano è stato nascosto o cambiato."
            ),
        },
        corrected: "corretto in seguito",
        quoted: |text| format!("«{text}»"),
    },
    said: Said {
        heading: "Che cosa è stato detto",
        nothing: "Non è stato trascritto alcun parlato.",
        still_spoke: |who| format!("mentre {who} parlava ancora"),
        voice: |number| format!("Voce {number}"),
        voice_of: |place, number| format!("{place}, voce {number}"),
        withheld: |reason| format!("trattenuto: {reason}"),
        reason: |name| match name {
            "no_speech_evidence" => Some("nessun indizio di parlato"),
            "no_speech" => Some("nessuno parlava"),
            "repetition" => Some("ripetizione"),
            "too_fast" => Some("troppo veloce"),
            "too_slow" => Some("troppo lento"),
            "stock_phrase" => Some("frase fatta"),
            "hidden" => Some("non destinato alla pubblicazione"),
            "by hand" => Some("a mano"),
            _ => None,
        },
        withheld_label: "omesso",
        echo_label: "eco",
        echo_of: |who| format!("eco di {who}"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "non registrato".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who} non registrato"),
        (NoticeKind::Paused, "") => "in pausa".to_owned(),
        (NoticeKind::Paused, who) => format!("{who} in pausa"),
        (NoticeKind::Muted, "") => "tutte le fonti silenziate".to_owned(),
        (NoticeKind::Muted, who) => format!("{who} silenziato"),
        (NoticeKind::Hidden, _) => "non destinato alla pubblicazione".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}: solo silenzio digitale"),
        (NoticeKind::TooQuiet, who) => format!("{who} molto debole"),
        (NoticeKind::NotTranscribed, who) => format!("manca il testo di {who}"),
        (NoticeKind::TextPending, "") => "testo non ancora prodotto".to_owned(),
        (NoticeKind::TextPending, who) => format!("testo di {who} non ancora prodotto"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "non veniva riprodotto nulla",
        (GapCause::NotStarted, _) => "il dispositivo è partito più tardi",
        (GapCause::Stall, _) => "il dispositivo non ha fornito nulla",
        (GapCause::Slip, _) => "il dispositivo ha saltato un attimo",
        (GapCause::Overrun, _) => "il computer era troppo occupato per prendere l’audio in tempo",
        (GapCause::DeviceLost, SourceKind::File) => "il file si interrompe",
        (GapCause::DeviceLost, _) => "il dispositivo è stato scollegato",
        (GapCause::Foreign, _) => "al suo posto è arrivato l’audio di un altro dispositivo",
        (GapCause::Restart, _) => "il registratore è stato riavviato",
        (GapCause::Suspend, _) => "il computer era sospeso",
        (GapCause::Suspended, _) => "il programma di registrazione era fermo",
        (GapCause::Paused, _) => "la registrazione era in pausa",
        (GapCause::Muted, _) => "la traccia era silenziata",
        (GapCause::WriteError, _) => "il disco ha rifiutato la scrittura",
        (GapCause::Ended, _) => "la sorgente era finita",
        (GapCause::Damaged, _) => "il file è danneggiato in quel punto",
        (GapCause::Unrecorded, _) => "il file non contiene audio per quel momento",
    },
    why: Why {
        length_unknown: "nessuno sa quanto",
        recogniser_failed: "il riconoscimento è fallito qui",
        muted: "forse silenziato, o il dispositivo sbagliato",
        loudspeaker_muted: "forse l’altoparlante era silenziato mentre si riproduceva qualcosa",
        words_missing: "possono mancare parole",
    },
    account: Account {
        heading: "Che cosa è stato registrato",
        complete: |names| format!("La registrazione è completa: non manca nulla ({names})."),
        nothing_lost: "Nulla è andato perduto.",
        sources: "Sorgenti",
        source: |kind| match kind {
            SourceKind::Mic => "microfono",
            SourceKind::Loopback => "audio del computer",
            SourceKind::File => "file",
            SourceKind::Synth => "audio sintetico",
        },
        channel: |n| format!("canale {n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!(", in {takes} parti") } else { String::new() };
            format!("{who}: {long} di registrazione{takes}")
        },
        nothing_missing: ", non manca nulla",
        missing: |long, lost, reason, times| {
            let what = if lost { "di perdita" } else { "senza registrazione" };
            let times = if times > 1 { format!(" ({times} volte)") } else { String::new() };
            format!("{long} {what}: {reason}{times}")
        },
        no_reason: "nulla dice perché",
        silence: |long| format!("{long} di solo silenzio digitale (silenziato?)"),
        unknown_amount: "una quantità sconosciuta",
        at_least: |long| format!("almeno {long}"),
    },
    about: About {
        heading: "Su questo verbale",
        transcribed_by: |models| format!("Trascritto da {models}."),
        sent_to: |hosts| format!("L’audio è stato inviato a {hosts} per la trascrizione."),
        summarised_by: |hosts| format!("Il testo è stato inviato a {hosts} per essere riassunto."),
        left_out: |what| format!("Omesso, ma conservato nella trascrizione: {what}."),
        marked_withheld: |what| format!("Segnalato come trattenuto: {what}."),
        echoes: |n, shown| match n {
            1 => "1 eco di un’altra traccia".to_owned(),
            _ => format!("{shown} echi di altre tracce"),
        },
        without_evidence: |n, shown| match n {
            1 => "1 enunciato senza indizi sufficienti di parlato".to_owned(),
            _ => format!("{shown} enunciati senza indizi sufficienti di parlato"),
        },
        corrected: |n, shown| match n {
            1 => "Corretto a mano: 1 enunciato.".to_owned(),
            _ => format!("Corretto a mano: {shown} enunciati."),
        },
        zone: |zone| format!("Gli orari sono quelli di {zone}."),
        no_font: |n, named| {
            format!(
                "Segni di questo documento che nessun carattere di questo computer contiene ({n}): {named}. Al loro posto ci sono riquadri; il testo è completo, per cercare e copiare."
            )
        },
        written: |version, session| format!("Redatto da Hansard {version} dalla registrazione {session}."),
    },
    evidence: Evidence {
        frames: "Il conto in campioni",
        track: "Traccia",
        expected: "Campioni attesi",
        written: "= scritti",
        gaps: "+ in lacune",
        lost: "Di cui perduti",
        rounding: "+ arrotondamento",
        difference: "+ differenza",
        lines: "Da dove viene ogni riga",
        from: "Da",
        file: "File",
        frames_of: "Campioni",
        confidence: "Certezza",
        model: "Modello",
        line: "Riga",
        revision: |id, rev| format!("{id}, versione {rev}"),
        take: |track, take| format!("{track}, parte {take}"),
        by_hand: "a mano",
        fingerprints: "Impronte digitali",
        sha256: "SHA-256 del file di ogni traccia, com’era quando è stato redatto questo verbale. Nella cartella della registrazione \
                 sha256sum --check confronta i file con queste righe:",
        put_off: |size| {
            format!("Gli SHA-256 delle tracce sono stati omessi: c’erano {size} di audio da leggere.")
        },
        growing: "è ancora in scrittura",
        summary: "Campioni e impronte digitali",
        where_from: "Da dove viene",
    },
    page: Page {
        skip: "Vai a ciò che è stato detto",
        in_minutes: "In questo verbale",
        search_in: "Cerca nel verbale",
        search: "Cerca",
        match_before: "Risultato precedente",
        match_after: "Risultato successivo",
        dark: "Colori scuri",
        whose: "Di chi mostrare le parole",
        everybody: "Tutti",
        who_is: "chi è?",
        perhaps: |name| format!("Forse {name}?"),
        hear: "Ascolta",
        unheard: "Qui non si sente nessuno: l’audio non è accanto a questa pagina. Una voce si ascolta con",
        left_behind: |file| {
            format!("Manca l’audio: tenga «{file}» accanto a questa pagina, nella stessa cartella.")
        },
        of_another: |file| {
            format!(
                "«{file}», accanto a questa pagina, non è il suo audio ma quello di un’altra registrazione, o è stato modificato: metta lì il suo."
            )
        },
        when: "Chi ha parlato quando",
        mark_at: |kind, at, text| format!("{kind} a {at}: {text}"),
        missing: |long, reason| format!("manca {long}: {reason}"),
        table: "Tabella",
        keys: "Tasti",
        space: "spazio",
        key_play: "riproduci, ferma",
        key_seek: "5 secondi indietro, avanti",
        key_turn: "intervento precedente, successivo",
        key_search: "cerca; <kbd>Invio</kbd> risultato successivo, <kbd>Maiusc</kbd> <kbd>Invio</kbd> il precedente",
        key_escape: "termina la ricerca",
        sound: "Audio",
        play: "Riproduci",
        pause: "Ferma",
        place: "Punto nella registrazione",
        speed: "Velocità",
        follow: "Segui",
        of: "{0} di {1}",
        not_found: "non trovato",
    },
};

const DAYS: [&str; 7] = ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"];
const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];
