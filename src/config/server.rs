//! The address of a server for transcriptions or for chat, as it stands in the settings.

use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;

/// What follows the address of an API in that of its transcriptions …
const TRANSCRIPTIONS: &str = "/audio/transcriptions";
/// … of its chat …
const CHAT: &str = "/chat/completions";
/// … and of the list of its models.
const MODELS: &str = "/models";

/// Where an OpenAI-compatible server is: `https://HOST[:PORT]/…/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    base: String,
    host: String,
    authority: String,
    encrypted: bool,
}

impl ServerAddress {
    /// Reads an address; `None` if it is none: another scheme, no host, a password in it, no `/v1` at its
    /// end.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/');
        let text = [TRANSCRIPTIONS, CHAT].iter().find_map(|route| text.strip_suffix(route)).unwrap_or(text);
        let uri: Uri = text.parse().ok()?;
        let encrypted = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        let host = uri.host()?.trim_matches(['[', ']']).to_ascii_lowercase();
        let is_plain = !authority.contains('@') && uri.query().is_none() && !text.contains('#');
        (is_plain && !host.is_empty() && uri.path().ends_with("/v1")).then(|| Self {
            base: text.to_owned(),
            host,
            authority: authority.to_owned(),
            encrypted,
        })
    }

    /// Where transcriptions are asked for.
    pub fn transcriptions(&self) -> String {
        format!("{}{TRANSCRIPTIONS}", self.base)
    }

    /// Where a chat is gone on with.
    pub fn chat(&self) -> String {
        format!("{}{CHAT}", self.base)
    }

    /// Where it tells of its models.
    pub fn models(&self) -> String {
        format!("{}{MODELS}", self.base)
    }

    /// The address up to `/v1`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The computer's name or number, in small letters, without a port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same with the port, if one was named.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether what is sent can't be read on the way.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it is this very computer.
    pub fn is_here(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            || self.host.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// The form that is stored: empty for none, which `off` says, too.
pub(super) fn tidy(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("off") {
        return Some(String::new());
    }
    ServerAddress::parse(text).map(|address| address.base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_in_v1_and_holds_no_password() {
        for (text, base, host, here) in [
            ("http://localhost:8000/v1", "http://localhost:8000/v1", "localhost", true),
            (" https://GPU.example/openai/v1/ ", "https://GPU.example/openai/v1", "gpu.example", false),
            ("http://127.3.2.1/v1/audio/transcriptions", "http://127.3.2.1/v1", "127.3.2.1", true),
            ("http://[::1]:9/v1", "http://[::1]:9/v1", "::1", true),
            ("http://localhost.example/v1", "http://localhost.example/v1", "localhost.example", false),
        ] {
            let address = ServerAddress::parse(text).unwrap();
            assert_eq!((address.base(), address.host(), address.is_here()), (base, host, here), "{text}");
            assert_eq!(tidy(text).as_deref(), Some(base));
        }
        for text in [
            "localhost:8000/v1",
            "http://localhost:8000",
            "ftp://host/v1",
            "http://me:secret@host/v1",
            "http:///v1",
            "http://host/v1?key=1",
            "http://host/v1#x",
            "http://ho st/v1",
        ] {
            assert_eq!(ServerAddress::parse(text), None, "{text}");
        }
        assert_eq!((tidy(" "), tidy("OFF")), (Some(String::new()), Some(String::new())));
    }
}
