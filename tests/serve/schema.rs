//! What the API's document says is what is answered: schemathesis makes up requests from it; and the script
//! of the guide does what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::{LINES, Served, id, session};
use crate::support::home::Home;

/// Python with a package, as `./dev test` installs it.
fn python(package: &str) -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".dev/accuracy/bin/python");
    let has = Command::new(&python).args(["-c", &format!("import {package}")]).output();
    let has = has.is_ok_and(|ran| ran.status.success()).then_some(python);
    if has.is_none() {
        println!("skipped: the Python package {package} is absent");
    }
    has
}

#[test]
fn requests_that_a_machine_makes_up_are_answered_as_the_document_says() {
    let Some(python) = python("schemathesis") else { return };
    let home = Home::new();
    session(&home, &LINES);
    let served = Served::start(&home);
    let examples = std::env::var("HANSARD_SCHEMA_EXAMPLES").unwrap_or_else(|_| "4".into());
    // What a schema can't say (who speaks here, where a session ends) is refused with 422, and is no mistake.
    let ran = Command::new(python)
        .args(["-m", "schemathesis.cli", "run", &served.url("/api/v1/openapi.json")])
        .args(["-H", &format!("Authorization: Bearer {}", served.token), "--seed", "1", "--no-color"])
        .args([
            "--max-examples",
            &examples,
            "--phases",
            "coverage,fuzzing",
            "--exclude-path",
            "/api/v1/events",
        ])
        .args(["--checks", "all", "--exclude-checks", "positive_data_acceptance,unsupported_method"])
        .args(["--generation-database", "none"])
        .current_dir(home.path("cwd"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}\n{}", String::from_utf8_lossy(&ran.stderr));
    let made = told.lines().find(|line| line.contains("generated")).unwrap_or_default();
    println!("{made}");
    assert!(!made.is_empty(), "{told}");
    home.run(["list"]).expect(0);
}

#[test]
fn the_script_of_the_guide_does_what_it_says() {
    let Some(python) = python("json") else { return };
    let guide = include_str!("../../docs/guide/page.md");
    let script = guide.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let folder = home.path("cwd");
    let told = json!({"port": served.port, "token": served.token});
    std::fs::write(folder.join("served.json"), told.to_string()).unwrap();
    std::fs::write(folder.join("correct.py"), script).unwrap();
    let args = ["correct.py", "Bob", "Robert", "Gareem", "Karim"];
    let ran = Command::new(python).args(args).current_dir(&folder).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let text = std::fs::read_to_string(folder.join("minutes.md")).unwrap();
    assert!(
        text.contains("Robert") && text.contains("Karim is on his way.") && !text.contains("Gareem"),
        "{text}"
    );
    let lines = served.get(&format!("/api/v1/sessions/{}/lines/bob-1-6", id(&dir))).json();
    assert_eq!(lines.as_array().unwrap().len(), 2);
}
