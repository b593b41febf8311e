//! When each token was spoken: the decoder's attention to the sound, warped onto the text, as OpenAI's
//! `timing.py` does it. For each engine whose attention is at hand.
//!
//! A word that follows a pause begins with it here, as the attention says nothing of where nothing is said:
//! pauses are taken from words where the detector of speech is asked (`speech::word_times`).

/// Frames that a median is taken of.
const MEDIAN: usize = 7;

/// The attention of some heads to the frames, step by step.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    /// For each head, the steps' weights one after the other.
    heads: Vec<Vec<f32>>,
    frames: usize,
}

impl Attention {
    /// Of so many heads.
    pub fn new(heads: usize, frames: usize) -> Self {
        Self { heads: vec![Vec::new(); heads], frames }
    }

    /// Takes what a head did in the next step.
    pub fn add(&mut self, head: usize, weights: &[f32]) {
        self.heads[head].extend_from_slice(weights);
    }

    /// Takes what all heads did in the next step, one after the other.
    pub fn add_all(&mut self, weights: &[f32]) {
        for (head, weights) in self.heads.iter_mut().zip(weights.chunks_exact(self.frames.max(1))) {
            head.extend_from_slice(weights);
        }
    }

    fn steps(&self) -> usize {
        self.heads.first().map_or(0, |head| head.len().checked_div(self.frames).unwrap_or(0))
    }

    /// The frame at which each step begins, in order.
    pub fn begins(&self) -> Vec<usize> {
        let (steps, frames) = (self.steps(), self.frames);
        if steps == 0 || frames == 0 {
            return Vec::new();
        }
        let mut together = vec![0.0; steps * frames];
        let mut head = Vec::new();
        for weights in &self.heads {
            head.clear();
            head.extend_from_slice(&weights[..steps * frames]);
            normalise(&mut head, frames);
            smooth(&mut head, frames);
            together.iter_mut().zip(&head).for_each(|(all, x)| *all += x);
        }
        warp(&together, frames)
    }
}

/// Makes each frame's weights comparable over the steps: mean 0, variance 1.
fn normalise(weights: &mut [f32], frames: usize) {
    let steps = (weights.len() / frames) as f32;
    for frame in 0..frames {
        let column = weights.iter().skip(frame).step_by(frames);
        let mean = column.clone().sum::<f32>() / steps;
        let variance = column.map(|x| (x - mean).powi(2)).sum::<f32>() / steps;
        let scale = 1.0 / variance.sqrt().max(1e-8);
        weights.iter_mut().skip(frame).step_by(frames).for_each(|x| *x = (*x - mean) * scale);
    }
}

/// A median over neighbouring frames.
fn smooth(weights: &mut [f32], frames: usize) {
    let half = MEDIAN / 2;
    let mut before = vec![0.0; frames];
    for row in weights.chunks_exact_mut(frames) {
        before.copy_from_slice(row);
        for (frame, x) in row.iter_mut().enumerate() {
            // Mirrored at the ends.
            let mut near: [f32; MEDIAN] = std::array::from_fn(|i| {
                let at = (frame + i).abs_diff(half);
                before[at.min((2 * frames).saturating_sub(at + 2)).min(frames - 1)]
            });
            near.sort_by(f32::total_cmp);
            *x = near[half];
        }
    }
}

/// The way through steps and frames, both forwards, on which the weights are greatest in all; gives the
/// frame at which it enters each step.
fn warp(weights: &[f32], frames: usize) -> Vec<usize> {
    let steps = weights.len() / frames;
    // The best sum up to here; one row and column of nothing around it.
    let mut best = vec![f32::NEG_INFINITY; (steps + 1) * (frames + 1)];
    let mut from = vec![0_u8; (steps + 1) * (frames + 1)];
    best[0] = 0.0;
    for step in 1..=steps {
        for frame in 1..=frames {
            let at = step * (frames + 1) + frame;
            let ways = [best[at - frames - 2], best[at - frames - 1], best[at - 1]];
            let way = (0..3).fold(0, |way, i| if ways[i] > ways[way] { i } else { way });
            best[at] = ways[way] + weights[(step - 1) * frames + frame - 1];
            from[at] = way as u8;
        }
    }
    let mut begins = vec![0; steps];
    let (mut step, mut frame) = (steps, frames);
    while step > 0 && frame > 0 {
        begins[step - 1] = frame - 1;
        match from[step * (frames + 1) + frame] {
            0 => (step, frame) = (step - 1, frame - 1),
            1 => step -= 1,
            _ => frame -= 1,
        }
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_that_goes_on_tells_when_each_step_begins() {
        let (steps, frames, heads) = (4, 60, 2);
        let right = [3, 12, 30, 45];
        let mut attention = Attention::new(heads, frames);
        for step in 0..steps {
            let until = right.get(step + 1).copied().unwrap_or(frames);
            let weights: Vec<f32> = (0..frames)
                .map(
                    |frame| {
                        if (right[step]..until).contains(&frame) { 0.1 } else { 0.001 * (frame % 3) as f32 }
                    },
                )
                .collect();
            (0..heads).for_each(|head| attention.add(head, &weights));
        }
        let begins = attention.begins();
        assert!(begins[1..].iter().zip(&right[1..]).all(|(a, b)| a.abs_diff(*b) <= 1), "{begins:?}");
        assert_eq!(Attention::new(2, 0).begins(), [0; 0]);
    }
}
