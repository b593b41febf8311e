//! What a file holds when a write did not come to its end, or the power was cut.

use hansard::base::random::Random;

/// What a disk writes at once, or not at all.
pub const SECTOR: u64 = 512;
/// What a system call takes over before it looks whether its process is being killed.
pub const PAGE: u64 = 4_096;

/// A file's content, whatever it is called.
#[derive(Default)]
pub struct Node {
    synced: Vec<u8>,
    /// Writes since the last sync, in order.
    pub unsynced: Vec<(u64, Vec<u8>)>,
}

impl Node {
    /// A file with this content, all of it on the disk.
    pub fn holding(content: Vec<u8>) -> Self {
        Self { synced: content, unsynced: Vec::new() }
    }

    pub fn sync(&mut self) {
        for (at, bytes) in self.unsynced.drain(..) {
            put(&mut self.synced, at, &bytes);
        }
    }

    /// After a refused sync the system holds the pages for clean: some were saved, the others never will be.
    pub fn refuse_sync(&mut self, random: &mut Random) {
        for (at, bytes) in std::mem::take(&mut self.unsynced) {
            if random.chance(0.5) {
                put(&mut self.synced, at, &bytes);
            }
        }
    }

    pub fn after_power_cut(&self, in_flight: Option<(u64, &[u8])>, random: &mut Random) -> Vec<u8> {
        let mut content = self.synced.clone();
        let unsynced = self.unsynced.iter().map(|(at, bytes)| (*at, &bytes[..])).chain(in_flight);
        let (any_order, longer) = (random.chance(0.5), random.chance(0.5));
        // All, some or none of them; in some file systems only in their order.
        let share = [0.0, 0.3, 0.7, 1.0][random.below(4) as usize];
        let mut ended = false;
        for (at, bytes) in unsynced {
            if longer && content.len() < at as usize + bytes.len() {
                // The length is known to the disk, the bytes are not.
                content.resize(at as usize + bytes.len(), 0);
            }
            if ended && !any_order {
                continue;
            }
            if random.chance(share) {
                put(&mut content, at, bytes);
            } else {
                ended = true;
                tear(&mut content, at, bytes, random);
            }
        }
        content
    }
}

/// How many bytes of a write are there that ended in its middle: it ends where a unit of the file does.
pub fn part(at: u64, length: usize, unit: u64, random: &mut Random) -> usize {
    let end = (at + random.below(length as u64)) / unit * unit;
    end.saturating_sub(at) as usize
}

/// A write of which the first bytes are there, or some sectors.
fn tear(content: &mut Vec<u8>, at: u64, bytes: &[u8], random: &mut Random) {
    match random.below(3) {
        0 => {}
        1 => put(content, at, &bytes[..random.below(bytes.len() as u64 + 1) as usize]),
        _ => {
            let mut from = 0;
            while from < bytes.len() {
                let in_sector = (SECTOR - (at + from as u64) % SECTOR) as usize;
                let to = (from + in_sector).min(bytes.len());
                if random.chance(0.5) {
                    put(content, at + from as u64, &bytes[from..to]);
                }
                from = to;
            }
        }
    }
}

pub fn put(content: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let (from, to) = (at as usize, at as usize + bytes.len());
    content.resize(content.len().max(to), 0);
    content[from..to].copy_from_slice(bytes);
}
