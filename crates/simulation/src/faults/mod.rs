//! What goes wrong: how often, drawn once a run, so that one run is calm in this and wild in that.

pub mod disk;
pub mod image;

use crate::random::Random;

/// A thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The process dies at one of its next writes.
    Crash,
    /// The disk is full for some seconds.
    FullDisk,
    /// A sync fails.
    FailedSync,
    /// A write fails half way.
    ShortWrite,
    /// A snapshot cannot be written.
    FailedSnapshot,
    /// Bits flip in what was acknowledged.
    FlippedBits,
    /// The cache is dropped.
    DroppedBook,
    /// Prices jump, by up to ninety per cent.
    Gap,
    /// A coin's sources say nothing for a while.
    Silence,
    /// The next prices are odd.
    OddPrices,
    /// The clock jumps ahead.
    ClockAhead,
    /// A command from before.
    ClockBack,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Crash,
        Self::FullDisk,
        Self::FailedSync,
        Self::ShortWrite,
        Self::FailedSnapshot,
        Self::FlippedBits,
        Self::DroppedBook,
        Self::Gap,
        Self::Silence,
        Self::OddPrices,
        Self::ClockAhead,
        Self::ClockBack,
    ];

    /// What reports call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::FullDisk => "full disk",
            Self::FailedSync => "failed sync",
            Self::ShortWrite => "short write",
            Self::FailedSnapshot => "failed snapshot",
            Self::FlippedBits => "flipped bits",
            Self::DroppedBook => "dropped book",
            Self::Gap => "price gap",
            Self::Silence => "silent sources",
            Self::OddPrices => "odd prices",
            Self::ClockAhead => "clock ahead",
            Self::ClockBack => "clock back",
        }
    }

    /// Seconds between two of them where the run is neither calm nor wild in it.
    const fn every_s(self) -> i64 {
        match self {
            Self::OddPrices | Self::ClockBack => 20,
            Self::Silence | Self::DroppedBook => 90,
            Self::Gap => 100,
            Self::Crash | Self::ClockAhead => 120,
            Self::FullDisk | Self::ShortWrite | Self::FailedSync | Self::FailedSnapshot => 240,
            Self::FlippedBits => 200,
        }
    }
}

/// How often things go wrong in a run.
#[derive(Clone, Debug)]
pub struct Rates {
    /// Mean nanoseconds between two, by trouble; none where it does not happen.
    every_ns: [Option<i64>; Trouble::ALL.len()],
    /// Of a message, in millionths: lost on its way.
    pub lost: u32,
    /// Of a message: sent twice.
    pub doubled: u32,
    /// Of a message: late, by up to three seconds.
    pub late: u32,
}

impl Rates {
    /// Nothing goes wrong.
    #[must_use]
    pub const fn none() -> Self {
        Self { every_ns: [None; Trouble::ALL.len()], lost: 0, doubled: 0, late: 0 }
    }

    /// Of a run: each trouble absent, or from a quarter to four times as often as usual.
    #[must_use]
    pub fn drawn(random: &mut Random) -> Self {
        let mut rates = Self::none();
        for (every, trouble) in rates.every_ns.iter_mut().zip(Trouble::ALL) {
            let quarters = *random.pick(&[0, 1, 2, 4, 4, 8, 16]);
            *every = (quarters > 0).then(|| trouble.every_s() * 1_000_000_000 / 4 * quarters);
        }
        rates.lost = *random.pick(&[0, 1_000, 10_000, 100_000]);
        rates.doubled = *random.pick(&[0, 5_000, 50_000, 300_000]);
        rates.late = *random.pick(&[0, 5_000, 50_000, 200_000]);
        rates
    }

    /// Nanoseconds until the next `trouble`; none where there will be none.
    pub fn wait(&self, trouble: Trouble, random: &mut Random) -> Option<i64> {
        let every = self.every_ns[trouble as usize]?;
        Some(random.between(every / 10, every * 2 - every / 10))
    }
}
