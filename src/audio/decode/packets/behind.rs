//! Going on behind a damaged place where the library's reader ends.

use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::meta::MetadataOptions;

use super::{Clusters, Packets, Unread, guarded};

impl Packets {
    /// From here on it is known what of the file nobody has looked at, and where its clusters are, if it has
    /// some.
    pub(in crate::audio::decode) fn watch(&mut self, unread: Unread, clusters: Option<Clusters>) {
        (self.unread, self.clusters) = (Some(unread), clusters);
    }

    /// Whether nobody has looked at all of the file: then what the reader takes for its end is none.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.as_ref().is_some_and(|unread| unread.bytes() > 0)
    }

    /// Where the reader has lost its way before the end of the file: goes on with the next cluster, if there
    /// is one.
    pub(super) fn go_on_behind(&mut self) -> bool {
        while let Some(clusters) = &mut self.clusters {
            let Ok(Some((stream, unread))) = clusters.after(self.ticks) else { break };
            let probed = guarded(|| {
                symphonia::default::get_probe()
                    .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
                    .map_err(|error| error.to_string())
            });
            let own = |reader: &dyn FormatReader| reader.tracks().iter().any(|t| t.id == self.track);
            if let Ok(reader) = probed
                && own(&*reader)
            {
                (self.reader, self.unread, self.damaged) = (reader, Some(unread), true);
                self.decoder.reset();
                return true;
            }
        }
        false
    }
}
