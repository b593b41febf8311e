//! Chinese and Japanese, which part no words: a sentence must be made of pieces of what was said, of the
//! grammar and of the few words that any report has. Numbers are read with what they count. Pure;
//! stricter than the rules for other languages, so that no name can hide between two characters.

use super::cited::NEAR;
use super::meeting::{Meeting, literal};
use super::text::{digit, fold_char};
use super::{Claim, Kind, Reason};

/// Characters that stand for words by themselves, in scripts that part no words.
pub(super) const fn is_alone(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}'
        | '\u{1000}'..='\u{103f}' | '\u{1780}'..='\u{17d3}'
        | '\u{2e80}'..='\u{2fd5}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// What any report may have: grammar, and words of meetings. Longer ones first where one begins another.
const JAPANESE: &str = "ということ について における によって に対して ことになった ことになる ことにした ことにする ことが \
    することに しました しています している していた されました されている される された します すること できる できます \
    ました ません ています ている でした です だった である から まで ので ため より など との では には とは へは への での \
    こと もの とき する した して しな され ない なかった ます また そして さん くん 様 氏 を が は に の と で も へ や か な だ た て る \
    い う し く り れ ら き 会議 決定 決まった 決めた 予定 提案 質問 確認 担当 必要 発言 説明 報告 意見 議題 検討 今回 と述べた \
    述べた 尋ねた 求めた よう べき かも しれ 可能性";
const CHINESE: &str = "的 了 在 是 和 与 为 将 会 要 由 把 对 于 及 并 也 都 就 还 又 等 从 到 向 被 让 给 以 其 该 这 那 个 \
    会议 决定 认为 提出 表示 建议 询问 问 说 讨论 确认 负责 需要 计划 进行 已经 已 同意 关于 因为 所以 如果 可能 是否 大家 \
    提议 指出 之前 之后 完成";

/// They turn a sentence into its opposite.
const NOT: &[&str] = &[
    "ない",
    "ません",
    "なかっ",
    "ぬ",
    "ずに",
    "不",
    "没",
    "未",
    "无",
    "無",
    "非",
    "别",
    "勿",
    "中止",
    "却下",
    "拒否",
    "拒绝",
    "取消",
    "否决",
    "否決",
    "反対",
    "反对",
    "断った",
    "断る",
    "断り",
    "見送",
];
const MAYBE: &[&str] = &[
    "かもしれ",
    "かも",
    "たぶん",
    "多分",
    "と思い",
    "と思う",
    "でしょう",
    "だろう",
    "かな",
    "提案",
    "可能",
    "也许",
    "或许",
    "应该",
    "大概",
    "我想",
    "我觉得",
    "建议",
    "提议",
    "恐らく",
    "おそらく",
    "たらどう",
    "べき",
    "估计",
    "希望",
];
const ASKED: &[&str] =
    &["質問", "尋ね", "聞い", "か。", "か?", "か？", "?", "？", "询问", "问", "吗", "是否", "呢", "どうか"];
const YES: &[&str] = &[
    "はい",
    "ええ",
    "了解",
    "わかり",
    "分かり",
    "承知",
    "賛成",
    "いいです",
    "好的",
    "好",
    "可以",
    "行",
    "同意",
    "没问题",
    "是的",
];

/// A text with digits for all numbers, folded, without spaces and signs but those that end a sentence.
fn plain(text: &str) -> Vec<char> {
    let mut folded = String::new();
    for c in text.chars() {
        match c {
            '。' | '！' | '!' | '．' | '\n' => folded.push('。'),
            '？' | '?' => folded.push('?'),
            '、' | '，' => folded.push('、'),
            _ if c.is_alphanumeric() || matches!(c, '.' | ':' | '%' | 'ー') => fold_char(c, &mut folded),
            _ => {}
        }
    }
    numbers(&folded.chars().collect::<Vec<_>>())
}

/// The numerals of Chinese as digits: 二百四十 is 240.
fn numbers(chars: &[char]) -> Vec<char> {
    let value = |c: char| {
        "〇一二三四五六七八九".chars().position(|n| n == c).or_else(|| match c {
            '零' => Some(0),
            '两' => Some(2),
            _ => digit(c).map(usize::from),
        })
    };
    let unit = |c: char| match c {
        '十' => Some(10_u64),
        '百' => Some(100),
        '千' => Some(1000),
        _ => None,
    };
    let big = |c: char| match c {
        '万' | '萬' => Some(10_000_u64),
        '億' | '亿' => Some(100_000_000),
        _ => None,
    };
    let mut out = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let (mut total, mut group, mut low, mut units) = (0_u64, 0_u64, 0_u64, false);
        while let Some(c) = chars.get(at) {
            if let Some(value) = value(*c) {
                low = low.saturating_mul(10).saturating_add(value as u64);
            } else if let Some(unit) = unit(*c) {
                group = group.saturating_add(low.max(1).saturating_mul(unit));
                (low, units) = (0, true);
            } else if let Some(big) = big(*c).filter(|_| at > start) {
                total = total.saturating_add(group.saturating_add(low).max(1).saturating_mul(big));
                (group, low, units) = (0, 0, true);
            } else {
                break;
            }
            at += 1;
        }
        if at == start {
            out.push(chars[at]);
            at += 1;
        } else if units {
            out.extend(total.saturating_add(group).saturating_add(low).to_string().chars());
        } else {
            out.extend(
                chars[start..at]
                    .iter()
                    .map(|c| value(*c).and_then(|value| char::from_digit(value as u32, 10)).unwrap_or(*c)),
            );
        }
    }
    out
}

fn contains(text: &[char], piece: &[char]) -> bool {
    !piece.is_empty() && text.windows(piece.len()).any(|window| window == piece)
}

/// Checks a sentence; `lines` are the places of the cited lines, `quoted` those of the quote.
pub(super) fn verify(
    claim: &Claim,
    meeting: &Meeting,
    texts: &[&str],
    lines: &[usize],
    quoted: usize,
) -> Result<(), Reason> {
    let text = plain(claim.text);
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    let mut said: Vec<char> = Vec::new();
    for (line, text) in lines.iter().zip(texts) {
        said.extend(plain(&meeting.lines[*line].speaker));
        said.push('。');
        said.extend(plain(text));
        said.push('。');
    }
    let table = if meeting.tongue.language == "ja" { JAPANESE } else { CHINESE };
    made_of(&text, &said, table)?;
    if let Some(due) = claim.due {
        made_of(&plain(due), &said, table).map_err(|_| Reason::Due(due.to_owned()))?;
    }
    let quote: String = plain(claim.quote).iter().collect();
    let asked = ASKED.iter().any(|word| claim.text.contains(word));
    let spoken = sentences(texts);
    let own = |sentence: &String| sentence.contains(&quote) || quote.contains(sentence.as_str());
    let about: Vec<&String> = spoken.iter().filter(|sentence| own(sentence)).collect();
    let is = |list: &[&str], text: &str| list.iter().any(|word| text.contains(word));
    let question = |sentence: &&String| {
        sentence.ends_with('?')
            || (meeting.tongue.language == "ja" && sentence.ends_with('か'))
            || sentence.ends_with('吗')
    };
    let agreed = texts.iter().any(|text| YES.iter().any(|yes| text.starts_with(yes)));
    if claim.kind == Kind::Question {
        if !asked || !about.iter().any(question) {
            return Err(Reason::NotAsked);
        }
    } else if about.iter().all(question) && !(asked && claim.kind == Kind::Topic) && !agreed {
        return Err(Reason::Asked);
    }
    let unsure = about.iter().any(|sentence| is(MAYBE, sentence));
    if unsure
        && !agreed
        && (claim.kind == Kind::Decision || !is(MAYBE, claim.text))
        && claim.kind != Kind::Question
    {
        return Err(Reason::Unsure);
    }
    let negative = |text: &str| NOT.iter().filter(|word| text.contains(*word)).count() > 0;
    if !about.is_empty() && about.iter().all(|sentence| negative(sentence) != negative(claim.text)) {
        return Err(Reason::Opposite);
    }
    people(claim, meeting, texts, lines, quoted)
}

fn sentences(texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        let mut sentence = String::new();
        for c in plain(text) {
            if c == '。' {
                found.push(std::mem::take(&mut sentence));
            } else {
                sentence.push(c);
                if c == '?' {
                    found.push(std::mem::take(&mut sentence));
                }
            }
        }
        found.push(sentence);
    }
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// Whether a text is pieces of what was said and of the table.
fn made_of(text: &[char], said: &[char], table: &str) -> Result<(), Reason> {
    let words: Vec<Vec<char>> = table.split_whitespace().map(|word| word.chars().collect()).collect();
    let mut at = 0;
    // The last piece was a single character of what was said.
    let mut single = false;
    while at < text.len() {
        let c = text[at];
        if matches!(c, '。' | '、' | '?' | '.' | ':') {
            (at, single) = (at + 1, false);
            continue;
        }
        if c.is_ascii_alphanumeric() {
            let end = (at..text.len())
                .find(|n| !text[*n].is_ascii_alphanumeric() && !matches!(text[*n], '.' | ':'))
                .unwrap_or(text.len());
            // With what it counts: 3月 is not 3時.
            let piece = &text[at..(end + 1).min(text.len())];
            let counted = piece.last().is_some_and(|c| is_alone(*c) && !matches!(c, '\u{3041}'..='\u{3096}'));
            let piece = if counted { piece } else { &text[at..end] };
            if !is_run(said, piece) {
                let shown: String = piece.iter().collect();
                return Err(if c.is_ascii_digit() { Reason::Number(shown) } else { Reason::Name(shown) });
            }
            (at, single) = (end, false);
            continue;
        }
        let most = (text.len() - at).min(24);
        let spoken = (2..=most).rev().find(|length| {
            contains(said, &text[at..at + length])
                && !text[at..at + length].iter().any(|c| c.is_ascii_digit())
        });
        let known = words.iter().filter(|word| text[at..].starts_with(word)).map(Vec::len).max();
        match (spoken, known) {
            (Some(spoken), known) if known.is_none_or(|known| known <= spoken) => {
                (at, single) = (at + spoken, false)
            }
            (_, Some(known)) => (at, single) = (at + known, false),
            _ if contains(said, &[c]) && !single => (at, single) = (at + 1, true),
            _ => {
                let shown: String = text[at..].iter().take_while(|c| is_alone(**c)).take(4).collect();
                return Err(Reason::Name(if shown.is_empty() { c.to_string() } else { shown }));
            }
        }
    }
    Ok(())
}

/// Whether a number or a word in Latin letters was said, and not as a part of a longer one.
fn is_run(said: &[char], piece: &[char]) -> bool {
    (0..said.len().saturating_sub(piece.len() - 1)).any(|at| {
        let edge = |c: Option<&char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        let end = piece.last().is_some_and(|c| !c.is_ascii_alphanumeric());
        said[at..].starts_with(piece)
            && edge(at.checked_sub(1).and_then(|before| said.get(before)))
            && (end || edge(said.get(at + piece.len())))
    })
}

/// Who is named, and who is to do it.
fn people(
    claim: &Claim,
    meeting: &Meeting,
    texts: &[&str],
    lines: &[usize],
    quoted: usize,
) -> Result<(), Reason> {
    let text = literal(claim.text).replace(' ', "");
    let squeezed = |text: &str| literal(text).replace(' ', "");
    let speaker = squeezed(&meeting.lines[quoted].speaker);
    let quoted_text = lines.iter().position(|line| *line == quoted).map(|n| texts[n]).unwrap_or_default();
    let agrees = |name: &str| {
        lines.iter().zip(texts).any(|(line, text)| {
            *line > quoted
                && *line <= quoted + NEAR
                && squeezed(&meeting.lines[*line].speaker) == name
                && YES.iter().any(|yes| text.starts_with(yes))
        })
    };
    for person in &meeting.people {
        let name = squeezed(&person.name);
        if name.is_empty() || !text.starts_with(&name) {
            continue;
        }
        let named = squeezed(quoted_text).contains(&name);
        if speaker != name && !named && !agrees(&name) {
            return Err(Reason::Who(person.name.clone()));
        }
    }
    let Some(owner) = claim.owner.map(str::trim).filter(|owner| !owner.is_empty()) else { return Ok(()) };
    let name = squeezed(owner);
    let called = ["さん、", "さん。", "くん、", "様、", "氏、", "、", "，", "先生，", "さん,", ","]
        .iter()
        .any(|end| quoted_text.starts_with(&format!("{owner}{end}")));
    if speaker == name || called || agrees(&name) { Ok(()) } else { Err(Reason::Owner(owner.to_owned())) }
}
