//! What the formats made of XML have in common.

/// For text between tags and for attributes between double quotes. What XML can't hold at all (control
/// characters, U+FFFE, U+FFFF) is gone by then.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
