//! The page that a recording serves beside itself.

use serde_json::{Value, json};

use super::{Asker, id};
use crate::support::home::{Home, Running};

const SOURCE: &str = "--source=Alice=synth:tone,secs=0";

/// Who asks at the address that a recording prints.
fn asker(running: &mut Running) -> Asker {
    let said = running.says("the page is at http://127.0.0.1:");
    let address = said.split_once("http://127.0.0.1:").unwrap().1;
    let (port, rest) = address.split_once("/?token=").unwrap();
    let token = rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap();
    Asker { port: port.parse().unwrap(), token: token.into() }
}

#[test]
fn a_recording_serves_its_own_page_which_ends_with_it() {
    let home = Home::new();
    let mut running = home.start(["record", "--serve", "--json", "--no-transcribe", "--title=Live", SOURCE]);
    let dir = running.records(&home, 0.5);
    let asker = asker(&mut running);
    assert_eq!(asker.get("/api/v1/live").expect(200).json()[0]["session"], id(&dir).as_str());
    let marks = format!("/api/v1/sessions/{}/marks", id(&dir));
    assert_eq!(
        asker.send("POST", &marks, json!({"text": "Action: call"})).expect(200).json()["kind"],
        "action"
    );
    // A page that looks on when it ends keeps nobody waiting.
    let mut looking = std::net::TcpStream::connect(("127.0.0.1", asker.port as u16)).unwrap();
    std::io::Write::write_all(&mut looking, b"GET /api/v1/events HTTP/1.1\r\n").unwrap();
    assert_eq!(asker.send("POST", "/api/v1/live/stop", json!({})).expect(200).json()["answer"], "stopped");
    let ran = running.end();
    ran.expect(0);
    let told: Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert!(told["page"].as_str().unwrap().contains(&format!("&session={}", id(&dir))), "{told}");
    assert!(std::net::TcpStream::connect(("127.0.0.1", asker.port as u16)).is_err(), "it is gone");
}

#[test]
fn a_page_that_can_not_be_disturbs_no_recording() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = home.put("page.toml", &format!("[record]\nserve = true\nserve_port = {port}\n"));
    let config = config.to_str().unwrap();
    let mut running = home.start(["--config", config, "record", "--no-transcribe", SOURCE]);
    running.says("recording into");
    let said = running.says("there is no page");
    assert!(said.contains(&port.to_string()) && said.contains("the recording goes on"), "{said}");
    running.records_more(&home);
    running.signal("INT");
    running.end().expect(0);

    let mut failing = home.command(["record", "--serve", "--no-transcribe", SOURCE]);
    let mut running = Running::start(failing.env("HANSARD_TEST_CRASH", "page"));
    running.says("recording into");
    running.says("the page has failed and is gone; the recording goes on");
    running.records_more(&home);
    running.signal("INT");
    running.says("complete: nothing was lost");
}
