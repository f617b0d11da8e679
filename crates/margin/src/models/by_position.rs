//! What models share that margin positions one by one: every position asks for its own, one pool of
//! collateral stands behind the sum.
//!
//! A model says what a position asks for; open orders count at the worst of no fill, all buys and all sells
//! of an instrument, with the loss of a fill against the mark and its fee, and with what the account would be asked for
//! besides once its spot orders had exchanged balances: haircuts of what they buy, margins of what is then owed.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{
    Decimal, InstrumentId, Node, NumberError, Order, Position, Price, Quantity, Requirement, Rounding, Side,
};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::Judge;
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::models::fills::{Premiums, cost_with, exchanged, fill_fee};
use crate::orders::fillable;
use crate::{Account, MarginError};

/// Which of a model's two figures is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// To open or add risk.
    Initial,
    /// To keep it.
    Maintenance,
}

impl Figure {
    /// One of two.
    pub(super) fn of<T>(self, initial: T, maintenance: T) -> T {
        if self == Self::Initial { initial } else { maintenance }
    }
}

/// What a model says of positions.
pub(super) trait Rules: Send + Sync {
    /// The margin of `quantity` contracts, in the market's currency, at least zero for what is short.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or has no rule.
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError>;

    /// The same of what was entered at `price` on average, where that is known: for rules that ask more of what was
    /// sold above the mark.
    ///
    /// # Errors
    /// As [`Self::position`].
    fn entered(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        _price: Option<Decimal>,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        self.position(market, instrument, quantity, figure)
    }

    /// The fee of a fill of `order`, in the market's currency.
    ///
    /// # Errors
    /// [`MarginError`] when it cannot be priced.
    fn fee(&self, account: &Account, market: &Market, order: &Order) -> Result<Decimal, MarginError> {
        fill_fee(account, market, order)
    }

    /// What is asked for besides, of the whole account.
    ///
    /// # Errors
    /// [`MarginError`].
    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        _assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        Ok(Vec::new())
    }

    /// Whether orders that add to a long of what is paid for reserve their premium, where that is below the mark,
    /// and not the mark.
    fn reserves_premium(&self) -> bool {
        false
    }

    /// How balances are valued.
    fn collateral(&self) -> &CollateralRules;
}

/// Rules in one market.
pub(super) struct ByPosition<R> {
    pub(super) market: Market,
    pub(super) rules: R,
}

impl<R: Rules> Judge for ByPosition<R> {
    fn judged(&self, account: &Account, assets: &[NetAsset], _: Detail) -> Result<Requirement, MarginError> {
        let portfolio = &account.portfolio;
        let mut ids: Vec<InstrumentId> = portfolio.positions.iter().map(|position| position.instrument).collect();
        ids.extend(portfolio.orders.iter().map(|order| order.instrument));
        ids.sort_unstable();
        ids.dedup();
        let orders = fillable(account)?;
        let (mut initial, mut maintenance) = (Vec::new(), Vec::new());
        for id in ids {
            initial.push(self.instrument(account, &orders, id, Figure::Initial)?);
            maintenance.push(self.instrument(account, &[], id, Figure::Maintenance)?);
        }
        initial.extend(self.rules.account(account, &self.market, assets, Figure::Initial)?);
        let besides =
            |account: &Account, assets: &[NetAsset]| self.rules.account(account, &self.market, assets, Figure::Initial);
        initial.extend(exchanged(
            account,
            &self.market,
            &orders,
            (self.rules.collateral(), Premiums::AskedFor),
            besides,
        )?);
        maintenance.extend(self.rules.account(account, &self.market, assets, Figure::Maintenance)?);
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", maintenance)?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        self.rules.collateral()
    }
}

impl<R: Rules> ByPosition<R> {
    /// One instrument: what is held, and for initial margin what its orders could make of it.
    fn instrument(
        &self,
        account: &Account,
        orders: &[Order],
        id: InstrumentId,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let portfolio = &account.portfolio;
        let positions: Vec<&Position> =
            portfolio.positions.iter().filter(|position| position.instrument == id).collect();
        let held = positions.iter().map(|position| position.quantity).try_fold(Quantity::ZERO, Quantity::plus)?;
        let orders: Vec<&Order> = orders.iter().filter(|order| order.instrument == id).collect();
        let margin = |quantity| match instrument.only_moves_balances() {
            true => Ok(Node::leaf("a balance", Decimal::ZERO, Origin::default())),
            false => {
                let price = self.entry_price(&positions, quantity)?;
                self.rules.entered(&self.market, instrument, quantity, price, figure)
            }
        };
        let name = instrument.terms().name.to_string();
        if orders.is_empty() {
            return Ok(margin(held)?.named(name));
        }
        let cases = [
            ("no order filled", Quantity::ZERO),
            ("all buys filled", open(&orders, Side::Buy)?),
            ("all sells filled", open(&orders, Side::Sell)?),
        ];
        let mut of = Vec::with_capacity(cases.len());
        for (label, filled) in cases {
            let position = margin(held.plus(filled)?)?;
            let below =
                if filled.0.signum() > 0 { self.below_mark(instrument, id, held, &orders)? } else { Decimal::ZERO };
            of.push(if below.is_zero() {
                position.named(label)
            } else {
                let below = Node::leaf("premiums below the mark", below.negated(), Origin::default());
                Node::sum(label, vec![position, below])?
            });
        }
        let costs = orders.iter().map(|order| {
            let fee = self.rules.fee(account, &self.market, order)?;
            cost_with(&self.market, order, fee)
        });
        let costs = Node::sum("fills", costs.collect::<Result<Vec<_>, _>>()?)?;
        Ok(Node::sum(name, vec![Node::worst_of("position", of), costs])?)
    }
}

impl<R: Rules> ByPosition<R> {
    /// By how much the premiums of buy orders are below what the bought is worth; nothing where they close a short.
    fn below_mark(
        &self,
        instrument: &Instrument,
        id: InstrumentId,
        held: Quantity,
        orders: &[&Order],
    ) -> Result<Decimal, MarginError> {
        let long = instrument.is_paid_when_bought() && held.0.signum() >= 0;
        if !(self.rules.reserves_premium() && long) {
            return Ok(Decimal::ZERO);
        }
        let mark = self.market.priced(id)?.mark;
        let mut below = Decimal::ZERO;
        for order in orders.iter().filter(|order| order.side == Side::Buy) {
            let gain = instrument.fill_pnl(order.quantity, order.price, mark).map_err(MarginError::of(instrument))?;
            let gain = gain.at(self.market.asset_price(gain.asset)?, Rounding::Down)?.value;
            below = below.plus(gain.or_zero())?;
        }
        Ok(below)
    }

    /// The average price at which `quantity` was or would be entered: that of the positions on its side, and the mark of
    /// what orders add; `None` where no position says its own.
    fn entry_price(&self, positions: &[&Position], quantity: Quantity) -> Result<Option<Decimal>, MarginError> {
        let same_side = |of: &Quantity| of.0.signum() == quantity.0.signum();
        if !positions.iter().any(|held| held.entry_price.is_some() && same_side(&held.quantity)) {
            return Ok(None);
        }
        let (mut paid, mut count) = (Decimal::ZERO, Decimal::ZERO);
        let mut add = |price: Decimal, size: Decimal| -> Result<(), NumberError> {
            paid = paid.plus(price.times(size, Rounding::Up)?)?;
            count = count.plus(size)?;
            Ok(())
        };
        let mut left = quantity.0.abs();
        for held in positions.iter().filter(|held| same_side(&held.quantity)) {
            let size = held.quantity.0.abs().min(left);
            let mark = self.market.priced(held.instrument)?.mark.value;
            add(held.entry_price.map_or(mark, |price| price.value), size)?;
            left = left.minus(size)?;
        }
        if let Some(held) = positions.first() {
            add(self.market.priced(held.instrument)?.mark.value, left)?;
        }
        Ok(if count.is_zero() { None } else { Some(paid.over(count, Rounding::Up)?) })
    }
}

/// What equity counts of a position's worth, in the market's currency: all of what is paid for when bought, nothing
/// of the rest.
///
/// # Errors
/// As [`worth`].
pub(super) fn counted_value(
    market: &Market,
    instrument: &Instrument,
    quantity: Quantity,
) -> Result<Decimal, MarginError> {
    if instrument.is_paid_when_bought() { worth(market, instrument, quantity) } else { Ok(Decimal::ZERO) }
}

/// `quantity` × mark, in the market's currency: what a long option can lose, paid for or not.
///
/// # Errors
/// [`MarginError`] when it cannot be priced.
pub(super) fn worth(market: &Market, instrument: &Instrument, quantity: Quantity) -> Result<Decimal, MarginError> {
    let mark = market.priced(id_of(market, instrument)?)?.mark;
    let worth = instrument.fill_pnl(quantity, Price::new(Decimal::ZERO, mark.quote), mark);
    let worth = worth.map_err(MarginError::of(instrument))?;
    Ok(worth.at(market.asset_price(worth.asset)?, Rounding::Up)?.value)
}

/// An instrument's number in the market's listing.
///
/// # Errors
/// [`MarginError::UnknownInstrument`] for one of another listing.
pub(super) fn id_of(market: &Market, instrument: &Instrument) -> Result<InstrumentId, MarginError> {
    market.listing().id(&instrument.terms().name).ok_or(MarginError::UnknownInstrument(u32::MAX))
}

/// Open quantity of one side among `orders`.
fn open(orders: &[&Order], side: Side) -> Result<Quantity, NumberError> {
    let wanted = orders.iter().filter(|order| order.side == side);
    wanted.into_iter().try_fold(Quantity::ZERO, |sum, order| sum.plus(order.signed_quantity()))
}
