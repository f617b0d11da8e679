//! The columns of a table that a pass looks at, as the kernels read them: padded with zeros to whole vectors.

use plimsoll_margin::pass::Pass;

/// Pairs of columns in one block: what fits the registers of AVX2 as sums of 64 bits.
pub(crate) const MANY: usize = 16;
/// Where there are fewer columns, blocks are of these.
pub(crate) const FEW: usize = 4;
/// Bytes in a line of the cache.
const LINE: usize = 64;
/// Pairs in one, as many as may have to be skipped to begin with a line.
const PAIRS_A_LINE: usize = LINE / size_of::<i64>();

/// Cells, row after row; each row in blocks of `P` pairs.
///
/// A pair is two columns in 64 bits, the first in the lower half: a product of 32 bits by 32 takes either half where it
/// lies, or after a shift, which is less work than widening every cell.
pub(crate) struct Arrays<const P: usize> {
    pairs: Vec<i64>,
    /// Pairs before the first row, so that a block begins where a line of the cache does.
    before: usize,
    /// Blocks in a row.
    pub(crate) blocks: usize,
}

impl<const P: usize> Arrays<P> {
    /// The pass's columns; `None` where its table has cells of 64 bits.
    pub(crate) fn of(pass: &Pass<'_>) -> Option<Self> {
        let cells = pass.table.narrow_cells()?;
        let width = pass.table.scenarios().len().max(1);
        let blocks = pass.columns.len().div_ceil(2 * P).max(1);
        let len = pass.table.rows().len() * blocks * P;
        let mut pairs = vec![0; len + PAIRS_A_LINE];
        let before = pairs.as_ptr().align_offset(LINE).min(PAIRS_A_LINE);
        pairs.truncate(before + len);
        for (row, pairs) in cells.chunks_exact(width).zip(pairs[before..].chunks_exact_mut(blocks * P)) {
            for (cells, pair) in row[pass.columns.clone()].chunks(2).zip(pairs) {
                let second = cells.get(1).copied().unwrap_or(0);
                *pair = i64::from(second) << 32 | i64::from(cells[0].cast_unsigned());
            }
        }
        Some(Self { pairs, before, blocks })
    }

    /// Rows × blocks.
    pub(crate) fn blocks_of_rows(&self) -> &[[i64; P]] {
        self.pairs[self.before..].as_chunks().0
    }
}
