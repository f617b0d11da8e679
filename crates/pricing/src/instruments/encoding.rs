//! Canonical bytes of contracts.

use plimsoll_core::{encode_fields, encode_variants};

use super::{EuropeanOption, Future, Instrument, Perpetual, PerpetualOption, PremiumStyle, Spot, Style, Terms};
use crate::formulas::Right;

encode_variants! { Right { 0 Call, 1 Put } }
encode_variants! { PremiumStyle { 0 Paid, 1 Futures } }
encode_variants! { Style { 0 Linear, 1 Inverse, 2 Quanto { rate } } }

encode_fields! {
    Terms { name, underlying, quote, settlement, contract_size, lot_size }
    Spot { terms }
    Perpetual { terms, style, funding_interval_s }
    Future { terms, style, expiry }
    EuropeanOption { terms, style, premium, right, strike, expiry }
    PerpetualOption { terms, style, right, strike, funding_period_s }
}

encode_variants! {
    Instrument { 0 Spot(spot), 1 Perpetual(perpetual), 2 Future(future), 3 Option(option), 4 PerpetualOption(option) }
}
