//! Words as they are compared: a small normaliser for English, and the alignment with the fewest edits.

/// The words of a text without what two good transcripts may differ in: case, punctuation, hyphens,
/// hesitations, contractions, numbers in words or digits, a few spellings.
pub fn words(text: &str) -> Vec<String> {
    let text =
        text.to_lowercase().replace(['’', '‘', '`'], "'").replace('%', " percent ").replace('&', " and ");
    let text: String = text.replace("p.m.", "pm").replace("a.m.", "am");
    let text = text.split_whitespace().map(currency).collect::<Vec<_>>().join(" ");
    let mut words = Vec::new();
    let mut number = Number::default();
    for raw in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '.' | ','))) {
        let raw = raw.trim_matches(|c: char| !c.is_alphanumeric());
        for part in contraction(&figures(raw)).split_whitespace() {
            if matches!(part, "um" | "uh" | "er" | "erm" | "hm" | "hmm" | "mm" | "mhm" | "ah" | "oh") {
                continue;
            }
            if !number.take(part) {
                words.extend(number.end());
                // The word may begin a number of its own.
                if !number.take(part) {
                    words.push(spelling(part).to_owned());
                }
            }
        }
    }
    words.extend(number.end());
    words
}

/// `£2,000` as it is spoken, the unit last.
fn currency(token: &str) -> String {
    for (sign, unit) in [('£', "pounds"), ('$', "dollars"), ('€', "euros")] {
        if let Some(amount) = token.strip_prefix(sign) {
            return format!("{amount} {unit}");
        }
    }
    token.to_owned()
}

/// `2,000` as `2000`; other points and commas within a word part it.
fn figures(raw: &str) -> String {
    if raw.contains(',') && raw.chars().all(|c| c.is_ascii_digit() || c == ',') {
        return raw.replace(',', "");
    }
    if raw.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return raw.to_owned();
    }
    raw.replace([',', '.'], " ")
}

fn contraction(word: &str) -> String {
    match word {
        "can't" | "cannot" => return "can not".into(),
        "won't" => return "will not".into(),
        "shan't" => return "shall not".into(),
        "let's" => return "let us".into(),
        "it's" | "that's" | "what's" | "there's" | "he's" | "she's" | "who's" | "where's" | "here's"
        | "how's" => {
            return word.replace("'s", " is");
        }
        _ => {}
    }
    for (ending, full) in [
        ("n't", " not"),
        ("'re", " are"),
        ("'ve", " have"),
        ("'ll", " will"),
        ("'m", " am"),
        ("'d", " would"),
    ] {
        if let Some(stem) = word.strip_suffix(ending) {
            return format!("{stem}{full}");
        }
    }
    word.replace('\'', "")
}

fn spelling(word: &str) -> &str {
    match word {
        "ok" => "okay",
        "alright" => "allright",
        "mr" => "mister",
        "color" => "colour",
        "favor" => "favour",
        "center" => "centre",
        "theater" => "theatre",
        "catalog" => "catalogue",
        "organize" => "organise",
        "realize" => "realise",
        _ => word,
    }
}

/// Reads a run of number words, and leaves other words alone.
#[derive(Default)]
struct Number {
    total: u64,
    group: u64,
    /// What may still be added below: 100 after "hundred", 10 after "twenty".
    room: u64,
    open: bool,
    and: bool,
}

impl Number {
    /// Whether the word goes on with the number.
    fn take(&mut self, word: &str) -> bool {
        if word == "and" {
            let taken = self.open && !self.and && self.room >= 100;
            self.and |= taken;
            return taken;
        }
        let taken = match (word, value(word)) {
            ("hundred", _) if self.open && (1..100).contains(&self.group) => {
                self.group *= 100;
                self.room = 100;
                true
            }
            ("thousand", _) if self.open && (1..1000).contains(&self.group) && self.total == 0 => {
                self.total = self.group * 1000;
                self.group = 0;
                self.room = 1000;
                true
            }
            (_, Some(n)) if !self.open || (0 < n && n < self.room) => {
                self.group += n;
                self.room = if word.ends_with("ty") { 10 } else { 0 };
                self.open = true;
                true
            }
            _ => false,
        };
        if taken {
            self.and = false;
        }
        taken
    }

    /// Ends the number: its digits, and the "and" that turned out not to be part of it.
    fn end(&mut self) -> impl Iterator<Item = String> + use<> {
        let ended = std::mem::take(self);
        let digits = ended.open.then(|| (ended.total + ended.group).to_string());
        digits.into_iter().chain(ended.and.then(|| "and".to_owned()))
    }
}

fn value(word: &str) -> Option<u64> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    if let Some(n) = SMALL.iter().position(|s| *s == word) {
        return Some(n as u64);
    }
    if let Some(n) = TENS.iter().position(|s| *s == word) {
        return Some((n as u64 + 2) * 10);
    }
    // "2 thousand"
    word.parse().ok().filter(|n| *n < 1000 && !word.starts_with('0'))
}

/// Edits between what was said and what was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Edits {
    /// Words said.
    pub said: usize,
    /// Words written for others.
    pub substituted: usize,
    /// Words said and not written.
    pub deleted: usize,
    /// Words written and not said.
    pub inserted: usize,
}

impl Edits {
    /// Errors of all kinds.
    pub fn errors(self) -> usize {
        self.substituted + self.deleted + self.inserted
    }

    /// Word error rate; of nothing said it is 0, or 1 where something was written.
    pub fn rate(self) -> f64 {
        match (self.said, self.errors()) {
            (0, 0) => 0.0,
            (0, _) => 1.0,
            (said, errors) => errors as f64 / said as f64,
        }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            said: self.said + other.said,
            substituted: self.substituted + other.substituted,
            deleted: self.deleted + other.deleted,
            inserted: self.inserted + other.inserted,
        }
    }
}

/// The cheapest way from `said` to `written`: the edits, and for each written word the equal said word it
/// stands for.
pub fn align<S: PartialEq>(said: &[S], written: &[S]) -> (Edits, Vec<Option<usize>>) {
    let (rows, columns) = (said.len() + 1, written.len() + 1);
    let mut cost = vec![0_usize; rows * columns];
    let at = |row: usize, column: usize| row * columns + column;
    for row in 0..rows {
        for column in 0..columns {
            cost[at(row, column)] = match (row, column) {
                (0, n) | (n, 0) => n,
                _ => {
                    let differs = usize::from(said[row - 1] != written[column - 1]);
                    let diagonal = cost[at(row - 1, column - 1)] + differs;
                    diagonal.min(cost[at(row - 1, column)] + 1).min(cost[at(row, column - 1)] + 1)
                }
            };
        }
    }
    let mut edits = Edits { said: said.len(), ..Edits::default() };
    let mut stands_for = vec![None; written.len()];
    let (mut row, mut column) = (rows - 1, columns - 1);
    while row > 0 || column > 0 {
        let here = cost[at(row, column)];
        let differs = row > 0 && column > 0 && said[row - 1] != written[column - 1];
        if row > 0 && column > 0 && here == cost[at(row - 1, column - 1)] + usize::from(differs) {
            (row, column) = (row - 1, column - 1);
            if differs {
                edits.substituted += 1;
            } else {
                stands_for[column] = Some(row);
            }
        } else if row > 0 && here == cost[at(row - 1, column)] + 1 {
            row -= 1;
            edits.deleted += 1;
        } else {
            column -= 1;
            edits.inserted += 1;
        }
    }
    (edits, stands_for)
}

/// Length of the longest common subsequence.
pub fn common<S: PartialEq>(a: &[S], b: &[S]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (column, y) in b.iter().enumerate() {
            let above = row[column + 1];
            row[column + 1] = if x == y { diagonal + 1 } else { above.max(row[column]) };
            diagonal = above;
        }
    }
    row[b.len()]
}
