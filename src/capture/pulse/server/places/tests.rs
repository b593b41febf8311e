use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Address, Places, Surroundings};

const ID: &str = "0123456789abcdef0123456789abcdef";

/// The places for these variables and files, of a user 1000 whose home is /home/ann.
fn places(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Places {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let mut files: BTreeMap<PathBuf, &str> = files.iter().map(|(path, text)| (path.into(), *text)).collect();
    files.insert("/etc/machine-id".into(), "0123456789abcdef0123456789abcdef\n");
    Places::of(&Surroundings {
        variable: &|name| variables.get(name).map(|value| (*value).into()),
        text: &|path| files.get(path).map(|text| (*text).to_owned()),
        files: &|folder| files.keys().filter(|file| file.parent() == Some(folder)).cloned().collect(),
        home: Some("/home/ann".into()),
        user: 1000,
        temporary: "/tmp".into(),
    })
}

fn sockets(places: &Places) -> Vec<&str> {
    let servers = places.servers.iter().map(|server| match server {
        Address::Socket(path) => path.to_str().unwrap(),
        other => panic!("{other:?}"),
    });
    servers.collect()
}

#[test]
fn every_form_of_an_address_is_understood() {
    let socket = |path: &str| Address::Socket(path.into());
    let network = |name: &str| Address::Network(name.into());
    let ours = format!("{{{ID}}}unix:/s");
    let theirs = "{feedfeedfeedfeedfeedfeedfeedfeed}unix:/s";
    for (servers, expected) in [
        ("unix:/s", vec![socket("/s")]),
        ("/s", vec![socket("/s")]),
        (" /a  unix:/b\n", vec![socket("/a"), socket("/b")]),
        (ours.as_str(), vec![socket("/s")]),
        (theirs, vec![Address::Elsewhere(theirs.into())]),
        (&format!("{{{ID}}}tcp:box:4713"), vec![network("tcp:box:4713")]),
        ("tcp:box", vec![network("tcp:box")]),
        ("tcp4:127.0.0.1:4713", vec![network("tcp4:127.0.0.1:4713")]),
        ("tcp6:[::1]:4713", vec![network("tcp6:[::1]:4713")]),
        ("box", vec![network("box")]),
        ("box unix:/s", vec![network("box"), socket("/s")]),
    ] {
        let found = places(&[("PULSE_SERVER", servers)], &[]);
        assert_eq!((found.servers, found.named.as_deref()), (expected, Some("PULSE_SERVER")), "{servers}");
    }
}

#[test]
fn the_usual_places_are_tried_in_order() {
    let link = format!("/home/ann/.config/pulse/{ID}-runtime/native");
    let all = [("PULSE_RUNTIME_PATH", "/p"), ("XDG_RUNTIME_DIR", "/run/user/7")];
    for (variables, expected) in [
        (&all[..], vec!["/p/native", "/run/user/7/pulse/native", &link, "/var/run/pulse/native"]),
        (&all[1..], vec!["/run/user/7/pulse/native", &link, "/var/run/pulse/native"]),
        (&[], vec![&link, "/run/user/1000/pulse/native", "/var/run/pulse/native"]),
    ] {
        let found = places(variables, &[]);
        assert_eq!((sockets(&found), &found.named), (expected, &None), "{variables:?}");
    }
}

#[test]
fn the_clients_settings_count_as_libpulse_reads_them() {
    let at_home = "/home/ann/.config/pulse/client.conf";
    let etc = ("/etc/pulse/client.conf", "default-server = /etc\n");
    let named = |by: &str, socket: &str| (Some(format!("default-server in {by}")), socket.to_owned());
    for (variables, files, expected) in [
        (vec![], vec![etc], named("/etc/pulse/client.conf", "/etc")),
        (vec![], vec![etc, (at_home, " default-server=unix:/home \n")], named(at_home, "/home")),
        (
            vec![],
            vec![
                etc,
                ("/etc/pulse/client.conf.d/9.conf", "default-server = /nine"),
                ("/etc/pulse/client.conf.d/8.conf", "default-server = /eight"),
            ],
            named("/etc/pulse/client.conf.d/9.conf", "/nine"),
        ),
        (
            vec![],
            vec![etc, ("/etc/pulse/client.conf.d/x.old", "default-server = /old")],
            named(etc.0, "/etc"),
        ),
        (vec![("PULSE_CLIENTCONFIG", "/c")], vec![etc, ("/c", "default-server=/c")], named("/c", "/c")),
        (
            vec![("XDG_CONFIG_HOME", "/x")],
            vec![etc, (at_home, "default-server=/home"), ("/x/pulse/client.conf", "default-server=/x")],
            named("/x/pulse/client.conf", "/x"),
        ),
        (vec![("PULSE_SERVER", "/v")], vec![etc], (Some("PULSE_SERVER".into()), "/v".into())),
    ] {
        let found = places(&variables, &files);
        let socket = sockets(&found)[0].to_owned();
        assert_eq!((found.named, socket), expected, "{variables:?} {files:?}");
    }
    let commented =
        [etc, (at_home, "# default-server = /home\n; default-server = /home\ndefault-server =\n")];
    assert_eq!(places(&[], &commented).named, None);
}

#[test]
fn cookies_are_looked_for_before_one_is_made() {
    let list = |found: &Places| -> Vec<(String, bool)> {
        found.cookies.iter().map(|cookie| (cookie.path.display().to_string(), cookie.made)).collect()
    };
    let usual = [
        ("/home/ann/.config/pulse/cookie".to_owned(), false),
        ("/home/ann/.pulse-cookie".to_owned(), false),
        ("/home/ann/.config/pulse/cookie".to_owned(), true),
    ];
    let none = places(&[], &[]);
    assert_eq!(list(&none), usual);
    assert_eq!(none.own_cookies, [Path::new("/tmp/hansard-pulse-cookie-1000")]);
    for (named, path) in [("/c", "/c"), ("~/c", "/home/ann/c"), ("c", "/home/ann/.config/pulse/c")] {
        let by_variable = places(&[("PULSE_COOKIE", named)], &[]);
        assert_eq!(list(&by_variable)[0], (path.to_owned(), true));
        assert_eq!(list(&by_variable)[1..], usual);
        let text = format!("cookie-file = {named}");
        let by_file = places(&[], &[("/etc/pulse/client.conf", text.as_str())]);
        assert_eq!(list(&by_file)[0], (path.to_owned(), true));
    }
    let session = places(&[("XDG_RUNTIME_DIR", "/run/user/1000")], &[]);
    assert_eq!(session.own_cookies[0], Path::new("/run/user/1000/hansard-pulse-cookie"));
}
