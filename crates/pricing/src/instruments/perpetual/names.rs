//! A perpetual's names: `BTC-PERPETUAL`, `ETH_USDC-PERPETUAL`; `BTC/USD:BTC`, `BTC/USDT:USDT`.

use super::Perpetual;
use crate::instruments::names::{FUNDING_INTERVAL_S, Head, NameConvention};

impl Perpetual {
    pub(in crate::instruments) fn named(name: &str, head: &Head) -> Self {
        Self { terms: head.terms(name, false), style: head.style, funding_interval_s: FUNDING_INTERVAL_S }
    }

    pub(in crate::instruments) fn name_in(&self, convention: NameConvention) -> Option<String> {
        let head = convention.head(&self.terms, self.style)?;
        Some(match convention {
            NameConvention::Deribit => format!("{head}-PERPETUAL"),
            NameConvention::Ccxt => head,
        })
    }
}
