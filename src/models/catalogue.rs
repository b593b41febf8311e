//! The published models: what `pull` can get. They are Whisper models in ggml files, whose name is the file's
//! stem without `ggml-`, and Moonshine base, which comes as Hugging Face has it and is converted.
//!
//! Hashes as whisper.cpp lists them for its downloads. Most quantised files are not listed there: for those
//! the server's own answer names the SHA-256 (see [`super::pull`]).

use serde::Serialize;

use super::moonshine;

/// A published model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Published {
    /// `tiny.en-q8_0`; the file is `ggml-tiny.en-q8_0.bin`.
    pub name: &'static str,
    /// Millions of parameters, as OpenAI's model card has them.
    pub parameters_millions: u32,
    /// The hash of its file, where one is listed.
    pub hash: Option<Hash>,
}

/// A hash of a file, lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// 40 digits.
    Sha1(&'static str),
    /// 64 digits.
    Sha256(&'static str),
}

impl Published {
    /// Whether it knows other languages than English.
    pub fn multilingual(&self) -> bool {
        !self.name.contains(".en") && !self.is_moonshine()
    }

    /// Whether it is Moonshine's, not Whisper's.
    pub fn is_moonshine(&self) -> bool {
        self.name.starts_with(moonshine::PREFIX)
    }

    /// Roughly how much is loaded, in bytes: parameters × bits of the format (f32 32, f16 16, q8_0 8.5,
    /// q5_1 6, q5_0 5.5).
    pub fn bytes_about(&self) -> u64 {
        let bits_times_2 = match self.name.rsplit_once('-').map(|(_, quantisation)| quantisation) {
            _ if self.is_moonshine() => 64,
            Some("q8_0") => 17,
            Some("q5_1") => 12,
            Some("q5_0") => 11,
            _ => 32,
        };
        u64::from(self.parameters_millions) * 1_000_000 * bits_times_2 / 16
    }
}

const fn plain(name: &'static str, parameters_millions: u32, hash: Option<Hash>) -> Published {
    Published { name, parameters_millions, hash }
}

const fn sha1(name: &'static str, parameters_millions: u32, hex: &'static str) -> Published {
    plain(name, parameters_millions, Some(Hash::Sha1(hex)))
}

/// All of them, the small ones first.
pub const PUBLISHED: &[Published] = &[
    plain(moonshine::NAME, 61, None),
    sha1("tiny", 39, "bd577a113a864445d4c299885e0cb97d4ba92b5f"),
    plain("tiny-q5_1", 39, None),
    plain("tiny-q8_0", 39, None),
    sha1("tiny.en", 39, "c78c86eb1a8faa21b369bcd33207cc90d64ae9df"),
    plain(
        "tiny.en-q5_1",
        39,
        Some(Hash::Sha256("c77c5766f1cef09b6b7d47f21b546cbddd4157886b3b5d6d4f709e91e66c7c2b")),
    ),
    plain("tiny.en-q8_0", 39, None),
    sha1("base", 74, "465707469ff3a37a2b9b8d8f89f2f99de7299dac"),
    plain("base-q5_1", 74, None),
    plain("base-q8_0", 74, None),
    sha1("base.en", 74, "137c40403d78fd54d454da0f9bd998f78703390c"),
    plain("base.en-q5_1", 74, None),
    plain("base.en-q8_0", 74, None),
    sha1("small", 244, "55356645c2b361a969dfd0ef2c5a50d530afd8d5"),
    plain("small-q5_1", 244, None),
    plain("small-q8_0", 244, None),
    sha1("small.en", 244, "db8a495a91d927739e50b3fc1cc4c6b8f6c2d022"),
    plain("small.en-q5_1", 244, None),
    plain("small.en-q8_0", 244, None),
    sha1("medium", 769, "fd9727b6e1217c2f614f9b698455c4ffd82463b4"),
    plain("medium-q5_0", 769, None),
    plain("medium-q8_0", 769, None),
    sha1("medium.en", 769, "8c30f0e44ce9560643ebd10bbe50cd20eafd3723"),
    plain("medium.en-q5_0", 769, None),
    plain("medium.en-q8_0", 769, None),
    sha1("large-v3-turbo", 809, "4af2b29d7ec73d781377bfd1758ca957a807e941"),
    sha1("large-v3-turbo-q5_0", 809, "e050f7970618a659205450ad97eb95a18d69c9ee"),
    plain("large-v3-turbo-q8_0", 809, None),
    sha1("large-v2", 1550, "0f4c8e34f21cf1a914c59d8b3ce882345ad349d6"),
    sha1("large-v3", 1550, "ad82bf6a9043ceed055076d0fd39f5f186ff8062"),
    sha1("large-v3-q5_0", 1550, "e6e2ed78495d403bef4b7cff42ef4aaadcfea8de"),
];

/// The published model of that exact name.
pub fn find(name: &str) -> Option<&'static Published> {
    PUBLISHED.iter().find(|published| published.name == name)
}

/// Published names that look like `name`, nearest first, three at most; `None` when nothing comes close.
pub fn near(name: &str) -> Vec<&'static str> {
    near_of(name, PUBLISHED.iter().map(|published| published.name))
}

/// Those of `names` that look like `name`, nearest first, three at most.
pub fn near_of<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // Below 0.75 Jaro-Winkler calls almost any two short names alike.
    let mut scored: Vec<_> = names
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score >= 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}
