//! The columns of a table that a pass looks at, as the kernels read them: padded with zeros to whole vectors.

use plimsoll_margin::pass::Pass;

/// Columns in one block: what fits the registers of AVX2 as sums of 64 bits.
pub(crate) const LANES: usize = 32;
/// Where there are fewer columns, blocks are of these.
pub(crate) const FEW: usize = 8;

/// Cells, row after row; each row in blocks of `L`.
pub(crate) struct Arrays<const L: usize> {
    cells: Vec<i32>,
    /// Blocks in a row.
    pub(crate) blocks: usize,
}

impl<const L: usize> Arrays<L> {
    /// The pass's columns; `None` where its table has cells of 64 bits.
    pub(crate) fn of(pass: &Pass<'_>) -> Option<Self> {
        let cells = pass.table.narrow_cells()?;
        let width = pass.table.scenarios().len().max(1);
        let blocks = pass.columns.len().div_ceil(L).max(1);
        let mut padded = vec![0; pass.table.rows().len() * blocks * L];
        for (row, padded) in cells.chunks_exact(width).zip(padded.chunks_exact_mut(blocks * L)) {
            padded[..pass.columns.len()].copy_from_slice(&row[pass.columns.clone()]);
        }
        Some(Self { cells: padded, blocks })
    }

    /// Rows × blocks.
    pub(crate) fn cells(&self) -> &[[i32; L]] {
        self.cells.as_chunks().0
    }
}
