//! French. No-break spaces stand before double marks.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::French,
    tag: "fr-FR",
    decimal: ",",
    thousands: "\u{202f}",
    colon: "\u{a0}: ",
    semicolon: "\u{202f}; ",
    stop: ".",
    space: " ",
    length: comma_length,
    date: |day| {
        let first = if day.day() == 1 { "er" } else { "" };
        format!("{} {}{first} {} {}", weekday(day, DAYS), day.day(), month(day, MONTHS), day.year())
    },
    list: |names| listed(names, ", ", " et "),
    head: Head {
        minutes: "Procès-verbal",
        clock_unknown: "heure inconnue",
        place: "Lieu",
        present: "Présents",
        excused: "Excusés",
        invited: "Invités",
        consent: "Accord",
        announced: "Annoncé",
        announcement: "Cette réunion est enregistrée, et une transcription en est faite. Si vous n’êtes pas d’accord, dites-le maintenant, s’il vous plaît.",
        agenda: "Ordre du jour",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!("\u{a0}: de {from} à {to}"),
                (Some(from), None) => format!("\u{a0}: à partir de {from}"),
                (None, Some(to)) => format!("\u{a0}: jusqu’à {to}"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("\u{202f}; seulement les paroles de {who}")).unwrap_or_default();
            format!("Ce procès-verbal est une partie de la séance{span}{who}.")
        },
    },
    complete: Complete {
        complete: "Complet\u{a0}: rien n’a été perdu.",
        left_out: "Rien n’a été perdu\u{202f}; ce qui ne devait pas être enregistré, ou ne pouvait être entendu, est indiqué à sa place.",
        of: |amount, who| format!("{amount} de {who}"),
        lost: |what, in_place| {
            let place = if in_place { "indiqué à sa place" } else { "indiqué à sa place ou à la fin" };
            format!("Incomplet\u{a0}: il manque {what}, {place}.")
        },
        unfinished: "Cet enregistrement n’a pas été terminé normalement, ou dure encore\u{a0}: on ne sait pas s’il est complet.",
        no_account: "L’intégralité n’a pas été vérifiée\u{a0}: le journal de l’enregistrement est absent ou endommagé.",
        files: "L’intégralité n’a pas été vérifiée\u{a0}: tout le son enregistré n’accompagne pas ce procès-verbal.",
        sound_removed: |day| format!("Le son a été supprimé le {day}\u{a0}; le texte a été conservé."),
        verify: "Pour en savoir plus\u{a0}:",
    },
    pending: Pending {
        removed: |day| format!("Le texte de cette réunion a été supprimé le {day}."),
        running: "Cette séance est en cours d’enregistrement\u{202f}; son texte n’est pas encore complet.",
        none: "Le texte de cette séance n’a pas encore été établi\u{a0}:",
        part: "Le texte de cette séance n’a pas encore été établi jusqu’à la fin\u{a0}:",
        until: |reached| format!("– il va jusqu’à {reached}"),
        of: |until, who| format!("{until} ({who})"),
        end: "la fin",
    },
    who: Who {
        heading: "Qui était là",
        speaker: "Nom",
        talking_time: "Temps de parole",
        share: "Part",
        turns: "Interventions",
        text_up_to: "Texte jusqu’à",
        percent: |share| format!("{share}\u{a0}%"),
    },
    marks: Marks {
        heading: "Ce qui a été noté",
        one: |kind| match kind {
            MarkKind::Decision => "Décision",
            MarkKind::Action => "Tâche",
            MarkKind::Question => "Question",
            MarkKind::Note => "Note",
        },
        many: |kind| match kind {
            MarkKind::Decision => "Décisions",
            MarkKind::Action => "Tâches",
            MarkKind::Question => "Questions",
            MarkKind::Note => "Notes",
        },
    },
    summary: Summary {
        heading: "Résumé",
        topics: "Sujets",
        made_by: |model| {
            format!(
                "Établi par {model} d’après ce qui a été dit ; chaque ligne mène aux paroles sur lesquelles elle repose."
            )
        },
        made_at: |model, host| {
            format!(
                "Établi par {model} chez {host} d’après ce qui a été dit ; chaque ligne mène aux paroles sur lesquelles elle repose."
            )
        },
        nothing: "Il n’a rien trouvé à rapporter.",
        stale: "Le texte ou ses noms ont été modifiés depuis.",
        left_out: |n, shown, of| {
            let were = if n == 1 { "a été omise" } else { "ont été omises" };
            format!("{shown} phrases sur {of} {were} : absentes de la transcription.")
        },
        unread: |n, shown, of| {
            let were = if n == 1 { "a été omise" } else { "ont été omises" };
            format!("{shown} parties de la réunion sur {of} {were} : aucune réponse utilisable.")
        },
        gone: |n, shown| match n {
            1 => "1 phrase n’est plus montrée : ce sur quoi elle repose a été masqué ou modifié.".to_owned(),
            _ => format!(
                "{shown} phrases ne sont plus montrées : ce sur quoi elles reposent a été masqué ou modifié."
            ),
        },
        corrected: "corrigé depuis",
        quoted: |text| format!("« {text} »"),
    },
    said: Said {
        heading: "Ce qui a été dit",
        nothing: "Aucune parole n’a été transcrite.",
        still_spoke: |who| format!("pendant que {who} parlait encore"),
        voice: |number| format!("Voix {number}"),
        voice_of: |place, number| format!("{place}, voix {number}"),
        withheld: |reason| format!("retenu\u{a0}: {reason}"),
        reason: |name| match name {
            "no_speech_evidence" => Some("pas d’indice de parole"),
            "no_speech" => Some("personne ne parlait"),
            "repetition" => Some("répétition"),
            "too_fast" => Some("trop rapide"),
            "too_slow" => Some("trop lent"),
            "stock_phrase" => Some("formule toute faite"),
            "hidden" => Some("non destiné à la publication"),
            "by hand" => Some("à la main"),
            _ => None,
        },
        withheld_label: "non retenu",
        echo_label: "écho",
        echo_of: |who| format!("écho de {who}"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "non enregistré".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who} non enregistré"),
        (NoticeKind::Paused, "") => "enregistrement suspendu".to_owned(),
        (NoticeKind::Paused, who) => format!("{who}\u{a0}: enregistrement suspendu"),
        (NoticeKind::Muted, "") => "toutes les sources coupées".to_owned(),
        (NoticeKind::Muted, who) => format!("{who}\u{a0}: micro coupé"),
        (NoticeKind::Hidden, _) => "non destiné à la publication".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}\u{a0}: rien que du silence numérique"),
        (NoticeKind::TooQuiet, who) => format!("{who} très faible"),
        (NoticeKind::NotTranscribed, who) => format!("texte de {who} manquant"),
        (NoticeKind::TextPending, "") => "texte pas encore établi".to_owned(),
        (NoticeKind::TextPending, who) => format!("texte de {who} pas encore établi"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "rien n’était diffusé",
        (GapCause::NotStarted, _) => "l’appareil a commencé plus tard",
        (GapCause::Stall, _) => "l’appareil n’a rien fourni",
        (GapCause::Slip, _) => "l’appareil a sauté un court passage",
        (GapCause::Overrun, _) => "l’ordinateur était trop occupé pour prendre le son à temps",
        (GapCause::DeviceLost, SourceKind::File) => "le fichier s’interrompt",
        (GapCause::DeviceLost, _) => "l’appareil a été débranché",
        (GapCause::Foreign, _) => "le son d’un autre appareil est arrivé à la place",
        (GapCause::Restart, _) => "l’enregistreur a été relancé",
        (GapCause::Suspend, _) => "l’ordinateur était en veille",
        (GapCause::Suspended, _) => "le programme d’enregistrement était arrêté",
        (GapCause::Paused, _) => "l’enregistrement était suspendu",
        (GapCause::Muted, _) => "la piste était coupée",
        (GapCause::WriteError, _) => "le disque a refusé l’écriture",
        (GapCause::Ended, _) => "la source était terminée",
        (GapCause::Damaged, _) => "le fichier est endommagé à cet endroit",
        (GapCause::Unrecorded, _) => "le fichier ne contient pas de son pour ce moment",
    },
    why: Why {
        length_unknown: "personne ne sait combien",
        recogniser_failed: "la reconnaissance a échoué ici",
        muted: "peut-être coupé, ou le mauvais appareil",
        loudspeaker_muted: "le haut-parleur était peut-être coupé pendant la diffusion",
        words_missing: "des mots peuvent manquer",
    },
    account: Account {
        heading: "Ce qui a été enregistré",
        complete: |names| format!("L’enregistrement est complet\u{a0}: rien ne manque ({names})."),
        nothing_lost: "Rien n’a été perdu.",
        sources: "Sources",
        source: |kind| match kind {
            SourceKind::Mic => "microphone",
            SourceKind::Loopback => "son de l’ordinateur",
            SourceKind::File => "fichier",
            SourceKind::Synth => "son synthétique",
        },
        channel: |n| format!("canal {n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!(", en {takes} parties") } else { String::new() };
            format!("{who}\u{a0}: {long} d’enregistrement{takes}")
        },
        nothing_missing: ", rien ne manque",
        missing: |long, lost, reason, times| {
            let what = if lost { "de perte" } else { "sans enregistrement" };
            let times = if times > 1 { format!(" ({times} fois)") } else { String::new() };
            format!("{long} {what}\u{a0}: {reason}{times}")
        },
        no_reason: "rien n’en dit la raison",
        silence: |long| format!("{long} de silence numérique seulement (coupé\u{202f}?)"),
        unknown_amount: "une durée inconnue",
        at_least: |long| format!("au moins {long}"),
    },
    about: About {
        heading: "À propos de ce procès-verbal",
        transcribed_by: |models| format!("Transcrit par {models}."),
        sent_to: |hosts| format!("Le son a été envoyé à {hosts} pour être transcrit."),
        summarised_by: |hosts| format!("Le texte a été envoyé à {hosts} pour être résumé."),
        left_out: |what| format!("Omis, mais conservé dans la transcription\u{a0}: {what}."),
        marked_withheld: |what| format!("Signalé comme retenu\u{a0}: {what}."),
        echoes: |n, shown| match n {
            1 => "1 écho d’une autre piste".to_owned(),
            _ => format!("{shown} échos d’autres pistes"),
        },
        without_evidence: |n, shown| match n {
            1 => "1 énoncé sans indice suffisant de parole".to_owned(),
            _ => format!("{shown} énoncés sans indice suffisant de parole"),
        },
        corrected: |n, shown| match n {
            1 => "Corrigé à la main\u{a0}: 1 énoncé.".to_owned(),
            _ => format!("Corrigé à la main\u{a0}: {shown} énoncés."),
        },
        zone: |zone| format!("Les heures sont celles de {zone}."),
        no_font: |n, named| {
            format!(
                "Caractères de ce document qui ne sont dans aucune police de cet ordinateur ({n})\u{a0}: {named}. Des carrés les remplacent\u{a0}; le texte lui-même est complet, pour chercher et copier."
            )
        },
        written: |version, session| {
            format!("Rédigé par Hansard {version} d’après l’enregistrement {session}.")
        },
    },
    evidence: Evidence {
        frames: "Le compte en trames",
        track: "Piste",
        expected: "Trames attendues",
        written: "= écrites",
        gaps: "+ dans des lacunes",
        lost: "Dont perdues",
        rounding: "+ arrondi",
        difference: "+ différence",
        lines: "D’où vient chaque ligne",
        from: "À partir de",
        file: "Fichier",
        frames_of: "Trames",
        confidence: "Certitude",
        model: "Modèle",
        line: "Ligne",
        revision: |id, rev| format!("{id}, version {rev}"),
        take: |track, take| format!("{track}, partie {take}"),
        by_hand: "à la main",
        fingerprints: "Empreintes",
        sha256: "SHA-256 du fichier de chaque piste, tel qu’il était lors de la rédaction de ce procès-verbal. Dans le dossier de \
                 l’enregistrement, sha256sum --check compare les fichiers à ces lignes\u{a0}:",
        put_off: |size| {
            format!("Les SHA-256 des pistes ont été omis\u{a0}: il y avait {size} de son à lire.")
        },
        growing: "en cours d’écriture",
        summary: "Trames et empreintes",
        where_from: "D’où cela vient",
    },
    page: Page {
        skip: "Aller à ce qui a été dit",
        in_minutes: "Dans ce procès-verbal",
        search_in: "Chercher dans le procès-verbal",
        search: "Chercher",
        match_before: "Résultat précédent",
        match_after: "Résultat suivant",
        dark: "Couleurs sombres",
        whose: "De qui montrer les paroles",
        everybody: "Tout le monde",
        who_is: "qui est-ce\u{202f}?",
        perhaps: |name| format!("Peut-être {name}\u{202f}?"),
        hear: "Écouter",
        unheard: "On n’entend personne ici\u{202f}: le son n’est pas à côté de cette page. Une voix se fait entendre avec",
        left_behind: |file| {
            format!(
                "Le son manque\u{a0}: gardez «\u{a0}{file}\u{a0}» à côté de cette page, dans le même dossier."
            )
        },
        of_another: |file| {
            format!(
                "«\u{a0}{file}\u{a0}», à côté de cette page, n’est pas son enregistrement mais celui d’une autre réunion, ou a été modifié\u{a0}: remettez-y le sien."
            )
        },
        when: "Qui a parlé quand",
        mark_at: |kind, at, text| format!("{kind} à {at}\u{a0}: {text}"),
        missing: |long, reason| format!("il manque {long}\u{a0}: {reason}"),
        table: "Tableau",
        keys: "Touches",
        space: "espace",
        key_play: "écouter, arrêter",
        key_seek: "5 secondes en arrière, en avant",
        key_turn: "intervention précédente, suivante",
        key_search: "chercher\u{202f}; <kbd>Entrée</kbd> résultat suivant, <kbd>Maj</kbd> <kbd>Entrée</kbd> le précédent",
        key_escape: "quitter la recherche",
        sound: "Son",
        play: "Écouter",
        pause: "Arrêter",
        place: "Position dans l’enregistrement",
        speed: "Vitesse",
        follow: "Suivre",
        of: "{0} sur {1}",
        not_found: "introuvable",
    },
};

const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
