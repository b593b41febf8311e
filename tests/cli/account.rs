//! One account of a session: `show`, `verify` and the minutes give the same frames under the same names.

use crate::support::home::Home;

/// The equations in a text, each on one line however it was wrapped.
fn equations(text: &str) -> Vec<String> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = |rest: &str| rest.find(" tracks/").or_else(|| rest.find(" Marks")).unwrap_or(rest.len());
    flat.split(" frames expected = ")
        .collect::<Vec<_>>()
        .windows(2)
        .map(|pair| {
            let expected = pair[0].rsplit(' ').next().unwrap();
            let rest = &pair[1][..end(pair[1])];
            let words: Vec<&str> = rest.split(' ').collect();
            let known = |word: &&&str| {
                word.chars().all(|c| c.is_ascii_digit() || ",+−".contains(c))
                    || ["written", "in", "gaps", "of", "rounding"].contains(*word)
            };
            let mut equation: Vec<&str> = words.iter().take_while(|word| known(word)).copied().collect();
            // A figure may follow that is another one's.
            while equation.last().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
                equation.pop();
            }
            format!("{expected} = {}", equation.join(" "))
        })
        .collect()
}

#[test]
fn show_verify_and_minutes_give_one_account() {
    let home = Home::new();
    let sources = ["--source=Ann=synth:tone,secs=3", "--source=Bob=synth:noise,secs=3"];
    home.record(0, &[&["--no-transcribe"], sources.as_slice()].concat());
    home.run(["edit", "last", "rename", "Ann", "Zoe"]).expect(0);
    let show = home.run(["show", "last", "--details"]).expect(0).out.clone();
    let verify = home.run(["verify", "last"]).expect(0).out.clone();
    let md = home.run(["export", "last", "--evidence", "--output=-"]).expect(0).out.clone();
    let shown = equations(&show);
    assert_eq!(shown.len(), 2, "{show}");
    assert_eq!(shown, equations(&verify), "{show}\n{verify}");
    for equation in &shown {
        let expected = equation.split(' ').next().unwrap();
        assert!(md.contains(&format!(" {expected} |")), "{expected} is not in\n{md}");
    }
    assert!(verify.contains("Zoe: as recorded") && !verify.contains("Ann:"), "{verify}");
    for text in [&show, &verify, &md] {
        assert!(!text.to_lowercase().contains("unexplained"), "{text}");
    }
    let json = home.run(["verify", "last", "--json"]).expect(0).json();
    assert_eq!(json["tracks"][0]["name"], "Zoe");
    // Who reads the minutes is told in a sentence.
    let plain = home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    let (_, recorded) = plain.split_once("## What was recorded").unwrap();
    assert!(!recorded.contains("rames") && !recorded.contains('|'), "{recorded}");
}
