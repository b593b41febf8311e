use super::*;

fn at(text: &str) -> Zoned {
    text.parse().expect("a zoned time")
}

fn calendar(events: &[&str]) -> String {
    let events: String =
        events.iter().map(|event| format!("BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n")).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
}

fn taken(events: &[&str], now: &str) -> Result<(String, String), CalendarError> {
    let entry = parse(calendar(events).as_bytes(), &at(now))?;
    let start = entry.start.map(|start| start.strftime("%Y-%m-%d %H:%M").to_string());
    Ok((entry.title.unwrap_or_default(), start.unwrap_or_default()))
}

const NOW: &str = "2026-03-17T09:55:00[Europe/Vienna]";

#[test]
fn an_entry_says_what_where_and_who_is_invited() {
    let event = "SUMMARY;LANGUAGE=de:Gemeinderat\\, Sitzung 3\\; öffentli\r\n ch\r\nLOCATION:Rathaus\\nGroßer Saal\r\n\
                 ORGANIZER;CN=\"Meier, Anna\":mailto:anna@example.org\r\n\
                 ATTENDEE;CN=Bob O^'Neill;PARTSTAT=DECLINED:MAILTO:bob@example.org\r\n\
                 ATTENDEE;CN=\"Meier, Anna\";ROLE=CHAIR:mailto:Anna@example.org\r\n\
                 ATTENDEE;CUTYPE=ROOM;CN=Saal 1:mailto:saal@example.org\r\n\
                 ATTENDEE:mailto:carol@example.org\r\nDTSTART;TZID=Europe/Vienna:20260317T100000\r\nDURATION:PT1H\r\n\
                 BEGIN:VALARM\r\nSUMMARY:Ring\r\nATTENDEE;CN=Nobody:mailto:x@example.org\r\nEND:VALARM";
    let entry = parse(calendar(&[event]).as_bytes(), &at(NOW)).unwrap();
    assert_eq!(entry.title.as_deref(), Some("Gemeinderat, Sitzung 3; öffentlich"));
    assert_eq!(entry.place.as_deref(), Some("Rathaus, Großer Saal"));
    assert_eq!(entry.invited, ["Meier, Anna", "Bob O\"Neill", "carol@example.org"]);
    assert_eq!(entry.terms, ["Gemeinderat, Sitzung 3; öffentlich", "Meier, Anna", "Bob O\"Neill"]);
    assert_eq!(entry.start, Some(at("2026-03-17T10:00:00[Europe/Vienna]")));
    assert!(entry.notes.is_empty(), "{:?}", entry.notes);
    // Folded in the middle of a character, with bare line ends and a mark at its start.
    let folded: Vec<u8> = [
        &b"\xef\xbb\xbfBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:B\xc3\n \xbcro\nEND:VEVENT\nEND:VCALENDAR"[..],
    ]
    .concat();
    assert_eq!(parse(&folded, &at(NOW)).unwrap().title.as_deref(), Some("Büro"));
}

#[test]
fn of_several_the_one_that_is_now_or_next_is_meant() {
    let one = |title: &str, from: &str, to: &str| {
        format!("SUMMARY:{title}\r\nDTSTART;TZID=Europe/Vienna:{from}\r\nDTEND;TZID=Europe/Vienna:{to}")
    };
    let early = one("early", "20260317T080000", "20260317T100000");
    let soon = one("soon", "20260317T100000", "20260317T110000");
    let later = one("later", "20260317T150000", "20260317T160000");
    let day = "SUMMARY:office\r\nDTSTART;VALUE=DATE:20260317".to_owned();
    let events = [later.as_str(), &early, &day, &soon];
    for (now, title) in [
        ("2026-03-17T09:30:00[Europe/Vienna]", "early"),
        ("2026-03-17T09:55:00[Europe/Vienna]", "soon"),
        ("2026-03-17T10:40:00[Europe/Vienna]", "soon"),
        ("2026-03-17T11:01:00[Europe/Vienna]", "later"),
        ("2026-03-17T16:01:00[Europe/Vienna]", "office"),
    ] {
        assert_eq!(taken(&events, now).unwrap().0, title, "{now}");
    }
    let over = taken(&[&early, &soon], "2026-04-01T00:00:00[UTC]").unwrap_err();
    assert!(matches!(over, CalendarError::Over { count: 2, .. }), "{over}");
    // The only one is meant whenever it is; one that was called off is not, beside another.
    assert_eq!(taken(&[&early], "2026-04-01T00:00:00[UTC]").unwrap().0, "early");
    let off = soon.clone() + "\r\nSTATUS:CANCELLED";
    assert_eq!(taken(&[&off, &later], NOW).unwrap().0, "later");
}

#[test]
fn what_repeats_is_at_its_next_time() {
    let weekly = |rule: &str| {
        format!(
            "UID:1\r\nSUMMARY:w\r\nDTSTART;TZID=Europe/Vienna:20260106T100000\r\nDURATION:PT1H\r\nRRULE:{rule}"
        )
    };
    let other = "SUMMARY:far\r\nDTSTART:20290101T100000Z";
    // 2026-03-17 is a Tuesday, the third of its month.
    for (rule, start) in [
        ("FREQ=WEEKLY", "2026-03-17 10:00"),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-03-17 10:00"),
        ("FREQ=WEEKLY;INTERVAL=3", "2026-03-31 10:00"),
        ("FREQ=WEEKLY;BYDAY=WE,FR", "2026-03-18 10:00"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-03-17 10:00"),
        ("FREQ=MONTHLY", "2026-04-06 10:00"),
        ("FREQ=MONTHLY;BYDAY=-1TH", "2026-03-26 10:00"),
        ("FREQ=MONTHLY;BYDAY=3TU", "2026-03-17 10:00"),
        ("FREQ=YEARLY", "2027-01-06 10:00"),
    ] {
        assert_eq!(taken(&[&weekly(rule), other], NOW).unwrap().1, start, "{rule}");
    }
    for ended in ["FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;UNTIL=20260301T000000Z"] {
        assert_eq!(taken(&[&weekly(ended), other], NOW).unwrap().0, "far", "{ended}");
    }
    let except = weekly("FREQ=WEEKLY") + "\r\nEXDATE;TZID=Europe/Vienna:20260317T100000";
    assert_eq!(taken(&[&except, other], NOW).unwrap().1, "2026-03-24 10:00");
    let moved = "UID:1\r\nSUMMARY:moved\r\nRECURRENCE-ID;TZID=Europe/Vienna:20260317T100000\r\n\
                 DTSTART;TZID=Europe/Vienna:20260317T140000";
    assert_eq!(
        taken(&[&weekly("FREQ=WEEKLY"), moved], NOW).unwrap(),
        ("moved".to_owned(), "2026-03-17 14:00".to_owned())
    );
    let odd = weekly("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2");
    let entry = parse(calendar(&[&odd, other]).as_bytes(), &at(NOW)).unwrap();
    assert_eq!(entry.title.as_deref(), Some("far"));
    assert!(entry.notes[0].contains("repeats was not understood"), "{:?}", entry.notes);
}

#[test]
fn what_is_not_understood_is_told() {
    let windows = "SUMMARY:x\r\nDTSTART;TZID=W. Europe Standard Time:20260317T100000";
    let entry = parse(calendar(&[windows]).as_bytes(), &at(NOW)).unwrap();
    assert_eq!(entry.start, Some(at("2026-03-17T10:00:00[Europe/Vienna]")));
    assert!(entry.notes[0].contains("W. Europe Standard Time"), "{:?}", entry.notes);
    let wrong = parse(calendar(&["SUMMARY:x\r\nDTSTART:tomorrow"]).as_bytes(), &at(NOW)).unwrap();
    assert!(wrong.start.is_none() && wrong.notes[0].contains("tomorrow"), "{wrong:?}");
    assert!(
        parse(calendar(&["UID:1"]).as_bytes(), &at(NOW)).unwrap().notes.iter().any(|n| n.contains("title"))
    );
}

#[test]
fn broken_files_say_what_is_wrong() {
    let error = |bytes: &[u8]| parse(bytes, &at(NOW)).unwrap_err().to_string();
    for bytes in [&b""[..], b"hello", b"PK\x03\x04\xff\xfe", b"BEGIN:VCARD\nEND:VCARD\n"] {
        assert!(error(bytes).contains("not a calendar"), "{bytes:?}: {}", error(bytes));
    }
    assert!(error(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n").contains("ends within a VEVENT"));
    assert!(error(b"BEGIN:VCALENDAR\nEND:VEVENT\n").contains("line 2"));
    assert!(error(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY\nEND:VEVENT\n").contains("line 3"));
    assert!(error(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:\xff\n").contains("UTF-8"));
    assert!(error(b"BEGIN:VCALENDAR\nEND:VCALENDAR\n").contains("no meeting"));
}

proptest::proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "(BEGIN:VCALENDAR|BEGIN:VEVENT|END:VEVENT|RRULE:FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY);(BYDAY=-?[0-9]{0,3}MO|INTERVAL=[0-9]{1,10}|COUNT=[0-9]{1,3})|DTSTART:[0-9]{8}T[0-9]{6}|DURATION:[-P0-9TDHM]{0,9}|[ -~é]{0,12}|\n){0,40}") {
        let _ = parse(text.as_bytes(), &at(NOW));
        let whole = calendar(&[&text.replace("VCALENDAR", "X").replace("VEVENT", "Y")]);
        let _ = parse(whole.as_bytes(), &at(NOW));
    }
}
