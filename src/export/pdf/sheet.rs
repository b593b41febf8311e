//! Pages of A4: what stands where, and then the file. Points from the upper left corner.

use std::collections::HashMap;

use krilla::Document;
use krilla::annotation::{LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::destination::{Destination, XyzDestination};
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;

use super::fonts::Fonts;
use super::lines::{Ink, Line, Run, Span, lines};

/// A4.
const PAGE: (f32, f32) = (595.28, 841.89);
/// 2 cm.
const MARGIN: f32 = 56.7;
/// Between the margins.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Where text ends; the foot is below it.
const BOTTOM: f32 = PAGE.1 - MARGIN - 14.0;
/// Size of the foot.
const FOOT: f32 = 8.0;
/// A line's height, in sizes of its text, and how much of it is above the letters' feet.
const LEADING: f32 = 1.35;
const ABOVE: f32 = 1.0;

/// How a paragraph stands on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub size: f32,
    /// From the left margin.
    pub left: f32,
    /// Before it; nothing at the top of a page.
    pub before: f32,
    /// How much must follow it on its page, itself included: a heading does not stand alone.
    pub needs: f32,
    /// A bar at its left side.
    pub bar: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { size: 10.0, left: 0.0, before: 6.0, needs: 0.0, bar: false }
    }
}

enum Mark {
    Run { x: f32, y: f32, size: f32, run: Run },
    Bar { rect: (f32, f32, f32, f32) },
}

/// All pages while they are filled.
pub(super) struct Sheet {
    pages: Vec<Vec<Mark>>,
    y: f32,
    /// Places to which links lead.
    places: HashMap<String, (usize, f32)>,
    /// Headings with their level and place.
    headings: Vec<(u8, String, usize, f32)>,
}

impl Sheet {
    /// One empty page.
    pub fn new() -> Self {
        Self { pages: vec![Vec::new()], y: MARGIN, places: HashMap::new(), headings: Vec::new() }
    }

    /// Where the next thing stands: page, and points from its top.
    fn here(&self) -> (usize, f32) {
        (self.pages.len() - 1, self.y)
    }

    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Sees to it that so much fits on the page.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > MARGIN {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn space(&mut self, height: f32) {
        if self.y > MARGIN {
            self.y += height;
        }
    }

    /// A paragraph. `place` is its name for links.
    pub fn paragraph(&mut self, fonts: &mut Fonts, spans: &[Span], shape: Shape, place: Option<&str>) {
        let width = WIDTH - shape.left;
        let height = shape.size * LEADING;
        self.space(shape.before);
        self.room(shape.needs.max(height));
        if let Some(place) = place {
            let here = self.here();
            self.places.entry(place.to_owned()).or_insert(here);
        }
        for line in lines(fonts, spans, shape.size, width) {
            self.room(height);
            if shape.bar {
                self.put(Mark::Bar { rect: (MARGIN + shape.left - 8.0, self.y, 2.0, height) });
            }
            self.line(line, MARGIN + shape.left, width, shape.size, false);
            self.y += height;
        }
    }

    /// A heading, which viewers list beside the pages.
    pub fn heading(&mut self, fonts: &mut Fonts, level: u8, text: &str, shape: Shape) {
        self.space(shape.before);
        self.room(shape.needs);
        let (page, y) = self.here();
        self.headings.push((level, text.to_owned(), page, y));
        let spans = [Span::new(text, true, Ink::Black)];
        self.paragraph(fonts, &spans, Shape { before: 0.0, ..shape }, None);
    }

    fn line(&mut self, line: Line, left: f32, width: f32, size: f32, to_right: bool) {
        let is_right = to_right || line.right_to_left;
        let start = if is_right { left + (width - line.width).max(0.0) } else { left };
        let y = self.y + size * ABOVE;
        for run in line.runs {
            self.put(Mark::Run { x: start + run.x, y, size, run });
        }
    }

    /// A row of a table: each cell with its width and whether it stands to the right. It stays on its page.
    pub fn row(&mut self, fonts: &mut Fonts, cells: &[(Span, f32, bool)], size: f32, head: bool) {
        const GAP: f32 = 6.0;
        let height = size * LEADING;
        let cells: Vec<(Vec<Line>, f32, bool)> = cells
            .iter()
            .map(|(span, width, right)| {
                (lines(fonts, std::slice::from_ref(span), size, width - GAP), *width, *right)
            })
            .collect();
        let tallest = cells.iter().map(|(lines, ..)| lines.len()).max().unwrap_or(0).max(1) as f32 * height;
        self.room(tallest + if head { 3.0 * height } else { 4.0 });
        let top = self.y;
        let mut left = MARGIN;
        for (lines, width, right) in cells {
            self.y = top;
            for line in lines {
                self.line(line, left, width - GAP, size, right);
                self.y += height;
            }
            left += width;
        }
        self.y = top + tallest + 2.0;
        let thick = if head { 0.8 } else { 0.3 };
        self.put(Mark::Bar { rect: (MARGIN, self.y, WIDTH, thick) });
        self.y += 2.0;
    }

    /// The file, with the title and the page's number at each foot.
    pub fn write(self, fonts: &mut Fonts, title: &str, metadata: Metadata) -> Result<Vec<u8>, KrillaError> {
        let mut document = Document::new();
        let count = self.pages.len();
        for (number, marks) in self.pages.iter().enumerate() {
            let settings = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                match mark {
                    Mark::Run { x, y, size, run } => draw(&mut surface, fonts, run, (*x, *y), *size),
                    Mark::Bar { rect } => bar(&mut surface, *rect),
                }
            }
            foot(&mut surface, fonts, title, &format!("{} / {count}", number + 1));
            surface.finish();
            for mark in marks {
                let Mark::Run { x, y, size, run } = mark else { continue };
                let place = run.link.as_ref().and_then(|link| self.places.get(link));
                let rect = Rect::from_xywh(*x, y - size, run.width.max(1.0), size * LEADING);
                if let (Some((to, at)), Some(rect)) = (place, rect) {
                    let there = XyzDestination::new(*to, Point::from_xy(MARGIN, *at));
                    page.add_annotation(
                        LinkAnnotation::new(rect, Target::Destination(Destination::Xyz(there))).into(),
                    );
                }
            }
            page.finish();
        }
        document.set_outline(outline(&self.headings));
        document.set_metadata(metadata);
        document.finish()
    }
}

fn fill(ink: Ink) -> Fill {
    let colour = match ink {
        Ink::Black => rgb::Color::new(0x1a, 0x1a, 0x1a),
        Ink::Grey => rgb::Color::new(0x5c, 0x5c, 0x5c),
        Ink::Blue => rgb::Color::new(0x1f, 0x4e, 0x9c),
    };
    Fill { paint: colour.into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

fn draw(surface: &mut Surface, fonts: &Fonts, run: &Run, (x, y): (f32, f32), size: f32) {
    surface.set_fill(Some(fill(run.ink)));
    surface.draw_glyphs(Point::from_xy(x, y), &run.glyphs, fonts.font(run.face), &run.text, size, false);
}

fn bar(surface: &mut Surface, (x, y, width, height): (f32, f32, f32, f32)) {
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.set_fill(Some(fill(Ink::Grey)));
        surface.draw_path(&path);
    }
}

/// The title, as much of it as has room on one line, and the page's number.
fn foot(surface: &mut Surface, fonts: &mut Fonts, title: &str, number: &str) {
    let y = PAGE.1 - MARGIN + 10.0;
    let mut part = |text: &str, right: bool| {
        let spans = [Span::new(text, false, Ink::Grey)];
        let Some(line) = lines(fonts, &spans, FOOT, WIDTH - 60.0).into_iter().next() else { return };
        let left = if right { PAGE.0 - MARGIN - line.width } else { MARGIN };
        for run in &line.runs {
            draw(surface, fonts, run, (left + run.x, y), FOOT);
        }
    };
    part(title, false);
    part(number, true);
}

/// Headings of level 2 with those of level 3 under them; the title is the file's name already.
fn outline(headings: &[(u8, String, usize, f32)]) -> Outline {
    let node = |(_, text, page, y): &(u8, String, usize, f32)| {
        OutlineNode::new(text.clone(), XyzDestination::new(*page, Point::from_xy(MARGIN, *y)))
    };
    let mut outline = Outline::new();
    let mut rest = headings.iter().filter(|heading| heading.0 >= 2).peekable();
    while let Some(heading) = rest.next() {
        let mut chapter = node(heading);
        while let Some(under) = rest.next_if(|next| next.0 > heading.0) {
            chapter.push_child(node(under));
        }
        outline.push_child(chapter);
    }
    outline
}
