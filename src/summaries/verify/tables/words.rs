//! Words that say little of a meeting by themselves. They stand without accents, parted by spaces; a `*`
//! at the end stands for any ending.

/// A language's ordinary words.
pub(in super::super) struct Words {
    pub language: &'static str,
    /// They count neither for a sentence nor against it.
    pub stop: &'static str,
    /// What a summary says of any talk: they need not have been said, and say nothing if they were.
    pub report: &'static str,
    /// They are no names, though they may begin a sentence with a capital.
    pub ordinary: &'static str,
    /// They begin a clause.
    pub breaks: &'static str,
    /// What may be cut off a word, longest first.
    pub endings: &'static [&'static str],
    /// Forms of a word that have not its letters.
    pub irregular: &'static str,
    /// Words of one meaning, parted by `|`: one may stand for the other.
    pub synonyms: &'static [&'static str],
    /// All nouns have a capital.
    pub nouns_have_capitals: bool,
}

#[rustfmt::skip]
pub(in super::super) const WORDS: &[Words] = &[
    Words {
        language: "en",
        stop: "a an the this that these those it its he him his she her hers they them their theirs i me my mine we us our \
               ours you your yours who whom whose which what where when why how there here and or but if so as than then \
               because since although though while until till unless of to in on at by for with from into onto out off up \
               down over under about after before between through during without within against across around per via \
               is are was were be been being am have has had having do does did done doing will would shall should can \
               could may might must not no nor neither either both all any some each every few more most much many other \
               others another such only own same too very just also even still again already yet once ever never always \
               quite whole entire rather really well like get gets got getting go goes going gone let lets us one ones thing things \
               something anything everything nothing someone anyone everyone nobody somebody anybody everybody himself \
               herself itself themselves myself yourself ourselves except use using used yes okay ok oh um uh please mr mrs ms",
        report: "say says said saying tell tells told ask asks asked asking report* state* mention* explain* note notes \
                 noted announc* confirm* discuss* talk* agree agrees agreed agreement propos* suggest* recommend* consider* \
                 think thinks thought believ* opinion view* point* point_out plan plans planned planning decid* decision* \
                 action* task* question* answer* respond* repl* remark* comment* meeting* team group council \
                 committee everyone speaker* participant* member* people person item* topic* issue* matter* want* wish* need* \
                 have_to has_to according whether regarding concerning due despite instead however therefore currently \
                 still will_be make* made take* took taken give* gave given come* came use* using used describ* express* \
                 wonder* argu* inform* know* known knew mean means count counted counts club \
                 object* complain* insist* claim* emphas* stress* clarif* indicat* repeat* reason* fact likely hopes hope expect* intend* would_like also so_far affect* related unclear",
        ordinary: "according additionally after all also although an and another any anyone are as at based because before \
                   being besides both but by can clarification concerns could currently despite discussion do does due \
                   during each either even every everybody everyone everything except few finally first following for \
                   from further given going good he her here his how however if in instead is it its last later less let \
                   many maybe more most much neither never new next no nobody none nothing now of on once one only open \
                   or other others our overall perhaps please possible possibly prices problem progress rather regarding \
                   several she should since so some somebody someone something still such than that the their then there \
                   therefore these they this those though three to today together tomorrow too two under unless until use \
                   we what when where whether which while who whom why with within without work yesterday you your yet \
                   about above across against along among around below between beyond concerning costs current everyone's \
                   four five six seven eight nine ten plans agreement agenda approval budget changes cost customers deadline \
                   details feedback help improvements information issues meeting meetings members money notes options \
                   participants people plan planning proposal question questions reason reasons responsibility result \
                   results review risk status step steps suggestion summary support task tasks team time trip update \
                   updates users vote votes yes work working everyone somebody asked decided agreed approved confirmed \
                   discussed explained noted proposed reported requested suggested postponed rejected cancelled sending \
                   checking making getting taking using having having being going doing finding keeping moving writing \
                   half plenty nearly almost about just roughly approximately only apparently unfortunately ordering asking \
                   adding buying calling finishing fixing preparing reviewing testing waiting",
        breaks: "and but because so although while whereas which who if when unless since though",
        endings: &[
            "ations", "ation", "ments", "ingly", "edly", "ment", "ness", "ings", "ies", "ied", "ing", "ers", "est", "ely",
            "ed", "es", "er", "ly", "al", "s", "e",
        ],
        irregular: "buy:bought sell:sold go:went,gone,goes leave:left send:sent keep:kept take:took,taken give:gave,given \
                    come:came pay:paid meet:met make:made begin:began,begun break:broke,broken choose:chose,chosen find:found \
                    hold:held know:knew,known lose:lost rise:rose,risen run:ran see:saw,seen speak:spoke,spoken spend:spent \
                    teach:taught throw:threw,thrown write:wrote,written hear:heard build:built bring:brought grow:grew,grown \
                    drive:drove,driven eat:ate,eaten fall:fell,fallen fly:flew,flown forget:forgot,forgotten hide:hid,hidden \
                    lead:led lend:lent mean:meant read:read ride:rode,ridden ring:rang,rung say:said shake:shook,shaken \
                    shine:shone shoot:shot show:shown sing:sang,sung sink:sank,sunk sit:sat sleep:slept stand:stood \
                    steal:stole,stolen swim:swam tear:tore,torn tell:told think:thought understand:understood wake:woke \
                    wear:wore,worn win:won lie:lay,lain catch:caught draw:drew,drawn feed:fed feel:felt fight:fought \
                    freeze:froze,frozen get:got,gotten hang:hung cut:cutting,cuts put:putting child:children man:men \
                    woman:women foot:feet tooth:teeth person:people life:lives half:halves good:better,best bad:worse,worst \
                    ill:illness big:bigger,biggest dear:dearest stop:stopped,stopping plan:planned,planning drop:dropped \
                    ship:shipped,shipping skip:skipped,skipping die:died,dying light:lit deal:dealt burn:burnt learn:learnt blow:blew,blown stick:stuck sweep:swept dig:dug \
                    wind:wound withdraw:withdrew,withdrawn become:became bear:bore,born beat:beaten bite:bit,bitten \
                    slide:slid swing:swung bend:bent spill:spilt leap:leapt kneel:knelt grind:ground bind:bound \
                    set:setting let:letting hit:hitting split:splitting fit:fitting,fitted swap:swapped,swapping \
                    refer:referred cancel:cancelled,cancelling travel:travelled,travelling label:labelled",
        synonyms: &[
            "call|phone|ring|telephone", "fix|repair|mend", "cost|charge|price", "buy|purchase",
            "start|begin|commence", "end|finish|conclude", "send|mail|email", "check|verify|inspect|examine",
            "remove|delete", "talk|speak", "photo|picture|photograph", "book|reserve", "postpone|delay",
            "lower|reduce|cut", "raise|increase", "help|assist", "choose|select|pick", "big|large", "small|little",
            "quick|fast", "company|firm", "bill|invoice", "kid|child", "receive|obtain", "bike|bicycle", "close|shut",
            "ill|sick", "flat|apartment", "holiday|vacation", "tidy|clean", "stay|remain", "rest|remaining",
            "staff|employee", "shop|store", "show|present", "collect|fetch",
        ],
        nouns_have_capitals: false,
    },
    Words {
        language: "de",
        stop: "der die das den dem des ein eine einen einem einer eines und oder aber denn sondern weil dass ob wenn als wie \
               wo wer was wen wem warum wann ich du er sie es wir ihr mich mir dich dir ihn ihm ihnen uns euch sich mein dein \
               sein seine seinen seinem seiner ihre ihren ihrem ihrer unser unsere unseren unserem euer dieser diese dieses \
               diesen diesem jener jene jenes man ist sind war waren bin bist wird werden wurde wurden worden geworden sei \
               habe hat haben hatte hatten habt hast kann kannst konnen konnte konnten soll sollen sollte sollten muss mussen \
               musste mussten darf durfen durfte will wollen wollte mochte mochten mag in im an am auf aus bei beim bis durch \
               fur gegen hinter mit nach neben ohne seit uber um unter von vom vor zu zum zur zwischen nicht kein keine keinen \
               keinem keiner nie auch nur noch schon sehr so doch ja nein mal da dann dort hier hin her wieder immer mehr \
               alle allen alles aller etwas nichts jemand niemand jeder jede jedes eben halt eigentlich ganz gar ab ein daran \
               dafur damit davon dazu darauf daruber dabei dagegen deshalb daher also sowie sowohl selbst zwar doch gerade \
               los weg welche welcher welches sonst bitte gut okay frau herr herrn uhr anderen andere anderer furs ans ins ums aufs durchs vors ubers unters",
        report: "sag* sagt sagte gesagt frag* gefragt meint meinte findet fand halt hielt schlagt schlug vorgeschlagen \
                 vorschlag* vorschlug berichte* erklar* erwahn* bericht* teilt* mitgeteilt besprech* besproch* beschloss* \
                 beschluss* beschliess* entscheid* entschied* plan* geplant vereinbar* frage fragen antwort* sitzung besprechung \
                 thema punkt aufgabe* team gruppe teilnehmer* mitglied* person* leute laut brauch* benotig* geb* gibt macht \
                 mach* gemacht komm* kommt gehen geht ging liegt lasst lassen sei liegen glaub* denk* dacht* bittet bat gebeten \
                 weist betont stell* gestellt nennt nannte derzeit aktuell weiterhin jedoch trotzdem wegen sodass statt findet_statt stimme stimmen stimmt",
        ordinary: "der die das den dem des ein eine einen einem einer es er sie wir ihr ich man alle alles als also am an auf \
                   aus bei beim bis da daher damit danach dann dass dazu denn derzeit deshalb diese dieser dieses diesem \
                   diesen doch dort durch eigentlich einige erst etwas falls fur ganz gegen gegenuber gibt hat haben heute hier \
                   im in ist jede jeder jedes jetzt kann kein keine keiner laut man mehr mit morgen nach nachdem neben nicht \
                   nichts niemand noch nun nur ob oder ohne schon sehr seit sein seine sich sind so sobald soll sollen sollte \
                   sowie statt trotz uber um und unter viele vielleicht vom von vor wann war waren warum was wegen weil wenn wer \
                   werden wie wieder wird wo wurde zu zuerst zum zur zwei drei vier funf zwischen zunachst ausserdem bisher \
                   abends absprache abstimmung aktion alternative anfang anfrage angebot angebote angelegenheit anliegen anruf \
                   antrag antwort anzahl arbeit arbeiten art aufgabe aufgaben auftrag aufwand ausgaben aussage auswahl bedarf \
                   bedenken bedingung bedingungen beginn beispiel beitrag bericht bescheid beschluss beschlusse besprechung \
                   besuch beteiligte betrag bitte datum dauer details diskussion dinge eindruck einigung einladung ende \
                   entscheidung entscheidungen entwurf ergebnis ergebnisse erhohung erklarung ersatz euro fall fehler firma \
                   folge form frage fragen frist gesprach grund grunde gruppe herr herrn frau hilfe hinweis idee ideen information \
                   informationen interesse jahr jahre kosten kunde kunden leute liste losung lange lage man meinung menge \
                   mitglieder mitte moglichkeit moglichkeiten monat monate nachfrage name niemand ordnung ort person personen \
                   plan planung platz preis preise problem probleme projekt prozent prufung punkt punkte rahmen rechnung \
                   reihenfolge reparatur risiko rucksprache ruckmeldung runde sache sachen schritt schritte seite sicht \
                   sitzung situation stand stelle stunde stunden tag tage tagen teil teilnehmer termin termine thema themen \
                   treffen uberblick uhr umstand unterlagen unterschied unterstutzung ursache verantwortung verfugung vergleich \
                   verschiebung versuch vertrag vorbereitung vorgehen vorschlag vorschlage vorteil wahl weg weise wert wechsel \
                   woche wochen wunsch zahl zeit zeiten ziel ziele zukunft zusage zusammenfassung zustand zustimmung zweck \
                   bedeutung erlaubnis erganzung verbesserung anderung anderungen verspatung absage bezahlung anwesende \
                   geld minute minuten gegenstand mensch menschen kinder kind eltern abend nachmittag vormittag mittag",
        breaks: "und aber weil sondern dass ob wenn denn sodass obwohl wahrend damit der_die",
        endings: &[
            "ungen", "lichen", "liche", "enden", "ende", "ungs", "ung", "lich", "ern", "est", "ten", "tet", "test", "em", "en", "er", "es", "et",
            "st", "te", "e", "n", "s", "t",
        ],
        irregular: "nehmen:genommen,nimmt,nahm,nehme,nimm mitnehmen:mitgenommen,mitzunehmen,mitnimmt fahren:fahrt,gefahren,fuhr \
                    geben:gibt,gab,gegeben gehen:ging,gegangen sprechen:spricht,sprach,gesprochen finden:fand,gefunden \
                    schreiben:schrieb,geschrieben bleiben:blieb,geblieben kommen:kam,gekommen rufen:rief,gerufen,ruft,rufe \
                    anrufen:angerufen ubernehmen:ubernimmt,ubernahm,ubernommen,ubernehme halten:halt,hielt,gehalten \
                    helfen:hilft,half,geholfen lesen:liest,las,gelesen sehen:sieht,sah,gesehen treffen:trifft,traf,getroffen \
                    tragen:tragt,trug,getragen verlieren:verlor,verloren gewinnen:gewann,gewonnen ziehen:zog,gezogen \
                    schneiden:geschnitten bringen:brachte,gebracht denken:dachte,gedacht leihen:lieh,geliehen,leiht \
                    bieten:bot,geboten,bietet schliessen:schloss,geschlossen beschliessen:beschloss,beschlossen \
                    beginnen:begann,begonnen werfen:wirft,warf,geworfen essen:isst,ass,gegessen trinken:getrunken \
                    steigen:stieg,gestiegen fallen:fiel,gefallen,fallt laufen:lief,gelaufen,lauft lassen:liess,gelassen,lasst \
                    steigen:gestiegen vertragen:vertragt,vertrug stehen:stand,gestanden tun:tat,getan wissen:weiss,wusste,gewusst \
                    laden:ladt,lud,geladen einladen:eingeladen,ladt schlagen:schlagt,schlug,geschlagen wachsen:wachst,wuchs \
                    heben:hob,gehoben brechen:bricht,brach,gebrochen vergessen:vergass,vergisst messen:misst,mass,gemessen \
                    gelten:gilt,galt empfehlen:empfiehlt,empfohlen fangen:fangt,fing,gefangen hangen:hing,gehangen \
                    schieben:schob,geschoben verschieben:verschob,verschoben fliegen:flog,geflogen schlafen:schlaft,schlief \
                    sitzen:sass,gesessen liegen:lag,gelegen reissen:riss,gerissen streichen:strich \
                    unterschreiben:unterschrieb,unterschrieben giessen:goss,gegossen wiegen:wog,gewogen sinken:sank,gesunken \
                    waschen:wascht,wusch bewerben:bewirbt,beworben laufen:lauft verbinden:verband,verbunden binden:gebunden \
                    singen:sang,gesungen springen:sprang,gesprungen schwimmen:schwamm,geschwommen sterben:starb,gestorben \
                    suchen:gesucht teuer:teuerste,teure,teuren,teurer",
        synonyms: &[
            "anrufen|telefonieren", "reparieren|instandsetzen", "kaufen|besorgen", "beginnen|anfangen|starten",
            "enden|aufhoren", "schicken|senden|mailen|zuschicken", "prufen|kontrollieren|checken|uberprufen",
            "loschen|entfernen", "reden|sprechen", "foto|bild", "buchen|reservieren", "senken|reduzieren|verringern",
            "erhohen|anheben", "auto|wagen|pkw", "firma|unternehmen", "handy|mobiltelefon",
            "kriegen|bekommen|erhalten", "verschieben|verlegen|vertagen", "nachschauen|nachsehen",
            "anschauen|ansehen|angucken", "krank|erkrankt",
        ],
        nouns_have_capitals: true,
    },
    Words {
        language: "fr",
        stop: "le la les l un une des du de d a au aux en dans sur sous par pour avec sans chez vers entre et ou mais donc or ni car \
               que qu qui quoi dont ou quand comment pourquoi si ce cet cette ces c cela ca celui celle ceux celles il elle ils \
               elles on je j tu nous vous me m te t se s lui leur leurs moi toi soi eux mon ma mes ton ta tes son sa ses notre nos \
               votre vos est sont etait etaient sera seront serait soit etre ete suis es sommes etes a ont avait avaient aura auront \
               avoir eu ai as avons avez y ne n pas plus moins tres trop bien aussi encore deja toujours jamais meme tout tous toute \
               toutes rien personne autre autres peu beaucoup comme alors puis la ici fait faire font fera ferait va vont aller faut \
               peut peuvent pourrait doit doivent devrait oui non bon ah euh monsieur madame mme m quel quelle quels quelles afin \
               ainsi lors selon apres avant pendant depuis jusqu jusque parce plutot quelque quelques chaque aucun aucune",
        report: "dit disent demande* propose* propos* suggere* explique* annonce* precise* indique* rappelle* pense* trouve* \
                 estime* decide* decision* reunion* equipe groupe question* reponse* repond* action tache* point* sujet* prevoi* prevu* \
                 confirme* discut* parle* participant* membre* souhait* veut voudrait besoin faute cause raison* concern* mettre met \
                 mis donne* prend* pris vient actuellement cependant lieu avis accord signale* mention* ajoute* sait charge* s_occupe voix vot*",
        ordinary: "le la les l un une des du de au aux en dans sur sous par pour avec sans chez vers entre et ou mais donc car que qui \
                   quoi quand comment pourquoi si ce cet cette ces c cela ceci il elle ils elles on je nous vous leur leurs mon son \
                   sa ses notre nos votre est sont a ont ne pas plus tous tout toute toutes rien personne aucun aucune autre apres \
                   avant pendant depuis selon afin ainsi alors aussi bien combien deux trois quatre cinq chaque chacun certains \
                   plusieurs prochaine prochain question reunion decision proposition faut peut doit sera faire aujourdhui demain hier \
                   lors malgre parce puisque quel quelle quels quelles d accord aucune derniere dernier prix budget equipe cout pas",
        breaks: "et mais parce car donc qui dont que puis si afin",
        endings: &[
            "issement", "ements", "ement", "ations", "ation", "iront", "eront", "erait", "aient", "ions", "eons", "ont", "ees",
            "era", "ait", "ant", "ent", "ais", "ees", "ons", "ez", "er", "ir", "es", "ee", "re", "e", "s", "x", "t", "a",
        ],
        irregular: "prendre:pris,prend,prennent,prendra mettre:mis,met,mettent,mettra,mettrai vendre:vendu,vend,vendus,vendue \
                    venir:vient,venu,viendra,viendront,viennent,viendrai,viendrait,viens tenir:tient,tenu,tiennent,tiendra voir:vu,voit,verra,vois,voient,verront savoir:su,sait,saura vouloir:veut,voulu,veux,veulent \
                    pouvoir:peut,pu,peuvent devoir:doit,du,doivent dire:dit lire:lu,lit ecrire:ecrit,ecrira ouvrir:ouvert,ouvre offrir:offert \
                    recevoir:recu,recoit boire:bu,boit connaitre:connu,connait coute:cout,coutait,couter,coutera,couts \
                    choisir:choix,choisi partir:parti,part,partent sortir:sorti,sort finir:fini,finit servir:sert,servi \
                    suivre:suivi,suit vivre:vecu,vit perdre:perdu,perd rendre:rendu,rend repondre:repondu,repond attendre:attendu,attend \
                    descendre:descendu,descend apprendre:appris,apprend comprendre:compris,comprend couvrir:couvert,couvre \
                    joindre:joint peindre:peint construire:construit conduire:conduit produire:produit envoyer:enverra,envoie \
                    payer:paie,paiera essayer:essaie oeil:yeux travail:travaux",
        synonyms: &[
            "appeler|telephoner", "reparer|depanner", "commencer|debuter|demarrer", "finir|terminer",
            "envoyer|transmettre", "verifier|controler", "supprimer|enlever|retirer", "parler|discuter",
            "photo|image", "baisser|diminuer|reduire", "augmenter|relever", "voiture|auto", "entreprise|societe",
            "garder|conserver", "recevoir|obtenir", "reporter|decaler|repousser",
        ],
        nouns_have_capitals: false,
    },
    Words {
        language: "es",
        stop: "el la los las un una unos unas de del a al en por para con sin sobre entre hasta desde hacia y e o u pero sino que quien \
               cual cuando donde como porque si no se lo le les me te nos os mi tu su sus mis nuestro nuestra este esta estos estas ese \
               esa eso esto aquel es son era eran fue fueron sera seran ser estar esta estan estaba hay ha han habia haber he hemos \
               tiene tienen tener puede pueden debe deben va van ir muy mas menos tambien ya aun todo todos toda todas nada nadie algo \
               alguien otro otra otros otras cada mucho mucha muchos poco yo el ella ellos ellas nosotros usted ustedes senor senora \
               asi entonces pues bien durante segun tras",
        report: "dice dijo pregunt* propon* propuso suger* explic* anunci* indic* record* piensa cree opin* decid* decision* reunion* \
                 equipo grupo respuesta respond* accion tarea* punto* tema* confirm* habl* participant* miembro* quiere necesit* hace \
                 hacer hizo pone pide pidio acuerd* acord* actualmente",
        ordinary: "el la los las un una de del a al en por para con sin sobre entre hasta desde y o pero que quien cuando donde como \
                   porque si no se su sus este esta estos estas es son hay ha han todo todos toda todas nada nadie cada otro otra \
                   dos tres segun tras durante ademas tambien hoy ayer manana proxima proximo reunion decision pregunta propuesta \
                   se lo le nos cuanto cuantos cual que",
        breaks: "y pero porque que si cuando sino",
        endings: &[
            "aciones", "acion", "amente", "amiento", "aran", "aron", "ando", "iendo", "ados", "idos", "adas", "idas", "ado", "ido",
            "ada", "ida", "aban", "aba", "ara", "era", "ira", "an", "en", "ar", "er", "ir", "as", "es", "os", "o", "a", "e", "s", "n",
        ],
        irregular: "hacer:hizo,hecho,hace poner:puso,puesto,pone decir:dijo,dicho,dice venir:viene,vino,vendra tener:tuvo,tiene \
                    abrir:abierto escribir:escrito ver:visto volver:vuelto,vuelve romper:roto empezar:empieza cerrar:cierra \
                    encontrar:encuentra costar:cuesta,costo",
        synonyms: &[],
        nouns_have_capitals: false,
    },
    Words {
        language: "it",
        stop: "il lo la i gli le l un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal dalla in nel nella nei \
               su sul sulla con per tra fra e ed o ma che chi cui quando dove come perche se non si ci vi ne mi ti lui lei loro noi voi io \
               tu mio mia suo sua suoi sue nostro nostra questo questa questi queste quello quella e sono era erano sara saranno essere \
               stato stata stati ha hanno ho abbiamo aveva avere puo possono deve devono va vanno fa fare piu meno molto anche gia ancora \
               tutto tutti tutta tutte niente nulla nessuno altro altra altri ogni cosi quindi allora bene poi durante dopo prima \
               signor signora",
        report: "dice detto chied* chiest* propon* propost* suggeri* spieg* annunc* indic* ricord* pensa crede riten* decis* decid* riunion* \
                 squadra gruppo rispost* rispond* azione compito punto punti tema conferm* parl* partecipant* membr* vuole serve bisogno \
                 viene mette attualmente",
        ordinary: "il lo la i gli le l un uno una di del della dei delle a al alla da dal in nel nella su con per tra e o ma che chi quando \
                   dove come perche se non si ci questo questa questi queste sono ha hanno tutti tutto ogni nessuno altro due tre secondo \
                   durante dopo prima anche oggi domani ieri prossima prossimo riunione decisione domanda proposta quanto quanti quale",
        breaks: "e ed ma perche che se quando quindi",
        endings: &[
            "azioni", "azione", "amente", "amento", "eranno", "ando", "endo", "ato", "ata", "ati", "ate", "uto", "uta", "uti", "ute",
            "ito", "ita", "iti", "ite", "era", "ano", "ono", "are", "ere", "ire", "o", "a", "e", "i",
        ],
        irregular: "fare:fatto,fa mettere:messo,mette prendere:preso,prende chiudere:chiuso,chiude aprire:aperto,apre \
                    vendere:venduto venire:viene,venuto scrivere:scritto leggere:letto dire:detto,dice rompere:rotto \
                    decidere:deciso rimanere:rimane,rimasto tenere:tiene",
        synonyms: &[],
        nouns_have_capitals: false,
    },
    Words {
        language: "nl",
        stop: "de het een en of maar want dat die dit deze dan als om te in op aan bij voor van met naar uit over door tot onder tegen \
               zonder tussen tijdens na niet geen ik je jij u hij zij ze we wij jullie hun hen mij me jou hem haar ons onze mijn zijn is \
               was waren ben bent wordt worden werd werden heeft hebben had hadden heb kan kunnen kon zal zullen zou zouden moet moeten \
               mag mogen wil willen er daar hier waar wie wat hoe wanneer waarom ook nog al wel niet zo heel erg meer minder alle alles \
               iets niets iemand niemand elk elke ander andere zich zelf toen toch dus omdat hoewel terwijl weer altijd nooit maar ja nee",
        report: "zegt zei vraag* vroeg* stelt stelde voorstel* legt uit vertel* meld* meent denkt dacht vindt vond besl* besluit* besloten \
                 vergader* team groep antwoord* actie* taak punt* onderwerp* bevestig* besprek* besproken deelnemer* leden leid mensen nodig \
                 doet doen gaat gaan komt komen maakt maken geeft geven neemt neem nemen volgens momenteel",
        ordinary: "de het een en of maar want dat die dit deze dan als om te in op aan bij voor van met naar uit over door tot onder tegen \
                   zonder tussen tijdens na niet geen ik je hij zij ze we er daar hier wie wat hoe wanneer waarom ook nog alle alles iedereen \
                   niemand elke volgens volgende vergadering besluit vraag voorstel vandaag morgen gisteren twee drie hoeveel omdat",
        breaks: "en maar want omdat dat die als dus terwijl",
        endings: &["heden", "ingen", "heid", "elijk", "ing", "ende", "ten", "den", "en", "er", "de", "te", "je", "t", "d", "s", "e", "n"],
        irregular: "nemen:neemt,nam,genomen gaan:gaat,ging,gegaan komen:komt,kwam,gekomen geven:gaf,gegeven blijven:bleef,gebleven \
                    kopen:kocht,gekocht verkopen:verkocht brengen:bracht,gebracht sluiten:gesloten,sloot schrijven:geschreven,schreef \
                    spreken:gesproken,sprak kiezen:gekozen,koos vinden:gevonden houden:hield,gehouden lezen:gelezen,las",
        synonyms: &[],
        nouns_have_capitals: false,
    },
];
