//! Which attention heads of a Whisper model look at the word that is being written: their attention, warped
//! onto the text, says when each word was spoken. Each model has its own; OpenAI lists them.

use crate::models::arch::{Dimensions, VOCAB_MULTILINGUAL};

/// A layer of the decoder and a head of it.
type Head = (usize, usize);

/// The heads of a model; `None` if they aren't known. The size alone doesn't tell the first two large models
/// from one another, so their `name` has to.
pub(super) fn heads(dimensions: &Dimensions, name: &str) -> Option<&'static [Head]> {
    known(dimensions, name).map(Known::heads)
}

/// Models whose heads are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Tiny,
    TinyEn,
    Base,
    BaseEn,
    Small,
    SmallEn,
    Medium,
    MediumEn,
    LargeV1,
    LargeV2,
    LargeV3,
    LargeV3Turbo,
}

fn known(dimensions: &Dimensions, name: &str) -> Option<Known> {
    let multilingual = dimensions.vocab >= VOCAB_MULTILINGUAL;
    // Distilled models have fewer layers in the decoder; a head in a layer that isn't there would be fatal.
    Some(match (dimensions.text_layer, dimensions.text_state, multilingual) {
        (4, 384, true) => Known::Tiny,
        (4, 384, false) => Known::TinyEn,
        (6, 512, true) => Known::Base,
        (6, 512, false) => Known::BaseEn,
        (12, 768, true) => Known::Small,
        (12, 768, false) => Known::SmallEn,
        (24, 1024, true) => Known::Medium,
        (24, 1024, false) => Known::MediumEn,
        (4, 1280, true) if dimensions.audio_layer == 32 => Known::LargeV3Turbo,
        (32, 1280, true) if dimensions.mels == 128 => Known::LargeV3,
        (32, 1280, true) if name.contains("v1") => Known::LargeV1,
        (32, 1280, true) if name.contains("v2") => Known::LargeV2,
        _ => return None,
    })
}

impl Known {
    #[rustfmt::skip]
    fn heads(self) -> &'static [Head] {
        match self {
            Self::TinyEn => &[(1, 0), (2, 0), (2, 5), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4)],
            Self::Tiny => &[(2, 2), (3, 0), (3, 2), (3, 3), (3, 4), (3, 5)],
            Self::BaseEn => &[(3, 3), (4, 7), (5, 1), (5, 5), (5, 7)],
            Self::Base => &[(3, 1), (4, 2), (4, 3), (4, 7), (5, 1), (5, 2), (5, 4), (5, 6)],
            Self::SmallEn => &[
                (6, 6), (7, 0), (7, 3), (7, 8), (8, 2), (8, 5), (8, 7), (9, 0), (9, 4), (9, 8), (9, 10), (10, 0),
                (10, 1), (10, 2), (10, 3), (10, 6), (10, 11), (11, 2), (11, 4),
            ],
            Self::Small => &[
                (5, 3), (5, 9), (8, 0), (8, 4), (8, 7), (8, 8), (9, 0), (9, 7), (9, 9), (10, 5),
            ],
            Self::MediumEn => &[
                (11, 4), (14, 1), (14, 12), (14, 14), (15, 4), (16, 0), (16, 4), (16, 9), (17, 12), (17, 14),
                (18, 7), (18, 10), (18, 15), (20, 0), (20, 3), (20, 9), (20, 14), (21, 12),
            ],
            Self::Medium => &[(13, 15), (15, 4), (15, 15), (16, 1), (20, 0), (23, 4)],
            Self::LargeV1 => &[
                (9, 19), (11, 2), (11, 4), (11, 17), (22, 7), (22, 11), (22, 17), (23, 2), (23, 15),
            ],
            Self::LargeV2 => &[
                (10, 12), (13, 17), (16, 11), (16, 12), (16, 13), (17, 15), (17, 16), (18, 4), (18, 11), (18, 19),
                (19, 11), (21, 2), (21, 3), (22, 3), (22, 9), (22, 12), (23, 5), (23, 7), (23, 13), (25, 5),
                (26, 1), (26, 12), (27, 15),
            ],
            Self::LargeV3 => &[
                (7, 0), (10, 17), (12, 18), (13, 12), (16, 1), (17, 14), (19, 11), (21, 4), (24, 1), (25, 6),
            ],
            Self::LargeV3Turbo => &[(2, 4), (2, 11), (3, 3), (3, 6), (3, 11), (3, 14)],
        }
    }
}

#[cfg(feature = "whisper")]
mod of_whisper_cpp {
    use whisper_rs::{DtwMode, DtwModelPreset, DtwParameters};

    use super::{Dimensions, Known, known};

    /// Bytes that whisper.cpp may take for the warping. It aborts where they don't do, and touches no more
    /// than it needs: by the sizes of its matrices some 130 MB for the 23 heads of large-v2, 50 MB for the 8
    /// of base.
    const MEMORY_BYTES: usize = 256 << 20;

    /// How whisper.cpp places a model's words in time; `None` if its heads aren't known.
    pub(in super::super) fn parameters(
        dimensions: &Dimensions,
        name: &str,
    ) -> Option<DtwParameters<'static>> {
        let model_preset = match known(dimensions, name)? {
            Known::Tiny => DtwModelPreset::Tiny,
            Known::TinyEn => DtwModelPreset::TinyEn,
            Known::Base => DtwModelPreset::Base,
            Known::BaseEn => DtwModelPreset::BaseEn,
            Known::Small => DtwModelPreset::Small,
            Known::SmallEn => DtwModelPreset::SmallEn,
            Known::Medium => DtwModelPreset::Medium,
            Known::MediumEn => DtwModelPreset::MediumEn,
            Known::LargeV1 => DtwModelPreset::LargeV1,
            Known::LargeV2 => DtwModelPreset::LargeV2,
            Known::LargeV3 => DtwModelPreset::LargeV3,
            Known::LargeV3Turbo => DtwModelPreset::LargeV3Turbo,
        };
        Some(DtwParameters { mode: DtwMode::ModelPreset { model_preset }, dtw_mem_size: MEMORY_BYTES })
    }
}

#[cfg(feature = "whisper")]
pub(super) use of_whisper_cpp::parameters;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_heads_that_a_model_has_are_named() {
        let of = |text_layer: u32, width: u32, vocab: u32, name: &str| {
            let dimensions = Dimensions {
                vocab,
                audio_ctx: 1500,
                audio_state: width,
                audio_head: width / 64,
                audio_layer: 32,
                text_ctx: 448,
                text_state: width,
                text_head: width / 64,
                text_layer,
                mels: if vocab == 51_866 { 128 } else { 80 },
                ftype: 7,
            };
            let known = known(&dimensions, name)?;
            for (layer, head) in known.heads() {
                assert!(*layer < text_layer as usize && *head < width as usize / 64, "{known:?}");
            }
            Some(known)
        };
        assert_eq!(of(4, 384, 51_865, "tiny"), Some(Known::Tiny));
        assert_eq!(of(4, 384, 51_864, "tiny.en-q8_0"), Some(Known::TinyEn));
        assert_eq!(of(6, 512, 51_865, "base-q8_0"), Some(Known::Base));
        assert_eq!(of(6, 512, 51_864, "base.en"), Some(Known::BaseEn));
        assert_eq!(of(12, 768, 51_865, "small"), Some(Known::Small));
        assert_eq!(of(12, 768, 51_864, "small.en"), Some(Known::SmallEn));
        assert_eq!(of(24, 1024, 51_865, "medium"), Some(Known::Medium));
        assert_eq!(of(24, 1024, 51_864, "medium.en"), Some(Known::MediumEn));
        assert_eq!(of(4, 1280, 51_866, "large-v3-turbo"), Some(Known::LargeV3Turbo));
        assert_eq!(of(32, 1280, 51_866, "large-v3"), Some(Known::LargeV3));
        assert_eq!(of(32, 1280, 51_865, "large-v1"), Some(Known::LargeV1));
        assert_eq!(of(32, 1280, 51_865, "large-v2"), Some(Known::LargeV2));
        assert_eq!(of(32, 1280, 51_865, "mine"), None);
        assert_eq!(of(2, 1280, 51_866, "distil-large-v3"), None);
        assert_eq!(of(4, 768, 51_864, "distil-small.en"), None);
    }
}
