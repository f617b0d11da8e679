//! Spot's names: `BTC_USDC` and `BTC/USDT`.

use super::Spot;
use crate::instruments::names::{Head, NameConvention, is_plain};

impl Spot {
    pub(in crate::instruments) fn named(name: &str, head: &Head) -> Self {
        Self { terms: head.terms(name, false) }
    }

    pub(in crate::instruments) fn name_in(&self, convention: NameConvention) -> Option<String> {
        let (underlying, quote) = (self.terms.underlying, self.terms.quote);
        (is_plain(quote) && is_plain(underlying.asset())).then(|| match convention {
            NameConvention::Deribit => format!("{underlying}_{quote}"),
            NameConvention::Ccxt => format!("{underlying}/{quote}"),
        })
    }
}
