//! What is charged beside the scenarios: sizes, collateral, doubt about prices.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Asset, Decimal, Label, Node, Rounding, Underlying};
use plimsoll_pricing::market::Market;

use super::NAME;
use super::parameters::Pmrm2Parameters;
use super::tables::UnderlyingTable;
use crate::MarginError;
use crate::equity::NetAsset;
use crate::parameters::ByName;
use crate::sizes::Sizes;

/// The stablecoin that the venue's cash wraps.
const STABLECOIN: &str = "USDC";

/// The account's balances as the venue counts them.
pub(super) struct Collateral {
    /// Cash and P&L settled in it, never priced.
    cash: Decimal,
    /// Price of the stablecoin behind the cash.
    stable: Decimal,
    held: Vec<Held>,
}

/// One collateral.
struct Held {
    asset: Asset,
    /// In cash: amount × price ÷ price of the stablecoin.
    value: Decimal,
    haircut: Decimal,
    haircut_extra: Decimal,
    cancelling: bool,
    confidence: Decimal,
}

impl Collateral {
    /// Values `assets`; what positions settle in, the currency and the stablecoin are cash.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for a debt that is no cash and for a collateral not taken.
    pub(super) fn of(
        assets: &[NetAsset],
        tables: Option<&UnderlyingTable>,
        market: &Market,
        parameters: &Pmrm2Parameters,
    ) -> Result<Self, MarginError> {
        let manager = manager(tables, market);
        let (stable, is_cash) = stable_price(tables, market);
        let mut all = Self { cash: Decimal::ZERO, stable, held: Vec::new() };
        for net in assets {
            let balance = net.balance()?;
            if is_cash(net.asset) {
                all.cash = all.cash.plus(balance)?;
            } else if !balance.is_zero() {
                all.held.push(all.collateral(net.asset, balance, manager, market, parameters)?);
            }
        }
        Ok(all)
    }

    fn collateral(
        &self,
        asset: Asset,
        amount: Decimal,
        manager: Option<Underlying>,
        market: &Market,
        parameters: &Pmrm2Parameters,
    ) -> Result<Held, MarginError> {
        let refused =
            |why: &str| MarginError::Unsupported { model: NAME, what: asset.as_str().into(), why: why.to_owned() };
        if amount.signum() < 0 {
            return Err(refused("expected no debt but in cash"));
        }
        let of = |by: &ByName<Decimal>| {
            let own = manager.and_then(|manager| by.named.get(&format!("{manager}:{asset}")));
            own.or_else(|| by.named.get(asset.as_str())).copied()
        };
        let Some(haircut) = of(&parameters.mm_haircut) else {
            return Err(refused("expected a collateral that mm_haircut names for the account's underlying"));
        };
        let price = market.asset_price(asset)?.value;
        let quote = market.snapshot().assets.get(&asset);
        Ok(Held {
            asset,
            value: amount.times_ratio(price, self.stable, Rounding::Down)?,
            haircut,
            haircut_extra: of(&parameters.im_haircut_extra).unwrap_or(parameters.im_haircut_extra.default),
            cancelling: of(&parameters.risk_cancelling).unwrap_or(parameters.risk_cancelling.default) == Decimal::ONE,
            confidence: quote.and_then(|quote| quote.confidence).unwrap_or(Decimal::ONE),
        })
    }

    /// Cash and collateral in cash.
    pub(super) fn value(&self) -> Result<Decimal, MarginError> {
        Ok(self.held.iter().try_fold(self.cash, |sum, held| sum.plus(held.value))?)
    }

    /// The part that moves with the index.
    pub(super) fn risk_cancelling(&self) -> Result<Decimal, MarginError> {
        let moving = self.held.iter().filter(|held| held.cancelling);
        Ok(moving.map(|held| held.value).try_fold(Decimal::ZERO, Decimal::plus)?)
    }
}

/// The charges of one account.
pub(super) struct Charges {
    /// At both levels.
    pub(super) maintenance: Vec<Node>,
    /// At the initial level besides.
    pub(super) initial_extra: Vec<Node>,
    stable: Decimal,
}

impl Charges {
    /// Charges sizes, collateral and doubt.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn of(
        sizes: &Sizes,
        tables: Option<&UnderlyingTable>,
        collateral: &Collateral,
        market: &Market,
        parameters: &Pmrm2Parameters,
    ) -> Result<Self, MarginError> {
        let index = tables.map_or(Decimal::ZERO, |tables| tables.index);
        let perpetuals = sizes.delta_one.times(index, Rounding::Up)?;
        let naked = sizes.naked_short()?.times(index, Rounding::Up)?;
        let size = |label: &'static str, rate, of| Node::scale(label, rate, leaf("size", of));
        let haircuts = |label: &'static str, rate: &dyn Fn(&Held) -> Decimal| {
            let each =
                collateral.held.iter().map(|held| Node::scale(held.asset, rate(held), leaf("value", held.value)));
            Node::sum(label, each.collect::<Result<Vec<_>, _>>()?)
        };
        let maintenance = vec![
            size("perpetuals", parameters.mm_perp_percent, perpetuals)?,
            size("naked short options", parameters.mm_option_percent, naked)?,
            haircuts("haircuts", &|held| held.haircut)?,
        ];
        let initial_extra = vec![
            size("perpetuals, initial", parameters.im_perp_percent, perpetuals)?,
            size("naked short options, initial", parameters.im_option_percent, naked)?,
            haircuts("haircuts, initial", &|held| held.haircut_extra)?,
            doubt(sizes, tables, collateral, market, parameters)?,
        ];
        Ok(Self { maintenance, initial_extra, stable: collateral.stable })
    }

    /// The initial loss factor, which rises as the stablecoin falls below its threshold.
    pub(super) fn initial_factor(&self, parameters: &Pmrm2Parameters) -> Result<Decimal, MarginError> {
        let fallen = parameters.peg_loss_threshold.minus(self.stable)?.or_zero();
        Ok(parameters.im_factor.plus(fallen.times(parameters.peg_loss_factor, Rounding::Up)?)?)
    }
}

/// What sizes cost where the sources of a price disagree: a confidence strictly below the threshold.
fn doubt(
    sizes: &Sizes,
    tables: Option<&UnderlyingTable>,
    collateral: &Collateral,
    market: &Market,
    parameters: &Pmrm2Parameters,
) -> Result<Node, MarginError> {
    let mut of = Vec::new();
    let mut charge = |label: &dyn Fn() -> Label, confidence: Decimal, size: Decimal| {
        if confidence < parameters.conf_threshold {
            let lacking = Decimal::ONE.minus(confidence)?;
            let doubted = Node::scale("lacking confidence", lacking, leaf("size", size))?;
            of.push(Node::scale(label(), parameters.conf_margin, doubted)?);
        }
        Ok::<_, MarginError>(())
    };
    let manager = manager(tables, market).and_then(|manager| market.snapshot().underlyings.get(&manager));
    let index_confidence = manager.and_then(|quote| quote.confidence).unwrap_or(Decimal::ONE);
    if let Some(tables) = tables {
        let held = if sizes.delta_one.is_zero() { Decimal::ONE } else { tables.perpetual_confidence };
        let least = index_confidence.min(held);
        charge(&|| "perpetuals".into(), least, sizes.delta_one.times(tables.index, Rounding::Up)?)?;
        for (expiry, options) in &sizes.options {
            let own = tables.expiries.get(expiry).map_or(Decimal::ONE, |rules| rules.confidence);
            charge(&|| expiry.to_string().into(), least.min(own), options.gross.times(tables.index, Rounding::Up)?)?;
        }
    }
    for held in &collateral.held {
        charge(&|| held.asset.into(), index_confidence.min(held.confidence), held.value)?;
    }
    Ok(Node::sum("lacking confidence", of)?)
}

/// Price of the stablecoin behind the cash, one where it has none, and which assets are cash.
pub(in crate::models) fn stable_price(
    tables: Option<&UnderlyingTable>,
    market: &Market,
) -> (Decimal, impl Fn(Asset) -> bool) {
    let snapshot = market.snapshot();
    let (cash, currency) = (tables.map(|tables| tables.cash), snapshot.currency);
    let stable = snapshot.assets.iter().find(|(asset, _)| asset.as_str() == STABLECOIN);
    let price = stable.map_or(Decimal::ONE, |(_, quote)| quote.price);
    (price, move |asset: Asset| Some(asset) == cash || asset == currency || asset.as_str() == STABLECOIN)
}

/// The underlying that the account's manager is for: that of its positions, else the market's only one.
pub(in crate::models) fn manager(tables: Option<&UnderlyingTable>, market: &Market) -> Option<Underlying> {
    let mut known = market.snapshot().underlyings.keys().copied();
    tables.map(|tables| tables.table.underlying()).or_else(|| known.next().filter(|_| known.next().is_none()))
}

fn leaf(label: &'static str, amount: Decimal) -> Node {
    Node::leaf(label, amount, Origin::default())
}
