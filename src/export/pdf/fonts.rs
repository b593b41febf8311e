//! The fonts of a PDF: two of our own, which have Latin, Greek, Cyrillic, Armenian, Georgian, Arabic and
//! Hebrew letters; for a character that these lack, the first of the computer's fonts that has it.
//!
//! Promise: a character for which there is no font at all is known by name ([`Fonts::missing`]). It stands as
//! a box, but in the file's text it is what it is.

use std::collections::{BTreeSet, HashMap};
use std::io::Read as _;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use flate2::read::GzDecoder;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::ttf_parser::{self, OutlineBuilder, Permissions};
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_width::UnicodeWidthChar as _;

/// DejaVu Sans Condensed, regular and bold, unchanged; their licence lies beside them.
static OWN: LazyLock<[Arc<Vec<u8>>; 2]> = LazyLock::new(|| {
    let packed: [&[u8]; 2] =
        [include_bytes!("DejaVuSansCondensed.ttf.gz"), include_bytes!("DejaVuSansCondensed-Bold.ttf.gz")];
    packed.map(|packed| {
        let mut font = Vec::new();
        // What was packed at build time can be unpacked; a test does it.
        let _ = GzDecoder::new(packed).read_to_end(&mut font);
        Arc::new(font)
    })
});

/// The computer's fonts, looked for when the first character is missing: the regular ones first, each kind by
/// path, so that the same computer always takes the same.
static SYSTEM: LazyLock<(fontdb::Database, Vec<fontdb::ID>)> = LazyLock::new(|| {
    let mut all = fontdb::Database::new();
    all.load_system_fonts();
    let path = |face: &fontdb::FaceInfo| match &face.source {
        fontdb::Source::File(path) | fontdb::Source::SharedFile(path, _) => path.clone(),
        fontdb::Source::Binary(_) => std::path::PathBuf::new(),
    };
    let rank = |face: &fontdb::FaceInfo| {
        let slanted = face.style != fontdb::Style::Normal;
        (slanted, face.weight.0.abs_diff(400), path(face), face.index)
    };
    let mut faces: Vec<&fontdb::FaceInfo> = all.faces().collect();
    faces.sort_by_cached_key(|face| rank(face));
    let order = faces.into_iter().map(|face| face.id).collect();
    (all, order)
});

/// What stands for a character without a font.
const BOX: char = '□';

/// A font that is in use.
struct Face {
    data: Arc<Vec<u8>>,
    index: u32,
    font: Font,
    /// The glyph that stands for what has none: the one that every font has for that can't be named in a PDF,
    /// so what it stands for would be lost.
    boxed: u32,
    /// Ours stay in memory and are made ready once; the computer's are made ready for each piece of text.
    shaper: Option<rustybuzz::Face<'static>>,
}

/// The fonts that a document needs.
pub(super) struct Fonts {
    /// The first is regular, the second bold.
    faces: Vec<Face>,
    /// Which of the computer's fonts are among them.
    loaded: HashMap<fontdb::ID, usize>,
    with_system: bool,
    /// The font of each character that was asked for, regular and bold; `None` means that there is none.
    of: HashMap<(char, bool), Option<usize>>,
    /// Widths in ems of what was measured: people use the same words again and again.
    widths: HashMap<(usize, String), f32>,
    /// Characters without a font.
    pub missing: BTreeSet<char>,
}

impl Fonts {
    /// Ours, and with `with_system` the computer's, too. `None` if ours can't be read; a test rules it out.
    pub fn new(with_system: bool) -> Option<Self> {
        let own = OWN.iter().map(|data| {
            let shaper = rustybuzz::Face::from_slice(data, 0);
            Some(Face { shaper, ..Face::new(Arc::clone(data), 0)? })
        });
        let faces = own.collect::<Option<Vec<Face>>>()?;
        Some(Self {
            faces,
            loaded: HashMap::new(),
            with_system,
            of: HashMap::new(),
            widths: HashMap::new(),
            missing: BTreeSet::new(),
        })
    }

    /// The font itself.
    pub fn font(&self, face: usize) -> Font {
        self.faces[face].font.clone()
    }

    /// Parts a text where its font changes: each part with the number of its font.
    pub fn parts(&mut self, text: &str, bold: bool) -> Vec<(Range<usize>, usize)> {
        let mut parts: Vec<(Range<usize>, usize)> = Vec::new();
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            let before = parts.last().map(|(_, face)| *face);
            // What has no width of its own belongs to what it stands on; a space to what is before it.
            let follows = c == ' ' || c.width() == Some(0);
            let face = match before {
                Some(face) if follows && (c.width() == Some(0) || self.faces[face].has(c)) => face,
                _ => self.face_of(c, bold).unwrap_or(usize::from(bold)),
            };
            match parts.last_mut() {
                Some((range, last)) if *last == face => range.end = end,
                _ => parts.push((at..end, face)),
            }
        }
        parts
    }

    fn face_of(&mut self, c: char, bold: bool) -> Option<usize> {
        if let Some(known) = self.of.get(&(c, bold)) {
            return *known;
        }
        let own = [usize::from(bold), usize::from(!bold)];
        let mut found = own.into_iter().find(|face| self.faces[*face].has(c));
        if found.is_none() && self.with_system {
            found = self.of_system(c);
        }
        if found.is_none() {
            self.missing.insert(c);
        }
        self.of.insert((c, bold), found);
        found
    }

    fn of_system(&mut self, c: char) -> Option<usize> {
        let (all, order) = &*SYSTEM;
        let draws =
            |id: &&fontdb::ID| all.with_face_data(**id, |data, index| draws(data, index, c)) == Some(true);
        for id in order.iter().filter(draws) {
            if let Some(known) = self.loaded.get(id) {
                return Some(*known);
            }
            let read = all.with_face_data(*id, |data, index| Face::new(Arc::new(data.to_vec()), index));
            if let Some(face) = read.flatten() {
                self.faces.push(face);
                self.loaded.insert(*id, self.faces.len() - 1);
                return Some(self.faces.len() - 1);
            }
        }
        None
    }

    /// The width of a text in one font, in ems.
    pub fn width(&mut self, face: usize, text: &str) -> f32 {
        let key = (face, text.to_owned());
        if let Some(known) = self.widths.get(&key) {
            return *known;
        }
        let width = self.shape(face, text, false).1;
        self.widths.insert(key, width);
        width
    }

    /// The glyphs of a text in one font, from left to right, and their width in ems.
    pub fn shape(&self, face: usize, text: &str, right_to_left: bool) -> (Vec<KrillaGlyph>, f32) {
        let face = &self.faces[face];
        let ready;
        let shaper = match &face.shaper {
            Some(shaper) => shaper,
            None => match rustybuzz::Face::from_slice(&face.data, face.index) {
                Some(face) => {
                    ready = face;
                    &ready
                }
                None => return (Vec::new(), 0.0),
            },
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(if right_to_left { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = rustybuzz::shape(shaper, &[], buffer);
        // Each glyph is of all characters from its cluster's beginning to that of the next.
        let starts: BTreeSet<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        let end = |start: usize| starts.range(start + 1..).next().copied().unwrap_or(text.len());
        let em = face.font.units_per_em();
        let mut width = 0.0;
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).map(|(info, at)| {
            let start = info.cluster as usize;
            let [x, dx, dy, y] =
                [at.x_advance, at.x_offset, at.y_offset, at.y_advance].map(|n| n as f32 / em);
            width += x;
            let glyph = if info.glyph_id == 0 { face.boxed } else { info.glyph_id };
            KrillaGlyph::new(GlyphId::new(glyph), x, dx, dy, y, start..end(start), None)
        });
        let glyphs = glyphs.collect();
        (glyphs, width)
    }
}

impl Face {
    fn new(data: Arc<Vec<u8>>, index: u32) -> Option<Self> {
        let font = Font::new(Arc::clone(&data).into(), index)?;
        let boxed =
            rustybuzz::Face::from_slice(&data, index)?.glyph_index(BOX).map_or(0, |glyph| glyph.0.into());
        Some(Self { data, index, font, boxed, shaper: None })
    }

    fn has(&self, c: char) -> bool {
        let face = ttf_parser::Face::parse(&self.data, self.index);
        face.is_ok_and(|face| face.glyph_index(c).is_some())
    }
}

/// Whether a font may be put into a document, and has an outline of a character: pictures in colour are not
/// drawn.
fn draws(data: &[u8], index: u32, c: char) -> bool {
    let Ok(face) = ttf_parser::Face::parse(data, index) else { return false };
    let is_free = face.permissions() != Some(Permissions::Restricted)
        && face.is_outline_embedding_allowed()
        && face.is_subsetting_allowed();
    let outline = |glyph| face.outline_glyph(glyph, &mut Nowhere).is_some();
    is_free && face.glyph_index(c).is_some_and(outline)
}

/// Takes outlines and draws nothing.
struct Nowhere;

impl OutlineBuilder for Nowhere {
    fn move_to(&mut self, _: f32, _: f32) {}
    fn line_to(&mut self, _: f32, _: f32) {}
    fn quad_to(&mut self, _: f32, _: f32, _: f32, _: f32) {}
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, _: f32, _: f32) {}
    fn close(&mut self) {}
}
