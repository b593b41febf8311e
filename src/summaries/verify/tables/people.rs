//! Who is spoken of and to. Words stand without accents, parted by spaces.

/// A language's words for it.
pub(in super::super) struct Persons {
    pub language: &'static str,
    /// The one who speaks, alone or with others.
    pub first: &'static str,
    /// The one who is spoken to, and the words of a request.
    pub second: &'static str,
    /// Somebody else, where a sentence begins with it.
    pub third: &'static str,
    /// Somebody who was named before.
    pub him: &'static str,
    /// Before a name: it has no part in doing.
    pub prepositions: &'static str,
    /// Before a month's name that could be a person's.
    pub before_months: &'static str,
}

pub(in super::super) const PERSONS: &[Persons] = &[
    Persons {
        language: "en",
        first: "i we me my us our mine ours myself ourselves",
        second: "you your please yours",
        third: "he she they",
        him: "he she him her his hers",
        prepositions: "to of for with from at about on against after than behind under without and or",
        before_months: "in of until till since by before after this next last early late mid every",
    },
    Persons {
        language: "de",
        first: "ich wir mir mich uns mein meine meinen meinem meiner unser unsere unseren unserem",
        second: "du ihr dir dich euch dein deine bitte ihnen",
        third: "er",
        him: "er ihm ihn sie ihr",
        prepositions: "von an fur mit bei zu zum zur gegen uber nach aus und oder vom",
        before_months: "im ab seit bis anfang mitte ende vor nach",
    },
    Persons {
        language: "fr",
        first: "je j moi nous on mon ma mes m me notre nos",
        second: "tu toi vous te t ton ta tes votre vos stp svp",
        third: "il elle ils elles",
        him: "il elle lui",
        prepositions: "a de du d pour avec chez contre sur selon et ou des",
        before_months: "en de debut fin mi depuis avant apres d",
    },
    Persons {
        language: "es",
        first: "yo me mi mis nosotros nosotras nos nuestro nuestra",
        second: "tu usted ustedes te ti favor vosotros su",
        third: "el ella ellos ellas",
        him: "ella",
        prepositions: "a de del para con por contra segun y o",
        before_months: "en de desde hasta",
    },
    Persons {
        language: "it",
        first: "io me mi mio mia noi ci nostro nostra",
        second: "tu te ti tuo tua voi vi favore lei",
        third: "lui ella loro",
        him: "lui lei",
        prepositions: "a di del della per con contro secondo e o da",
        before_months: "in a di da entro fino",
    },
    Persons {
        language: "nl",
        first: "ik wij we mij me mijn ons onze",
        second: "jij je jou jouw jullie u uw alsjeblieft alstublieft",
        third: "hij zij",
        him: "hij hem haar",
        prepositions: "aan van voor met bij naar tegen over en of door",
        before_months: "in sinds tot begin eind voor na",
    },
];

/// Before a name, in all languages.
pub(in super::super) const TITLES: &str = "m mr mrs ms miss mister dr doctor prof professor councillor sir madam herr herrn \
    frau monsieur madame mme mlle mademoiselle senor senora sr sra don dona signor signora sig dottor meneer mevrouw";

/// Names that are other words too, where they stand without a capital.
pub(in super::super) const BOTH: &str = "mark will bill may grace hope rose jack frank art sue pat drew rob dean miles \
    chase guy rich nick don faith joy dawn april june august summer autumn olive ivy iris lily daisy violet pearl ruby \
    amber jade crystal heather holly hazel penny bob ray jay gene earl duke carol mike mac max dale glen cliff brook \
    brooks wood woods stone banks rivers fields young king bishop baker cook smith carter mason taylor page reed price \
    long short brown white black green gray grey wolf fox bird berg wolf stein klein gross lang kurz weiss schwarz \
    koch bauer richter vogel fuchs sommer winter herbst ernst fromm kaiser konig graf jung alt stern engel pierre \
    blanc petit grand roux rose martin leroy noel clement constant pascal olivier bruno sol luz paz mar";
