//! Settings, through the real program in an environment that holds nothing but what a test puts there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::home::Home;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn stdout(command: &mut Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(0), "stderr: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn refused(command: &mut Command) -> String {
    let output = run(command);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "stdout: {}\nstderr: {message}", text(&output.stdout));
    assert!(output.stdout.is_empty(), "an error leaves stdout empty");
    message.to_owned()
}

fn line_of<'a>(shown: &'a str, key: &str) -> &'a str {
    shown
        .lines()
        .find(|line| line.starts_with(&format!("{key} = ")))
        .unwrap_or_else(|| panic!("no {key} in\n{shown}"))
}

fn user_file() -> &'static str {
    if cfg!(target_os = "macos") {
        "Library/Application Support/hansard/config.toml"
    } else {
        ".config/hansard/config.toml"
    }
}

#[test]
fn each_layer_wins_over_the_one_before_and_says_so() {
    let home = Home::new();
    let show = ["config", "show", "--origin"];
    assert_eq!(line_of(&stdout(&mut home.bare(&show)), "buffer_ms"), "buffer_ms = 500  # default");

    let user = home.put(user_file(), "[audio]\nbuffer_ms = 300\nhost = \"alsa\"\n");
    let shown = stdout(&mut home.bare(&show));
    assert_eq!(line_of(&shown, "buffer_ms"), format!("buffer_ms = 300  # {}:2", user.display()));

    let extra = home.put("extra.toml", "audio.buffer_ms = 400\n");
    let with_extra = ["--config", extra.to_str().unwrap(), "config", "show", "--origin"];
    let shown = stdout(&mut home.bare(&with_extra));
    assert_eq!(line_of(&shown, "buffer_ms"), format!("buffer_ms = 400  # {}:1", extra.display()));
    assert_eq!(line_of(&shown, "host"), format!("host = \"alsa\"  # {}:3", user.display()));

    let shown = stdout(home.bare(&with_extra).env("HANSARD_AUDIO_BUFFER_MS", "700"));
    assert_eq!(line_of(&shown, "buffer_ms"), "buffer_ms = 700  # HANSARD_AUDIO_BUFFER_MS");
}

#[test]
fn the_folders_go_to_the_users_data_unless_they_are_named() {
    let home = Home::new();
    let show = ["config", "show", "--json"];
    let folder = |command: &mut Command, which: &str| {
        let json: serde_json::Value = serde_json::from_str(&stdout(command)).unwrap();
        PathBuf::from(json["paths"][which].as_str().unwrap())
    };
    if cfg!(target_os = "linux") {
        let expected = home.path(".local/share/hansard/recordings");
        assert_eq!(folder(&mut home.bare(&show), "recordings"), expected);
    }
    let xdg = home.path("data");
    assert_eq!(folder(home.bare(&show).env("XDG_DATA_HOME", &xdg), "models"), xdg.join("hansard/models"));
    assert_eq!(folder(home.bare(&show).env("HANSARD_MODELS", "~/m"), "models"), home.path("m"));
    assert_eq!(folder(home.bare(&show).env("HANSARD_VOICES", "~/v"), "voices"), home.path("v"));
    assert_eq!(folder(home.bare(&show).env("HANSARD_RECORDINGS", "/r"), "recordings"), Path::new("/r"));
    home.put("xdg/hansard/config.toml", "paths.models = \"beside\"");
    let beside = folder(home.bare(&show).env("XDG_CONFIG_HOME", home.path("xdg")), "models");
    assert_eq!(beside, home.path("xdg/hansard/beside"));
}

#[test]
fn nothing_in_the_working_folder_is_read() {
    let home = Home::new();
    for name in
        ["config.toml", "hansard.toml", ".hansard.toml", "config/default.toml", ".config/hansard/config.toml"]
    {
        home.put(&format!("cwd/{name}"), "this is no TOML");
    }
    stdout(&mut home.bare(&["config", "show"]));
}

#[test]
fn what_is_shown_can_be_given_back() {
    let home = Home::new();
    home.put(
        user_file(),
        "[[source]]\nname = \"Zoë = \\\"Z\\\"\"\nspec = \"mic:a b#2\"\n[segment]\ncap_s = 20\n",
    );
    let mut first = home.bare(&["config", "show"]);
    let shown =
        stdout(first.env("HANSARD_TRANSCRIBE_LANGUAGE", "DE").env("HANSARD_RECORD_TRANSCRIBE", "off"));
    let other = Home::new();
    let copy = other.write("copy.toml", &shown);
    let again = stdout(&mut other.bare(&["--config", copy.to_str().unwrap(), "config", "show"]));
    assert_eq!(again, shown);
    assert_eq!(line_of(&shown, "language"), "language = \"de\"");
    assert_eq!(line_of(&shown, "transcribe"), "transcribe = false");
    assert!(shown.contains("[[source]]"), "{shown}");
}

#[test]
fn json_holds_the_same_and_the_origins_when_asked() {
    let home = Home::new();
    home.put(user_file(), "source = [{ name = \"Alice\", spec = \"mic\" }]\n");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&mut home.bare(&["config", "show", "--origin", "--json"]))).unwrap();
    assert_eq!(json["audio"]["buffer_ms"], 500);
    assert_eq!(json["record"]["transcribe"], true);
    assert_eq!(json["source"], serde_json::json!([{ "name": "Alice", "spec": "mic" }]));
    assert_eq!(json["origin"]["audio.buffer_ms"], "default");
    assert!(json["origin"]["source.0"].as_str().unwrap().ends_with("config.toml:1"), "{}", json["origin"]);
}

#[test]
fn mistakes_are_refused_with_place_and_remedy() {
    let home = Home::new();
    let user = home.put(user_file(), "[transcribe]\nlanguage = \"en\"\nmodle = \"tiny\"\n");
    let message = refused(&mut home.bare(&["config", "show"]));
    assert!(message.contains(&format!("{}:3", user.display())), "{message}");
    assert!(message.contains("did you mean `transcribe.model`?"), "{message}");

    home.put(user_file(), "[audio]\nbuffer_ms = 10\n");
    let message = refused(&mut home.bare(&["config", "show"]));
    assert!(message.contains("from 200 to 2000"), "{message}");

    fs::remove_file(&user).unwrap();
    let message = refused(home.bare(&["config", "show"]).env("HANSARD_TRANSCRIBE_THREADS", "many"));
    assert!(message.contains("HANSARD_TRANSCRIBE_THREADS") && message.contains("from 0 to 256"), "{message}");

    let message = refused(&mut home.bare(&["config", "show", "--config", "not-there.toml"]));
    assert!(message.contains("not-there.toml"), "{message}");
    refused(&mut home.bare(&["config"]));
}

#[test]
fn a_strange_variable_only_warns() {
    let home = Home::new();
    let mut command = home.bare(&["config", "show"]);
    let output = run(command.env("HANSARD_MODLES", "/x").env("HANSARD_TEST_SEED", "1"));
    assert_eq!(output.status.code(), Some(0));
    let message = text(&output.stderr);
    assert!(
        message.contains("HANSARD_MODLES") && message.contains("did you mean HANSARD_MODELS?"),
        "{message}"
    );
    assert!(!message.contains("HANSARD_TEST_SEED"), "{message}");
}
