//! A text taken apart: words, sentences, clauses. Case, accents and the ways of writing apostrophes are
//! folded; what a word looked like is kept, since a capital tells of a name. Pure; no panic on any text.

use std::ops::Range;

/// What stands between a word and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing is before it.
    Start,
    Space,
    /// A hyphen, an apostrophe, nothing: they are one word.
    Joined,
    /// A comma or another sign.
    Break,
}

/// A word.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// As it stands there.
    pub raw: String,
    /// Without case and accents; for a sign (`%`, `€`) the sign.
    pub fold: String,
    pub gap: Gap,
    /// It begins a sentence, a quotation, or what follows a colon: its capital says nothing.
    pub first: bool,
    /// It has a capital that is not just its first letter's duty.
    pub capital: bool,
    /// Capitals after its first letter: `iPhone`, `API`.
    pub inner: bool,
    /// A number with a full stop behind it: an ordinal in German.
    pub dotted: bool,
    /// `'s` followed.
    pub possessive: bool,
    pub sentence: usize,
    pub clause: usize,
}

/// A sentence, in words.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    pub words: Range<usize>,
    /// A question mark ends it.
    pub asks: bool,
}

/// All of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    pub words: Vec<Word>,
    pub sentences: Vec<Sentence>,
    /// In words; each within a sentence.
    pub clauses: Vec<Range<usize>>,
}

/// The value of a digit of any script.
pub(super) fn digit(c: char) -> Option<u8> {
    const ZEROS: &[u32] = &[
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50,
        0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0xff10,
    ];
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    u8::try_from(code - zero).ok()
}

/// A character without case and accent.
pub(super) fn fold_char(c: char, out: &mut String) {
    match c {
        '\0'..='\x7f' => out.push(c.to_ascii_lowercase()),
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{ad}' | '\u{fe00}'..='\u{fe0f}' => {
        }
        // Latin letters with accents, and what is of full width.
        '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff10}'..='\u{ff5a}' => {
            let latin = deunicode::deunicode_char(c).unwrap_or_default();
            out.extend(latin.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
        }
        'ς' => out.push('σ'),
        'ё' | 'Ё' => out.push('е'),
        _ => match digit(c) {
            Some(digit) => out.push(char::from(b'0' + digit)),
            None => out.extend(c.to_lowercase()),
        },
    }
}

/// A text without case and accents.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| fold_char(c, &mut out));
    out
}

/// Signs that say something.
const SIGNS: &str = "%‰€£$¥₹₽₩°§½¼¾⅓⅔&+=#@";

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{ad}' | '\u{fe00}'..='\u{fe0f}')
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´')
}

const fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।' | '\n')
}

const fn asks(c: char) -> bool {
    matches!(c, '?' | '？' | '؟' | '‽' | '⁇' | '⁈')
}

/// What stands before a full stop that ends nothing.
#[rustfmt::skip]
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "ca", "bzw", "usw", "mme", "sr", "sra", "dott",
    "sig", "dhr", "mevr", "z", "u", "d", "approx",
];

/// What is elided before a vowel, in French and Italian.
#[rustfmt::skip]
const ELIDED: &[&str] = &[
    "l", "d", "j", "n", "m", "t", "s", "c", "qu", "jusqu", "lorsqu", "puisqu", "quelqu", "presqu", "dell", "nell",
    "all", "dall", "sull", "un", "quest", "quell", "bell", "sant",
];

/// What English contracts, and the word for it.
#[rustfmt::skip]
const CONTRACTED: &[(&str, &str)] = &[
    ("ll", "will"), ("re", "are"), ("ve", "have"), ("m", "am"), ("d", "would"), ("t", "not"),
];

/// Contractions whose apostrophe a recogniser left out.
#[rustfmt::skip]
const RUN_TOGETHER: &[(&str, &str)] = &[
    ("cannot", "can"), ("dont", "do"), ("doesnt", "does"), ("didnt", "did"), ("wont", "will"), ("isnt", "is"),
    ("arent", "are"), ("wasnt", "was"), ("werent", "were"), ("havent", "have"), ("hasnt", "has"), ("hadnt", "had"),
    ("shouldnt", "should"), ("couldnt", "could"), ("wouldnt", "would"),
];

/// Reads a text; `breaks` says which words begin a clause.
pub(super) fn read(text: &str, breaks: &dyn Fn(&Word) -> bool) -> Text {
    let mut reader = Reader { first: true, gap: Gap::Start, ..Reader::default() };
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        at = if chars[at].is_alphanumeric() { reader.word(&chars, at) } else { reader.sign(&chars, at) };
    }
    reader.finish(breaks)
}

struct Reader {
    text: Text,
    /// Of the next word.
    gap: Gap,
    first: bool,
    /// Where the sentence and the clause began.
    sentence: usize,
    clause: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self { text: Text::default(), gap: Gap::Start, first: true, sentence: 0, clause: 0 }
    }
}

impl Reader {
    fn push(&mut self, raw: &[char], gap: Gap) {
        let mut folded = String::with_capacity(raw.len());
        raw.iter().for_each(|c| fold_char(*c, &mut folded));
        if folded.is_empty() {
            return;
        }
        let inner = raw.iter().skip(1).any(|c| c.is_uppercase());
        self.text.words.push(Word {
            raw: raw.iter().collect(),
            fold: folded,
            gap,
            first: self.first,
            capital: raw[0].is_uppercase(),
            inner,
            dotted: false,
            possessive: false,
            sentence: 0,
            clause: 0,
        });
        self.first = false;
    }

    /// A word that begins at `at`; gives where it ends.
    fn word(&mut self, chars: &[char], at: usize) -> usize {
        let mut end = at;
        let number = chars[at].is_numeric();
        while end < chars.len() {
            let c = chars[end];
            let next = chars.get(end + 1).copied().unwrap_or(' ');
            let goes_on = if number {
                c.is_numeric()
                    || is_mark(c)
                    || (matches!(c, '.' | ',' | ':' | '\'' | '’') && next.is_ascii_digit())
            } else {
                c.is_alphanumeric()
                    || is_mark(c)
                    // a.m., z.B.
                    || (c == '.' && next.is_alphabetic() && (end - at) % 2 == 1
                        && chars.get(end + 2).is_none_or(|after| !after.is_alphanumeric()))
                    || (is_apostrophe(c) && next.is_alphanumeric())
            };
            // 15h30
            let hours = !number && self.gap == Gap::Joined && chars[at..end] == ['h'] && c.is_ascii_digit();
            if !goes_on || hours {
                break;
            }
            end += 1;
        }
        let raw = &chars[at..end];
        let gap = self.gap;
        if number {
            self.push(raw, gap);
            // What stands right behind the digits: 30cm, 11th, 15h30.
            self.gap = Gap::Joined;
            return end;
        }
        if raw.contains(&'.') {
            let letters: Vec<char> = raw.iter().copied().filter(|c| *c != '.').collect();
            self.push(&letters, gap);
            if chars.get(end) == Some(&'.') {
                end += 1;
                let next = chars[end..].iter().find(|c| !c.is_whitespace());
                if matches!(letters[..], ['a' | 'p', 'm']) && next.is_some_and(|c| c.is_uppercase()) {
                    self.end(false);
                }
            }
        } else if let Some(cut) = raw.iter().rposition(|c| is_apostrophe(*c)) {
            self.cut(raw, cut, gap);
        } else {
            self.plain(raw, gap);
        }
        self.gap = if chars.get(end).is_some_and(|c| c.is_alphanumeric()) { Gap::Joined } else { Gap::Space };
        end
    }

    fn plain(&mut self, raw: &[char], gap: Gap) {
        self.push(raw, gap);
        let Some(last) = self.text.words.last_mut() else { return };
        if let Some((_, word)) = RUN_TOGETHER.iter().find(|(run, _)| *run == last.fold) {
            (*word).clone_into(&mut last.fold);
            self.push(&['n', 'o', 't'], Gap::Joined);
        }
    }

    /// A word with an apostrophe in it.
    fn cut(&mut self, raw: &[char], cut: usize, gap: Gap) {
        let (before, after) = (&raw[..cut], &raw[cut + 1..]);
        let head = fold(&before.iter().collect::<String>());
        let tail = fold(&after.iter().collect::<String>());
        if tail == "s" {
            self.push(before, gap);
            if let Some(last) = self.text.words.last_mut() {
                last.possessive = true;
            }
        } else if let Some((_, word)) = CONTRACTED.iter().find(|(short, _)| *short == tail) {
            let stem: &[char] =
                if tail == "t" { before.strip_suffix(&['n']).unwrap_or(before) } else { before };
            self.push(stem, gap);
            if let Some(last) = self.text.words.last_mut().filter(|_| tail == "t") {
                match last.fold.as_str() {
                    "wo" => "will".clone_into(&mut last.fold),
                    "ca" => "can".clone_into(&mut last.fold),
                    "sha" => "shall".clone_into(&mut last.fold),
                    _ => {}
                }
            }
            self.push(&word.chars().collect::<Vec<_>>(), Gap::Joined);
        } else if ELIDED.contains(&head.as_str()) {
            self.push(before, gap);
            self.push(after, Gap::Joined);
        } else {
            let joined: Vec<char> = raw.iter().copied().filter(|c| !is_apostrophe(*c)).collect();
            self.push(&joined, gap);
        }
    }

    /// What stands between words; gives where the next begins.
    fn sign(&mut self, chars: &[char], at: usize) -> usize {
        let c = chars[at];
        if ends_sentence(c) {
            if c == '.'
                && at > 0
                && chars[at - 1].is_ascii_digit()
                && let Some(last) = self.text.words.last_mut()
            {
                last.dotted = true;
            }
            if c != '.' || self.is_end(chars, at) {
                self.end(asks(c));
            }
            self.gap = Gap::Break;
        } else if SIGNS.contains(c) {
            let first = self.first;
            self.push_sign(c);
            self.first = first;
            self.gap = Gap::Joined;
        } else if c.is_whitespace() {
            if self.gap == Gap::Joined {
                self.gap = Gap::Space;
            }
        } else if matches!(c, '-' | '‐' | '‑' | '/' | '_')
            && chars.get(at + 1).is_some_and(|c| c.is_alphanumeric())
        {
            self.gap = if at > 0 && chars[at - 1].is_alphanumeric() { Gap::Joined } else { Gap::Break };
        } else if !is_mark(c) {
            self.gap = if self.text.words.is_empty() { Gap::Start } else { Gap::Break };
            if matches!(c, ':' | '"' | '“' | '„' | '«' | '»' | '「' | '(' | '‹' | '：') {
                self.first = true;
            }
            // A clause ends, but not between the parts of an address or a list of short things.
            if !is_apostrophe(c) {
                self.end_clause();
            }
        }
        at + 1
    }

    fn push_sign(&mut self, c: char) {
        self.text.words.push(Word {
            raw: c.to_string(),
            fold: c.to_string(),
            gap: self.gap,
            first: false,
            capital: false,
            inner: false,
            dotted: false,
            possessive: false,
            sentence: 0,
            clause: 0,
        });
    }

    /// Whether a full stop ends a sentence.
    fn is_end(&self, chars: &[char], at: usize) -> bool {
        let Some(last) = self.text.words.last() else { return false };
        if ABBREVIATIONS.contains(&last.fold.as_str()) || last.raw == "M" {
            return false;
        }
        // "No. 5", but "I don't think so, no."
        let digit = chars[at + 1..].iter().find(|c| !c.is_whitespace()).is_some_and(|c| c.is_numeric());
        if matches!(last.fold.as_str(), "no" | "nr") && digit {
            return false;
        }
        // An ordinal of German: a number, and the sentence goes on.
        let number = last.fold.bytes().all(|b| b.is_ascii_digit()) && last.fold.len() <= 2;
        let mut rest = chars[at + 1..].iter().skip_while(|c| c.is_whitespace());
        let next = rest.next();
        !(number && next.is_some_and(|c| c.is_lowercase() || is_month(&chars[at + 1..])))
    }

    fn end_clause(&mut self) {
        let now = self.text.words.len();
        if now > self.clause {
            self.text.clauses.push(self.clause..now);
            self.clause = now;
        }
    }

    fn end(&mut self, asks: bool) {
        self.end_clause();
        let now = self.text.words.len();
        if now > self.sentence {
            self.text.sentences.push(Sentence { words: self.sentence..now, asks });
            self.sentence = now;
        } else if let Some(last) = self.text.sentences.last_mut().filter(|_| asks) {
            // "No ... ?" and "?!".
            last.asks = true;
        }
        self.first = true;
    }

    fn finish(mut self, breaks: &dyn Fn(&Word) -> bool) -> Text {
        self.end(false);
        let mut text = self.text;
        let mut clauses = Vec::with_capacity(text.clauses.len());
        for clause in &text.clauses {
            let mut start = clause.start;
            for at in clause.start + 1..clause.end {
                if at > start && breaks(&text.words[at]) && text.words[at].gap != Gap::Joined {
                    clauses.push(start..at);
                    start = at;
                }
            }
            clauses.push(start..clause.end);
        }
        text.clauses = clauses;
        for (n, sentence) in text.sentences.iter().enumerate() {
            text.words[sentence.words.clone()].iter_mut().for_each(|word| word.sentence = n);
        }
        for (n, clause) in text.clauses.iter().enumerate() {
            text.words[clause.clone()].iter_mut().for_each(|word| word.clause = n);
        }
        text
    }
}

/// Whether a month's name comes next, as in "15. Dezember".
fn is_month(chars: &[char]) -> bool {
    let word: String =
        chars.iter().skip_while(|c| c.is_whitespace()).take_while(|c| c.is_alphabetic()).collect();
    super::dates::is_month(&fold(&word))
}
