//! What contracts are: one folder a kind, with its terms, value, Greeks, settlement and names.
//!
//! Floors above ask an [`Instrument`] general questions and never match on its kind: what is it
//! worth ([`Instrument::price`]), what would one contract be worth under shocks ([`worths()`]), what
//! does a position add to equity ([`Instrument::carry`]), what are its Greeks, when and at what
//! does it settle. When a match on the kind appears up there, a question is missing here.
//!
//! Questions about money ([`carry`](Instrument::carry), [`fill`](Instrument::fill),
//! [`settle`](Instrument::settle), [`notional`](Instrument::notional)) are exact, and where a digit must
//! be dropped it is dropped against the account; questions about value and Greeks are floats.
//!
//! A kind is a folder and an arm in each of the questions below.

mod encoding;
mod exact;
mod future;
mod futures;
mod greeks;
mod listing;
mod names;
mod option;
mod perpetual;
mod perpetual_option;
mod priced;
mod questions;
mod settlement;
mod spot;
mod terms;
mod worths;

pub use crate::error::PricingError;
pub use future::Future;
pub use greeks::{Greeks, SettlementGreeks};
pub use listing::{Listing, ListingError};
pub use names::{InstrumentNameError, NameConvention, fuzz_names};
pub use option::{EuropeanOption, PremiumStyle};
pub use perpetual::Perpetual;
pub use perpetual_option::PerpetualOption;
pub use priced::{MarkSource, Priced};
pub use settlement::{Carry, SettleError};
pub use spot::Spot;
pub use terms::{Style, Terms};
pub use worths::{Shocks, worths};

/// Any contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// See [`Spot`].
    Spot(Spot),
    /// See [`Perpetual`].
    Perpetual(Perpetual),
    /// See [`Future`].
    Future(Future),
    /// See [`EuropeanOption`].
    Option(EuropeanOption),
    /// See [`PerpetualOption`].
    PerpetualOption(PerpetualOption),
}
