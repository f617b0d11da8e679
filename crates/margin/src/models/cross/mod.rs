#![doc = include_str!("README.md")]

use plimsoll_pricing::market::Market;

use super::brackets::Brackets;
use super::by_position::ByPosition;
use super::{About, Held, Judge, Model};
use crate::MarginError;
use crate::parameters::Field;

/// Positions margined one by one, collateral shared.
#[derive(Clone, Debug, Default)]
pub struct Cross {
    /// Its rates.
    pub brackets: Brackets,
}

impl Model for Cross {
    fn about(&self) -> &'static About {
        &About { name: "cross", page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &[] }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.brackets.fields()
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.brackets.clone() }))
    }
}
