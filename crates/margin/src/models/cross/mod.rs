#![doc = include_str!("README.md")]

use plimsoll_pricing::market::Market;

use super::brackets::Brackets;
use super::by_position::ByPosition;
use super::{Held, Judge, Model};
use crate::MarginError;
use crate::parameters::Field;

/// Positions margined one by one, collateral shared.
#[derive(Clone, Debug, Default)]
pub struct Cross {
    /// Its rates.
    pub brackets: Brackets,
}

impl Model for Cross {
    fn name(&self) -> &'static str {
        "cross"
    }

    fn page(&self) -> &'static str {
        include_str!("README.md")
    }

    fn example(&self) -> &'static str {
        include_str!("example.yaml")
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.brackets.fields()
    }

    fn prepare<'m>(&self, market: &'m Market, _held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        Ok(Box::new(ByPosition { market, rules: self.brackets.clone() }))
    }
}
