//! What a model scans for one account, as data: for whoever looks for trades that lower it. In floats, since only proposals
//! are made with it.

use std::ops::Range;

use crate::array::Table;

/// Market risk as the worst of sums over columns.
#[derive(Clone, Debug)]
pub struct Scans<'a> {
    /// What is scanned together.
    pub stakes: Vec<ScanStake<'a>>,
    /// Joint moves; none where there is one stake.
    pub joint: Vec<JointMove>,
    /// Of the stakes' own worsts, added, this share is always required.
    pub floor: f64,
    /// What of the risk counts at the maintenance level; at the initial level all does.
    pub maintenance_share: f64,
}

/// One move of all stakes.
#[derive(Clone, Debug)]
pub struct JointMove {
    /// What is lost in it now, in the market's currency.
    pub loss: f64,
    /// The table's column that each stake is in; none where it stands still.
    pub columns: Vec<Option<usize>>,
}

/// The scan of one underlying.
#[derive(Clone, Debug)]
pub struct ScanStake<'a> {
    /// The cells.
    pub table: &'a Table,
    /// What a cell of one stands for, in the market's currency.
    pub unit: f64,
    /// The columns that are scanned.
    pub columns: Range<usize>,
    /// What is lost in each now, in the market's currency.
    pub losses: Vec<f64>,
    /// By row: what is charged less, beside the scan, once a lot more is bought and once one is sold.
    pub relief: Vec<[f64; 2]>,
}

impl ScanStake<'_> {
    /// What one lot of a row gains in a column.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a proposal need not be exact")]
    pub fn gain(&self, row: usize, column: usize) -> f64 {
        self.table.cell(row, self.columns.start + column) as f64 * self.unit
    }

    /// The largest loss.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.losses.iter().copied().fold(0.0, f64::max)
    }
}
