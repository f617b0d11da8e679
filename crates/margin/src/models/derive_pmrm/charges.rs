//! What is charged beside the scenarios: sizes, and doubt about prices.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Label, Node, Rounding};
use plimsoll_pricing::market::{Market, UnderlyingQuote};

use super::NAME;
use super::parameters::PmrmParameters;
use crate::MarginError;
use crate::equity::NetAsset;
use crate::models::derive_pmrm2::charges::{manager, stable_price};
use crate::models::derive_pmrm2::tables::UnderlyingTable;
use crate::sizes::Sizes;

/// The account's balances as the venue counts them: cash, and one base asset.
pub(super) struct Balances<'m> {
    /// Cash and P&L settled in it, never priced.
    pub(super) cash: Decimal,
    /// Units of the underlying's own asset.
    base: Decimal,
    /// Its value in cash: units × index ÷ price of the stablecoin.
    pub(super) base_value: Decimal,
    /// Price of the stablecoin behind the cash.
    stable: Decimal,
    /// What is published of the account's underlying.
    quote: Option<&'m UnderlyingQuote>,
}

impl<'m> Balances<'m> {
    /// Sorts `assets` into cash and the base asset.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for any other asset, and for a debt in the base asset.
    pub(super) fn of(
        assets: &[NetAsset],
        tables: Option<&UnderlyingTable>,
        market: &'m Market,
    ) -> Result<Self, MarginError> {
        let (stable, is_cash) = stable_price(tables, market);
        let manager = manager(tables, market);
        let quote = manager.and_then(|manager| market.snapshot().underlyings.get(&manager));
        let mut all = Self { cash: Decimal::ZERO, base: Decimal::ZERO, base_value: Decimal::ZERO, stable, quote };
        for net in assets {
            let balance = net.balance()?;
            if is_cash(net.asset) {
                all.cash = all.cash.plus(balance)?;
            } else if manager.is_some_and(|manager| manager.asset() == net.asset) && balance.signum() >= 0 {
                let index = quote.map_or(Decimal::ZERO, |quote| quote.index);
                all.base = balance;
                all.base_value = balance.times_ratio(index, stable, Rounding::Down)?;
            } else if !balance.is_zero() {
                let why = "expected cash, or a balance of the account's underlying that is no debt".to_owned();
                return Err(MarginError::Unsupported { model: NAME, what: net.asset.as_str().into(), why });
            }
        }
        Ok(all)
    }

    fn index(&self) -> Decimal {
        self.quote.map_or(Decimal::ZERO, |quote| quote.index)
    }
}

/// The factor on losses and sizes at the initial level, which rises as the stablecoin falls.
pub(super) fn initial_factor(balances: &Balances<'_>, parameters: &PmrmParameters) -> Result<Decimal, MarginError> {
    let fallen = parameters.peg_loss_threshold.minus(balances.stable)?.or_zero();
    Ok(parameters.im_factor.plus(fallen.times(parameters.peg_loss_factor, Rounding::Up)?)?)
}

/// Index × rate × size of what is held, whatever its direction.
pub(super) fn static_contingency(
    sizes: &Sizes,
    balances: &Balances<'_>,
    parameters: &PmrmParameters,
) -> Result<Node, MarginError> {
    let charge = |label: &'static str, rate, size: Decimal| {
        let size = Node::leaf("size", size.times(balances.index(), Rounding::Up)?, Origin::default());
        Node::scale(label, rate, size)
    };
    let of = vec![
        charge("perpetuals", parameters.perp_percent, sizes.delta_one)?,
        charge("base asset", parameters.base_percent, balances.base)?,
        charge("naked short options", parameters.option_percent, sizes.naked_short()?)?,
    ];
    Ok(Node::sum("static contingency", of)?)
}

/// What sizes cost where the sources of a price disagree: a confidence strictly below the threshold.
pub(super) fn confidence(
    sizes: &Sizes,
    tables: Option<&UnderlyingTable>,
    balances: &Balances<'_>,
    parameters: &PmrmParameters,
) -> Result<Node, MarginError> {
    let index = balances.quote.and_then(|quote| quote.confidence).unwrap_or(Decimal::ONE);
    let perpetual = tables.filter(|_| !sizes.delta_one.is_zero()).map(|tables| tables.perpetual_confidence);
    let least = index.min(perpetual.unwrap_or(Decimal::ONE));
    let mut doubted = vec![(None, least, sizes.delta_one.plus(balances.base)?)];
    for (expiry, options) in &sizes.options {
        let own = tables.and_then(|tables| tables.expiries.get(expiry)).map_or(Decimal::ONE, |rules| rules.confidence);
        doubted.push((Some(*expiry), least.min(own), options.gross));
    }
    let mut of = Vec::new();
    for (expiry, confidence, size) in doubted {
        if confidence < parameters.conf_threshold && !size.is_zero() {
            let label: Label = expiry.map_or("perpetuals and base asset".into(), |expiry| expiry.to_string().into());
            let size = Node::leaf("size", size.times(balances.index(), Rounding::Up)?, Origin::default());
            let lacking = Node::scale("lacking confidence", Decimal::ONE.minus(confidence)?, size)?;
            of.push(Node::scale(label, parameters.conf_margin, lacking)?);
        }
    }
    Ok(Node::sum("lacking confidence", of)?)
}
