//! How something is said: denied, asked, proposed, agreed to. Words stand without accents, phrases with `_`
//! between their words, parted by spaces; a `*` stands for any ending or beginning.

/// A language's words for it.
pub(in super::super) struct Stance {
    pub language: &'static str,
    /// Turns a sentence into its opposite, once however often it stands there.
    pub not: &'static str,
    /// Does the same, each time: to refuse is not to accept.
    pub refuse: &'static str,
    /// Makes of a statement a proposal or a guess.
    pub maybe: &'static str,
    /// Before what a statement depends on.
    pub if_: &'static str,
    /// With these a summary tells that it was one; those above count too.
    pub opinion: &'static str,
    /// With these a summary tells that something was asked.
    pub asked: &'static str,
    /// A question begins with these, where no question mark is written.
    pub asks: &'static str,
    /// Words that ask for something that is not known: an answer to them gives it.
    pub which: &'static str,
    /// An answer begins with these.
    pub yes: &'static str,
    pub no: &'static str,
    /// Before an answer.
    pub filler: &'static str,
    /// Sounds between words.
    pub hesitation: &'static str,
    /// A number that is not exact stands behind one of these.
    pub about: &'static str,
    /// With these somebody takes back what they just said.
    pub corrects: &'static str,
    /// Words that can't both be true of a thing.
    pub opposites: &'static [(&'static str, &'static str)],
}

#[rustfmt::skip]
pub(in super::super) const STANCES: &[Stance] = &[
    Stance {
        language: "en",
        not: "not no no_longer never nobody none nothing nowhere neither nor no_one hardly",
        refuse: "reject* refus* declin* deny denie* denying cancel* oppos* avoid* without skip* unable impossible forbid* \
                 forbade abolish* drop dropped dropping leave_out left_out leaving_out leaves_out omit* exclud* prevent* \
                 disagree* dislike* lack* unlike*",
        maybe: "maybe perhaps might could should would probably possibly likely hopefully propos* suggest* i_think \
                i_guess i_suppose i_believe i_hope we_think not_sure unsure i_assume guess ought apparently presumably \
                we_may i_may they_may it_may reckon i_doubt not_certain seems seem looks_like sounds_like i_imagine \
                i_move_that i_move_we with_luck in_theory if_possible thinks believes guesses reckons hopes assumes suspects do_not_think could_be considering \
                thinking_of thinking_about whether wanted_to wants_to was_thinking supposed_to \
                was_going_to were_going_to hope_to how_about",
        if_: "if unless provided as_long_as only_if only_when depending",
        opinion: "think* thought believ* consider* opinion according hope* hoping want* wish* recommend* argu* prefer* \
                  favour* favor* feel* felt view* expect* estimat* unsure uncertain may potentially would_like \
                  suspect* assum* wonder* doubt* find finds advis* warn* plead* moves moved",
        asked: "ask* question* wonder* whether want*_to_know inquir* enquir* request* unclear",
        asks: "can_you can_we can_i could_you could_we could_i should_we should_i shall_we would_you do_you do_we do_they \
               does_it does_that does_anybody does_anyone did_you did_we have_you have_we is_it is_that is_there are_you \
               are_we are_there was_it will_you will_we what how why when where who which whose may_i may_we is_this \
               is_anybody is_anyone",
        which: "what how why when where who which whose",
        yes: "yes yeah yep yup sure okay ok fine agreed agree alright right done will_do got_it absolutely exactly \
              of_course definitely certainly great perfect go_ahead deal correct indeed good aye seconded i_can i_will \
              i_do we_can we_will happy_to no_problem sounds_good please_do works_for_me let_do_that fair_enough very_well",
        no: "no nope nah",
        filler: "um uh well oh hm hmm ah so erm then and mm",
        hesitation: "um uh uhm erm er hm hmm mm",
        about: "about around roughly approximately nearly almost circa up_to at_least at_most more_than less_than just_under \
                just_over close_to something_like or_so give_or_take more_or_less",
        corrects: "no_wait no_sorry wait_no sorry i_mean no_no scratch_that actually_no no_make_that no",
        opposites: &[
            ("more", "less"), ("all", "only"), ("every", "only"), ("more", "fewer"), ("favour", "against"), ("up", "down"), ("before", "after"), ("increas*", "decreas*"),
            ("increas*", "reduc*"), ("rais*", "lower*"), ("raise*", "cut*"), ("rose", "fell"), ("rise*", "fall*"),
            ("open*", "clos*"), ("accept*", "reject*"), ("accept*", "declin*"), ("accept*", "refus*"),
            ("cheap*", "expensive"), ("earl*", "late*"), ("buy*", "sell*"), ("bought", "sold"), ("win*", "los*"),
            ("won", "lost"), ("start*", "stop*"), ("begin*", "end"), ("begin*", "ends"), ("includ*", "exclud*"),
            ("allow*", "forbid*"), ("over", "under"), ("above", "below"), ("most", "least"), ("always", "never"),
            ("with", "without"), ("best", "worst"), ("better", "worse"), ("good", "bad"), ("high*", "low*"),
            ("large*", "small*"), ("big*", "small*"), ("fast*", "slow*"), ("first", "last"), ("left", "right"),
            ("same", "different"), ("max*", "min*"), ("above", "under"), ("safe", "unsafe"), ("safe", "dangerous"),
            ("long*", "short*"), ("hire*", "fire*"), ("agree*", "disagree*"), ("everyone", "nobody"),
            ("everybody", "nobody"), ("keep*", "drop*"), ("add*", "remov*"), ("like*", "dislike*"),
            ("postpone*", "bring_forward"), ("new", "old"), ("newest", "oldest"), ("inside", "outside"),
            ("like", "hate"), ("love*", "hate*"), ("gain*", "los*"), ("profit*", "loss*"), ("pass*", "fail*"),
            ("next", "last"), ("next", "previous"), ("strong*", "weak*"), ("north*", "south*"), ("east*", "west*"),
            ("husband", "wife"), ("mother", "father"), ("brother", "sister"), ("son", "daughter"), ("import*", "export*"),
            ("cancel*", "book*"), ("borrow*", "lend*"), ("many", "few"), ("summer", "winter"), ("possible", "impossible"),
        ],
    },
    Stance {
        language: "de",
        not: "nicht kein keine keinen keinem keiner keines keinerlei nie niemals niemand niemanden niemandem nichts \
              nirgends nirgendwo weder kaum",
        refuse: "ablehn* abgelehn* lehnt lehnte lehnen lehne verweiger* weiger* absag* abgesagt sagte_ab ohne stornier* \
                 storno unmoglich verbot* verbiet* verzicht* gestrichen streich* ausgeschlossen \
                 vermeid* vermied* weglass* weggelassen dagegen",
        maybe: "vielleicht eventuell womoglich moglicherweise wahrscheinlich vermutlich konnte konnten konntest konntet \
                sollte sollten solltest wurde_ich wurden_wir ware waren_wir durfte durften musste_man ich_glaube \
                ich_denke ich_schatze ich_meine ich_hoffe glaub_ich denk_ich ich_schlage schlage_ich schlage_vor \
                vorschlagen wurde_gern wurde_ungern ungern hoffentlich ich_wurde wurde_sagen wir_wurden nicht_sicher \
                was_haltet wie_ware glaube_ich denke_ich schatze_ich anscheinend angeblich scheint kann_sein \
                soweit_ich_weiss glaubt meint denkt vermutet hofft schatzt ich_wurd wurd_ich konnt_man glaub uberlegt uberlegen ob wollte wollten ginge \
                ich_beantrage beantrage_ich kame fande hatte_gesagt hatte_gern* mein_vorschlag",
        if_: "wenn falls sofern solange nur_wenn ausser_wenn",
        opinion: "meint meinte findet fand halt hielt glaubt glaubte denkt dachte schlagt schlug vorgeschlagen vorschlug \
                  vorschlag* uberleg* mochte mochten wunsch* empfiehlt empfahl vermutet hofft hoffte rechnet erwartet \
                  befurcht* beantrag* kann kann_sich wurde wurden laut zufolge ansicht meinung zweifel* warnt pladier* erwagt \
                  bevorzugt lieber wollte",
        asked: "frag* fragt gefragt bittet bat ob frage fragen anfrage erkundig* wissen_will wollte_wissen offen unklar \
                gebeten",
        asks: "kannst_du konnt_ihr konnen_sie konnen_wir konntest_du konnten_wir konnten_sie sollen_wir sollten_wir \
               machst_du hast_du haben_wir gibt_es ist_das ist_es sind_wir was wer wie wann wo warum wieso weshalb \
               welche welcher welches welchen wieviel durfen wollen_wir",
        which: "was wer wie wann wo warum wieso weshalb welche welcher welches welchen welchem wieviel wem wen woher wohin",
        yes: "ja jawohl klar genau einverstanden gut okay ok sicher naturlich gerne gern mache_ich mach_ich abgemacht \
              passt von_mir_aus stimmt geht_klar in_ordnung richtig erledige_ich ubernehme_ich kann_ich selbstverstandlich",
        no: "nein nee ne",
        filler: "ah ahm also na oh hm tja und ach dann",
        hesitation: "ahm ah ehm hm hmm oh",
        about: "ungefahr etwa circa ca rund knapp fast um_die so_um zirka mindestens hochstens maximal bis_zu mehr_als weniger_als oder_so",
        corrects: "nein nee ne quatsch moment entschuldigung ach_nein halt",
        opposites: &[
            ("mehr", "weniger"), ("alle", "nur"), ("allen", "nur"), ("vor", "nach"), ("erhoh*", "senk*"), ("erhoh*", "reduzier*"), ("steig*", "sink*"),
            ("offn*", "schliess*"), ("offen", "geschlossen"), ("gunstig*", "teuer*"), ("gunstig*", "teuers*"),
            ("billig*", "teuer*"), ("billig*", "teuers*"), ("fruh*", "spat*"), ("kauf*", "verkauf*"),
            ("mieten", "kaufen"), ("erlaub*", "verb*"), ("immer", "nie"), ("mit", "ohne"), ("besser*", "schlecht*"),
            ("gross*", "klein*"), ("hoch*", "niedrig*"), ("hohe*", "niedrig*"), ("angenommen", "abgelehnt"),
            ("nimmt_an", "lehnt_ab"), ("zugesagt", "abgesagt"), ("hochstens", "mindestens"), ("maximal", "mindestens"),
            ("hochstens", "wenigstens"), ("schnell*", "langsam*"), ("neu*", "alt*"), ("innen", "aussen"),
            ("alle", "niemand"), ("richtig", "falsch"), ("lang*", "kurz*"), ("gewinn*", "verl*"), ("oben", "unten"),
            ("links", "rechts"), ("viel*", "wenig*"), ("moglich", "unmoglich"), ("nachste*", "letzte*"),
            ("bruder", "schwester"), ("mutter", "vater"), ("sohn", "tochter"), ("dafur", "dagegen"), ("einzahl*", "auszahl*"),
        ],
    },
    Stance {
        language: "fr",
        not: "pas jamais rien aucun aucune ni guere nulle",
        refuse: "faute refus* rejet* annul* sans impossible interdi* supprim* renonc* abandon* evit* exclu*",
        maybe: "peut_etre pourrait pourrions pourrais pourraient pourriez devrait devrions devrais devraient faudrait \
                je_pense je_crois je_propose je_suggere propose_de propose_qu on_propose probablement eventuellement \
                sans_doute serait seraient serais aimerais voudrais aimerait voudrait il_me_semble j_espere je_suppose \
                pas_sur et_si vraisemblablement possiblement pense croit suppose espere envisage* reflechi* \
                se_demande *erais *erait *eraient *irais *irait voulait voulaient pourquoi_pas",
        if_: "si s_il s_ils a_condition sauf_si pourvu",
        opinion: "pense pensent croit croient propose proposent proposition sugger* souhait* estim* trouve juge \
                  recommand* esper* veut selon avis doute* crain* coutera peut peuvent prefer* conseill* imagin* \
                  plaid* coutait",
        asked: "demand* question* si s savoir interrog* voulu_savoir est_ce",
        asks: "est_ce qu_est pourquoi comment quand combien quel quelle quels quelles qui tu_peux peux_tu pouvez_vous \
               on_peut peut_on tu_as as_tu vous_avez avez_vous faut_il doit_on",
        which: "pourquoi comment quand combien quel quelle quels quelles qui ou quoi que",
        yes: "oui ouais d_accord ok okay bien parfait entendu volontiers exactement absolument bien_sur certainement \
              tres_bien ca_marche c_est_bon adopte",
        no: "non",
        filler: "euh ben bah alors et ah oh hm donc",
        hesitation: "euh heu hum hein",
        about: "environ a_peu_pres pres_de presque autour_de plus_ou_moins dans_les au_moins au_plus plus_de moins_de maximum",
        corrects: "non pardon enfin_non attends",
        opposites: &[
            ("plus", "moins"), ("tous", "seulement"), ("toutes", "seulement"), ("avant", "apres"), ("augment*", "baiss*"), ("augment*", "dimin*"), ("augment*", "rédui*"),
            ("ouvr*", "ferm*"), ("ouvert*", "ferm*"), ("accept*", "refus*"), ("tot", "tard"), ("achet*", "vend*"),
            ("toujours", "jamais"), ("avec", "sans"), ("mieux", "pire"), ("grand*", "petit*"), ("haut*", "bas"),
            ("premier*", "dernier*"), ("cher*", "bon_marche"), ("commenc*", "fini*"), ("commenc*", "termin*"),
            ("nouveau*", "ancien*"), ("neuf", "ancien"), ("pour", "contre"), ("autoris*", "interdi*"),
            ("gagn*", "perd*"), ("possible", "impossible"), ("maximum", "minimum"), ("frere", "soeur"),
            ("mere", "pere"), ("fils", "fille"), ("entr*", "sort*"), ("long*", "court*"), ("droite", "gauche"),
            ("reparer", "remplacer"), ("rapide*", "lent*"), ("prochain*", "dernier*"),
        ],
    },
    Stance {
        language: "es",
        not: "no nunca jamas nadie nada ninguno ninguna ningun tampoco ni",
        refuse: "rechaz* cancel* negar nego niega sin imposible prohib* evit* renunci* suprim* descart* anul*",
        maybe: "quiza quizas tal_vez podria podriamos podrian podrias deberia deberiamos deberian probablemente \
                posiblemente creo pienso propongo proponemos sugiero a_lo_mejor seria me_gustaria supongo espero ojala \
                no_estoy_segur*",
        if_: "si siempre_que a_menos",
        opinion: "piensa cree opina propone propuso propuesta sugiere sugirio considera espera quiere recomienda segun \
                  opinion duda puede teme prefiere pretende",
        asked: "pregunt* si pide pidio cuestion* consulta* saber solicit*",
        asks: "que quien cuando donde como cuanto cuanta cuantos por_que puedes podemos podrias podriamos",
        which: "que quien cuando donde como cuanto cuanta cuantos cuantas cual cuales",
        yes: "si claro vale de_acuerdo perfecto bien ok okay por_supuesto exacto aprobado hecho",
        no: "no",
        filler: "eh bueno pues ah oh y entonces",
        hesitation: "eh em",
        about: "unos unas aproximadamente casi cerca_de",
        corrects: "no perdon",
        opposites: &[
            ("mas", "menos"), ("antes", "despues"), ("aument*", "reduc*"), ("aument*", "disminu*"), ("sub*", "baj*"),
            ("abr*", "cerr*"), ("abierto", "cerrado"), ("acept*", "rechaz*"), ("barato", "caro"), ("temprano", "tarde"),
            ("compr*", "vend*"), ("siempre", "nunca"), ("con", "sin"), ("mejor", "peor"), ("grande", "pequeno"),
            ("primer*", "ultim*"), ("nuevo", "viejo"), ("alto", "bajo"), ("gan*", "perd*"), ("proxim*", "pasad*"),
        ],
    },
    Stance {
        language: "it",
        not: "non mai nessuno nessuna nessun niente nulla neanche nemmeno",
        refuse: "rifiut* respin* annull* senza impossibile viet* evit* rinunci* elimin* esclus* neg*",
        maybe: "forse potrebbe potremmo potrei potrebbero potresti dovrebbe dovremmo dovrebbero probabilmente magari \
                credo penso propongo proponiamo suggerisco sarebbe vorrei possibilmente spero suppongo non_sono_sicur*",
        if_: "se purche a_meno",
        opinion: "pensa crede propone proposto proposta suggerisce ritiene spera vuole consiglia secondo opinione dubita \
                  puo teme preferisce",
        asked: "chied* chiest* domand* se sapere richied*",
        asks: "cosa chi quando dove come quanto quanti perche quale puoi possiamo potresti",
        which: "cosa chi quando dove come quanto quanta quanti quante perche quale quali",
        yes: "si certo d_accordo va_bene perfetto bene ok okay esatto volentieri approvato",
        no: "no",
        filler: "eh beh allora ah oh e quindi",
        hesitation: "eh ehm",
        about: "circa quasi",
        corrects: "no scusa",
        opposites: &[
            ("piu", "meno"), ("prima", "dopo"), ("aument*", "ridu*"), ("aument*", "diminu*"), ("apr*", "chiu*"),
            ("aperto", "chiuso"), ("accett*", "rifiut*"), ("accett*", "respin*"), ("presto", "tardi"), ("compr*", "vend*"),
            ("sempre", "mai"), ("con", "senza"), ("meglio", "peggio"), ("grande", "piccolo"), ("primo", "ultimo"),
            ("nuovo", "vecchio"), ("alto", "basso"), ("vinc*", "perd*"), ("prossim*", "scors*"),
        ],
    },
    Stance {
        language: "nl",
        not: "niet geen nooit niemand niets nergens noch nauwelijks",
        refuse: "weiger* geweigerd afwijz* afgewezen wijst_af annul* geannuleerd zonder onmogelijk verb* afgezegd \
                 afzeg* schrap* geschrapt vermijd* uitgesloten",
        maybe: "misschien zou zouden waarschijnlijk mogelijk wellicht ik_denk ik_geloof ik_hoop stel_voor voorstellen \
                eventueel vermoedelijk moeten_we hopelijk niet_zeker kunnen_we",
        if_: "als indien mits tenzij",
        opinion: "denkt dacht gelooft vindt vond stelt_voor stelde_voor voorstel* hoopt wil wilde volgens mening twijfel* \
                  verwacht kan raadt",
        asked: "vraag* vroeg* gevraagd of verzoek*",
        asks: "wat wie wanneer waar waarom hoe welke welk kun_je kan_je kunnen_we zullen_we heb_je",
        which: "wat wie wanneer waar waarom hoe welke welk hoeveel",
        yes: "ja zeker akkoord goed prima is_goed ok oke okay natuurlijk doe_ik afgesproken klopt graag",
        no: "nee",
        filler: "eh nou ah oh dus en",
        hesitation: "eh uh ehm",
        about: "ongeveer bijna circa rond",
        corrects: "nee sorry",
        opposites: &[
            ("meer", "minder"), ("voor", "na"), ("verhog*", "verlag*"), ("stijg*", "dal*"), ("open*", "sluit*"),
            ("goedkoop*", "duur*"), ("vroeg*", "laat"), ("koop*", "verkoop*"), ("altijd", "nooit"), ("met", "zonder"),
            ("beter", "slechter"), ("groot", "klein"), ("eerste", "laatste"), ("nieuw*", "oud*"), ("hoog", "laag"),
            ("winn*", "verlie*"), ("volgende", "vorige"),
        ],
    },
];
