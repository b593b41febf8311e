//! What `doctor` found, for people.

use std::io::{self, Write};

use crate::base::text::{clean, count, length, name, wrap};
use crate::doctor::disk::DiskReport;
use crate::doctor::sound::SourceReport;
use crate::doctor::text::{ModelReport, Speed};
use crate::doctor::threads::Realtime;
use crate::doctor::{Finding, Severity};
use crate::engine::doctor::Report;
use crate::session::manifest::SourceKind;

/// Columns of a line.
const COLUMNS: usize = 80;
/// Columns before the text.
const INDENT: usize = 10;

pub(super) fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    for heard in &report.sources {
        source(out, heard)?;
    }
    if let Some(realtime) = &report.realtime {
        entry(out, "threads", &threads(realtime))?;
    }
    if let Some(report) = &report.disk {
        entry(out, "disk", &disk(report))?;
    }
    if let Some(model) = &report.model {
        entry(out, "model", &self::model(model))?;
    }
    if let Some(speed) = &report.text {
        entry(out, "text", &text(speed))?;
        if let Some(sizes) = sizes(speed) {
            entry(out, "sizes", &sizes)?;
        }
    }
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        self::finding(out, finding)?;
    }
    writeln!(out)?;
    for line in wrap(conclusion(report), COLUMNS) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn source(out: &mut impl Write, heard: &SourceReport) -> io::Result<()> {
    let kind = match heard.source.kind {
        SourceKind::Mic => "microphone",
        SourceKind::Loopback => "loopback",
        SourceKind::File => "file",
        SourceKind::Synth => "synthetic source",
    };
    let of = heard.source.device_name.as_deref().unwrap_or(&heard.source.spec);
    let channel = heard.source.channel.map_or_else(String::new, |n| format!(", channel {n}"));
    writeln!(out, "{}: {kind} {}{channel}", name(&heard.source.name), clean(of))?;
    let (Some(rate), Some(channels), true) = (heard.rate, heard.channels, heard.delivers) else {
        return entry(out, "", "delivered nothing");
    };
    let stored =
        heard.stored_as.map_or_else(String::new, |format| format!(", stored as {format:?}").to_lowercase());
    let channels = count(u64::from(channels), "channel");
    entry(out, "format", &format!("{rate}, {channels}{stored}; {:.1} s heard", heard.seconds))?;
    entry(out, "level", &level(heard))?;
    entry(out, "clock", &clock(heard))?;
    entry(out, "latency", &latency(heard))?;
    entry(out, "lost", &lost(heard))?;
    if let Some(voices) = voices(heard) {
        entry(out, "voices", &voices)?;
    }
    heard.notices.iter().try_for_each(|notice| entry(out, "notice", &clean(notice)))
}

fn level(heard: &SourceReport) -> String {
    match (heard.peak_dbfs, heard.rms_dbfs) {
        (Some(peak), Some(rms)) => format!("peak {peak:.1} dBFS, average {rms:.1} dBFS"),
        _ if heard.silenced => "only zeros: muted or at volume 0 in the system's sound settings".into(),
        _ => "only zeros".into(),
    }
}

fn clock(heard: &SourceReport) -> String {
    let residual = heard.residual_ms.map_or_else(String::new, |ms| format!("; residual {ms:.2} ms"));
    match heard.clock {
        Some(clock) => format!("{:+.0} ppm, ± {:.0}{residual}", clock.ppm, clock.uncertain_ppm),
        None => format!("this was too short to tell its rate (--seconds 30 tells more){residual}"),
    }
}

fn latency(heard: &SourceReport) -> String {
    let ms = |ms: Option<f64>| ms.map(|ms| format!("{ms:.1} ms"));
    let age = ms(heard.latency_ms).unwrap_or_else(|| "the sound system does not say".into());
    let period = ms(heard.period_ms).map_or_else(String::new, |ms| format!("; delivers every {ms}"));
    let pause =
        ms(heard.longest_pause_ms).map_or_else(String::new, |ms| format!(", the longest pause was {ms}"));
    format!("{age}{period}{pause}")
}

fn lost(heard: &SourceReport) -> String {
    let missing: Vec<String> = heard
        .missing
        .iter()
        .map(|missing| format!("{} {}", length(missing.seconds), missing.cause.name().replace('_', " ")))
        .collect();
    let lost = heard.missing.iter().any(|m| m.cause.is_loss(heard.source.kind, m.seconds));
    let missing = match (lost, missing.is_empty()) {
        (true, _) => missing.join(", "),
        (false, true) => "nothing".into(),
        (false, false) => format!("nothing ({})", missing.join(", ")),
    };
    let xruns = match heard.xruns {
        0 => "no xrun".to_owned(),
        n => count(n, "xrun"),
    };
    format!("{missing}; {xruns}")
}

/// How many people were heard, where anybody was.
fn voices(heard: &SourceReport) -> Option<String> {
    let spoken = length(heard.people.speech_s);
    match heard.people.voices {
        _ if heard.people.speech_s <= 0.0 => None,
        Some(voices) => Some(format!("{} in {spoken} of speech", count(voices as u64, "voice"))),
        None => Some(format!(
            "{spoken} of speech is too little to tell one person from two (--seconds 40, and talk)"
        )),
    }
}

fn threads(realtime: &Realtime) -> String {
    let limit = realtime.limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    let rtkit = if realtime.rtkit { "rtkit is installed" } else { "no rtkit" };
    let may = format!("you may ask for priority {limit}, {rtkit}");
    match realtime.realtime {
        0 => format!(
            "normal priority (niceness {}); {may}. Hansard needs no more: sound waits for it in the sound system's buffer",
            realtime.niceness
        ),
        n => {
            format!("{n} of {} with realtime priority, up to {}; {may}", realtime.threads, realtime.priority)
        }
    }
}

fn disk(report: &DiskReport) -> String {
    let mut all = vec![clean(&report.dir.display().to_string())];
    all.extend(report.available.map(|bytes| format!("{:.1} GB free", bytes as f64 / 1e9)));
    all.extend(report.room_s.map(|room_s| {
        let hours = room_s / 3600.0;
        if hours >= 10.0 {
            format!("room for {hours:.0} h of these sources")
        } else {
            format!("room for {} of these sources", length(room_s))
        }
    }));
    all.extend(report.speed.map(|speed| {
        format!(
            "takes {:.0} MB/s to the disk itself ({:.2} are needed)",
            speed / 1e6,
            report.needed as f64 / 1e6
        )
    }));
    all.extend(report.slowest_sync_s.map(|slowest| format!("slowest sync {}", length(slowest))));
    all.join("; ")
}

fn model(model: &ModelReport) -> String {
    let published = match model.as_published {
        Some(true) => "its checksum is the published one",
        Some(false) => "its checksum is NOT the published one",
        None => "its structure is whole; no checksum is published for it",
    };
    match model.bytes {
        Some(bytes) => format!("{} ({:.0} MB); {published}", clean(&model.name), bytes as f64 / 1e6),
        None => {
            let place = match (&model.server, &model.sent_to) {
                (_, Some(host)) => format!("a server; what is said is sent to {}", clean(host)),
                (Some(_), None) => "a server; nothing leaves this computer".to_owned(),
                (None, None) => "not on this computer".to_owned(),
            };
            format!("{}, {place}", clean(&model.name))
        }
    }
}

fn text(speed: &Speed) -> String {
    let keeps_up = match speed.at_once {
        n if n >= speed.sources && speed.sources == 1 => "it keeps up".to_owned(),
        n if n >= speed.sources => format!("it keeps up, even if all {} speak at once", speed.sources),
        0 => "it falls behind".to_owned(),
        1 => format!("it keeps up as long as the {} take turns", speed.sources),
        n => format!("it keeps up as long as no more than {n} of {} speak at once", speed.sources),
    };
    format!(
        "a second of speech takes {:.2} s: {keeps_up}; ready after {}",
        speed.factor,
        length(speed.load_s)
    )
}

/// What models of other sizes would take.
fn sizes(speed: &Speed) -> Option<String> {
    let each = speed.sizes.iter().map(|size| format!("{} {:.2} s", size.size.label(), size.factor));
    let each = each.collect::<Vec<_>>().join(", ");
    let live = speed.sizes.iter().filter(|size| size.live).max_by(|a, b| a.factor.total_cmp(&b.factor));
    let verdict = match live {
        Some(size) => format!("live, while one speaks at a time, up to {}", size.size.label()),
        None => "none keeps up live".to_owned(),
    };
    let afterwards =
        speed.sizes.iter().filter(|size| size.afterwards).max_by(|a, b| a.factor.total_cmp(&b.factor));
    let afterwards = afterwards.map_or_else(
        || "none in good time afterwards".to_owned(),
        |size| {
            let hour = length(size.factor * 3600.0);
            format!(
                "afterwards (transcribe.final_model) up to {}, {hour} for an hour of speech",
                size.size.label()
            )
        },
    );
    (!each.is_empty()).then(|| format!("for a second of speech about {each}: {verdict}; {afterwards}"))
}

fn finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let mark = match finding.severity {
        Severity::Refusal => "WRONG",
        Severity::Loss => "LOSS",
        Severity::Hint => "note",
    };
    // A list of devices that are near stands in lines of its own, to be copied.
    let (text, list) = finding.text.split_once('\n').unwrap_or((&finding.text, ""));
    writeln!(out)?;
    for (n, line) in
        wrap(&format!("{}: {}", name(&finding.about), clean(text)), COLUMNS - 7).iter().enumerate()
    {
        writeln!(out, "{:<7}{line}", if n == 0 { mark } else { "" })?;
    }
    for line in list.lines() {
        writeln!(out, "       {}", clean(line))?;
    }
    for line in wrap(&format!("→ {}", clean(&finding.advice)), COLUMNS - 7) {
        writeln!(out, "       {line}")?;
    }
    Ok(())
}

fn conclusion(report: &Report) -> &'static str {
    match report.findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Refusal) => "hansard record would refuse to start.",
        Some(Severity::Loss) => "Sound would be lost: see above.",
        Some(Severity::Hint) => "No sound would be lost; mind the notes above.",
        None => "All is well: hansard record can begin.",
    }
}

/// A line of an entry, wrapped under itself.
fn entry(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    for (n, line) in wrap(text, COLUMNS - INDENT).iter().enumerate() {
        writeln!(out, "  {:<width$}{line}", if n == 0 { what } else { "" }, width = INDENT - 2)?;
    }
    Ok(())
}
