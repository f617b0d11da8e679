#![doc = include_str!("README.md")]

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Order, Price, Quantity, Rounding};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules, counted_value, id_of};
use super::fills::fill_fee;
use super::tiered::{TieredFutures, brackets, debts};
use super::value_ratios::ValueRatios;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Dated, Field, Tiers, field};
use crate::schedule::{Piece, Schedule};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "bybit-cross";

/// Bybit's cross margin in a unified account.
#[derive(Clone, Debug)]
pub struct BybitCross {
    futures: TieredFutures,
    /// Of inverse futures, in coin.
    inverse: TieredFutures,
    /// Of short options.
    pub options: OptionRates,
    /// Of trades in options.
    pub fees: OptionFees,
    /// Share of a debt: initial,
    pub(super) borrow_initial: ByName<Decimal>,
    /// and maintenance.
    pub(super) borrow_maintenance: ByName<Decimal>,
    pub(super) ratios: ValueRatios,
    collateral: CollateralRules,
}

/// Rates of a short option, shares of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionRates {
    /// Initial, at the money,
    pub initial: Decimal,
    /// and at least.
    pub minimum: Decimal,
    /// Maintenance, of the larger of index and mark.
    pub maintenance: Decimal,
    /// What liquidating costs.
    pub liquidation_fee: Decimal,
}

/// A short option of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Call or put.
    pub right: Right,
    /// Its strike.
    pub strike: Decimal,
    /// The underlying's index.
    pub index: Decimal,
    /// Its mark.
    pub mark: Decimal,
    /// The order's price, or the average of the position.
    pub price: Decimal,
}

impl OptionRates {
    /// Initial and maintenance margin of one unit short, in the quote, its value included.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Bybit help, comparison of spread strategies in cross margin and portfolio margin (2024-10-23).
    pub fn short(&self, short: &Short) -> Result<(Decimal, Decimal), MarginError> {
        let of = |rate: Decimal, price: Decimal| rate.times(price, Rounding::Up);
        let kept = of(self.maintenance, short.index.max(short.mark))?;
        let maintenance = kept.plus(short.mark)?.plus(of(self.liquidation_fee, short.index)?)?;
        let out = match short.right {
            Right::Call => short.strike.minus(short.index)?,
            Right::Put => short.index.minus(short.strike)?,
        };
        let near = of(self.initial, short.index)?.minus(out.or_zero())?;
        let risk = near.max(of(self.minimum, short.index)?);
        Ok((risk.plus(short.price.max(short.mark))?.max(maintenance), maintenance))
    }
}

/// Fees of a trade in options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionFees {
    /// Share of the index,
    pub rate: Decimal,
    /// at most this share of the option's price.
    pub most: Decimal,
}

impl OptionFees {
    /// The fee of one unit traded at `price`, in the quote.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Bybit help, initial and maintenance margin calculation (options): 0.3 units at 3,500 and an index of 42,000 cost
    /// min(0.03 % × 42,000, 12.5 % × 3,500) × 0.3 = 3.78.
    pub fn trade(&self, index: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
        Ok(self.rate.times(index, Rounding::Up)?.min(self.most.times(price, Rounding::Up)?))
    }
}

/// What an order to buy one unit asks for: its premium and the fee. A long position asks nothing more.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`OptionFees::trade`]: 1,050 and 3.78 are 1,053.78.
pub fn long_order(price: Decimal, fee: Decimal) -> Result<Decimal, MarginError> {
    Ok(price.plus(fee)?)
}

/// What an order to sell one unit asks for: what the position would, and the fee, less the premium it brings.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`OptionFees::trade`].
pub fn short_order(position_initial: Decimal, price: Decimal, fee: Decimal) -> Result<Decimal, MarginError> {
    Ok(position_initial.plus(fee)?.minus(price)?)
}

/// The value of `contracts` (of one quote unit each) of an inverse future at `price`, in coin, rounded up.
///
/// # Errors
/// [`MarginError::Number`] for a price of zero.
/// # Source
/// Bybit help, maintenance margin (inverse contract): 10,000 contracts at 400 are 25 coins.
pub fn inverse_value(contracts: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
    Ok(contracts.abs().over(price, Rounding::Up)?)
}

/// As published, the newest first.
const SETS: [Dated; 1] = [Dated {
    date: "2025-09",
    read: "help pages of 2023-12-04 to 2025-09, cut short where we read; BTCUSDT's first tier and BTC's value ratios were read, the rest is filled in. Inverse contracts' tiers in coin were not read: each coin's must be given. Rates of borrowing were not read: 10 % and 4 % are assumed",
    values: &[],
}];

impl Default for BybitCross {
    fn default() -> Self {
        let (initial, maintenance) = brackets([
            (0, 20_000, 10_000),
            (500_000, 40_000, 20_000),
            (2_000_000, 100_000, 50_000),
            (10_000_000, 200_000, 100_000),
        ]);
        let (btc_initial, btc_maintenance) = brackets([
            (0, 10_000, 5_000),
            (2_000_000, 11_200, 5_600),
            (10_000_000, 20_000, 10_000),
            (50_000_000, 40_000, 20_000),
        ]);
        let thousandths = |count| Decimal::new(count, 3);
        let coin = |bounds: [i64; 5]| {
            let rates = [980, 950, 900, 850, 800];
            let piece =
                |(up_to, rate): (i64, i64)| Piece { up_to: Some(Decimal::from_int(up_to)), rate: thousandths(rate) };
            Schedule::new(bounds.into_iter().zip(rates).map(piece).collect())
                .unwrap_or_else(|| Schedule::flat(Decimal::ZERO))
        };
        let none = ByName::new(Tiers::flat(Decimal::ZERO), []);
        let leverage = ByName::new(Decimal::from_int(150), []);
        let whole = Schedule::flat(Decimal::ONE);
        let named = [
            ("USD", whole.clone()),
            ("USDT", whole.clone()),
            ("USDC", whole),
            ("BTC", coin([10, 20, 30, 40, 50])),
            ("ETH", coin([200, 400, 600, 800, 1_000])),
        ];
        Self {
            futures: TieredFutures {
                initial: ByName::new(initial, [("BTC", btc_initial)]),
                maintenance: ByName::new(maintenance, [("BTC", btc_maintenance)]),
                leverage: leverage.clone(),
                parameters: ["initial", "maintenance"],
            },
            inverse: TieredFutures {
                initial: none.clone(),
                maintenance: none,
                leverage,
                parameters: ["inverse_initial", "inverse_maintenance"],
            },
            options: OptionRates {
                initial: thousandths(150),
                minimum: thousandths(100),
                maintenance: thousandths(30),
                liquidation_fee: thousandths(2),
            },
            fees: OptionFees { rate: Decimal::new(3, 4), most: thousandths(125) },
            borrow_initial: ByName::new(thousandths(100), []),
            borrow_maintenance: ByName::new(thousandths(40), []),
            ratios: ValueRatios { by_asset: ByName::new(Schedule::flat(Decimal::ZERO), named), in_coin: Decimal::ONE },
            collateral: CollateralRules::whole(),
        }
    }
}

impl Model for BybitCross {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let (futures, options, ratios) = (&mut self.futures, &mut self.options, &mut self.ratios);
        let (inverse, fees) = (&mut self.inverse, &mut self.fees);
        vec![
            field("initial", "share", "of futures by notional: 1 ÷ leverage", 0, 100, &mut futures.initial),
            field("maintenance", "share", "of futures by pieces of notional", 0, 100, &mut futures.maintenance),
            field("inverse_initial", "share", "of inverse ones by coins; zero: none", 0, 100, &mut inverse.initial),
            field("inverse_maintenance", "share", "by pieces of coins", 0, 100, &mut inverse.maintenance),
            field("leverage", "leverage", "that the account set, by symbol", 100, 15_000, &mut futures.leverage),
            field("option_initial", "share of index", "of a short at the money", 0, 200, &mut options.initial),
            field("option_minimum", "share of index", "of a short far from it", 0, 200, &mut options.minimum),
            field("option_maintenance", "share", "of the larger of index and mark", 0, 200, &mut options.maintenance),
            field("liquidation_fee", "share of index", "of a short option", 0, 100, &mut options.liquidation_fee),
            field("option_fee", "share of index", "of a trade in options", 0, 10, &mut fees.rate),
            field("option_fee_most", "share of price", "the most of it", 0, 100, &mut fees.most),
            field("borrow_initial", "share", "of a debt, by asset", 0, 100, &mut self.borrow_initial),
            field("borrow_maintenance", "share", "of a debt, by asset", 0, 100, &mut self.borrow_maintenance),
            field("value_ratio", "share", "of a balance that counts, by asset", 0, 100, &mut ratios.by_asset),
            field("ratio_in_coin", "count", "1: pieces are in the asset", 0, 100, &mut ratios.in_coin),
        ]
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let mut rules = self.clone();
        rules.inverse.leverage.clone_from(&self.futures.leverage);
        Ok(Box::new(ByPosition { market: market.clone(), rules }))
    }
}

impl Rules for BybitCross {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        self.entered(market, instrument, quantity, None, figure)
    }

    fn entered(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        price: Option<Decimal>,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let (Some(right), Some(strike)) = (instrument.right(), instrument.strike()) else {
            let futures = if instrument.style() == Style::Inverse { &self.inverse } else { &self.futures };
            return futures.margin(NAME, market, instrument, quantity, figure);
        };
        let terms = instrument.terms();
        let mark = market.priced(id_of(market, instrument)?)?.mark;
        let linear = instrument.style() == Style::Linear;
        if !linear || instrument.expiry().is_none() || !instrument.is_paid_when_bought() {
            return Err(MarginError::Unsupported {
                model: NAME,
                what: terms.name.clone(),
                why: "expected a linear dated option whose premium is paid".to_owned(),
            });
        }
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let value =
            Node::leaf("its value, which equity counts", counted_value(market, instrument, quantity)?, origin.clone());
        if quantity.0.signum() >= 0 {
            return Ok(value);
        }
        let index = market.index_in(terms.underlying, terms.quote)?.value;
        let short = Short { right, strike, index, mark: mark.value, price: price.unwrap_or(mark.value) };
        let (initial, maintenance) = self.options.short(&short)?;
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let per_unit = Price::new(figure.of(initial, maintenance), terms.quote);
        let price = per_unit.value.times(market.asset_price(per_unit.quote)?.value, Rounding::Up)?;
        let margin = Node::leaf("the venue's margin, with its mark", size.times(price, Rounding::Up)?, origin);
        Ok(Node::sum("short option", vec![margin, value])?)
    }

    /// An option's is a share of the index and at most a share of its price; of the rest the account's own.
    fn fee(&self, account: &Account, market: &Market, order: &Order) -> Result<Decimal, MarginError> {
        let id = order.instrument;
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        if instrument.strike().is_none() {
            return fill_fee(account, market, order);
        }
        let terms = instrument.terms();
        let index = market.index_in(terms.underlying, terms.quote)?.value;
        let size = order.quantity.0.times(terms.contract_size, Rounding::Up)?;
        let fee = self.fees.trade(index, order.price.value)?.times(size, Rounding::Up)?;
        Ok(fee.times(market.asset_price(terms.quote)?.value, Rounding::Up)?)
    }

    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        assets: &[NetAsset],
        figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        let rates = figure.of(&self.borrow_initial, &self.borrow_maintenance);
        Ok(vec![debts(assets, rates, "borrowing")?, self.ratios.not_counted(assets)?])
    }

    fn reserves_premium(&self) -> bool {
        true
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
