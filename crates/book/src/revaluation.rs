//! Many joint moves of one portfolio on all cores.

use std::num::NonZeroUsize;
use std::thread;

use plimsoll_margin::revaluation::Revaluation;

/// Scenarios that are worth a thread.
const PIECE: usize = 4_096;

/// What the portfolio gains in every scenario, on at most so many threads: the same bits on any number.
#[must_use]
pub fn gains(of: &Revaluation<'_>, threads: NonZeroUsize) -> Vec<f64> {
    let count = of.scenarios();
    let piece = count.div_ceil(threads.get()).max(PIECE);
    if piece >= count {
        return of.gains(0..count);
    }
    let mut all = vec![0.0; count];
    thread::scope(|scope| {
        for (at, gains) in all.chunks_mut(piece).enumerate() {
            let range = at * piece..at * piece + gains.len();
            scope.spawn(move || gains.copy_from_slice(&of.gains(range)));
        }
    });
    all
}
