//! Which attention heads of a Whisper model look at the word that is being written: their attention, warped
//! onto the text, says when each word was spoken. Each model has its own; OpenAI lists them.

use whisper_rs::{DtwMode, DtwModelPreset, DtwParameters};

use crate::models::arch::{Dimensions, VOCAB_MULTILINGUAL};

/// Bytes that whisper.cpp may take for the warping. It aborts where they don't do, and touches no more than
/// it needs: by the sizes of its matrices some 130 MB for the 23 heads of large-v2, 50 MB for the 8 of base.
const MEMORY_BYTES: usize = 256 << 20;

/// How a model's words are placed in time; `None` if its heads aren't known. The size alone doesn't tell the
/// first two large models from one another, so their `name` has to.
pub(super) fn parameters(dimensions: &Dimensions, name: &str) -> Option<DtwParameters<'static>> {
    let model_preset = preset(dimensions, name)?;
    Some(DtwParameters { mode: DtwMode::ModelPreset { model_preset }, dtw_mem_size: MEMORY_BYTES })
}

fn preset(dimensions: &Dimensions, name: &str) -> Option<DtwModelPreset> {
    let multilingual = dimensions.vocab >= VOCAB_MULTILINGUAL;
    // Distilled models have fewer layers in the decoder; a head in a layer that isn't there would be fatal.
    Some(match (dimensions.text_layer, dimensions.text_state, multilingual) {
        (4, 384, true) => DtwModelPreset::Tiny,
        (4, 384, false) => DtwModelPreset::TinyEn,
        (6, 512, true) => DtwModelPreset::Base,
        (6, 512, false) => DtwModelPreset::BaseEn,
        (12, 768, true) => DtwModelPreset::Small,
        (12, 768, false) => DtwModelPreset::SmallEn,
        (24, 1024, true) => DtwModelPreset::Medium,
        (24, 1024, false) => DtwModelPreset::MediumEn,
        (4, 1280, true) if dimensions.audio_layer == 32 => DtwModelPreset::LargeV3Turbo,
        (32, 1280, true) if dimensions.mels == 128 => DtwModelPreset::LargeV3,
        (32, 1280, true) if name.contains("v1") => DtwModelPreset::LargeV1,
        (32, 1280, true) if name.contains("v2") => DtwModelPreset::LargeV2,
        _ => return None,
    })
}

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
            preset(&dimensions, name).map(|preset| format!("{preset:?}"))
        };
        assert_eq!(of(6, 512, 51_865, "base-q8_0").as_deref(), Some("Base"));
        assert_eq!(of(4, 384, 51_864, "tiny.en-q8_0").as_deref(), Some("TinyEn"));
        assert_eq!(of(4, 1280, 51_866, "large-v3-turbo").as_deref(), Some("LargeV3Turbo"));
        assert_eq!(of(32, 1280, 51_865, "large-v2").as_deref(), Some("LargeV2"));
        assert_eq!(of(32, 1280, 51_865, "mine"), None);
        assert_eq!(of(2, 1280, 51_866, "distil-large-v3"), None);
        assert_eq!(of(4, 768, 51_864, "distil-small.en"), None);
    }
}
