//! Spanish.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::Spanish,
    tag: "es-ES",
    decimal: ",",
    thousands: "\u{202f}",
    colon: ": ",
    semicolon: "; ",
    stop: ".",
    space: " ",
    length: comma_length,
    date: |day| format!("{}, {} de {} de {}", weekday(day, DAYS), day.day(), month(day, MONTHS), day.year()),
    list: |names| {
        // "y" becomes "e" before the sound of an i.
        let last = names.last().map(|name| name.to_lowercase()).unwrap_or_default();
        let is_i = last.starts_with(['i', 'í']) || (last.starts_with("hi") && !last.starts_with("hie"));
        listed(names, ", ", if is_i { " e " } else { " y " })
    },
    head: Head {
        minutes: "Acta",
        clock_unknown: "hora desconocida",
        place: "Lugar",
        present: "Presentes",
        excused: "Excusados",
        invited: "Invitados",
        consent: "Consentimiento",
        announced: "Anunciado",
        announcement: "Esta reunión se está grabando y se transcribe. Si no está de acuerdo, dígalo ahora, por favor.",
        agenda: "Orden del día",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!(": de {from} a {to}"),
                (Some(from), None) => format!(": a partir de {from}"),
                (None, Some(to)) => format!(": hasta {to}"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("; solo lo que dijo {who}")).unwrap_or_default();
            format!("Esta acta es una parte de la reunión{span}{who}.")
        },
    },
    complete: Complete {
        complete: "Completa: no se perdió nada.",
        left_out: "No se perdió nada; lo que no debía grabarse, o no se pudo oír, se indica en su lugar.",
        of: |amount, who| format!("{amount} de {who}"),
        lost: |what, in_place| {
            let place = if in_place { "indicado en su lugar" } else { "indicado en su lugar o al final" };
            format!("Incompleta: falta {what}, {place}.")
        },
        unfinished: "Esta grabación no se terminó correctamente, o aún sigue: no se sabe si está completa.",
        no_account: "No se ha comprobado si está completa: falta el diario de la grabación, o está dañado.",
        files: "No se ha comprobado si está completa: no todo el sonido grabado acompaña a esta acta.",
        sound_removed: |day| format!("El sonido se eliminó el {day}; el texto se conservó."),
        verify: "Para saber más:",
    },
    pending: Pending {
        removed: |day| format!("El texto de esta reunión se eliminó el {day}."),
        running: "Esta reunión se está grabando en este momento; su texto aún no está completo.",
        none: "El texto de esta reunión aún no se ha elaborado:",
        part: "El texto de esta reunión aún no se ha elaborado hasta el final:",
        until: |reached| format!("– llega hasta {reached}"),
        of: |until, who| format!("{until} ({who})"),
        end: "el final",
    },
    who: Who {
        heading: "Quién estuvo",
        speaker: "Nombre",
        talking_time: "Tiempo de palabra",
        share: "Proporción",
        turns: "Intervenciones",
        text_up_to: "Texto hasta",
        percent: |share| format!("{share} %"),
    },
    marks: Marks {
        heading: "Lo que se anotó",
        one: |kind| match kind {
            MarkKind::Decision => "Acuerdo",
            MarkKind::Action => "Tarea",
            MarkKind::Question => "Pregunta",
            MarkKind::Note => "Nota",
        },
        many: |kind| match kind {
            MarkKind::Decision => "Acuerdos",
            MarkKind::Action => "Tareas",
            MarkKind::Question => "Preguntas",
            MarkKind::Note => "Notas",
        },
    },
    summary: Summary {
        heading: "Resumen",
        topics: "Temas",
        made_by: |model| {
            format!("Hecho por {model} a partir de lo dicho; cada línea lleva a las palabras en que se basa.")
        },
        made_at: |model, host| {
            format!(
                "Hecho por {model} en {host} a partir de lo dicho; cada línea lleva a las palabras en que se basa."
            )
        },
        nothing: "No encontró nada que contar.",
        stale: "El texto o sus nombres se cambiaron después.",
        left_out: |n, shown, of| {
            let were = if n == 1 { "se omitió" } else { "se omitieron" };
            format!("{were} {shown} de {of} frases: no están en la transcripción.")
        },
        unread: |n, shown, of| {
            let were = if n == 1 { "se omitió" } else { "se omitieron" };
            format!("{were} {shown} de {of} partes de la reunión: ninguna respuesta era utilizable.")
        },
        gone: |n, shown| match n {
            1 => "1 frase ya no se muestra: aquello en que se basa se ocultó o se cambió.".to_owned(),
            _ => format!("{shown} frases ya no se muestran: aquello en que se basan se ocultó o se cambió."),
        },
        corrected: "corregido después",
        quoted: |text| format!("«{text}»"),
    },
    said: Said {
        heading: "Lo que se dijo",
        nothing: "No se transcribió ninguna palabra.",
        still_spoke: |who| format!("mientras {who} aún hablaba"),
        voice: |number| format!("Voz {number}"),
        voice_of: |place, number| format!("{place}, voz {number}"),
        withheld: |reason| format!("retenido: {reason}"),
        reason: |name| match name {
            "no_speech_evidence" => Some("sin indicios de habla"),
            "no_speech" => Some("nadie hablaba"),
            "repetition" => Some("repetición"),
            "too_fast" => Some("demasiado rápido"),
            "too_slow" => Some("demasiado lento"),
            "stock_phrase" => Some("frase hecha"),
            "hidden" => Some("no destinado a publicación"),
            "by hand" => Some("a mano"),
            _ => None,
        },
        withheld_label: "retenido",
        echo_label: "eco",
        echo_of: |who| format!("eco de {who}"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "no grabado".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who} no grabado"),
        (NoticeKind::Paused, "") => "en pausa".to_owned(),
        (NoticeKind::Paused, who) => format!("{who} en pausa"),
        (NoticeKind::Muted, "") => "todas las fuentes silenciadas".to_owned(),
        (NoticeKind::Muted, who) => format!("{who} silenciado"),
        (NoticeKind::Hidden, _) => "no destinado a publicación".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}: solo silencio digital"),
        (NoticeKind::TooQuiet, who) => format!("{who} muy bajo"),
        (NoticeKind::NotTranscribed, who) => format!("falta el texto de {who}"),
        (NoticeKind::TextPending, "") => "texto aún no elaborado".to_owned(),
        (NoticeKind::TextPending, who) => format!("texto de {who} aún no elaborado"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "no se reproducía nada",
        (GapCause::NotStarted, _) => "el dispositivo empezó más tarde",
        (GapCause::Stall, _) => "el dispositivo no entregó nada",
        (GapCause::Slip, _) => "el dispositivo se saltó un momento",
        (GapCause::Overrun, _) => "el ordenador estaba demasiado ocupado para recoger el sonido a tiempo",
        (GapCause::DeviceLost, SourceKind::File) => "el archivo se interrumpe",
        (GapCause::DeviceLost, _) => "se desconectó el dispositivo",
        (GapCause::Foreign, _) => "en su lugar llegó el sonido de otro dispositivo",
        (GapCause::Restart, _) => "la grabadora se reinició",
        (GapCause::Suspend, _) => "el ordenador estaba suspendido",
        (GapCause::Suspended, _) => "el programa de grabación estaba detenido",
        (GapCause::Paused, _) => "la grabación estaba en pausa",
        (GapCause::Muted, _) => "la pista estaba silenciada",
        (GapCause::WriteError, _) => "el disco se negó a escribir",
        (GapCause::Ended, _) => "la fuente había terminado",
        (GapCause::Damaged, _) => "el archivo está dañado ahí",
        (GapCause::Unrecorded, _) => "el archivo no contiene sonido de ese momento",
    },
    why: Why {
        length_unknown: "nadie sabe cuánto",
        recogniser_failed: "el reconocimiento falló aquí",
        muted: "quizá silenciado, o el dispositivo equivocado",
        loudspeaker_muted: "quizá el altavoz estaba silenciado mientras se reproducía algo",
        words_missing: "pueden faltar palabras",
    },
    account: Account {
        heading: "Lo que se grabó",
        complete: |names| format!("La grabación está completa: no falta nada ({names})."),
        nothing_lost: "No se perdió nada.",
        sources: "Fuentes",
        source: |kind| match kind {
            SourceKind::Mic => "micrófono",
            SourceKind::Loopback => "sonido del ordenador",
            SourceKind::File => "archivo",
            SourceKind::Synth => "sonido sintético",
        },
        channel: |n| format!("canal {n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!(", en {takes} partes") } else { String::new() };
            format!("{who}: {long} de grabación{takes}")
        },
        nothing_missing: ", no falta nada",
        missing: |long, lost, reason, times| {
            let what = if lost { "de pérdida" } else { "sin grabar" };
            let times = if times > 1 { format!(" ({times} veces)") } else { String::new() };
            format!("{long} {what}: {reason}{times}")
        },
        no_reason: "nada dice por qué",
        silence: |long| format!("{long} solo de silencio digital (¿silenciado?)"),
        unknown_amount: "una cantidad desconocida",
        at_least: |long| format!("al menos {long}"),
    },
    about: About {
        heading: "Sobre esta acta",
        transcribed_by: |models| format!("Transcrita por {models}."),
        sent_to: |hosts| format!("El sonido se envió a {hosts} para su transcripción."),
        summarised_by: |hosts| format!("El texto se envió a {hosts} para resumirlo."),
        left_out: |what| format!("Omitido, pero conservado en la transcripción: {what}."),
        marked_withheld: |what| format!("Señalado como retenido: {what}."),
        echoes: |n, shown| match n {
            1 => "1 eco de otra pista".to_owned(),
            _ => format!("{shown} ecos de otras pistas"),
        },
        without_evidence: |n, shown| match n {
            1 => "1 enunciado sin indicios suficientes de habla".to_owned(),
            _ => format!("{shown} enunciados sin indicios suficientes de habla"),
        },
        corrected: |n, shown| match n {
            1 => "Corregido a mano: 1 enunciado.".to_owned(),
            _ => format!("Corregido a mano: {shown} enunciados."),
        },
        zone: |zone| format!("Las horas son las de {zone}."),
        no_font: |n, named| {
            format!(
                "Caracteres de este documento que ninguna fuente de este ordenador tiene ({n}): {named}. En su lugar hay recuadros; el texto mismo está completo, para buscar y copiar."
            )
        },
        written: |version, session| {
            format!("Redactada por Hansard {version} a partir de la grabación {session}.")
        },
    },
    evidence: Evidence {
        frames: "La cuenta en tramas",
        track: "Pista",
        expected: "Tramas esperadas",
        written: "= escritas",
        gaps: "+ en huecos",
        lost: "De ellas perdidas",
        rounding: "+ redondeo",
        difference: "+ diferencia",
        lines: "De dónde viene cada línea",
        from: "Desde",
        file: "Archivo",
        frames_of: "Tramas",
        confidence: "Certeza",
        model: "Modelo",
        line: "Línea",
        revision: |id, rev| format!("{id}, versión {rev}"),
        take: |track, take| format!("{track}, parte {take}"),
        by_hand: "a mano",
        fingerprints: "Huellas digitales",
        sha256: "SHA-256 del archivo de cada pista, tal como estaba cuando se redactó esta acta. En la carpeta de la grabación, \
                 sha256sum --check compara los archivos con estas líneas:",
        put_off: |size| format!("Se omitieron los SHA-256 de las pistas: había que leer {size} de sonido."),
        growing: "aún se está escribiendo",
        summary: "Tramas y huellas digitales",
        where_from: "De dónde viene esto",
    },
    page: Page {
        skip: "Ir a lo que se dijo",
        in_minutes: "En esta acta",
        search_in: "Buscar en el acta",
        search: "Buscar",
        match_before: "Resultado anterior",
        match_after: "Resultado siguiente",
        dark: "Colores oscuros",
        whose: "De quién mostrar las palabras",
        everybody: "Todos",
        who_is: "¿quién es?",
        perhaps: |name| format!("¿Quizá {name}?"),
        hear: "Escuchar",
        unheard: "Aquí no se oye a nadie: el sonido no está junto a esta página. Una voz se oye con",
        left_behind: |file| {
            format!("Falta el sonido: conserve «{file}» junto a esta página, en la misma carpeta.")
        },
        of_another: |file| {
            format!(
                "«{file}», junto a esta página, no es su sonido, sino el de otra grabación, o ha cambiado: ponga ahí el suyo."
            )
        },
        when: "Quién habló cuándo",
        mark_at: |kind, at, text| format!("{kind} en {at}: {text}"),
        missing: |long, reason| format!("falta {long}: {reason}"),
        table: "Tabla",
        keys: "Teclas",
        space: "espacio",
        key_play: "reproducir, pausar",
        key_seek: "5 segundos atrás, adelante",
        key_turn: "intervención anterior, siguiente",
        key_search: "buscar; <kbd>Intro</kbd> resultado siguiente, <kbd>Mayús</kbd> <kbd>Intro</kbd> el anterior",
        key_escape: "terminar la búsqueda",
        sound: "Sonido",
        play: "Reproducir",
        pause: "Pausar",
        place: "Posición en la grabación",
        speed: "Velocidad",
        follow: "Seguir",
        of: "{0} de {1}",
        not_found: "no encontrado",
    },
};

const DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
