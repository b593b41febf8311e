//! Names on disk: what people write becomes lower-case ASCII letters, digits and hyphens, which every file
//! system, shell and other program takes. Display names are kept in the manifest; nothing is ever read back
//! from a slug.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::filesystem::private_folder;

/// Characters of the longest slug; with a date before and a number after it stays far below any file system's
/// 255 bytes.
pub const SLUG_MAX: usize = 48;

/// Sessions of one minute and title; beyond this somebody runs a loop, and an error is kinder than another
/// folder.
const SAME_NAME_MAX: u32 = 9999;

/// Device names that Windows refuses as files, whatever their extension.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul"];

/// Two sources carry one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two sources are named `{0}`: the minutes could not tell them apart, so give each its own name")]
pub struct SameName(pub String);

/// The slug of a track's name: 1 to [`SLUG_MAX`] of `a-z`, `0-9` and single inner hyphens; other scripts are
/// transliterated. A name of which nothing is left (only emoji, only dots) is "track".
pub fn slug(name: &str) -> String {
    slug_or(name, "track")
}

/// As [`slug`], with another word for a name of which nothing is left.
fn slug_or(name: &str, fallback: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        let latin = deunicode::deunicode_char(c);
        match latin {
            // Marks that stand on the letter before, joiners, and the apostrophe in O'Brien part no words.
            Some("" | "'") => {}
            Some(latin) if c.is_alphanumeric() => words.push_str(latin),
            _ => words.push(' '),
        }
    }
    let mut slug = String::with_capacity(SLUG_MAX);
    for word in words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    truncate(&mut slug, SLUG_MAX);
    if slug.is_empty() {
        slug.push_str(fallback);
    }
    if is_reserved(&slug) {
        slug = format!("{slug}-{fallback}");
    }
    slug
}

fn is_reserved(slug: &str) -> bool {
    let port =
        |prefix| slug.strip_prefix(prefix).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    RESERVED.contains(&slug) || port("com") || port("lpt")
}

fn truncate(slug: &mut String, max: usize) {
    slug.truncate(max);
    slug.truncate(slug.trim_end_matches('-').len());
}

/// A slug for each name, in order, all different: where two names come down to one slug, the later one gets
/// -2, -3 …
///
/// # Errors
/// Two names that are the same.
pub fn track_slugs<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, SameName> {
    let (mut seen, mut taken, mut slugs) = (HashSet::new(), HashSet::new(), Vec::new());
    for name in names {
        if !seen.insert(name) {
            return Err(SameName(name.into()));
        }
        let first = slug(name);
        let mut candidate = first.clone();
        // Ends: of n + 1 numbers one is free.
        for n in 2u32.. {
            if taken.insert(candidate.clone()) {
                break;
            }
            candidate = numbered(&first, n);
        }
        slugs.push(candidate);
    }
    Ok(slugs)
}

/// `slug-n`, still no longer than [`SLUG_MAX`].
fn numbered(slug: &str, n: u32) -> String {
    let number = format!("-{n}");
    let mut slug = slug.to_owned();
    truncate(&mut slug, SLUG_MAX - number.len());
    slug + &number
}

/// The name of a session's folder, `2026-03-14_0930_weekly-sync`; sorted by name they are sorted by the clock
/// on the wall.
pub fn session_dir_name(local: jiff::civil::DateTime, title: &str) -> String {
    format!("{}_{}", local.strftime("%Y-%m-%d_%H%M"), slug_or(title, "session"))
}

/// Makes a session's folder: `recordings/name`, or `name-2`, `name-3` … if that is taken, readable only by
/// the user. No two processes ever get the same one, as making a folder is exclusive.
///
/// # Errors
/// The folder of recordings can't be made or written; all numbers are taken.
pub fn create_session_dir(recordings: &Path, name: &str) -> io::Result<PathBuf> {
    private_folder().recursive(true).create(recordings)?;
    for n in 1..=SAME_NAME_MAX {
        let path = recordings.join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        match private_folder().create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{SAME_NAME_MAX} sessions are named {name} already: give this one another title"),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_slug(slug: &str) -> bool {
        (1..=SLUG_MAX).contains(&slug.len())
            && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !slug.starts_with('-')
            && !slug.ends_with('-')
            && !slug.contains("--")
            && !is_reserved(slug)
    }

    #[test]
    fn names_of_people_and_places() {
        for (name, expected) in [
            ("Alice", "alice"),
            ("Zoë Müller-Lüdenscheidt", "zoe-muller-ludenscheidt"),
            ("Zoe\u{308}", "zoe"),
            ("王小明", "wang-xiao-ming"),
            ("Иван", "ivan"),
            ("O’Brien & O'Neill", "obrien-oneill"),
            ("../../etc/passwd", "etc-passwd"),
            ("a.b..wav", "a-b-wav"),
            ("Room 3 🎤", "room-3"),
            ("🎤🎧", "track"),
            ("...", "track"),
            ("", "track"),
            ("CON", "con-track"),
            ("lpt1", "lpt1-track"),
            ("com10", "com10"),
        ] {
            assert_eq!(slug(name), expected, "{name:?}");
        }
        assert_eq!(slug(&"ab ".repeat(100)).len(), 47, "cut at 48, where a hyphen stood");
    }

    #[test]
    fn a_session_is_named_by_local_time_and_title() {
        let at = jiff::civil::date(2026, 3, 4).at(9, 5, 59, 0);
        assert_eq!(session_dir_name(at, "Weekly sync"), "2026-03-04_0905_weekly-sync");
        assert_eq!(session_dir_name(at, "🎉"), "2026-03-04_0905_session");
    }

    #[test]
    fn different_names_get_different_slugs_and_equal_names_are_refused() {
        let slugs = track_slugs(["Jo", "jo", "Jó!", "jo-2"]).unwrap();
        assert_eq!(slugs, ["jo", "jo-2", "jo-3", "jo-2-2"]);
        assert_eq!(track_slugs(["Jo", "Al", "Jo"]), Err(SameName("Jo".into())));
    }

    #[test]
    fn many_at_once_get_a_folder_each() {
        let root = tempfile::tempdir().unwrap();
        let recordings = root.path().join("not/yet/there");
        let made: HashSet<PathBuf> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| create_session_dir(&recordings, "2026-03-14_0930_x").unwrap()))
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let expected = (1..=8).map(|n| match n {
            1 => recordings.join("2026-03-14_0930_x"),
            n => recordings.join(format!("2026-03-14_0930_x-{n}")),
        });
        assert_eq!(made, expected.collect());
        #[cfg(unix)]
        for path in made.iter().chain([&recordings]) {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
        }
    }

    #[test]
    fn a_file_in_the_way_is_told() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("recordings");
        std::fs::write(&file, "").unwrap();
        assert!(create_session_dir(&file, "x").is_err());
    }

    proptest! {
        #[test]
        fn every_name_has_a_slug_which_is_its_own_slug(name in any::<String>()) {
            let once = slug(&name);
            prop_assert!(is_slug(&once), "{name:?} → {once:?}");
            prop_assert_eq!(slug(&once), once);
        }

        #[test]
        fn slugs_are_one_to_one_with_names(names in prop::collection::hash_set("[aAàÀ.]{0,2}|[ab]{48,50}", 0..40)) {
            let slugs = track_slugs(names.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(slugs.len(), names.len());
            prop_assert!(slugs.iter().all(|slug| is_slug(slug)), "{:?}", slugs);
            prop_assert_eq!(slugs.iter().collect::<HashSet<_>>().len(), names.len());
        }
    }
}
