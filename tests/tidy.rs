//! The house is in order: modules import only what stands below them, no two files import each other,
//! comments and documents keep their width, documents name only files that exist, their links lead somewhere,
//! and no file is too long to be read.
//!
//! The floor plan is the table in `src/lib.rs`. What is found is printed with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Columns of a comment line.
const COMMENT_COLUMNS: usize = 110;
/// Columns of a line in a document.
const DOCUMENT_COLUMNS: usize = 120;
/// Words of the README.
const README_WORDS: usize = 1500;
/// Lines of a source file, tests apart.
const FILE_LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `dir` with that extension, with their path from the root.
fn files(dir: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(dir)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The module of a source file:
/// `src/session/read.rs` and `src/session/mod.rs` are of `session`.
fn module(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// The code of a file with its number of lines: comments are empty lines, the tests at its end are left out.
fn code(text: &str) -> Vec<&str> {
    let own = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    own.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect()
}

/// Paths that a file names in the crate, groups taken apart: `crate::a::{b, c::d}` gives `a::b` and
/// `a::c::d`.
fn paths(text: &str) -> Vec<(usize, Vec<String>)> {
    let lines = code(text);
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let boundary = line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
            if boundary {
                let rest = lines[number..].join("\n");
                expand(&rest[at + "crate::".len()..], &[], &mut |path| found.push((number + 1, path)));
            }
        }
    }
    found
}

/// Calls `take` with each path that begins here; gives what follows.
fn expand<'a>(mut rest: &'a str, before: &[String], take: &mut dyn FnMut(Vec<String>)) -> &'a str {
    let mut path = before.to_vec();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            loop {
                rest = rest.trim_start_matches([' ', '\n', ',']);
                if let Some(after) = rest.strip_prefix('}') {
                    return after;
                }
                let after = expand(rest, &path, take);
                if after.len() == rest.len() {
                    return after;
                }
                rest = after;
            }
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end > 0 {
            path.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(after) => rest = after,
            None => {
                take(path);
                let rest = rest.strip_prefix(" as ").map_or(rest, |renamed| {
                    renamed.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
                });
                return rest;
            }
        }
    }
}

/// The floor plan of `src/lib.rs`: the floor of each module.
fn plan() -> BTreeMap<String, u32> {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rows = map.lines().filter_map(|line| line.strip_prefix("//! | ")?.split_once(" | [`"));
    let rows = rows
        .filter_map(|(floor, row)| Some((row.split_once("`]")?.0.to_owned(), floor.trim().parse().ok()?)));
    rows.collect()
}

#[test]
fn modules_import_only_what_stands_below_them() {
    let plan = plan();
    let mut wrong = Vec::new();
    for (file, text) in files("src", "rs") {
        let own = module(&file);
        if own == "lib" || own == "main" {
            continue;
        }
        let Some(floor) = plan.get(own) else {
            wrong.push(format!("{file}: {own} is not in the floor plan of src/lib.rs"));
            continue;
        };
        for (line, path) in paths(&text) {
            let other = path.first().map_or("", String::as_str);
            if other != own && plan.get(other).is_some_and(|below| below >= floor) {
                wrong.push(format!("{file}:{line}: {own} must not know {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // The walls were looked at: the plan has all modules, and no other.
    let built: BTreeSet<String> =
        files("src", "rs").iter().map(|(file, _)| module(file).to_owned()).collect();
    let built: BTreeSet<String> = built.into_iter().filter(|m| m != "lib" && m != "main").collect();
    assert_eq!(plan.keys().cloned().collect::<BTreeSet<_>>(), built);
}

#[test]
fn the_picture_of_the_floors_is_the_plan() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let picture = text.split("## The floor plan").nth(1).unwrap().split("```").nth(1).unwrap();
    let mut drawn = BTreeMap::new();
    for line in picture.lines().skip(1) {
        let (floor, rest) = line.split_at(1);
        // What stands behind two spaces is said of them.
        let modules = rest.trim_start().split("  ").next().unwrap();
        drawn.extend(modules.split(" · ").map(|module| (module.trim().to_owned(), floor.parse().unwrap())));
    }
    assert_eq!(drawn, plan());
}

/// The file in which a path of the crate ends, as far as it names files.
fn file_of(path: &[String], files: &BTreeSet<String>) -> Option<String> {
    (1..=path.len()).rev().find_map(|length| {
        let stem = format!("src/{}", path[..length].join("/"));
        [format!("{stem}.rs"), format!("{stem}/mod.rs")].into_iter().find(|file| files.contains(file))
    })
}

/// The path of a file's module in the crate.
fn path_of(file: &str) -> Vec<String> {
    let stem = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    stem.split('/').map(str::to_owned).collect()
}

/// Which file imports which, parents and their own parts apart: what a file is made of belongs to it.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let sources = files("src", "rs");
    let names: BTreeSet<String> = sources.iter().map(|(file, _)| file.clone()).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in &sources {
        let own = path_of(file);
        let mut add = |path: &[String]| {
            let Some(other) = file_of(path, &names) else { return };
            let there = path_of(&other);
            if &other != file && !own.starts_with(&there) && !there.starts_with(&own) {
                imports.entry(file.clone()).or_default().insert(other);
            }
        };
        paths(text).iter().for_each(|(_, path)| add(path));
        for line in code(text) {
            let Some(mut rest) = line.trim_start().strip_prefix("use super::") else { continue };
            let mut base = own[..own.len() - 1].to_vec();
            while let Some(up) = rest.strip_prefix("super::") {
                base.pop();
                rest = up;
            }
            expand(rest, &base, &mut |path| add(&path));
        }
    }
    imports
}

#[test]
fn no_files_import_each_other() {
    let imports = imports();
    // What can be reached from each file; a file that reaches itself lies on a circle.
    let reach = |from: &str| -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(file) = open.pop() {
            for next in imports.get(&file).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let circles: Vec<&String> = imports.keys().filter(|file| reach(file).contains(*file)).collect();
    assert!(imports.len() > 100, "imports were found");
    assert!(circles.is_empty(), "these files lie on circles: {circles:#?}");
}

#[test]
fn comments_are_as_wide_as_they_should_be() {
    let mut wide = Vec::new();
    for (file, text) in ["src", "tests", "benches", "examples"].iter().flat_map(|dir| files(dir, "rs")) {
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") && line.chars().count() > COMMENT_COLUMNS {
                wide.push(format!("{file}:{}: {} columns", number + 1, line.chars().count()));
            }
        }
    }
    assert!(wide.is_empty(), "comments over {COMMENT_COLUMNS} columns:\n{}", wide.join("\n"));
}

/// The documents: those at the root and those of `docs/`. What the demo writes (`docs/sample`) is not ours to
/// wrap.
fn documents() -> Vec<(String, String)> {
    let named = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let read = |name: &str| (name.to_owned(), fs::read_to_string(root().join(name)).expect(name));
    let mut found: Vec<(String, String)> = named.into_iter().map(read).collect();
    found.extend(files("docs", "md").into_iter().filter(|(name, _)| !name.starts_with("docs/sample/")));
    found
}

#[test]
fn documents_are_as_wide_as_they_should_be() {
    let mut wide = Vec::new();
    for (file, text) in documents() {
        // A block of Markdown quotes the minutes of the demo as they are.
        let mut quoted = false;
        for (number, line) in text.lines().enumerate() {
            quoted = line == "```markdown" || quoted && line != "```";
            if !quoted && line.chars().count() > DOCUMENT_COLUMNS {
                wide.push(format!("{file}:{}: {} columns", number + 1, line.chars().count()));
            }
        }
    }
    assert!(wide.is_empty(), "documents over {DOCUMENT_COLUMNS} columns:\n{}", wide.join("\n"));
}

/// The paths of this project in a text: what begins with one of its folders.
fn named_paths(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let words = text.split(|c: char| !is_part(c)).map(|word| word.trim_end_matches(['.', '-']));
    let folders = ["src/", "tests/", "docs/", "benches/", "examples/", "config/"];
    words.filter(|word| folders.iter().any(|folder| word.starts_with(folder))).collect()
}

#[test]
fn documents_name_only_files_that_exist() {
    let mut named = 0;
    let mut missing = Vec::new();
    for (file, text) in documents() {
        for path in named_paths(&text) {
            named += 1;
            if !root().join(path).exists() {
                missing.push(format!("{file}: {path}"));
            }
        }
    }
    assert!(named > 100, "paths were found");
    assert!(missing.is_empty(), "documents name files that do not exist:\n{}", missing.join("\n"));
}

/// The lines of a document without its blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        quoted ^= fence;
        !fence && !quoted
    })
}

/// What a link to a heading is called, as forges make it: `## A call, again` is `a-call-again`.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let (mut links, mut broken) = (0, Vec::new());
    for (file, text) in documents() {
        let folder = root().join(&file).parent().unwrap().to_owned();
        let prose: Vec<&str> = prose(&text).collect();
        let prose = prose.join("\n");
        for (at, _) in prose.match_indices("](") {
            let link = prose[at + 2..].split(')').next().unwrap_or("");
            if link.contains("://") {
                continue;
            }
            links += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(&file) } else { folder.join(path) };
            let leads = if anchor.is_empty() {
                target.exists()
            } else {
                fs::read_to_string(&target).is_ok_and(|there| anchors(&there).contains(anchor))
            };
            if !leads {
                broken.push(format!("{file}: {link}"));
            }
        }
    }
    assert!(links > 80, "only {links} links were found");
    assert!(broken.is_empty(), "these lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_front_page_is_read_in_minutes() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let words = text.split_whitespace().count();
    assert!(words <= README_WORDS, "README.md has {words} words; the guide has room for more");
}

/// The types that the glossary names in backquotes: `Take`, `Utterance::rev` …
fn glossary_types(text: &str) -> BTreeSet<&str> {
    let (_, glossary) = text.split_once("\n## Glossary\n").unwrap();
    let glossary = glossary.split("\n## ").next().unwrap_or(glossary);
    let names = glossary.split('`').skip(1).step_by(2).filter_map(|name| name.split("::").next());
    names.filter(|name| name.starts_with(|c: char| c.is_uppercase()) && !name.contains('/')).collect()
}

#[test]
fn the_glossary_names_types_that_exist() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let sources: String = files("src", "rs").into_iter().map(|(_, text)| text).collect();
    let is_defined = |name: &str| {
        ["struct", "enum", "trait", "type"].iter().any(|kind| {
            sources.match_indices(&format!("{kind} {name}")).any(|(at, found)| {
                !sources[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        })
    };
    let types = glossary_types(&text);
    let missing: Vec<&&str> = types.iter().filter(|name| !is_defined(name)).collect();
    assert!(types.len() > 20, "types were found");
    assert!(missing.is_empty(), "the glossary names types that do not exist: {missing:?}");
}

#[test]
fn no_source_file_is_too_long_to_be_read() {
    let long: Vec<String> = files("src", "rs")
        .into_iter()
        .map(|(file, text)| (file, code(&text).len()))
        .filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "files over {FILE_LINES} lines, tests apart:\n{}", long.join("\n"));
}

/// Whether an item stands in this line, and whether everybody may use it. Fields and variants are none.
fn item(line: &str) -> Option<bool> {
    const KINDS: [&str; 9] = ["fn", "struct", "enum", "trait", "const", "static", "type", "mod", "union"];
    let line = line.trim_start();
    let public = line.strip_prefix("pub ");
    let rest = public.or_else(|| line.strip_prefix("pub(")?.split_once(") ").map(|(_, rest)| rest));
    let mut words = rest.unwrap_or(line).split([' ', '(', '<', '{', ';']);
    let kind = words.find(|word| !["async", "unsafe"].contains(word))?;
    (KINDS.contains(&kind) || kind == "impl").then_some(public.is_some())
}

/// The lines of a file up to its tests.
fn own(text: &str) -> Vec<&str> {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text).lines().map(str::trim).collect()
}

#[test]
fn what_is_public_says_what_it_is() {
    let (mut silent, mut public) = (Vec::new(), 0);
    for (file, text) in files("src", "rs") {
        if !text.starts_with("//!") && !file.ends_with("/tests.rs") {
            silent.push(format!("{file}: no words about the module"));
        }
        let lines = own(&text);
        for (number, line) in lines.iter().enumerate() {
            // What a module is stands in its own file.
            if item(line) != Some(true) || (line.starts_with("pub mod ") && line.ends_with(';')) {
                continue;
            }
            public += 1;
            // Attributes stand between the words and the item.
            let before = lines[..number].iter().rev();
            let before = before.take_while(|line| !line.is_empty() && !line.ends_with(['}', ';', '{']));
            if !before.clone().any(|line| line.starts_with("///")) {
                silent.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    assert!(public > 900, "only {public} public items were found");
    assert!(silent.is_empty(), "without a doc comment:\n{}", silent.join("\n"));
}

#[test]
fn no_comment_repeats_a_fields_name() {
    const FIRST: [&str; 19] = [
        "A", "An", "Another", "How", "In", "It", "Its", "Nothing", "Of", "One", "The", "These", "This",
        "What", "When", "Where", "Which", "Who", "Why",
    ];
    let is_comment = |line: Option<&&str>| line.is_some_and(|line| line.starts_with("///"));
    let mut empty = Vec::new();
    for (file, text) in files("src", "rs") {
        let lines = own(&text);
        for (number, line) in lines.iter().enumerate() {
            let Some(comment) = line.strip_prefix("/// ").and_then(|comment| comment.strip_suffix('.'))
            else {
                continue;
            };
            let mut words = comment.split(' ');
            let says_little = words.clone().count() <= 2 && words.next().is_some_and(|w| FIRST.contains(&w));
            let alone = !is_comment(lines.get(number + 1)) && !is_comment(lines.get(number.wrapping_sub(1)));
            let about = lines[number + 1..].iter().find(|line| !line.starts_with("#["));
            if says_little && alone && about.is_some_and(|line| item(line).is_none()) {
                empty.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    assert!(empty.is_empty(), "say more or nothing:\n{}", empty.join("\n"));
}

#[test]
fn only_revise_counts_revisions() {
    const COUNTS: [&str; 5] =
        ["rev + 1", "rev += ", "rev.saturating_add", "rev.checked_add", "rev.wrapping_add"];
    let mut wrong = Vec::new();
    for (file, text) in files("src", "rs") {
        for (number, line) in code(&text).iter().enumerate() {
            if module(&file) != "revise" && COUNTS.iter().any(|count| line.contains(count)) {
                wrong.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "revisions are made in src/revise alone:\n{}", wrong.join("\n"));
}
