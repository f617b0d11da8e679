//! A perpetual option's names: `BTC_USDC-PERP-60000-C`; `BTC/USD:USDC-PERP-60000-C`.

use super::PerpetualOption;
use crate::instruments::names::{FUNDING_PERIOD_S, Head, NameConvention, Wrong, right};

impl PerpetualOption {
    pub(in crate::instruments) fn named<'a>(
        name: &'a str,
        head: &Head,
        strike: &'a str,
        right: &'a str,
    ) -> Result<Self, Wrong<'a>> {
        Ok(Self {
            terms: head.terms(name, true),
            style: head.style,
            strike: head.strike(strike)?,
            right: head.right(right)?,
            funding_period_s: FUNDING_PERIOD_S,
        })
    }

    pub(in crate::instruments) fn name_in(&self, convention: NameConvention) -> Option<String> {
        let head = convention.head(&self.terms, self.style)?;
        Some(format!("{head}-PERP-{}-{}", convention.strike(self.strike), right(self.right)))
    }
}
