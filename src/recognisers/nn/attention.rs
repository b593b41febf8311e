//! Attention: each row asks which of others concern it, and takes from them what they say.

use super::elements;
use super::{Kernels, View};

/// Rows that ask at once: their weights stay in the processor's cache.
const ROWS: usize = 64;

/// Keys and values, head by head.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    heads: usize,
    /// Of one head.
    width: usize,
    /// Rows that there is room for.
    room: usize,
    rows: usize,
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Kept {
    /// Room for so many rows of `heads` heads.
    pub fn new(heads: usize, width: usize, room: usize) -> Self {
        let size = heads * width * room;
        Self { heads, width, room, rows: 0, keys: vec![0.0; size], values: vec![0.0; size] }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Forgets all rows beyond the first `rows`.
    pub fn truncate(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
    }

    /// Adds a row: the heads' keys and values follow one another.
    pub fn push(&mut self, keys: &[f32], values: &[f32]) {
        assert!(self.rows < self.room && keys.len() == self.heads * self.width);
        for head in 0..self.heads {
            let at = (head * self.room + self.rows) * self.width;
            let own = head * self.width..(head + 1) * self.width;
            self.keys[at..at + self.width].copy_from_slice(&keys[own.clone()]);
            self.values[at..at + self.width].copy_from_slice(&values[own]);
        }
        self.rows += 1;
    }

    /// A head's keys and values, row by row.
    fn of(&self, head: usize) -> (&[f32], &[f32]) {
        let at = head * self.room * self.width;
        let own = at..at + self.rows * self.width;
        (&self.keys[own.clone()], &self.values[own])
    }
}

/// One row asks all that is kept. `out` takes what each head heard; `weights` is told how much each head
/// listened to each row.
pub fn one(
    kernels: &Kernels,
    query: &[f32],
    kept: &Kept,
    out: &mut [f32],
    scratch: &mut Vec<f32>,
    mut weights: impl FnMut(usize, &[f32]),
) {
    let (width, rows) = (kept.width, kept.rows);
    let factor = 1.0 / (width as f32).sqrt();
    scratch.resize(rows, 0.0);
    for head in 0..kept.heads {
        let own = head * width..(head + 1) * width;
        let (keys, values) = kept.of(head);
        let query = View::dense(&query[own.clone()], width);
        kernels.product(scratch, query, View::dense(keys, width).turned(), factor);
        elements::softmax(scratch);
        weights(head, scratch);
        kernels.product(&mut out[own], View::dense(scratch, rows), View::dense(values, width), 1.0);
    }
}

/// Many rows ask one another: `rows` holds queries, keys and values of all heads side by side. No row is
/// hidden from another.
pub fn all(kernels: &Kernels, rows: &[f32], heads: usize, out: &mut [f32], scratch: &mut Scratch) {
    let (state, head_width) = (scratch.state, scratch.width);
    assert!(head_width * heads == state && out.len() * 3 == rows.len());
    let count = out.len() / state;
    let factor = 1.0 / (head_width as f32).sqrt();
    for head in 0..heads {
        let part = |which: usize| View {
            data: &rows[which * state + head * head_width..],
            rows: count,
            columns: head_width,
            row_stride: 3 * state,
            column_stride: 1,
        };
        let (keys, values) = (kernels.pack(part(1).turned()), kernels.pack(part(2)));
        for first in (0..count).step_by(ROWS) {
            let asking = ROWS.min(count - first);
            let queries = View { data: &part(0).data[first * 3 * state..], rows: asking, ..part(0) };
            scratch.weights.resize(asking * count, 0.0);
            scratch.heard.resize(asking * head_width, 0.0);
            kernels.product_packed(&mut scratch.weights, queries, &keys, factor);
            scratch.shares.clear();
            for row in scratch.weights.chunks_exact_mut(count) {
                scratch.shares.push(1.0 / elements::exps(row));
            }
            kernels.product_packed(&mut scratch.heard, View::dense(&scratch.weights, count), &values, 1.0);
            for (i, heard) in scratch.heard.chunks_exact(head_width).enumerate() {
                let out = &mut out[(first + i) * state + head * head_width..][..head_width];
                for (out, heard) in out.iter_mut().zip(heard) {
                    *out = heard * scratch.shares[i];
                }
            }
        }
    }
}

/// What [`all`] needs while it runs.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Of a row, all heads together.
    state: usize,
    /// Of a head.
    width: usize,
    weights: Vec<f32>,
    shares: Vec<f32>,
    heard: Vec<f32>,
}

impl Scratch {
    /// For rows of so many numbers in so many heads.
    pub fn new(state: usize, heads: usize) -> Self {
        Self { state, width: state / heads, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{farthest, noise};
    use super::*;

    #[test]
    fn one_row_hears_what_all_hear() {
        let kernels = Kernels::default();
        let (heads, width, count) = (3, 8, 100);
        let state = heads * width;
        let rows: Vec<f32> = noise(count * 3 * state, 9).iter().map(|x| x * 3.0).collect();
        let mut together = vec![0.0; count * state];
        all(&kernels, &rows, heads, &mut together, &mut Scratch::new(state, heads));
        let mut kept = Kept::new(heads, width, count + 7);
        for row in rows.chunks(3 * state) {
            kept.push(&row[state..2 * state], &row[2 * state..]);
        }
        let mut scratch = Vec::new();
        for (i, row) in rows.chunks(3 * state).enumerate() {
            let mut alone = vec![0.0; state];
            one(&kernels, &row[..state], &kept, &mut alone, &mut scratch, |_, weights| {
                assert!((elements::sum(weights) - 1.0).abs() < 1e-4);
            });
            assert!(farthest(&alone, &together[i * state..][..state]) < 1e-4);
        }
    }

    #[test]
    fn a_row_takes_what_it_asks_for() {
        let kernels = Kernels::default();
        let mut kept = Kept::new(1, 2, 3);
        kept.push(&[10.0, 0.0], &[1.0, 2.0]);
        kept.push(&[0.0, 10.0], &[3.0, 4.0]);
        kept.push(&[9.0, 9.0], &[7.0, 7.0]);
        kept.truncate(2);
        let mut out = [0.0; 2];
        one(&kernels, &[0.0, 5.0], &kept, &mut out, &mut Vec::new(), |_, _| {});
        assert!(farthest(&out, &[3.0, 4.0]) < 1e-3);
    }
}
