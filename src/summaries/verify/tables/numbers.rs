//! Number words. Words stand without accents.

/// What a language counts with.
pub(in super::super) struct Counting {
    pub language: &'static str,
    /// A word and what it is worth, below a hundred, and hundreds with a word of their own.
    pub units: &'static [(&'static str, u64)],
    /// What multiplies the number before it.
    pub times: &'static [(&'static str, u64)],
    pub ordinals: &'static [(&'static str, u64)],
    /// Between the parts of a number.
    pub and: &'static str,
    /// Where the fraction of a number begins.
    pub point: &'static [&'static str],
    pub percent: &'static [&'static str],
    /// Behind an hour.
    pub hour: &'static [&'static str],
}

#[rustfmt::skip]
pub(in super::super) const COUNTING: &[Counting] = &[
    Counting {
        language: "en",
        units: &[
            ("zero", 0), ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7),
            ("eight", 8), ("nine", 9), ("ten", 10), ("eleven", 11), ("twelve", 12), ("thirteen", 13),
            ("fourteen", 14), ("fifteen", 15), ("sixteen", 16), ("seventeen", 17), ("eighteen", 18),
            ("nineteen", 19), ("twenty", 20), ("thirty", 30), ("forty", 40), ("fourty", 40), ("fifty", 50),
            ("sixty", 60), ("seventy", 70), ("eighty", 80), ("ninety", 90), ("twice", 2), ("thrice", 3),
        ],
        times: &[
            ("hundred", 100), ("hundreds", 100), ("thousand", 1000), ("thousands", 1000), ("grand", 1000),
            ("k", 1000), ("million", 1_000_000), ("millions", 1_000_000), ("billion", 1_000_000_000),
            ("dozen", 12), ("dozens", 12),
        ],
        ordinals: &[
            ("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("fifth", 5), ("sixth", 6), ("seventh", 7),
            ("eighth", 8), ("ninth", 9), ("tenth", 10), ("eleventh", 11), ("twelfth", 12), ("thirteenth", 13),
            ("fourteenth", 14), ("fifteenth", 15), ("sixteenth", 16), ("seventeenth", 17), ("eighteenth", 18),
            ("nineteenth", 19), ("twentieth", 20), ("thirtieth", 30), ("fortieth", 40), ("fiftieth", 50),
            ("sixtieth", 60), ("seventieth", 70), ("eightieth", 80), ("ninetieth", 90), ("hundredth", 100),
        ],
        and: "and",
        point: &["point"],
        percent: &["percent", "per", "percentage"],
        hour: &["oclock"],
    },
    Counting {
        language: "de",
        units: &[
            ("null", 0), ("eins", 1), ("zwei", 2), ("zwo", 2), ("drei", 3), ("vier", 4), ("funf", 5), ("sechs", 6),
            ("sieben", 7), ("acht", 8), ("neun", 9), ("zehn", 10), ("elf", 11), ("zwolf", 12), ("dreizehn", 13),
            ("vierzehn", 14), ("funfzehn", 15), ("sechzehn", 16), ("siebzehn", 17), ("achtzehn", 18),
            ("neunzehn", 19), ("zwanzig", 20), ("dreissig", 30), ("dreizig", 30), ("vierzig", 40), ("funfzig", 50),
            ("sechzig", 60), ("siebzig", 70), ("achtzig", 80), ("neunzig", 90), ("zweimal", 2), ("dreimal", 3),
            ("viermal", 4), ("anderthalb", 1),
        ],
        times: &[
            ("hundert", 100), ("tausend", 1000), ("million", 1_000_000), ("millionen", 1_000_000),
            ("milliarde", 1_000_000_000), ("milliarden", 1_000_000_000), ("dutzend", 12),
        ],
        ordinals: &[],
        and: "",
        point: &["komma", "punkt"],
        percent: &["prozent"],
        hour: &["uhr"],
    },
    Counting {
        language: "fr",
        units: &[
            ("zero", 0), ("deux", 2), ("trois", 3), ("quatre", 4), ("cinq", 5), ("six", 6), ("sept", 7), ("huit", 8),
            ("neuf", 9), ("dix", 10), ("onze", 11), ("douze", 12), ("treize", 13), ("quatorze", 14), ("quinze", 15),
            ("seize", 16), ("vingt", 20), ("vingts", 20), ("trente", 30), ("quarante", 40), ("cinquante", 50),
            ("soixante", 60), ("septante", 70), ("huitante", 80), ("octante", 80), ("nonante", 90),
        ],
        times: &[
            ("cent", 100), ("cents", 100), ("mille", 1000), ("million", 1_000_000), ("millions", 1_000_000),
            ("milliard", 1_000_000_000), ("milliards", 1_000_000_000), ("douzaine", 12), ("douzaines", 12),
        ],
        ordinals: &[
            ("premier", 1), ("premiere", 1), ("premiers", 1), ("premieres", 1), ("deuxieme", 2), ("seconde", 2),
            ("troisieme", 3), ("quatrieme", 4), ("cinquieme", 5), ("sixieme", 6), ("septieme", 7), ("huitieme", 8),
            ("neuvieme", 9), ("dixieme", 10), ("onzieme", 11), ("douzieme", 12), ("quinzieme", 15),
            ("vingtieme", 20), ("trentieme", 30), ("centieme", 100),
        ],
        and: "et",
        point: &["virgule"],
        percent: &["pourcent", "pourcents", "pour"],
        hour: &["heure", "heures", "h"],
    },
    Counting {
        language: "es",
        units: &[
            ("cero", 0), ("uno", 1), ("dos", 2), ("tres", 3), ("cuatro", 4), ("cinco", 5), ("seis", 6), ("siete", 7),
            ("ocho", 8), ("nueve", 9), ("diez", 10), ("once", 11), ("doce", 12), ("trece", 13), ("catorce", 14),
            ("quince", 15), ("dieciseis", 16), ("diecisiete", 17), ("dieciocho", 18), ("diecinueve", 19),
            ("veinte", 20), ("veintiuno", 21), ("veintiun", 21), ("veintiuna", 21), ("veintidos", 22),
            ("veintitres", 23), ("veinticuatro", 24), ("veinticinco", 25), ("veintiseis", 26), ("veintisiete", 27),
            ("veintiocho", 28), ("veintinueve", 29), ("treinta", 30), ("cuarenta", 40), ("cincuenta", 50),
            ("sesenta", 60), ("setenta", 70), ("ochenta", 80), ("noventa", 90), ("cien", 100), ("ciento", 100),
            ("doscientos", 200), ("doscientas", 200), ("trescientos", 300), ("trescientas", 300),
            ("cuatrocientos", 400), ("cuatrocientas", 400), ("quinientos", 500), ("quinientas", 500),
            ("seiscientos", 600), ("seiscientas", 600), ("setecientos", 700), ("setecientas", 700),
            ("ochocientos", 800), ("ochocientas", 800), ("novecientos", 900), ("novecientas", 900),
        ],
        times: &[
            ("mil", 1000), ("millon", 1_000_000), ("millones", 1_000_000), ("docena", 12), ("docenas", 12),
        ],
        ordinals: &[
            ("primer", 1), ("primero", 1), ("primera", 1), ("segundo", 2), ("segunda", 2), ("tercer", 3),
            ("tercero", 3), ("tercera", 3), ("cuarto", 4), ("cuarta", 4), ("quinto", 5), ("quinta", 5), ("sexto", 6),
            ("sexta", 6), ("septimo", 7), ("septima", 7), ("octavo", 8), ("octava", 8), ("noveno", 9),
            ("novena", 9), ("decimo", 10), ("decima", 10),
        ],
        and: "y",
        point: &["coma", "punto"],
        percent: &["por", "porciento"],
        hour: &["hora", "horas", "h"],
    },
    Counting {
        language: "it",
        units: &[
            ("zero", 0), ("due", 2), ("tre", 3), ("quattro", 4), ("cinque", 5), ("sei", 6), ("sette", 7), ("otto", 8),
            ("nove", 9), ("dieci", 10), ("undici", 11), ("dodici", 12), ("tredici", 13), ("quattordici", 14),
            ("quindici", 15), ("sedici", 16), ("diciassette", 17), ("diciotto", 18), ("diciannove", 19),
            ("venti", 20), ("trenta", 30), ("quaranta", 40), ("cinquanta", 50), ("sessanta", 60), ("settanta", 70),
            ("ottanta", 80), ("novanta", 90),
        ],
        times: &[
            ("cento", 100), ("mille", 1000), ("mila", 1000), ("milione", 1_000_000), ("milioni", 1_000_000),
            ("miliardo", 1_000_000_000), ("miliardi", 1_000_000_000), ("dozzina", 12),
        ],
        ordinals: &[
            ("primo", 1), ("prima", 1), ("secondo", 2), ("seconda", 2), ("terzo", 3), ("terza", 3), ("quarto", 4),
            ("quarta", 4), ("quinto", 5), ("quinta", 5), ("sesto", 6), ("sesta", 6), ("settimo", 7), ("ottavo", 8),
            ("nono", 9), ("decimo", 10),
        ],
        and: "e",
        point: &["virgola", "punto"],
        percent: &["per", "percento"],
        hour: &["ora", "ore", "h"],
    },
    Counting {
        language: "nl",
        units: &[
            ("nul", 0), ("twee", 2), ("drie", 3), ("vier", 4), ("vijf", 5), ("zes", 6), ("zeven", 7), ("acht", 8),
            ("negen", 9), ("tien", 10), ("elf", 11), ("twaalf", 12), ("dertien", 13), ("veertien", 14),
            ("vijftien", 15), ("zestien", 16), ("zeventien", 17), ("achttien", 18), ("negentien", 19),
            ("twintig", 20), ("dertig", 30), ("veertig", 40), ("vijftig", 50), ("zestig", 60), ("zeventig", 70),
            ("tachtig", 80), ("negentig", 90),
        ],
        times: &[
            ("honderd", 100), ("duizend", 1000), ("miljoen", 1_000_000), ("miljard", 1_000_000_000), ("dozijn", 12),
        ],
        ordinals: &[
            ("eerste", 1), ("tweede", 2), ("derde", 3), ("vierde", 4), ("vijfde", 5), ("zesde", 6), ("zevende", 7),
            ("achtste", 8), ("negende", 9), ("tiende", 10), ("elfde", 11), ("twaalfde", 12), ("twintigste", 20),
            ("dertigste", 30),
        ],
        and: "en",
        point: &["komma", "punt"],
        percent: &["procent"],
        hour: &["uur"],
    },
];

/// Money: signs and words of all languages.
#[rustfmt::skip]
pub(in super::super) const MONEY: &[(&str, &str)] = &[
    ("€", "euros"), ("euro", "euros"), ("euros", "euros"), ("eur", "euros"), ("£", "pounds"), ("pound", "pounds"),
    ("pounds", "pounds"), ("quid", "pounds"), ("gbp", "pounds"), ("sterling", "pounds"), ("pfund", "pounds"),
    ("livres", "pounds"), ("libras", "pounds"), ("sterline", "pounds"), ("ponden", "pounds"), ("$", "dollars"),
    ("dollar", "dollars"), ("dollars", "dollars"), ("usd", "dollars"), ("bucks", "dollars"), ("dolar", "dollars"),
    ("dolares", "dollars"), ("dollari", "dollars"), ("¥", "yen"), ("yen", "yen"), ("chf", "francs"),
    ("franken", "francs"), ("francs", "francs"), ("franchi", "francs"), ("₹", "rupees"), ("rupees", "rupees"),
    ("rupien", "rupees"), ("₽", "roubles"), ("roubles", "roubles"), ("rubel", "roubles"), ("kronen", "kroner"),
    ("kroner", "kroner"), ("kronor", "kroner"), ("zloty", "zloty"), ("pesos", "pesos"), ("₩", "won"),
];
