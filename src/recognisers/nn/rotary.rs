//! Positions that turn: pairs of numbers of a query or key are turned by an angle that grows with the row's
//! position, so that attention sees how far two rows are apart.

/// The angles of some positions.
#[derive(Debug, Clone)]
pub struct Rotary {
    /// Pairs of a head that are turned; what lies behind them stays.
    pairs: usize,
    /// Cosine and sine, a row of pairs for each position.
    turns: Vec<(f32, f32)>,
}

impl Rotary {
    /// Turns the first `width` numbers of a head, pair by pair (neighbours), at up to `positions` positions.
    /// The slowest pair turns `base` times slower than the first.
    pub fn new(width: usize, base: f32, positions: usize) -> Self {
        let pairs = width / 2;
        let speed = |pair: usize| f64::from(base).powf(-(2.0 * pair as f64) / width as f64);
        let turns = (0..positions)
            .flat_map(|position| (0..pairs).map(move |pair| (position, pair)))
            .map(|(position, pair)| {
                let (sine, cosine) = (position as f64 * speed(pair)).sin_cos();
                (cosine as f32, sine as f32)
            })
            .collect();
        Self { pairs, turns }
    }

    /// Turns a row: heads of `head` numbers follow one another.
    pub fn turn(&self, row: &mut [f32], head: usize, position: usize) {
        let turns = &self.turns[position * self.pairs..][..self.pairs];
        for head in row.chunks_exact_mut(head) {
            for (pair, (cosine, sine)) in head.as_chunks_mut::<2>().0.iter_mut().zip(turns) {
                let [a, b] = *pair;
                *pair = [a * cosine - b * sine, b * cosine + a * sine];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::dot;
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn only_the_distance_counts() {
        let rotary = Rotary::new(32, 10_000.0, 60);
        let (query, key) = (noise(40, 10), noise(40, 11));
        let at = |q: usize, k: usize| {
            let (mut query, mut key) = (query.clone(), key.clone());
            rotary.turn(&mut query, 40, q);
            rotary.turn(&mut key, 40, k);
            dot(&query, &key)
        };
        assert!((at(5, 3) - at(55, 53)).abs() < 1e-4);
        assert!((at(5, 3) - at(5, 4)).abs() > 1e-3);
        let mut same = query.clone();
        rotary.turn(&mut same, 40, 0);
        assert_eq!(same, query);
    }
}
