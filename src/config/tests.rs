use proptest::strategy::Strategy as _;

use super::*;

fn folders() -> Folders {
    Folders { home: Some("/home/ada".into()), data: Some("/data/hansard".into()), ..Folders::default() }
}

fn with(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let files: Vec<_> = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    Config::resolve(folders(), &files, variables.iter().map(|(name, value)| (name.into(), value.into())))
}

fn complaint(text: &str) -> String {
    with(&[("/etc/h.toml", text)], &[]).map(|config| format!("accepted: {config:?}")).unwrap_err().to_string()
}

#[test]
fn the_built_in_file_has_every_key_once_and_a_reason_for_each() {
    let said = file::read(DEFAULTS, None).unwrap();
    let mut names: Vec<_> = said.settings.iter().map(|(key, ..)| key.name).collect();
    let mut known: Vec<_> = keys::KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known);
    let lines: Vec<_> = DEFAULTS.lines().collect();
    for (before, line) in lines.iter().zip(&lines[1..]) {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(before.starts_with("# "), "no reason stands above `{line}`");
        }
    }
}

#[test]
fn what_is_shown_brings_the_same_about() {
    let first = with(
        &[(
            "/etc/h.toml",
            "source = [{ name = 'A \"q\"', spec = 'mic:x\ty' }]\n[paths]\nmodels = 'm \u{1f600}'",
        )],
        &[("HANSARD_SEGMENT_CAP_S", "20.5")],
    )
    .unwrap();
    let shown = first.to_toml(true);
    let second = with(&[("/other/file.toml", &shown)], &[]).unwrap();
    assert_eq!(first.layers.table(), second.layers.table(), "shown was:\n{shown}");
    assert_eq!(
        (&first.sources[0].name, &first.sources[0].spec),
        (&second.sources[0].name, &second.sources[0].spec)
    );
}

#[test]
fn later_layers_win_and_a_flag_over_all() {
    let mut config = with(
        &[
            ("/a/one.toml", "[audio]\nbuffer_ms = 300\nhost = 'alsa'"),
            ("/b/two.toml", "\naudio.buffer_ms = 400"),
        ],
        &[("HANSARD_AUDIO_HOST", "PipeWire")],
    )
    .unwrap();
    assert_eq!((config.audio.buffer_ms, config.audio.host.as_str()), (400, "pipewire"));
    assert_eq!(config.origin("audio.buffer_ms").unwrap().to_string(), "/b/two.toml:2");
    assert_eq!(config.origin("audio.host").unwrap().to_string(), "HANSARD_AUDIO_HOST");
    assert_eq!(config.origin("minutes.paragraph_pause_s"), Some(&Origin::Default));
    config.set("audio.buffer_ms", "250", "--buffer").unwrap();
    assert_eq!(config.audio.buffer_ms, 250);
    assert_eq!(config.origin("audio.buffer_ms"), Some(&Origin::Flag("--buffer".into())));
    let error = config.set("audio.buffer_ms", "9", "--buffer").unwrap_err().to_string();
    assert_eq!(error, "--buffer: `audio.buffer_ms` must be a whole number from 200 to 2000, not \"9\"");
    assert_eq!(config.audio.buffer_ms, 250, "a refused value leaves the old one");
}

#[test]
fn paths_are_absolute_and_start_where_they_stand() {
    let config = with(&[("/etc/h.toml", "paths.models = 'm'\npaths.recordings = '~/r'")], &[]).unwrap();
    assert_eq!(config.paths.models, Path::new("/etc/m"));
    assert_eq!(config.paths.recordings, Path::new("/home/ada/r"));
    let config = with(&[("/etc/h.toml", "paths.models = ''")], &[("HANSARD_RECORDINGS", "r")]).unwrap();
    assert_eq!(config.paths.models, Path::new("/data/hansard/models"));
    assert_eq!(config.paths.recordings, std::env::current_dir().unwrap().join("r"));
}

#[test]
fn without_a_home_the_folders_have_to_be_named_and_then_nothing_is_missed() {
    let resolve = |variables: &[(&str, &str)]| {
        let variables: Vec<_> =
            variables.iter().map(|(n, v)| (OsString::from(n), OsString::from(v))).collect();
        Config::resolve(Folders::default(), &[], variables)
    };
    assert!(resolve(&[("HANSARD_RECORDINGS", "/r"), ("HANSARD_MODELS", "/m")]).is_ok());
    let error = resolve(&[("HANSARD_RECORDINGS", "/r")]).unwrap_err().to_string();
    assert!(error.contains("HANSARD_MODELS"), "{error}");
}

#[test]
fn complaints_name_the_place_and_the_remedy() {
    for (text, expected) in [
        (
            "[transcribe]\nmodle = 'x'",
            "/etc/h.toml:2: there is no setting `transcribe.modle`; did you mean `transcribe.model`?",
        ),
        ("[transcrbe]\n", "/etc/h.toml:1: there is no setting `transcrbe`; did you mean `transcribe`?"),
        (
            "\nbuffer_ms = 5",
            "/etc/h.toml:2: there is no setting `buffer_ms`; did you mean `audio.buffer_ms`?",
        ),
        ("[x]\nyy = 1", "/etc/h.toml:1: there is no setting `x`; `hansard config show` lists all of them"),
        (
            "audio.buffer_ms = 2001",
            "/etc/h.toml:1: `audio.buffer_ms` must be a whole number from 200 to 2000, not 2001",
        ),
        ("audio.buffer_ms = 0x_f", "/etc/h.toml:1: "),
        ("audio.buffer_ms = 99999999999999999999", "/etc/h.toml:1: `audio.buffer_ms` must be a whole number"),
        ("audio.buffer_ms = [1]", "not a list"),
        ("audio = 3", "/etc/h.toml:1: `audio` must be a section: [audio], not 3"),
        ("segment.onset = nan", "`segment.onset` must be a number from 0.01 to 0.99, not nan"),
        ("record.transcribe = 'yes'", "`record.transcribe` must be true or false, not \"yes\""),
        ("tracks.format = 's32'", "must be one of \"auto\", \"s16\", \"s24\", \"f32\", not \"s32\""),
        ("models.base_url = 'ftp://x'", "must be an http:// or https:// address"),
        ("transcribe.language = 'English please'", "a language's code or English name such as \"en\""),
        ("transcribe.language = 'gremany'", "did you mean de (German)?"),
        (
            "segment.offset = 0.6",
            "`segment.offset` (/etc/h.toml:1) must not be greater than `segment.onset` (default)",
        ),
        ("source = 'mic'", "must be a list: one [[source]] table each"),
        ("[[source]]\nname = 'A'", "`source` must be a table with `name` and `spec`"),
        (
            "[[source]]\nname = 'A'\nspec = 'mic'\ndevice = 1",
            "/etc/h.toml:4: there is no setting `source.device`",
        ),
        ("[[source]]\nname = ' '\nspec = 'mic'", "/etc/h.toml:2: `source.name` must be text, not empty"),
        ("source = [{name='A', spec='mic'}, {name='A', spec='mic#2'}]", "two sources named `A`"),
        ("a = [", "/etc/h.toml:1: "),
        ("\n\nkey", "/etc/h.toml:3: "),
    ] {
        let got = complaint(text);
        assert!(got.contains(expected), "{text}\n expected: {expected}\n got:      {got}");
    }
}

#[test]
fn a_strange_variable_is_told_and_not_obeyed() {
    let variables = [
        ("HANSARD_TRANSCRIBE_MODLE", "x"),
        ("HANSARD_TEST_SEED", "1"),
        ("HANSARDS", "1"),
        ("HANSARD_MODELS", ""),
    ];
    let config = with(&[], &variables).unwrap();
    let [warning] = config.warnings() else { panic!("{:?}", config.warnings()) };
    assert!(warning.contains("did you mean HANSARD_TRANSCRIBE_MODEL?"), "{warning}");
    assert_eq!(config.transcribe.model, "auto");
    assert_eq!(config.origin("paths.models"), Some(&Origin::Default), "empty counts as not set");
}

#[test]
fn at_least_one_thread_is_left_for_recognition() {
    let threads = |n: &str| {
        with(&[], &[("HANSARD_TRANSCRIBE_THREADS", n)]).unwrap().transcribe.threads_in_force().get()
    };
    assert_eq!(threads("3"), 3);
    let cores = std::thread::available_parallelism().unwrap().get() as u32;
    assert_eq!(threads("0"), cores.saturating_sub(1).max(1));
}

proptest::proptest! {
    /// A settings file that was damaged in any way is told about or read; nothing else happens.
    #[test]
    fn no_file_breaks_it(
        at in 0.0..1.0f64,
        length in 0usize..40,
        put in proptest::prop_oneof![
            ".{0,20}",
            proptest::sample::select(&["-1", "1e999", "99999999999999999999", "nan", "[[", "\"\"\"", "{a.b.c = 1}", "\u{feff}", "[paths]"][..])
                .prop_map(str::to_owned),
        ],
    ) {
        let mut text: Vec<char> = DEFAULTS.chars().collect();
        let from = (at * text.len() as f64) as usize;
        let to = (from + length).min(text.len());
        text.splice(from..to, put.chars());
        let text: String = text.into_iter().collect();
        // Either is right; which one is for the other tests.
        drop(with(&[("/etc/h.toml", &text)], &[]).map(|config| config.to_toml(true)));
    }
}
