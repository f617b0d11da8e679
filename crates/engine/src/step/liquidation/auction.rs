//! The backstop: positions that no wave could close are offered to whoever carries them, at their marks and a bonus that
//! rises with time.
//!
//! Of a solvent account the bonus is a rising share of what it is worth, and no more is taken than brings it back over its
//! line; of an insolvent one it rises from nothing to what its positions ask for in maintenance, and is the insurance fund's
//! to pay. The curves are Derive's Dutch auction's (`plimsoll_margin::closed_forms::auction`), where the bidder takes a share
//! of everything; here balances stay, so that nobody has to want them.

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Asset, Decimal, Price, Quantity, Rounding, Side, Underlying, planted};
use plimsoll_margin::closed_forms::auction::Standing;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::{self, Level};
use plimsoll_pricing::instruments::Instrument;

use super::super::Decision;
use super::super::orders::{check_mode, own_limits};
use super::super::trades::{After, position_after};
use super::matching::{PLACES, price_for};
use crate::account::{Account, ContractId, Kind, OpenOrder};
use crate::event::Event;
use crate::liquidation::{Auction, AuctionTerms};
use crate::refusal::Refusal;

/// Positions that change hands.
struct Taken {
    from: AccountId,
    contract: ContractId,
    /// What the account trades: sold is negative.
    quantity: Decimal,
    price: Price,
}

impl Taken {
    /// What the bidder trades.
    fn order(&self) -> OpenOrder {
        let Self { contract, quantity, price, .. } = *self;
        let side = if quantity.signum() < 0 { Side::Buy } else { Side::Sell };
        OpenOrder { contract, side, quantity: Quantity(quantity.abs()), price, reduce_only: false }
    }
}

/// A share of what is on offer, and what is had for it.
#[derive(Clone, Copy)]
struct Offer {
    share: Decimal,
    bonus: Decimal,
}

impl Decision<'_> {
    /// A unit's positions on offer.
    pub(super) fn auction_of(&self, unit: &[AccountId]) -> Option<Auction> {
        self.members(unit).find_map(|(_, account)| account.liquidation.as_ref()?.auction)
    }

    /// Whether a unit's positions are on offer, from before or from now; not where the venue holds no auctions, where an auction
    /// is over, and where the insurance fund has nothing for who takes what is insolvent.
    pub(super) fn offered(&mut self, unit: &[AccountId]) -> bool {
        let known = self.auction_of(unit);
        let Some(terms) = self.state.liquidation.auction else { return false };
        let is_insolvent = self.is_bankrupt(unit);
        let may = self.members(unit).any(|(_, account)| !account.holdings.is_empty())
            && (!is_insolvent || self.fund_spares(unit).is_ok_and(|spare| spare.signum() > 0));
        let goes_on = known.is_none_or(|known| !known.is_over(&terms, self.at) || known.is_insolvent != is_insolvent);
        // Phases that follow each other take no longer than all of them once.
        let begins = Auction { begun: known.map_or(self.at, |known| known.begun), since: self.at, is_insolvent };
        if !may || !goes_on || begins.is_over(&terms, self.at) {
            if known.is_some() {
                unit.iter().for_each(|account| self.emit(Event::AuctionUnsold { account: *account }));
            }
            return false;
        }
        if known.is_none_or(|known| known.is_insolvent != is_insolvent) {
            unit.iter().for_each(|account| self.emit(Event::AuctionBegun { account: *account, is_insolvent }));
        }
        true
    }

    pub(super) fn is_bankrupt(&self, unit: &[AccountId]) -> bool {
        self.members(unit).any(|(_, account)| account.standing.state == level::State::Bankrupt)
    }

    /// Takes over `share` of what is on offer of an account's unit.
    pub(in crate::step) fn bid(
        &mut self,
        id: AccountId,
        bidder: AccountId,
        share: Decimal,
        bonus_min: Decimal,
    ) -> Result<(), Refusal> {
        let what = self.account(id)?.terms.name.clone();
        let taker = self.account(bidder)?;
        let refused = |why| Err(Refusal::NotAllowed { what: what.clone(), why });
        let unit = self.state.margined_with(id);
        if taker.frozen {
            return Err(Refusal::Frozen(bidder));
        }
        if unit.contains(&bidder) || taker.standing.state != level::State::Healthy {
            return refused("a bidder is healthy, and not margined with what is on offer");
        }
        if self.members(&unit).any(|(_, account)| account.terms.owner == taker.terms.owner) {
            return refused("nobody bids for what they fail on themselves");
        }
        if share.signum() <= 0 || share > Decimal::ONE {
            return Err(Refusal::OutOfBounds { what: "share", value: share, expected: "above 0, at most 1" });
        }
        let (Some(auction), Some(terms)) = (self.auction_of(&unit), self.state.liquidation.auction) else {
            return refused("its positions are not on offer");
        };
        if auction.is_over(&terms, self.at) || auction.is_insolvent != self.is_bankrupt(&unit) {
            return refused("its auction is over, or about to go on otherwise");
        }
        let held: Vec<ContractId> =
            self.members(&unit).flat_map(|(_, account)| account.holdings.keys().copied()).collect();
        if self.liquidation_pauses(&unit) || held.iter().any(|contract| self.closing_pauses(*contract)) {
            return refused("a breaker pauses liquidations");
        }
        if !held.iter().all(|contract| self.may_close(*contract)) {
            return refused("what is on offer has a price that is not trusted");
        }
        held.iter().try_for_each(|contract| self.may_take_over(bidder, *contract))?;
        let offer = self.offer(&unit, auction, &terms, share)?;
        if offer.bonus < bonus_min {
            let (value, expected) = (bonus_min, "at most what is had now");
            return Err(Refusal::OutOfBounds { what: "bonus_min", value, expected });
        }
        let taken = self.taken(&unit, offer)?;
        self.carries(bidder, &taken)?;
        self.hand_over(&unit, bidder, offer, &taken)
    }

    /// What a share of everything on offer fetches its bidder now.
    fn offer(
        &mut self,
        unit: &[AccountId],
        auction: Auction,
        terms: &AuctionTerms,
        wanted: Decimal,
    ) -> Result<Offer, Refusal> {
        let made = self.book.current(self.state)?;
        let accounts: Vec<&Account> = unit.iter().filter_map(|id| self.state.account(*id)).collect();
        let margin = made.margin(self.state, &accounts, &[], Detail::Amounts)?;
        let value = margin.equity.net_value.amount;
        // A bonus pays for carrying what is held; what is sold brings the rest over where a liquidation ends.
        let line = if auction.is_insolvent { Level::Maintenance } else { Level::LiquidationEnd };
        let at_line = margin.levels.at(line);
        // Haircuts and a credit line do not shrink with what is held: the share is sized on margin equity.
        let standing = Standing {
            mark_to_market: if auction.is_insolvent { value } else { at_line.equity },
            maintenance_margin: at_line.excess,
            reserved_cash: Decimal::ZERO,
        };
        let elapsed = auction.elapsed(self.at);
        if auction.is_insolvent {
            // Balances stay: what they are short of is not the bidder's.
            let whole = terms.insolvent_payout(&standing, elapsed, Decimal::ONE)?.plus(value.min(Decimal::ZERO))?;
            let whole = whole.or_zero().min(self.fund_spares(unit)?);
            return Ok(Offer { share: wanted, bonus: whole.times(wanted, Rounding::Down)? });
        }
        let fraction = terms.price_fraction(elapsed)?;
        let share = wanted.min(terms.share_max(&standing, fraction)?);
        // A cent stays, so that rounding leaves no debt.
        let has = value.min(at_line.equity).minus(Decimal::new(1, 2))?.or_zero();
        let discount = has.times(Decimal::ONE.minus(fraction)?, Rounding::Down)?;
        let paid_for = if planted!(BonusWhole) { Decimal::ONE } else { share };
        Ok(Offer { share, bonus: discount.times(paid_for, Rounding::Down)? })
    }

    /// What the insurance fund may lose on a unit beyond what this one and all others on offer are short of, in the currency:
    /// what bidders for those were given, they are short of.
    fn fund_spares(&mut self, unit: &[AccountId]) -> Result<Decimal, Refusal> {
        let mut promised = Decimal::ZERO;
        for id in self.state.under.clone() {
            let other = self.state.margined_with(id);
            if other[0] == id && id != unit[0] && self.auction_of(&other).is_some_and(|auction| auction.is_insolvent) {
                promised = promised.plus(self.closed(&other)?.deficit()?)?;
            }
        }
        let closed = self.closed(unit)?;
        let pays = |asset: &Asset| closed.is_short_of(*asset) || self.settles_in(unit, *asset);
        let spare = self.spare_of_fund(&closed, pays, &self.markets_of(unit))?;
        Ok(spare.minus(promised)?.or_zero())
    }

    /// Whether a unit holds contracts that settle in `asset`.
    fn settles_in(&self, unit: &[AccountId], asset: Asset) -> bool {
        let mut held = self.members(unit).flat_map(|(_, account)| account.holdings.keys());
        held.any(|contract| self.terms_of(*contract).settlement == asset)
    }

    /// The underlyings that a unit holds contracts on, or held since its liquidation began.
    pub(super) fn markets_of(&self, unit: &[AccountId]) -> BTreeSet<Underlying> {
        let held = self.members(unit).flat_map(|(_, account)| account.holdings.keys());
        let held = held.map(|contract| self.terms_of(*contract).underlying);
        let begun = self.members(unit).filter_map(|(_, account)| account.liquidation.as_ref());
        held.chain(begun.flat_map(|begun| begun.markets.iter().copied())).collect()
    }

    /// The share of every position in whole lots, each at a price that gives its part of the bonus, by the maintenance margin
    /// that it asks for alone.
    fn taken(&mut self, unit: &[AccountId], offer: Offer) -> Result<Vec<Taken>, Refusal> {
        let shares = self.maintenance_shares(unit)?;
        let all = shares.values().copied().try_fold(Decimal::ZERO, Decimal::plus)?;
        let mut taken = Vec::with_capacity(shares.len());
        for ((from, contract), share) in shares {
            let instrument = self.state.contracts[contract.index()].instrument.clone();
            let held = self.account(from)?.holding(contract).quantity.0;
            let lot = instrument.terms().lot_size.0;
            let wanted = held.abs().times(offer.share, Rounding::Up)?;
            let lots = wanted.over(lot, Rounding::Up)?.rounded(0, Rounding::Up)?;
            let size = lots.times(lot, Rounding::Up)?.min(held.abs());
            let bonus =
                if all.is_zero() { Decimal::ZERO } else { offer.bonus.times_ratio(share, all, Rounding::Down)? };
            let coin = self.state.price(instrument.terms().settlement).unwrap_or(Decimal::ONE);
            let (gets, gives) = if held.signum() > 0 { (size, size.negated()) } else { (size.negated(), size) };
            let mark = self.mark(contract)?;
            let price = price_at_most(&instrument, gets, bonus.over(coin, Rounding::Down)?, mark)?;
            taken.push(Taken { from, contract, quantity: gives, price });
        }
        Ok(taken)
    }

    /// Whether the bidder's mode and own limits allow what it takes over, and its initial margin covers it.
    fn carries(&mut self, bidder: AccountId, taken: &[Taken]) -> Result<(), Refusal> {
        let mut after = self.account(bidder)?.clone();
        if after.terms.kind == Kind::Outside {
            return Ok(());
        }
        for each in taken {
            let Taken { contract, quantity, price, .. } = each;
            check_mode(bidder, &after, *contract, self.state)?;
            own_limits(self.book.current(self.state)?, self.state, bidder, &after, &each.order())?;
            let instrument = &self.state.contracts[contract.index()].instrument;
            let After { after: holding, cash, .. } =
                position_after(instrument, after.holding(*contract), quantity.negated(), *price)?;
            after.holdings.insert(*contract, holding);
            for (asset, value) in cash {
                let funds = after.funds.entry(asset).or_default();
                funds.cash = funds.cash.plus(value)?;
            }
        }
        after.holdings.retain(|_, holding| *holding != crate::account::Holding::default());
        self.covers_initial(bidder, &after, false)
    }

    fn hand_over(
        &mut self,
        unit: &[AccountId],
        bidder: AccountId,
        offer: Offer,
        taken: &[Taken],
    ) -> Result<(), Refusal> {
        let (markets, was_insolvent) = (self.markets_of(unit), self.is_bankrupt(unit));
        let (account, Offer { share, bonus }) = (unit[0], offer);
        // What cannot change hands whole, as it was judged, does not at all.
        for Taken { from, contract, quantity, price } in taken {
            self.forced(*from, bidder, *contract, *quantity, *price)?;
        }
        let orders: Vec<OpenOrder> = taken.iter().map(Taken::order).collect();
        let lent = self.lent_to(bidder, &orders)?;
        lent.into_iter().for_each(|event| self.emit(event));
        self.emit(Event::AuctionBid { account, bidder, share, bonus });
        for Taken { from, contract, quantity, price } in taken {
            // Each fits alone; what a sum of them does not hold stays where it is.
            if let Ok(trade) = self.forced(*from, bidder, *contract, *quantity, *price) {
                self.emit(trade);
            }
        }
        // Where positions are left there is nothing to cover yet.
        let _ = self.cover(unit, was_insolvent, &markets);
        self.levels(unit.iter().copied().chain([bidder]));
        Ok(())
    }
}

/// The price furthest from the mark at which trading `quantity` gains no more than `bonus` against it, so that what is taken
/// over costs nobody more than was said.
fn price_at_most(instrument: &Instrument, quantity: Decimal, bonus: Decimal, mark: Price) -> Result<Price, Refusal> {
    let enough = price_for(instrument, quantity, bonus, mark)?;
    if enough == mark {
        return Ok(mark);
    }
    let tick = Decimal::new(1, PLACES);
    let value = if quantity.signum() > 0 {
        enough.value.plus(tick)?.min(mark.value)
    } else {
        enough.value.minus(tick)?.max(mark.value)
    };
    Ok(Price::new(value, mark.quote))
}
