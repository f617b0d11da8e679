//! Where a table's rows are: contracts by their number in the listing, without a search.

use super::{Row, RowKey};

/// Rows of contracts by number, from the lowest that has one; [`NONE`] between them.
#[derive(Clone, Debug)]
pub(super) struct Places {
    first: u32,
    rows: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Places {
    pub(super) fn of(rows: &[Row]) -> Self {
        let numbers = || {
            rows.iter().filter_map(|row| match row.key {
                RowKey::Instrument(id) => Some(id.0),
                RowKey::Asset(_) => None,
            })
        };
        let (first, last) = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
        let mut places = vec![NONE; (last - first) as usize + 1];
        for (at, row) in rows.iter().enumerate() {
            if let (RowKey::Instrument(id), Ok(at)) = (row.key, u32::try_from(at)) {
                places[(id.0 - first) as usize] = at;
            }
        }
        Self { first, rows: places }
    }

    /// The row of the contract with this number.
    pub(super) fn row(&self, number: u32) -> Option<usize> {
        let row = *self.rows.get(number.checked_sub(self.first)? as usize)?;
        (row != NONE).then_some(row as usize)
    }
}
