//! The lines of a calendar: unfolded, and taken apart into name, parameters and value.

use super::CalendarError;

/// Bytes of a line when it is unfolded: pictures stand in some.
const LINE_MAX: usize = 8 << 20;

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Property {
    pub name: String,
    /// Names in capitals, and values without their quotes.
    pub parameters: Vec<(String, String)>,
    /// As it stands.
    pub value: String,
}

impl Property {
    /// A value without a name.
    pub fn of_value(value: String) -> Self {
        Self { name: String::new(), parameters: Vec::new(), value }
    }

    /// A parameter's value, with what `^` stands for in it.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let found = self.parameters.iter().find(|(known, _)| known == name)?;
        let (mut out, mut chars) = (String::new(), found.1.chars());
        while let Some(c) = chars.next() {
            let next = chars.clone().next();
            match (c, next) {
                ('^', Some('n')) => out.push('\n'),
                ('^', Some('\'')) => out.push('"'),
                ('^', Some('^')) => out.push('^'),
                (c, _) => {
                    out.push(c);
                    continue;
                }
            }
            chars.next();
        }
        Some(out)
    }

    /// The value as text, with what `\` stands for in it.
    pub fn text(&self) -> String {
        let (mut out, mut chars) = (String::new(), self.value.chars());
        while let Some(c) = chars.next() {
            match (c, if c == '\\' { chars.next() } else { None }) {
                ('\\', Some('n' | 'N')) => out.push('\n'),
                ('\\', Some(escaped)) => out.push(escaped),
                (c, _) => out.push(c),
            }
        }
        out.trim().to_owned()
    }

    /// The address that a person is reached at.
    pub fn address(&self) -> String {
        let value = self.value.trim();
        let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        crate::base::text::clean(scheme.and_then(|_| value.get(7..)).unwrap_or(value))
    }
}

/// All lines, with their numbers in the file (from 1). A line that begins with a space goes on with the one
/// before, in the middle of a character even.
pub(super) fn properties(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, Property), CalendarError>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut unfolded: Vec<(usize, Vec<u8>)> = Vec::new();
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), unfolded.last_mut()) {
            (Some(b' ' | b'\t'), Some((_, before))) => before.extend(&line[1..]),
            _ => unfolded.push((n + 1, line.to_vec())),
        }
    }
    unfolded.into_iter().filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(n, line)| {
        let broken = |what: &str| CalendarError::Broken { line: n, what: what.to_owned() };
        // Whatever is no text at all is not a calendar with a broken line.
        if n == 1 && !line.to_ascii_uppercase().starts_with(b"BEGIN:") {
            return Err(CalendarError::NoCalendar);
        }
        if line.len() > LINE_MAX {
            return Err(broken("it is far too long"));
        }
        let line = String::from_utf8(line).map_err(|_| broken("it is not UTF-8"))?;
        Ok((n, property(&line).ok_or_else(|| broken("no `NAME:value` stands in it"))?))
    })
}

fn property(line: &str) -> Option<Property> {
    // Colons and semicolons between quotes are text.
    let mut quoted = false;
    let mut cuts = vec![];
    let mut value = None;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => cuts.push(at),
            ':' if !quoted => {
                value = Some(at);
                break;
            }
            _ => {}
        }
    }
    let value = value?;
    cuts.push(value);
    let mut parts = Vec::new();
    let mut from = 0;
    for cut in cuts {
        parts.push(&line[from..cut]);
        from = cut + 1;
    }
    let (name, parameters) = parts.split_first()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let parameter = |part: &&str| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_ascii_uppercase(), value.replace('"', "")))
    };
    Some(Property {
        name: name.to_ascii_uppercase(),
        parameters: parameters.iter().filter_map(parameter).collect(),
        value: line[value + 1..].to_owned(),
    })
}
