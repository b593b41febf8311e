//! Texts that go round in a loop: where a decoder does it, it is stopped.

/// Tokens of a loop, at most …
const TOKENS_MAX: usize = 24;
/// … rounds of a single token after which it is one …
const ROUNDS_OF_ONE: usize = 12;
/// … and of more. Enough for the gates to see it.
const ROUNDS: usize = 6;

/// Whether the last tokens are rounds of a loop.
pub(super) fn is_loop(tokens: &[u32]) -> bool {
    (1..=TOKENS_MAX).any(|period| {
        let rounds = if period == 1 { ROUNDS_OF_ONE } else { ROUNDS };
        let Some(from) = tokens.len().checked_sub(period * rounds) else { return false };
        tokens[from + period..].iter().zip(&tokens[from..]).all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_told_from_speech() {
        assert!(is_loop(&[5; 12]) && !is_loop(&[5; 11]));
        let round = |n: usize| [7, 8, 9].repeat(n);
        assert!(is_loop(&round(6)) && !is_loop(&round(5)));
        assert!(is_loop(&[vec![1, 2, 3, 4], round(6)].concat()), "whatever stands before it");
        assert!(!is_loop(&[round(6), vec![1]].concat()));
        assert!(!is_loop(&[]));
    }
}
