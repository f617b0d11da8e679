#![doc = include_str!("README.md")]

pub mod options;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::brackets::Brackets;
use super::by_position::{ByPosition, Figure, Rules, counted_value, id_of};
use super::value_ratios::ValueRatios;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Dated, Field, field};
use crate::schedule::Schedule;
use crate::{Account, MarginError};
use options::{OptionRates, Short};

/// The model's name.
const NAME: &str = "okx-discount";

/// OKX's discount rates over positions margined one by one.
#[derive(Clone, Debug)]
pub struct OkxDiscount {
    /// Margin of futures.
    pub brackets: Brackets,
    /// Short options, initial: share at the money,
    pub option_initial: Decimal,
    /// and the least.
    pub option_minimum: Decimal,
    /// Maintenance, by coin.
    pub option_maintenance: ByName<Decimal>,
    /// The position tier's margin factor.
    pub option_factor: Decimal,
    /// 1: a coin-margined put's least share grows with its mark.
    pub option_put_by_mark: Decimal,
    /// What balances count.
    pub discount: ValueRatios,
}

/// As published, the newest first.
const SETS: [Dated; 2] = [
    Dated {
        date: "2025-04",
        read: "the notice of 2025-04, which counts coins' pieces further down (steps of 0.02, 0.03, 0.05); its bounds were not read, so they are those of 2022-06",
        values: &[],
    },
    Dated {
        date: "2022-06",
        read: "the discount-rate notice of June 2022 as restated by others: USDT; coins' steps of 0.01 were read, their bounds were not",
        values: &[
            ("discount.BTC", "5000000:1, 10000000:0.99, 20000000:0.98, rest:0.97"),
            ("discount.ETH", "5000000:1, 10000000:0.99, 20000000:0.98, rest:0.97"),
        ],
    },
];

/// Pieces of five, five and ten million, then the rest, in hundredths.
fn pieces(rates: [i64; 4]) -> Schedule {
    let bounds = [Some(5_000_000), Some(10_000_000), Some(20_000_000), None];
    let pieces = bounds.into_iter().zip(rates).map(|(up_to, hundredths)| crate::schedule::Piece {
        up_to: up_to.map(Decimal::from_int),
        rate: Decimal::new(hundredths, 2),
    });
    Schedule::new(pieces.collect()).unwrap_or_else(|| Schedule::flat(Decimal::ZERO))
}

impl Default for OkxDiscount {
    fn default() -> Self {
        let (stable, coin) = (pieces([100, 90, 80, 80]), pieces([98, 95, 90, 85]));
        let named = [
            ("USD", Schedule::flat(Decimal::ONE)),
            ("USDT", stable.clone()),
            ("USDC", stable),
            ("BTC", coin.clone()),
            ("ETH", coin),
        ];
        let discount =
            ValueRatios { by_asset: ByName::new(Schedule::flat(Decimal::ZERO), named), in_coin: Decimal::ZERO };
        let brackets = Brackets { collateral: CollateralRules::whole(), ..Brackets::default() };
        let percent = |hundredths| Decimal::new(hundredths, 2);
        Self {
            brackets,
            option_initial: percent(15),
            option_minimum: percent(10),
            option_maintenance: ByName::new(percent(5), [("BTC", percent(3))]),
            option_factor: Decimal::ONE,
            option_put_by_mark: Decimal::ZERO,
            discount,
        }
    }
}

impl Model for OkxDiscount {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let Self { brackets, discount, .. } = self;
        // Options have rates of their own, and what balances count is said by the discount alone.
        let kept = |field: &Field<'_>| field.name != "haircut" && !field.name.starts_with("option_");
        let mut fields: Vec<Field<'_>> = brackets.fields().into_iter().filter(kept).collect();
        fields.extend([
            field("option_initial", "share", "short option at the money, initial", 0, 100, &mut self.option_initial),
            field("option_minimum", "share", "the least of it", 0, 100, &mut self.option_minimum),
            field("option_maintenance", "share", "short option, by coin", 0, 100, &mut self.option_maintenance),
            field("option_factor", "factor", "of the position tier, on shares", 0, 10_000, &mut self.option_factor),
            field("option_put_by_mark", "count", "1: a put's least × (1 + mark)", 0, 100, &mut self.option_put_by_mark),
        ]);
        fields.push(field("discount", "share", "of a balance that counts, by asset", 0, 100, &mut discount.by_asset));
        fields.push(field("discount_in_coin", "count", "1: pieces are in the asset", 0, 100, &mut discount.in_coin));
        fields
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.clone() }))
    }
}

impl Rules for OkxDiscount {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        if instrument.strike().is_none() {
            return self.brackets.position(market, instrument, quantity, figure);
        }
        supported(instrument)?;
        let origin = Origin { position: Some(instrument.terms().name.clone()), ..Origin::default() };
        let counted = counted_value(market, instrument, quantity)?;
        let value = Node::leaf("its value, which equity counts", counted, origin.clone());
        if quantity.0.signum() >= 0 {
            // A long asks for nothing, and supports nothing.
            return Ok(value);
        }
        let short =
            Node::leaf("short option, with its mark", self.short(market, instrument, quantity, figure)?, origin);
        Ok(Node::sum("option", vec![short, value])?)
    }

    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        Ok(vec![self.discount.not_counted(assets)?])
    }

    fn collateral(&self) -> &CollateralRules {
        &self.brackets.collateral
    }
}

/// Refuses options that the venue does not list, long or short: everlasting ones, those margined like futures,
/// quantos.
fn supported(option: &Instrument) -> Result<(), MarginError> {
    let quanto = matches!(option.style(), Style::Quanto { .. });
    let listed = !quanto && option.expiry().is_some() && option.is_paid_when_bought();
    if listed { Ok(()) } else { Err(unsupported(option)) }
}

fn unsupported(instrument: &Instrument) -> MarginError {
    MarginError::Unsupported {
        model: NAME,
        what: instrument.terms().name.clone(),
        why: "expected a dated linear or inverse option whose premium is paid".to_owned(),
    }
}

impl OkxDiscount {
    /// The venue's margin of a short option, in the market's currency.
    fn short(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Decimal, MarginError> {
        let terms = instrument.terms();
        let (Some(right), Some(strike)) = (instrument.right(), instrument.strike()) else {
            return Err(unsupported(instrument));
        };
        let priced = market.priced(id_of(market, instrument)?)?;
        let index = market.index_in(terms.underlying, terms.quote)?.value;
        let forward = decimal(priced.forward, Decimal::PLACES).map_err(MarginError::of(instrument))?;
        let rates = OptionRates {
            initial: self.option_initial,
            minimum: self.option_minimum,
            maintenance: *self.option_maintenance.of(terms.underlying.as_str()),
            factor: self.option_factor,
            put_by_mark: self.option_put_by_mark == Decimal::ONE,
        };
        let short = Short { right, strike, forward, index, mark: priced.mark.value };
        let units = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let (initial, maintenance) = rates.margins(&short, instrument.style() == Style::Inverse, units)?;
        Ok(figure.of(initial, maintenance).times(market.asset_price(terms.quote)?.value, Rounding::Up)?)
    }
}
