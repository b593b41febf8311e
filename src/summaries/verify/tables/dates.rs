//! Days, months, times of the day and of the year, and what is counted from today. Words stand without
//! accents.

/// A language's words for days. Synonyms are parted by `|`.
pub(in super::super) struct Days {
    pub language: &'static str,
    /// From Monday.
    pub weekdays: [&'static str; 7],
    /// From January.
    pub months: [&'static str; 12],
    /// What must have been said as it is; the first of synonyms is the key.
    pub others: &'static [&'static str],
    /// Days from today.
    pub relative: &'static [(&'static str, i64)],
    /// `half` of an hour: the next hour (`halb drei`) or the last one (`half past two`).
    pub half_is_to: bool,
}

#[rustfmt::skip]
pub(in super::super) const DAYS: &[Days] = &[
    Days {
        language: "en",
        weekdays: [
            "monday|mondays|mon", "tuesday|tuesdays|tue|tues", "wednesday|wednesdays", "thursday|thursdays|thu|thur|thurs",
            "friday|fridays|fri", "saturday|saturdays", "sunday|sundays",
        ],
        months: [
            "january|jan", "february|feb", "march", "april|apr", "may", "june|jun", "july|jul", "august|aug",
            "september|sept|sep", "october|oct", "november|nov", "december|dec",
        ],
        others: &[
            "today", "tonight", "tomorrow", "yesterday", "morning|mornings", "afternoon|afternoons",
            "evening|evenings", "night|nights|overnight", "noon|midday", "midnight", "spring", "summer", "autumn|fall",
            "winter", "weekend|weekends", "christmas", "easter", "daily", "weekly|week|weeks", "monthly|month|months",
            "yearly|annual|annually|year|years", "quarter|quarters|quarterly", "half|halves",
        ],
        relative: &[("today", 0), ("tonight", 0), ("tomorrow", 1), ("yesterday", -1)],
        half_is_to: false,
    },
    Days {
        language: "de",
        weekdays: [
            "montag|montags", "dienstag|dienstags", "mittwoch|mittwochs", "donnerstag|donnerstags",
            "freitag|freitags", "samstag|samstags|sonnabend", "sonntag|sonntags",
        ],
        months: [
            "januar|janner", "februar|feber", "marz", "april", "mai", "juni|juno", "juli", "august", "september",
            "oktober", "november", "dezember",
        ],
        others: &[
            "heute|heut", "morgen", "ubermorgen", "gestern", "vorgestern", "vormittag|vormittags", "mittag|mittags",
            "nachmittag|nachmittags", "abend|abends", "nacht|nachts", "mitternacht", "fruhling|fruhjahr|fruhjahrs",
            "sommer|sommers", "herbst", "winter", "wochenende", "weihnachten", "ostern",
            "woche|wochen|wochentlich", "monat|monate|monaten|monats|monatlich",
            "jahr|jahre|jahren|jahres|jahrlich", "quartal|quartale|quartals", "halfte|halb|halbe|halben|halber|halbes",
            "viertel", "drittel", "taglich",
        ],
        relative: &[("heute", 0), ("heut", 0), ("morgen", 1), ("ubermorgen", 2), ("gestern", -1), ("vorgestern", -2)],
        half_is_to: true,
    },
    Days {
        language: "fr",
        weekdays: [
            "lundi|lundis", "mardi|mardis", "mercredi|mercredis", "jeudi|jeudis", "vendredi|vendredis",
            "samedi|samedis", "dimanche|dimanches",
        ],
        months: [
            "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre",
            "novembre", "decembre",
        ],
        others: &[
            "aujourdhui", "demain", "hier", "matin|matinee|matins", "midi", "minuit", "soir|soiree|soirs", "nuit|nuits",
            "apres-midi", "printemps", "ete", "automne", "hiver", "weekend", "noel", "paques",
            "semaine|semaines|hebdomadaire", "mois|mensuel|mensuelle", "an|ans|annee|annees|annuel|annuelle",
            "trimestre|trimestres", "moitie|demi|demie", "quart|quarts", "tiers",
        ],
        relative: &[("aujourdhui", 0), ("demain", 1), ("hier", -1)],
        half_is_to: false,
    },
    Days {
        language: "es",
        weekdays: ["lunes", "martes", "miercoles", "jueves", "viernes", "sabado|sabados", "domingo|domingos"],
        months: [
            "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre|setiembre",
            "octubre", "noviembre", "diciembre",
        ],
        others: &[
            "hoy", "manana", "ayer", "anteayer", "tarde|tardes", "noche|noches", "mediodia", "medianoche",
            "primavera", "verano", "otono", "invierno", "navidad", "semana|semanas|semanal",
            "mes|meses|mensual", "ano|anos|anual", "trimestre|trimestres", "mitad|media|medio", "tercio",
        ],
        relative: &[("hoy", 0), ("ayer", -1), ("anteayer", -2)],
        half_is_to: false,
    },
    Days {
        language: "it",
        weekdays: ["lunedi", "martedi", "mercoledi", "giovedi", "venerdi", "sabato", "domenica"],
        months: [
            "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
            "novembre", "dicembre",
        ],
        others: &[
            "oggi", "domani", "dopodomani", "ieri", "mattina|mattino|mattinata", "pomeriggio", "sera|serata", "notte",
            "mezzogiorno", "mezzanotte", "primavera", "estate", "autunno", "inverno", "natale", "pasqua",
            "settimana|settimane|settimanale", "mese|mesi|mensile", "anno|anni|annuale", "trimestre|trimestri",
            "meta|mezzo|mezza",
        ],
        relative: &[("oggi", 0), ("domani", 1), ("dopodomani", 2), ("ieri", -1)],
        half_is_to: false,
    },
    Days {
        language: "nl",
        weekdays: [
            "maandag|maandags", "dinsdag|dinsdags", "woensdag|woensdags", "donderdag|donderdags", "vrijdag|vrijdags",
            "zaterdag|zaterdags", "zondag|zondags",
        ],
        months: [
            "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
            "november", "december",
        ],
        others: &[
            "vandaag", "morgen", "overmorgen", "gisteren", "eergisteren", "ochtend", "middag", "avond", "nacht",
            "middernacht", "lente|voorjaar", "zomer", "herfst|najaar", "winter", "weekend", "kerst|kerstmis", "pasen",
            "week|weken|wekelijks", "maand|maanden|maandelijks", "jaar|jaren|jaarlijks", "kwartaal|kwartalen",
            "helft|half|halve", "kwart",
        ],
        relative: &[("vandaag", 0), ("morgen", 1), ("overmorgen", 2), ("gisteren", -1), ("eergisteren", -2)],
        half_is_to: true,
    },
];

/// Words for days that are other words in another language: they count in their own one only.
#[rustfmt::skip]
pub(in super::super) const OWN_ONLY: &[&str] = &[
    "mon", "mar", "fri", "sun", "sat", "jan", "jun", "jul", "may", "march", "mars", "mai", "mei", "juni", "juli",
    "morgen", "an", "ans", "ete", "fall", "spring", "half", "media", "meta", "mes", "mois", "tarde", "demi", "quart",
    "quarter", "kwart", "middag", "nacht", "week", "weken", "mese", "night", "sera", "hier", "midi", "domani", "estate",
    "tiers", "mitad", "medio", "avond", "year", "juno", "thu", "tue", "dec", "oct", "nov", "feb", "apr", "aug", "sep",
    "lunes", "soir", "natale", "navidad", "matin", "nuit", "hoy", "oggi", "ayer", "marts", "marz", "noche",
];
