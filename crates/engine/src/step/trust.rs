//! Whose price is trusted, where something is to be done on it.

use plimsoll_core::{AccountId, Asset, Underlying};

use super::Decision;
use super::orders::only_reduces;
use crate::account::{Account, Kind, OpenOrder};
use crate::market::{Feed, Quality};
use crate::refusal::Refusal;

impl Decision<'_> {
    /// Whether an asset's price is trusted: its own, else its index.
    pub(super) fn is_trusted(&self, asset: Asset) -> bool {
        asset == self.state.currency || self.quality(self.feed_of(asset)) == Some(Quality::Trusted)
    }

    /// The same, looked at again now, as a refusal.
    pub(super) fn asks_for_trust(&self, asset: Asset) -> Result<(), Refusal> {
        let feed = self.feed_of(asset);
        if self.is_trusted(asset) {
            return self.is_read(feed);
        }
        Err(Refusal::Untrusted { feed, quality: self.quality(feed).unwrap_or(Quality::Dead) })
    }

    fn feed_of(&self, asset: Asset) -> Feed {
        let own = Feed::Asset(asset);
        if self.quality(own).is_some() { own } else { Feed::Index(asset.underlying()) }
    }

    fn quality(&self, feed: Feed) -> Option<Quality> {
        Some(self.state.market.feeds.get(&feed)?.reading?.quality)
    }

    /// Whether an order may be placed on the index there is: one that opens asks for one that is trusted. What is opened on
    /// another could not be closed, since liquidations wait for it.
    pub(super) fn opens_on_trust(&self, id: AccountId, order: &OpenOrder) -> Result<(), Refusal> {
        let contract = self.state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
        let feed = Feed::Index(contract.instrument.terms().underlying);
        let Some(quality) = self.quality(feed).filter(|quality| *quality != Quality::Trusted) else { return Ok(()) };
        let account = self.account(id)?;
        if account.terms.kind == Kind::Outside || only_reduces(account, &contract.instrument, order)? {
            return Ok(());
        }
        Err(Refusal::Untrusted { feed, quality })
    }

    /// Whether what secures an account is worth what it was when time was last told: a price that has gone stale since is
    /// read again before anything leaves on it.
    pub(super) fn is_priced_now(&self, id: AccountId) -> Result<(), Refusal> {
        let unit = self.state.margined_with(id);
        self.are_priced_now(unit.iter().filter_map(|id| self.state.account(*id)))
    }

    /// The same of these accounts.
    pub(super) fn are_priced_now<'b>(&self, unit: impl IntoIterator<Item = &'b Account>) -> Result<(), Refusal> {
        unit.into_iter().try_for_each(|account| self.feeds_of(account).try_for_each(|feed| self.is_read(feed)))
    }

    fn feeds_of<'b>(&self, account: &'b Account) -> impl Iterator<Item = Feed> + use<'_, 'b> {
        let underlying =
            |contract| -> Option<Underlying> { Some(self.state.contract(contract)?.instrument.terms().underlying) };
        let held = account.holdings.keys().filter_map(move |contract| underlying(*contract)).map(Feed::Index);
        account.funds.keys().map(|asset| self.feed_of(*asset)).chain(held)
    }

    fn is_read(&self, feed: Feed) -> Result<(), Refusal> {
        let (Some(rule), Some(known)) = (self.state.trust(feed), self.state.market.feeds.get(&feed)) else {
            return Ok(());
        };
        let Some(before) = known.reading.filter(|reading| reading.quality == Quality::Trusted) else { return Ok(()) };
        match rule.read(&known.quotes, Some(&before), self.at)? {
            Some(now) if now.quality != Quality::Trusted => Err(Refusal::Untrusted { feed, quality: now.quality }),
            _ => Ok(()),
        }
    }
}
