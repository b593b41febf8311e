//! What is known of a meeting before it is recorded: given by hand, or by a calendar's entry.

use crate::support::home::{Home, Running};

const QUICK: [&str; 4] = ["--no-transcribe", "--pace=max", "--source=Ann=synth:tone,secs=1", "--for=1s"];

#[test]
fn what_is_given_before_stands_in_the_head() {
    let home = Home::new();
    let head = [
        "--title=Council",
        "--place=Town hall",
        "--present=Ann Meier, chair; Bob",
        "--present=Carol",
        "--excused=Dan",
        "--agenda=Minutes;Budget",
    ];
    let (_, session) = home.record(0, &[QUICK.as_slice(), &head].concat());
    assert_eq!(session.manifest.title, "Council");
    let details = &session.amendments.details;
    assert_eq!(details.present, ["Ann Meier, chair", "Bob", "Carol"]);
    assert_eq!((details.agenda.len(), details.place.as_deref()), (2, Some("Town hall")));
    let md = home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    assert!(md.starts_with("# Council\n") && md.contains("- **Place:** Town hall\n"), "{md}");
    assert!(md.contains("- **Excused:** Dan\n") && md.contains("- 2 · Budget\n"), "{md}");
    // A session that is there has its own.
    home.refuses(&["transcribe", "last", "--place=Here"], &["--place", "hansard edit"]);
}

#[test]
fn that_people_agreed_and_were_told_stands_in_the_head() {
    let home = Home::new();
    let consent = ["--announce", "--consent=All agreed: orally; at the beginning."];
    let (ran, session) = home.record(0, &[QUICK.as_slice(), &consent].concat());
    assert!(ran.err.contains("to be read out, or shown: “This meeting is being recorded"), "{}", ran.err);
    assert_eq!(
        session.amendments.details.consent.as_deref(),
        Some("All agreed: orally; at the beginning."),
        "it is one sentence"
    );
    assert!(session.amendments.announced.is_some_and(|at| at < 1.0), "{:?}", session.amendments.announced);
    let md = home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    assert!(
        md.contains("- **Consent:** All agreed: orally; at the beginning.\n- **Announced:** 00:00 ("),
        "{md}"
    );
    for (language, head) in
        [("de", "**Einverständnis:** All"), ("fr", "**Accord :** All"), ("ja", "**同意：** All")]
    {
        let md =
            home.run(["export", "last", "--output=-", "--document-language", language]).expect(0).out.clone();
        let md = md.replace('\u{a0}', " ");
        assert!(md.contains(head) || md.contains(&head.replace("** ", "**")), "{md}");
    }
    home.run(["edit", "last", "consent", "Signed forms."]).expect(0);
    let md = home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    assert!(md.contains("- **Consent:** Signed forms.\n"), "{md}");

    // As the settings say for all meetings, in the language of the documents.
    home.write(
        "own.toml",
        "[record]\nannounce = true\nconsent = \"By the house rules.\"\n[export]\nlanguage = \"de\"\n",
    );
    let with = [&["--config", "own.toml", "record"][..], &QUICK].concat();
    let ran = home.run(with);
    ran.expect(0);
    assert!(ran.err.contains("“Diese Besprechung wird aufgenommen"), "{}", ran.err);
    let details = ran.session().amendments.details;
    assert_eq!(details.consent.as_deref(), Some("By the house rules."));
}

#[test]
fn a_calendars_entry_gives_title_place_and_who_is_invited() {
    let home = Home::new();
    let event = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Acme weekly\r\nLOCATION:Room 4\r\n\
                 ATTENDEE;CN=Siobhan Okonkwo:mailto:s@acme.example\r\nATTENDEE;CN=Dan:mailto:d@acme.example\r\n\
                 DTSTART:20260317T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    home.write("weekly.ics", event);
    let args = [QUICK.as_slice(), &["--event=weekly.ics", "--excused=Dan"]].concat();
    let (ran, session) = home.record(0, &args);
    assert!(
        ran.err.contains("from the calendar: Acme weekly") && ran.err.contains("2 people invited"),
        "{}",
        ran.err
    );
    assert!(session.manifest.id.ends_with("acme-weekly"), "{}", session.manifest.id);
    let md = home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    assert!(md.starts_with("# Acme weekly\n") && md.contains("- **Place:** Room 4\n"), "{md}");
    // Who was asked to come is not said to have been there, and who sent word is not said to be expected.
    assert!(md.contains("- **Excused:** Dan\n- **Invited:** Siobhan Okonkwo\n"), "{md}");
    assert!(!md.contains("Present"), "{md}");
    // What the flags say counts more.
    let (_, session) = home.record(0, &[&args[..], &["--title=Mine", "--place=Here"]].concat());
    assert_eq!(session.manifest.title, "Mine");
    assert_eq!(session.amendments.details.place.as_deref(), Some("Here"));

    home.write("broken.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n");
    home.write("photo.ics", [0xff, 0xd8, 0xff]);
    for (file, why) in
        [("broken.ics", "ends within a VEVENT"), ("photo.ics", "not a calendar"), ("none.ics", "can't read")]
    {
        let event = format!("--event={file}");
        home.refuses(&[&["record"], QUICK.as_slice(), &[event.as_str()]].concat(), &[file, why]);
    }
}

#[test]
fn a_chime_that_can_not_be_played_is_said_and_the_recording_goes_on() {
    let home = Home::new();
    let args = ["record", "--announce", "--no-transcribe", "--source=Ann=synth:tone,secs=3"];
    let mut command = home.command(args);
    let ran =
        Running::start(command.env("HANSARD_RECORD_CHIME", "true").env("HANSARD_AUDIO_HOST", "pulseaudio"))
            .end();
    ran.expect(0);
    assert!(ran.err.contains("the chime could NOT be played ("), "{}", ran.err);
    let journal = std::fs::read_to_string(ran.session().dir.join("events.jsonl")).unwrap();
    let chimed: Vec<&str> = journal.lines().filter(|line| line.contains(r#""kind":"chimed""#)).collect();
    assert!(chimed.len() == 1 && chimed[0].contains(r#""device":null,"error":""#), "{chimed:?}");
    home.run(["verify", "last"]).expect(0);
}
