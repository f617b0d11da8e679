//! An option's names: `BTC-27JUN25-100000-C`, `XRP_USDC-27JUN25-0d5-C`; `BTC/USD:BTC-250627-100000-C`.

use super::{EuropeanOption, PremiumStyle};
use crate::instruments::names::{Head, NameConvention, Wrong, right};

impl EuropeanOption {
    /// A premium-paid option: what both venues list.
    pub(in crate::instruments) fn named<'a>(
        name: &'a str,
        head: &Head,
        date: &'a str,
        strike: &'a str,
        right: &'a str,
    ) -> Result<Self, Wrong<'a>> {
        Ok(Self {
            terms: head.terms(name, true),
            style: head.style,
            premium: PremiumStyle::Paid,
            expiry: head.expiry(date)?,
            strike: head.strike(strike)?,
            right: head.right(right)?,
        })
    }

    /// `None` for a futures-style option: it would read as a premium-paid one.
    pub(in crate::instruments) fn name_in(&self, convention: NameConvention) -> Option<String> {
        let head = convention.head(&self.terms, self.style)?;
        let (date, strike) = (convention.date(self.expiry)?, convention.strike(self.strike));
        (self.premium == PremiumStyle::Paid).then(|| format!("{head}-{date}-{strike}-{}", right(self.right)))
    }
}
