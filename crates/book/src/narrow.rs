//! Positions in six bytes.

use plimsoll_margin::array::Holding;

/// A position: what most are. Six bytes that lie together, so that one account's are two or three lines of the cache; a field
/// is read by its value, since it may lie anywhere.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed(2))]
pub(crate) struct Narrow {
    pub(crate) row: u16,
    pub(crate) lots: i32,
}

/// Fewer lots than this in one account, and no sum of 32-bit cells leaves 64 bits.
pub(crate) const LOTS_NARROW: u64 = 1 << 32;

/// Holdings in six bytes each; `None` where their lots do not fit.
pub(crate) fn narrow(held: &[Holding]) -> Option<Vec<Narrow>> {
    let gross: u128 = held.iter().map(|held| u128::from(held.lots.unsigned_abs())).sum();
    let of = |held: &Holding| {
        let lots = i32::try_from(held.lots).ok().filter(|lots| *lots != i32::MIN)?;
        Some(Narrow { row: u16::try_from(held.row).ok()?, lots })
    };
    if gross >= u128::from(LOTS_NARROW) { None } else { held.iter().map(of).collect() }
}

impl Narrow {
    #[inline(always)]
    pub(crate) fn row(self) -> usize {
        usize::from(self.row)
    }

    pub(crate) fn holding(self) -> Holding {
        Holding { row: self.row(), lots: i64::from(self.lots) }
    }
}
