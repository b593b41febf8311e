//! Of what places of a meeting a sentence is made, what it does, and who is meant there.

use super::*;

/// Two who talk; the claim is about what Ana says between two lines of Bob.
fn between(
    language: &str,
    before: &str,
    line: &str,
    kind: Kind,
    text: &str,
    quote: &str,
) -> Result<(), Reason> {
    let said = [("Bob", before), ("Ana", line), ("Bob", "Good.")];
    let said: Vec<Said> =
        said.iter().zip(1..).map(|((speaker, text), number)| Said { number, speaker, text }).collect();
    let meeting = Meeting::new(&said, &["Cleo"], None, language);
    verify(&Claim { kind, text, owner: None, due: None, quote, lines: &[2] }, &meeting)
}

#[test]
fn what_is_meant_need_not_stand_in_the_line() {
    let you =
        |text| between("en", "And then?", "I'll send you the draft.", Kind::Topic, text, "I'll send you");
    assert_eq!(you("Ana will send Bob the draft."), Ok(()));
    assert!(you("Ana will send Cleo the draft.").is_err());
    assert!(you("Bob will send Ana the draft.").is_err());
    let noun = |text| {
        let line = "Ja, der Verein gibt bis zu hundert Euro.";
        between("de", "Gibt es einen Zuschuss von Kolbe?", line, Kind::Topic, text, "bis zu hundert Euro")
    };
    assert_eq!(noun("Der Verein gibt einen Zuschuss bis zu 100 Euro."), Ok(()));
    assert!(noun("Der Verein Kolbe gibt bis zu 100 Euro.").is_err());
}

#[test]
fn a_decision_has_its_verb_from_the_lines() {
    let line = "I know a small restaurant by the river.";
    let before = "We still have to book something.";
    for text in
        ["Bob booked the restaurant.", "Ana will book the restaurant by the river.", "Book the restaurant."]
    {
        assert!(between("en", before, line, Kind::Decision, text, line).is_err(), "{text}");
    }
    let line = "We pass the letter on to the river board.";
    assert_eq!(between("en", before, line, Kind::Decision, "Ana passes the letter on.", line), Ok(()));
}

#[test]
fn a_request_is_not_of_the_one_who_asks() {
    for line in [
        "Can you send us the list, Bob?",
        "Please send me the list, Bob.",
        "I want you to send the list, Bob.",
    ] {
        let said = [
            Said { number: 1, speaker: "Ana", text: line },
            Said { number: 2, speaker: "Bob", text: "Sure." },
        ];
        let meeting = Meeting::new(&said, &[], None, "en");
        let owned = |owner| {
            let (text, quote, owner) = ("Send the list.", line, Some(owner));
            verify(&Claim { kind: Kind::Action, text, owner, due: None, quote, lines: &[1, 2] }, &meeting)
        };
        assert_eq!((owned("Bob"), owned("Ana").is_err()), (Ok(()), true), "{line}");
    }
}

#[test]
fn a_doubt_behind_a_statement_is_about_it() {
    for line in ["The hall is free on Friday. I think.", "The hall is free on Friday, I reckon."] {
        assert!(judged("en", line, Kind::Topic, "The hall is free on Friday.", line).is_err(), "{line}");
    }
    let line = "The hall is free on Friday. I think we should paint it.";
    assert_eq!(judged("en", line, Kind::Topic, "The hall is free on Friday.", "free on Friday"), Ok(()));
}

#[test]
fn two_places_are_not_put_together() {
    let said = [
        ("Cleo", "We cancel Milan."),
        ("Ana", "The stand costs eleven thousand."),
        ("Bob", "The flyers are six thousand."),
        ("Bob", "Who paints the fence?"),
        ("Cleo", "Uncle Theo, on Monday."),
        ("Ana", "The review moves to February."),
    ];
    let said: Vec<Said> =
        said.iter().zip(1..).map(|((speaker, text), number)| Said { number, speaker, text }).collect();
    let meeting = Meeting::new(&said, &[], None, "en");
    let judge = |text, quote, lines: &[u32]| {
        verify(&Claim { kind: Kind::Topic, text, owner: None, due: None, quote, lines }, &meeting)
    };
    assert!(judge("The stand costs six thousand.", "The stand costs eleven thousand", &[2, 3]).is_err());
    let mixed = judge("Milan moves to February.", "The review moves to February", &[1, 6]);
    assert!(matches!(mixed, Err(Reason::Mixed(_))), "{mixed:?}");
    assert_eq!(judge("Uncle Theo paints the fence on Monday.", "Uncle Theo, on Monday", &[4, 5]), Ok(()));
}

#[test]
fn a_quote_runs_on_only_where_one_person_goes_on() {
    let said = [
        Said { number: 1, speaker: "Ana", text: "We take the blue" },
        Said { number: 2, speaker: "Ana", text: "carpet for the hall." },
        Said { number: 3, speaker: "Bob", text: "And the red lamp." },
    ];
    let meeting = Meeting::new(&said, &[], None, "en");
    let claim = |lines: &'static [u32], quote: &'static str| {
        verify(
            &Claim {
                kind: Kind::Decision,
                text: "The blue carpet is taken for the hall.",
                owner: None,
                due: None,
                quote,
                lines,
            },
            &meeting,
        )
    };
    assert_eq!(claim(&[1, 2], "we take  the Blue carpet, for the hall"), Ok(()));
    assert_eq!(claim(&[1], "we take the blue carpet"), Err(Reason::Quote));
    assert_eq!(claim(&[2, 3], "carpet for the hall and the red lamp"), Err(Reason::Quote));
    assert_eq!(claim(&[1, 2], "take the blu"), Err(Reason::Quote));
    assert_eq!(claim(&[4], "take the blue"), Err(Reason::NoSuchLine(4)));
    assert_eq!(claim(&[], "take the blue"), Err(Reason::NoLines));
    assert_eq!(claim(&[1, 2], " … "), Err(Reason::NoQuote));
}

#[test]
fn what_was_taken_back_was_not_said() {
    let line = "I'll send it by Tuesday. No wait, I'm off on Tuesday. Thursday.";
    let day = |text| judged("en", line, Kind::Topic, text, "I'll send it");
    assert_eq!(day("Ana will send it by Thursday."), Ok(()));
    assert!(matches!(day("Ana will send it by Tuesday."), Err(Reason::Date(_))));
    let line = "It costs twelve, no, fourteen pounds.";
    assert_eq!(judged("en", line, Kind::Topic, "It costs 14 pounds.", line), Ok(()));
    assert!(judged("en", line, Kind::Topic, "It costs 12 pounds.", line).is_err());
}

#[test]
fn an_if_an_about_and_a_maybe_stay() {
    let judge = |line, text| judged("en", line, Kind::Topic, text, line);
    for (line, kept, wrong) in [
        (
            "We paint the hall if the rain stops.",
            "They paint the hall if the rain stops.",
            "They paint the hall.",
        ),
        ("We need about ninety chairs.", "They need about 90 chairs.", "They need 90 chairs."),
        ("I bring the lamp, maybe the tent.", "Ana brings the lamp.", "Ana brings the tent."),
        ("Theo thinks it's the pump.", "Theo thinks it is the pump.", "It is the pump."),
    ] {
        assert_eq!(judge(line, kept), Ok(()), "{kept}");
        assert!(matches!(judge(line, wrong), Err(Reason::Unsure)), "{wrong} {:?}", judge(line, wrong));
    }
}

#[test]
fn who_is_asked_is_the_last_who_was_called() {
    let owned = |lines: &[(&str, &str)], owner, quote| {
        let said: Vec<Said> =
            lines.iter().zip(1..).map(|((speaker, text), number)| Said { number, speaker, text }).collect();
        let meeting = Meeting::new(&said, &["Bob", "Cleo"], None, "en");
        let cited: Vec<u32> = said.iter().map(|line| line.number).collect();
        let text = "Send the list by Friday.";
        let claim = Claim { kind: Kind::Action, text, owner: Some(owner), due: None, quote, lines: &cited };
        verify(&claim, &meeting)
    };
    let request = "Please send the list by Friday.";
    let called = [("Ana", "Now to you, Bob."), ("Ana", request)];
    assert_eq!((owned(&called, "Bob", request), owned(&called, "Ana", request).is_err()), (Ok(()), true));
    let before = [("Bob", "The list is ready."), ("Ana", request)];
    assert_eq!((owned(&before, "Bob", request), owned(&before, "Cleo", request).is_err()), (Ok(()), true));
    let promise = [("Ana", "I'll send the list by Friday, Bob.")];
    assert_eq!(
        (owned(&promise, "Ana", "send the list"), owned(&promise, "Bob", "send the list").is_err()),
        (Ok(()), true)
    );
    let refused = [("Ana", "Bob, please send the list by Friday."), ("Bob", "I can't, I'm away.")];
    assert!(owned(&refused, "Bob", "send the list by Friday").is_err());
}

#[test]
fn the_day_by_which_it_is_due_stands_with_the_deed() {
    let line = "I'll send the draft on Tuesday, the fair is on Thursday.";
    let due = |due| {
        let said = [Said { number: 1, speaker: "Ana", text: line }];
        let claim = Claim {
            kind: Kind::Action,
            text: "Ana will send the draft.",
            owner: Some("Ana"),
            due: Some(due),
            quote: "I'll send the draft",
            lines: &[1],
        };
        verify(&claim, &Meeting::new(&said, &[], None, "en"))
    };
    assert_eq!(due("on Tuesday"), Ok(()));
    assert_eq!(due("Thursday"), Err(Reason::Due("Thursday".to_owned())));
}
