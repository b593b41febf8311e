//! The two networks that tell voices apart, compiled in with their weights, on the runtime `rten`.
//!
//! *Segmentation*: pyannote's segmentation-3.0 (MIT, <https://huggingface.co/pyannote/segmentation-3.0>),
//! who of up to three people speaks in 10 s of sound. Weights as f16: 0.14 % of frames get another class
//! than in f32.
//! *Embedding*: CAM++ of 3D-Speaker, `speech_campplus_sv_zh_en_16k-common_advanced` (Apache-2.0,
//! <https://github.com/modelscope/3D-Speaker>), a voice as a direction in 192 dimensions. Large weights as
//! int8 with a scale per output channel: cosine with f32 0.997 in the mean, 0.98 at least. Both are packed by
//! `benches/models/voices.py`, and once more by gzip, which makes the program 1.3 MB smaller; the licences
//! lie beside them.
//!
//! Nothing is fetched and nothing is written. What a network is given is finite and of the right length; it
//! computes in a pool of one thread, so that it never takes more than one core from a recording.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use flate2::read::GzDecoder;
use rten::{Model, ModelOptions, RunOptions, ThreadPool, op_registry};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use sha2::{Digest as _, Sha256};

use super::filter_bank::{BANDS, FilterBank};

/// Samples of a window of the segmentation: 10 s at 16 kHz.
pub const WINDOW: usize = 160_000;
/// Frames that it tells about a window.
pub const FRAMES: usize = 589;
/// Seconds from one of these frames to the next.
pub const STEP_S: f64 = 270.0 / 16_000.0;
/// Second of the middle of the first frame: half of the 991 samples that the network looks at for it.
pub const FIRST_S: f64 = 0.061_937_5 / 2.0;
/// People whom it tells apart in a window.
pub const LOCALS: usize = 3;
/// Numbers of an embedding.
pub const DIMENSIONS: usize = 192;

/// Classes of the segmentation: who of its people speaks.
const CLASSES: [[bool; LOCALS]; 7] = [
    [false, false, false],
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [true, true, false],
    [true, false, true],
    [false, true, true],
];

static SEGMENTATION: &[u8] = include_bytes!("networks/segmentation-3.0.onnx.gz");
static EMBEDDING: &[u8] = include_bytes!("networks/campplus.onnx.gz");

/// Name of the network whose directions are compared: those of different networks have nothing in common.
pub const EMBEDDING_ID: &str = "campplus-zh_en-192";

/// SHA-256 of its ONNX file, in hexadecimal digits.
pub fn embedding_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let file = unpacked(EMBEDDING).unwrap_or_default();
        Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

/// Why voices can't be told apart.
#[derive(Debug, thiserror::Error)]
#[error("the networks that tell voices apart don't run here: {0}")]
pub struct NetworkError(String);

impl NetworkError {
    /// Says why.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Who of a window's people speaks in each of its [`FRAMES`].
pub type Activity = Vec<[bool; LOCALS]>;

/// A voice: a vector of length 1 in [`DIMENSIONS`] dimensions.
pub type Embedding = Box<[f32; DIMENSIONS]>;

/// Both networks, ready to run.
pub struct Networks {
    segmentation: Model,
    embedding: Model,
    bank: FilterBank,
    pool: Arc<ThreadPool>,
}

impl Networks {
    /// Reads them; takes a tenth of a second and 40 MB.
    ///
    /// # Errors
    /// The runtime refuses them.
    pub fn load() -> Result<Self, NetworkError> {
        Self::read(unpacked(SEGMENTATION)?, unpacked(EMBEDDING)?)
    }

    /// Reads other weights of the same networks, as ONNX files: to compare with what they were packed from.
    ///
    /// # Errors
    /// The runtime refuses them.
    pub fn read(segmentation: Vec<u8>, embedding: Vec<u8>) -> Result<Self, NetworkError> {
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let (segmentation, embedding) = pool.run(|| (model(segmentation), model(embedding)));
        Ok(Self { segmentation: segmentation?, embedding: embedding?, bank: FilterBank::default(), pool })
    }

    /// The probabilities of the seven classes in each frame of a window of [`WINDOW`] samples at 16 kHz in
    /// ±1.
    ///
    /// # Errors
    /// The runtime fails, or the window has another length.
    pub fn probabilities(&self, window: &[f32]) -> Result<Vec<[f32; 7]>, NetworkError> {
        let input = NdTensorView::<f32, 3>::try_from_data([1, 1, window.len()], window);
        let input = input.map_err(|error| NetworkError(error.to_string()))?;
        let output: NdTensor<f32, 3> = self.run(&self.segmentation, input)?;
        if output.shape() != [1, FRAMES, 7] {
            return Err(NetworkError(format!("the segmentation gave {:?}", output.shape())));
        }
        let frame = |frame: usize| std::array::from_fn(|class| output[[0, frame, class]].exp());
        Ok((0..FRAMES).map(frame).collect())
    }

    /// Who speaks in each frame of a window of [`WINDOW`] samples at 16 kHz in ±1.
    ///
    /// # Errors
    /// The runtime fails, or the window has another length.
    pub fn activity(&self, window: &[f32]) -> Result<Activity, NetworkError> {
        let likeliest = |frame: &[f32; 7]| {
            let best = (0..7).max_by(|a, b| frame[*a].total_cmp(&frame[*b])).unwrap_or(0);
            CLASSES[best]
        };
        Ok(self.probabilities(window)?.iter().map(likeliest).collect())
    }

    /// Features of a sound, as [`FilterBank::features`] gives them.
    pub fn features(&mut self, sound: &[f32]) -> Vec<f32> {
        self.bank.features(sound)
    }

    /// The voice of the chosen `frames` of some features. Their mean is taken off them: that is what a
    /// microphone does to a voice.
    ///
    /// # Errors
    /// The runtime fails, or there are no frames.
    pub fn embedding(&self, features: &[f32], frames: &[usize]) -> Result<Embedding, NetworkError> {
        let rows = || frames.iter().filter_map(|frame| features.get(frame * BANDS..(frame + 1) * BANDS));
        let count = rows().count();
        let mut mean = [0.0_f64; BANDS];
        for row in rows() {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        let centred = |(value, mean): (&f32, &f64)| (f64::from(*value) - mean / count as f64) as f32;
        let data: Vec<f32> = rows().flat_map(|row| row.iter().zip(&mean).map(centred)).collect();
        let input = NdTensor::<f32, 3>::try_from_data([1, count, BANDS], data);
        let input = input.map_err(|error| NetworkError(error.to_string()))?;
        let output: NdTensor<f32, 2> = self.run(&self.embedding, input.view())?;
        let values: Vec<f32> = output.iter().copied().collect();
        let values: Embedding =
            values.try_into().map_err(|_| NetworkError("an embedding of another length".into()))?;
        unit(values).ok_or_else(|| NetworkError("an embedding without a direction".into()))
    }

    fn run<const N: usize, const M: usize>(
        &self,
        model: &Model,
        input: NdTensorView<'_, f32, N>,
    ) -> Result<NdTensor<f32, M>, NetworkError> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let output = self.pool.run(|| model.run_one(input.into(), Some(options)));
        let output = output.map_err(|error| NetworkError(error.to_string()))?;
        output.try_into().map_err(|_| NetworkError("an output of another shape".into()))
    }
}

/// What gzip packed.
fn unpacked(packed: &[u8]) -> Result<Vec<u8>, NetworkError> {
    let mut file = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut file).map_err(|error| NetworkError(error.to_string()))?;
    Ok(file)
}

fn model(file: Vec<u8>) -> Result<Model, NetworkError> {
    let mut options = ModelOptions::with_ops(operators());
    options.prepack_weights(true);
    options.load(file).map_err(|error| NetworkError(error.to_string()))
}

/// The operators of both networks, and no others: what is not named is not linked. The rest would make the
/// program larger, and one of them (`Asinh`) asks for a newer glibc than most systems have.
fn operators() -> rten::OpRegistry {
    op_registry!(
        Abs,
        Add,
        AveragePool,
        BatchNormalization,
        Cast,
        Concat,
        ConstantOfShape,
        Conv,
        DequantizeLinear,
        Div,
        Equal,
        Expand,
        Gather,
        InstanceNormalization,
        LSTM,
        LeakyRelu,
        LogSoftmax,
        MatMul,
        MaxPool,
        Mul,
        Pad,
        Range,
        ReduceMean,
        ReduceProd,
        Relu,
        Reshape,
        Shape,
        Sigmoid,
        Slice,
        Sqrt,
        Squeeze,
        Sub,
        Transpose,
        Unsqueeze,
        Where
    )
}

/// Cosine of two vectors of length 1.
pub fn cosine(a: &Embedding, b: &Embedding) -> f32 {
    a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
}

/// The direction between two; `None` where they are opposite.
pub(super) fn middle_of(a: &Embedding, b: &Embedding) -> Option<Embedding> {
    unit(Box::new(std::array::from_fn(|at| a[at] + b[at])))
}

/// A vector brought to length 1; `None` for one without a direction.
fn unit(mut vector: Embedding) -> Option<Embedding> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if !length.is_finite() || length <= 0.0 {
        return None;
    }
    vector.iter_mut().for_each(|value| *value /= length);
    Some(vector)
}
