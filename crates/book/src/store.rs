//! What all accounts hold, underlying by underlying.

use plimsoll_core::{AccountId, Asset, Underlying};
use plimsoll_margin::array::{ByContract, RowKey, Table};
use thiserror::Error;

use crate::shelf::{Shelf, Step};

/// Where something held stands: on which shelf, in which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The shelf's number.
    pub shelf: u16,
    /// The row in the underlying's table.
    pub row: u16,
}

/// Why a book cannot hold something.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BookError {
    /// More rows in one table than a book tells apart.
    #[error("{underlying}: a table of {rows} rows: expected at most 65535")]
    TooManyRows {
        /// The table's.
        underlying: Underlying,
        /// How many.
        rows: usize,
    },
    /// Lots past 64 bits.
    #[error("account {}: {lots} lots more on {underlying}: expected a position of fewer than 2^63 lots", .account.0)]
    TooManyLots {
        /// Whose.
        account: AccountId,
        /// What they are written on.
        underlying: Underlying,
        /// How many were added.
        lots: i64,
    },
    /// Two tables of one underlying.
    #[error("{0}: two tables: expected one of an underlying")]
    Duplicate(Underlying),
    /// More accounts, underlyings or positions than 32-bit places count.
    #[error("the book is full: expected fewer than 2^32 accounts and places, and at most 65536 underlyings")]
    Full,
    /// No shelf or row has that number.
    #[error("shelf {}, row {}: expected a place that this book gave", .0.shelf, .0.row)]
    UnknownPlace(Place),
}

/// Fills between two steps of looking ahead.
const AHEAD: usize = 4;

/// Positions of many accounts, and balances where they are rows of a table.
#[derive(Clone, Debug, Default)]
pub struct Book {
    shelves: Vec<Shelf>,
    contracts: ByContract<Place>,
    assets: Vec<(Asset, Place)>,
}

impl Book {
    /// An empty book for what `tables` have rows of. Tables that are rebuilt for the same contracts have the same rows.
    ///
    /// # Errors
    /// [`BookError::TooManyRows`], [`BookError::Duplicate`], [`BookError::Full`].
    pub fn new<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Result<Self, BookError> {
        let (mut shelves, mut contracts, mut assets) = (Vec::<Shelf>::new(), Vec::new(), Vec::new());
        for table in tables {
            if shelves.iter().any(|known| known.underlying() == table.underlying()) {
                return Err(BookError::Duplicate(table.underlying()));
            }
            let shelf = u16::try_from(shelves.len()).map_err(|_| BookError::Full)?;
            let new = Shelf::new(table)?;
            for (row, of) in table.rows().iter().enumerate() {
                let Ok(row) = u16::try_from(row) else { continue };
                match of.key {
                    RowKey::Instrument(id) => contracts.push((id, Place { shelf, row })),
                    RowKey::Asset(asset) => assets.push((asset, Place { shelf, row })),
                }
            }
            shelves.push(new);
        }
        Ok(Self { shelves, contracts: contracts.into_iter().collect(), assets })
    }

    /// Where a contract or a balance is held.
    #[must_use]
    pub fn place(&self, key: RowKey) -> Option<Place> {
        match key {
            RowKey::Instrument(id) => self.contracts.get(id).copied(),
            RowKey::Asset(asset) => self.assets.iter().find(|(known, _)| *known == asset).map(|(_, place)| *place),
        }
    }

    /// The shelves, in the order of the tables.
    #[must_use]
    pub fn shelves(&self) -> &[Shelf] {
        &self.shelves
    }

    /// The shelf of `underlying`.
    #[must_use]
    pub fn shelf(&self, underlying: Underlying) -> Option<&Shelf> {
        self.shelves.iter().find(|shelf| shelf.underlying() == underlying)
    }

    /// Adds `lots`, negative where sold, to what `account` holds at `place`.
    ///
    /// # Errors
    /// [`BookError::UnknownPlace`], [`BookError::TooManyLots`], [`BookError::Full`]; nothing is changed then.
    pub fn fill(&mut self, account: AccountId, place: Place, lots: i64) -> Result<(), BookError> {
        let shelf = self.shelves.get_mut(usize::from(place.shelf));
        let shelf = shelf.filter(|shelf| usize::from(place.row) < shelf.keys().len());
        shelf.ok_or(BookError::UnknownPlace(place))?.fill(account, place.row, lots)
    }

    /// Makes `fills` one after the other. What they read is asked for some fills ahead, so that none waits for memory alone.
    ///
    /// # Errors
    /// The first fill that [`Self::fill`] refuses, with its place among `fills`; those before it are made.
    pub fn fill_all(&mut self, fills: &[(AccountId, Place, i64)]) -> Result<(), (usize, BookError)> {
        let steps = [(3 * AHEAD, Step::Slot), (2 * AHEAD, Step::Run), (AHEAD, Step::Held)];
        for (ahead, step) in steps {
            (0..ahead).for_each(|at| self.ask_for(fills.get(at), step));
        }
        for (at, (account, place, lots)) in fills.iter().enumerate() {
            steps.iter().for_each(|(ahead, step)| self.ask_for(fills.get(at + ahead), *step));
            self.fill(*account, *place, *lots).map_err(|error| (at, error))?;
        }
        Ok(())
    }

    fn ask_for(&self, fill: Option<&(AccountId, Place, i64)>, step: Step) {
        let Some((account, place, _)) = fill else { return };
        if let Some(shelf) = self.shelves.get(usize::from(place.shelf)) {
            shelf.ask_for(*account, step);
        }
    }

    /// The lots that `account` holds at `place`.
    #[must_use]
    pub fn lots(&self, account: AccountId, place: Place) -> i64 {
        let Some(shelf) = self.shelves.get(usize::from(place.shelf)) else { return 0 };
        let held = shelf.slot(account).map(|slot| shelf.holdings(slot)).unwrap_or_default();
        held.iter().find(|held| held.row == usize::from(place.row)).map_or(0, |held| held.lots)
    }

    /// Gives back what closed and moved positions left behind.
    pub fn compact(&mut self) {
        self.shelves.iter_mut().for_each(Shelf::compact);
    }

    /// Memory that positions take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shelves.iter().map(Shelf::bytes).sum()
    }
}
