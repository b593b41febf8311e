//! ELAN's annotation format (EAF 3.0): for each speaker a tier of utterances with one of words under it; what
//! was marked and what a reader must know at its place on tiers of their own. Second 0 is the session's.
//!
//! The tracks' files are named as media, relative to the session's folder: ELAN finds them when the document
//! lies there, else it asks for them. ELAN knows no media that begin later than the document: only a track's
//! first take is named, and only if it begins with the session.

use std::fmt::Write as _;

use super::tiers::{Span, Tiers};
use super::turns::Meeting;
use super::xml::escape;
use crate::base::text;
use crate::session::manifest::TakeEntry;

/// A take that begins this many seconds after the session, or sooner, begins with it: less than a frame of
/// film, and than anybody hears between sound and picture.
const WITH_S: f64 = 0.02;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="Hansard" DATE="{DATE}" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
"#;

const TAIL: &str = r#"    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="utterance" TIME_ALIGNABLE="true"/>
    <LINGUISTIC_TYPE CONSTRAINTS="Included_In" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="word" TIME_ALIGNABLE="true"/>
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="note" TIME_ALIGNABLE="true"/>
    <CONSTRAINT DESCRIPTION="Time subdivision of parent annotation's time interval, no time gaps allowed within this interval" STEREOTYPE="Time_Subdivision"/>
    <CONSTRAINT DESCRIPTION="Symbolic subdivision of a parent annotation. Annotations refering to the same parent are ordered" STEREOTYPE="Symbolic_Subdivision"/>
    <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/>
    <CONSTRAINT DESCRIPTION="Time alignable annotations within the parent annotation's time interval, gaps are allowed" STEREOTYPE="Included_In"/>
</ANNOTATION_DOCUMENT>
"#;

/// A tier as it is written.
struct Written<'t> {
    /// What stands in its tag.
    attributes: String,
    spans: &'t [Span],
}

/// The whole document.
pub fn render(meeting: &Meeting) -> String {
    let tiers = Tiers::of(meeting);
    let mut all: Vec<Written> = Vec::new();
    for tier in &tiers.speakers {
        let name = escape(&tier.name);
        let who = escape(tier.speaker.as_deref().unwrap_or_default());
        let attributes = format!(r#"LINGUISTIC_TYPE_REF="utterance" PARTICIPANT="{who}" TIER_ID="{name}""#);
        all.push(Written { attributes, spans: &tier.spans });
        let words = escape(&tier.words_name);
        let attributes = format!(
            r#"LINGUISTIC_TYPE_REF="word" PARENT_REF="{name}" PARTICIPANT="{who}" TIER_ID="{words}""#
        );
        all.push(Written { attributes, spans: &tier.words });
    }
    for tier in tiers.marks.iter().chain(&tiers.notices) {
        let attributes = format!(r#"LINGUISTIC_TYPE_REF="note" TIER_ID="{}""#, escape(&tier.name));
        all.push(Written { attributes, spans: &tier.spans });
    }
    let date = meeting.session.wall(0.0).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let mut out = HEAD.replace("{DATE}", &date);
    header(&mut out, meeting, all.iter().map(|tier| tier.spans.len()).sum());
    let slots = slots(&mut out, &all);
    annotations(&mut out, &all, &slots);
    out + TAIL
}

/// What the document is of.
fn header(out: &mut String, meeting: &Meeting, annotations: usize) {
    out.push_str("    <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n");
    for take in meeting.session.manifest.takes.iter().filter(|take| is_named(meeting, take)) {
        let file = escape(&text::clean(&take.file));
        let _ = writeln!(
            out,
            r#"        <MEDIA_DESCRIPTOR MEDIA_URL="./{file}" MIME_TYPE="audio/x-wav" RELATIVE_MEDIA_URL="./{file}"/>"#
        );
    }
    let manifest = &meeting.session.manifest;
    let properties = [
        ("lastUsedAnnotationId", annotations.to_string()),
        ("session", text::name(&manifest.id)),
        ("title", meeting.title()),
    ];
    for (name, value) in properties {
        let _ = writeln!(out, "        <PROPERTY NAME=\"{name}\">{}</PROPERTY>", escape(&value));
    }
    out.push_str("    </HEADER>\n");
}

fn is_named(meeting: &Meeting, take: &TakeEntry) -> bool {
    take.take == 1 && take.offset.abs() <= WITH_S && meeting.session.take_path(take).is_ok()
}

/// That some of the session's sound is not named as media; `None` if all of it is.
pub fn remark(meeting: &Meeting) -> Option<String> {
    let unnamed = meeting.session.manifest.takes.iter().filter(|take| !is_named(meeting, take)).count();
    (unnamed > 0).then(|| {
        format!(
            "ELAN knows no sound that begins later than its document: {} not named in it; \
             `hansard export --tracks wav` writes each track as one file that begins with the session",
            if unnamed == 1 {
                "one file of the tracks is".to_owned()
            } else {
                format!("{unnamed} files of the tracks are")
            }
        )
    })
}

/// Writes the times, by time as ELAN does it, and gives the numbers of each annotation's two.
fn slots(out: &mut String, tiers: &[Written]) -> Vec<(usize, usize)> {
    let spans = tiers.iter().flat_map(|tier| tier.spans);
    let mut times: Vec<(u64, usize, bool)> =
        spans.enumerate().flat_map(|(n, span)| [(span.from_ms, n, false), (span.to_ms, n, true)]).collect();
    times.sort_by_key(|(at, ..)| *at);
    let mut slots = vec![(0, 0); times.len() / 2];
    out.push_str("    <TIME_ORDER>\n");
    for (n, (at, annotation, is_end)) in times.iter().enumerate() {
        let _ = writeln!(out, r#"        <TIME_SLOT TIME_SLOT_ID="ts{}" TIME_VALUE="{at}"/>"#, n + 1);
        let slot = &mut slots[*annotation];
        *(if *is_end { &mut slot.1 } else { &mut slot.0 }) = n + 1;
    }
    out.push_str("    </TIME_ORDER>\n");
    slots
}

fn annotations(out: &mut String, tiers: &[Written], slots: &[(usize, usize)]) {
    let mut slots = slots.iter().enumerate();
    for tier in tiers {
        let _ = writeln!(out, "    <TIER {}>", tier.attributes);
        for (span, (n, (from, to))) in tier.spans.iter().zip(slots.by_ref()) {
            let _ = writeln!(
                out,
                "        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{}\" TIME_SLOT_REF1=\"ts{from}\" \
                 TIME_SLOT_REF2=\"ts{to}\"><ANNOTATION_VALUE>{}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>",
                n + 1,
                escape(&span.text)
            );
        }
        out.push_str("    </TIER>\n");
    }
}
