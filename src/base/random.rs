//! Numbers that look random and are the same for the same seed, on every machine and in every version: by
//! their seeds scripted sources and simulations are played again. Nothing secret comes of them.

/// Knuth's MMIX generator, whose upper bits are good.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Any two seeds have nothing to do with each other.
    pub fn new(seed: u64) -> Self {
        // SplitMix64 (Steele, Lea and Flood 2014).
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }

    /// A generator in this state: like states begin alike.
    pub fn at(state: u64) -> Self {
        Self(state)
    }

    fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }

    fn bits(&mut self) -> u64 {
        self.step() >> 33
    }

    /// 32 bits.
    pub fn word(&mut self) -> u32 {
        (self.step() >> 32) as u32
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        self.bits() as f64 / (1u64 << 31) as f64
    }

    /// From `low` up to `high`, both included.
    pub fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + (self.unit() * (high - low + 1) as f64) as u64
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n.max(1)
    }

    /// From `low` up to below `high`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// True with this probability.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of these, of which there is at least one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// Another generator, for something that may draw more or fewer numbers without a change to the rest.
    pub fn fork(&mut self) -> Self {
        Self::new(self.bits() << 31 | self.bits())
    }

    /// A seed for another generator.
    pub fn seed(&mut self) -> u64 {
        self.bits() << 31 | self.bits()
    }
}
