//! A dated future's names: `BTC-27DEC24`; `BTC/USD:BTC-241227`.

use super::Future;
use crate::instruments::names::{Head, NameConvention, Wrong};

impl Future {
    pub(in crate::instruments) fn named<'a>(name: &'a str, head: &Head, date: &'a str) -> Result<Self, Wrong<'a>> {
        Ok(Self { terms: head.terms(name, false), style: head.style, expiry: head.expiry(date)? })
    }

    pub(in crate::instruments) fn name_in(&self, convention: NameConvention) -> Option<String> {
        let head = convention.head(&self.terms, self.style)?;
        Some(format!("{head}-{}", convention.date(self.expiry)?))
    }
}
