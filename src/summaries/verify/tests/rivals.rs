//! Which of several numbers, days and people of the lines a sentence may take.

use super::*;

/// What Ana, Bob and Cleo say, and whether a sentence about all of it stands.
fn told(lines: &[(&str, &str)], kind: Kind, quote: &str, text: &str) -> Result<(), Reason> {
    let said: Vec<Said> =
        lines.iter().zip(1..).map(|((speaker, text), number)| Said { number, speaker, text }).collect();
    let cited: Vec<u32> = said.iter().map(|line| line.number).collect();
    let meeting = Meeting::new(&said, &["Theo", "Ivo"], None, "en");
    verify(&Claim { kind, text, owner: None, due: None, quote, lines: &cited }, &meeting)
}

#[test]
fn a_number_stands_in_the_clause_that_the_sentence_speaks_of() {
    for (line, right, wrong) in [
        ("We're six, so we're quorate, we need five.", "They need 5.", "They need 6."),
        ("It opens at half past seven, not eight.", "It opens at half past seven.", "It opens at 8."),
        (
            "Six hundred and fifty creels in the summer. In the winter three hundred creels.",
            "In the winter it is 300 creels.",
            "In the winter it is 650 creels.",
        ),
        (
            "I work there the year after the fire.",
            "Ana works there the year after the fire.",
            "Ana works there the year of the fire.",
        ),
    ] {
        let judge = |text| told(&[("Ana", line)], Kind::Topic, line, text);
        assert_eq!((judge(right), judge(wrong).is_err()), (Ok(()), true), "{line}");
    }
}

#[test]
fn a_later_line_puts_another_day_there() {
    let lines = [
        ("Ana", "Let's meet about the contract on the eighteenth."),
        ("Bob", "The eighteenth I'm in Rotterdam. The nineteenth?"),
        ("Ana", "Nineteenth, good."),
    ];
    let quote = "Let's meet about the contract";
    let meet = |text| told(&lines, Kind::Decision, quote, text);
    assert_eq!(meet("They meet about the contract on the 19th."), Ok(()));
    assert!(meet("They meet about the contract on the 18th.").is_err());
}

#[test]
fn what_is_proposed_is_settled_by_who_says_it_again() {
    let lines = [
        ("Ana", "Maybe we put the large loaf up from two pounds forty to two pounds sixty."),
        ("Bob", "I don't know."),
        ("Ana", "Okay, so the large loaf two sixty."),
    ];
    let text = "The large loaf goes up from £2.40 to £2.60.";
    assert_eq!(told(&lines, Kind::Decision, "so the large loaf two sixty", text), Ok(()));
    assert!(told(&lines[..2], Kind::Decision, "we put the large loaf up", text).is_err());
}

#[test]
fn him_is_the_one_who_was_named_last() {
    let lines = [("Ana", "Was it Theo?"), ("Bob", "That's not Theo then. It was Ivo. I'll talk to him.")];
    let him = |text| told(&lines, Kind::Action, "I'll talk to him.", text);
    assert_eq!((him("Bob will talk to Ivo."), him("Bob will talk to Theo.").is_err()), (Ok(()), true));
}

#[test]
fn what_is_not_thought_is_not_thought() {
    let line = "The old van needs a test and I don't think it'll pass.";
    let van = |text| told(&[("Ana", line)], Kind::Topic, line, text);
    assert!(van("Ana thinks the old van will pass.").is_err());
    assert_eq!(van("Ana doesn't think the old van will pass."), Ok(()));
}

#[test]
fn in_a_talk_of_two_you_is_the_other() {
    let lines = [("Ana", "I'll give you the number."), ("Bob", "Fine.")];
    let number = |text| told(&lines[..], Kind::Topic, "I'll give you the number.", text);
    assert_eq!(number("Ana will give Bob the number."), Ok(()));
    assert!(number("Ana will give Theo the number.").is_err());
}
