//! Chance out of a seed: a stream by name, so that a draw more in one place moves nothing in another.

/// A stream of draws: the nth is a function of the key and n alone.
#[derive(Clone, Debug)]
pub struct Random {
    key: u64,
    drawn: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finisher of `SplitMix64`.
///
/// # Source
/// Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014, figure 17 with Stafford's constants.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Random {
    /// The stream `name` of `seed`.
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Self {
        let of_name = name.bytes().fold(GOLDEN, |key, byte| mixed(key ^ u64::from(byte)));
        Self { key: mixed(mixed(seed.wrapping_add(GOLDEN)) ^ of_name), drawn: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        mixed(self.key.wrapping_add(self.drawn.wrapping_mul(GOLDEN)))
    }

    /// A whole number of 0 to `below` − 1; 0 where `below` is.
    pub fn below(&mut self, below: usize) -> usize {
        let wide = u128::from(self.bits()) * (below as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A whole number of `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let count = u128::from(high.abs_diff(low)) + 1;
        let drawn = (u128::from(self.bits()) * count) >> 64;
        low.saturating_add(i64::try_from(drawn).unwrap_or(0))
    }

    /// True `per_million` times in a million.
    pub fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < per_million as usize
    }

    /// One of `these`, which are some.
    pub fn pick<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_stream_is_its_seed_and_name() {
        let draws = |seed, name| {
            (0..4)
                .map({
                    let mut random = Random::of(seed, name);
                    move |_| random.bits()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(1, "world"), draws(1, "world"));
        assert_ne!(draws(1, "world"), draws(2, "world"));
        assert_ne!(draws(1, "world"), draws(1, "faults"));
    }

    #[test]
    fn draws_cover_their_range() {
        let mut random = Random::of(7, "range");
        let mut seen = [0; 5];
        (0..1_000).for_each(|_| seen[random.below(5)] += 1);
        assert!(seen.iter().all(|count| (120..280).contains(count)), "{seen:?}");
        assert!((0..1_000).all(|_| (-3..=3).contains(&random.between(-3, 3))));
        assert!(!random.chance(0) && random.chance(1_000_000));
    }
}
