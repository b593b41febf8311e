//! When each token was spoken: the decoder's attention to the sound, warped onto the text. As OpenAI's
//! `timing.py` does it.

/// Moments that a value is the middle one of.
const MEDIAN: usize = 7;

/// Where each token ends, in frames. `weights` has, for each token and the end of the text, what each of
/// `heads` heads listened to, `frames` values each.
pub fn ends(weights: &[Vec<f32>], heads: usize, frames: usize) -> Vec<usize> {
    if weights.len() < 2 || heads == 0 || frames == 0 {
        return Vec::new();
    }
    let costs = costs(weights, heads, frames);
    let path = warp(&costs, weights.len(), frames);
    // The frame at which each row begins: the path comes backwards, so the first one is the last to be set.
    let mut starts = vec![0; weights.len()];
    for (row, frame) in path {
        starts[row] = frame;
    }
    starts[1..].to_vec()
}

/// How little each row listened to each frame: over all rows a head's attention to a frame has mean 0 and
/// deviation 1; it is smoothed along the frames, and the heads are averaged.
fn costs(weights: &[Vec<f32>], heads: usize, frames: usize) -> Vec<f32> {
    let rows = weights.len();
    let mut costs = vec![0.0; rows * frames];
    let mut column = vec![0.0; rows * frames];
    for head in 0..heads {
        for frame in 0..frames {
            let of = |row: &Vec<f32>| row.get(head * frames + frame).copied().unwrap_or(0.0);
            let mean = weights.iter().map(of).sum::<f32>() / rows as f32;
            let variance = weights.iter().map(|row| (of(row) - mean).powi(2)).sum::<f32>() / rows as f32;
            let scale = 1.0 / variance.sqrt().max(1e-9);
            for (row, weights) in weights.iter().enumerate() {
                column[row * frames + frame] = (of(weights) - mean) * scale;
            }
        }
        for (row, costs) in column.chunks_exact(frames).zip(costs.chunks_exact_mut(frames)) {
            for (frame, cost) in costs.iter_mut().enumerate() {
                *cost -= median(row, frame) / heads as f32;
            }
        }
    }
    costs
}

/// The middle of the values around one; at the ends they are mirrored.
fn median(row: &[f32], at: usize) -> f32 {
    let half = (MEDIAN / 2) as isize;
    let last = row.len() as isize - 1;
    let mut around = [0.0; MEDIAN];
    for (i, value) in around.iter_mut().enumerate() {
        let mut from = (at as isize + i as isize - half).abs();
        if from > last {
            from = (2 * last - from).max(0);
        }
        *value = row[from as usize];
    }
    around.sort_by(f32::total_cmp);
    around[MEDIAN / 2]
}

/// The cheapest way from the first row and frame to the last ones, backwards.
fn warp(costs: &[f32], rows: usize, frames: usize) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy)]
    enum Came {
        Both,
        Row,
        Frame,
    }
    let mut came = vec![Came::Frame; rows * frames];
    let mut before = vec![f32::INFINITY; frames];
    for row in 0..rows {
        let mut line = vec![f32::INFINITY; frames];
        for frame in 0..frames {
            let both = match (row, frame) {
                (0, 0) => 0.0,
                (0, _) | (_, 0) => f32::INFINITY,
                _ => before[frame - 1],
            };
            let of_row = before[frame];
            let of_frame = if frame > 0 { line[frame - 1] } else { f32::INFINITY };
            let (least, way) = if both < of_row && both < of_frame {
                (both, Came::Both)
            } else if of_row < both && of_row < of_frame {
                (of_row, Came::Row)
            } else {
                (of_frame, Came::Frame)
            };
            line[frame] = costs[row * frames + frame] + if row + frame == 0 { 0.0 } else { least };
            came[row * frames + frame] = way;
        }
        before = line;
    }
    let (mut row, mut frame) = (rows - 1, frames - 1);
    let mut path = vec![(row, frame)];
    while row > 0 || frame > 0 {
        match came[row * frames + frame] {
            _ if row == 0 => frame -= 1,
            _ if frame == 0 => row -= 1,
            Came::Both => (row, frame) = (row - 1, frame - 1),
            Came::Row => row -= 1,
            Came::Frame => frame -= 1,
        }
        path.push((row, frame));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_where_attention_goes_on() {
        // Three tokens and the end, at frames 0–19, 20–29, 30–59, 60–79; the second head listens elsewhere.
        let edges = [0, 20, 30, 60, 80];
        let weights: Vec<Vec<f32>> = (0..4)
            .map(|row| {
                let own =
                    (0..80).map(|frame| f32::from(u8::from((edges[row]..edges[row + 1]).contains(&frame))));
                own.chain((0..80).map(|_| 0.1)).collect()
            })
            .collect();
        let ends = ends(&weights, 2, 80);
        assert_eq!(ends.len(), 3);
        for (end, right) in ends.iter().zip([20, 30, 60]) {
            assert!(end.abs_diff(right) <= 1, "{ends:?}");
        }
    }

    #[test]
    fn nothing_is_aligned_with_nothing() {
        assert!(ends(&[], 2, 10).is_empty());
        assert!(ends(&[vec![1.0; 10]], 1, 10).is_empty());
        assert!(ends(&[vec![], vec![]], 0, 10).is_empty());
    }
}
