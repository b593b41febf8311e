//! Track files as anybody else reads them.

use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec};

/// What hound finds in a file: its spec and all samples, ±1.0.
pub fn read(path: &Path) -> (WavSpec, Vec<f32>) {
    let reader = WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let spec = reader.spec();
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        SampleFormat::Float => reader.into_samples::<f32>().collect(),
        SampleFormat::Int => {
            let full = (1i64 << (spec.bits_per_sample - 1)) as f32;
            reader.into_samples::<i32>().map(|sample| Ok(sample? as f32 / full)).collect()
        }
    };
    (spec, samples.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The first difference of two lists of samples, for a message that can be read.
pub fn difference(is: &[f32], should: &[f32]) -> Option<String> {
    if is.len() != should.len() {
        return Some(format!("{} samples instead of {}", is.len(), should.len()));
    }
    let at = is.iter().zip(should).position(|(a, b)| a.to_bits() != b.to_bits() && a != b)?;
    Some(format!("sample {at} is {} instead of {}", is[at], should[at]))
}
