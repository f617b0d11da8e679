//! What the venue publishes of a risk unit: its charges and how they make one margin.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Label, Node, Rounding};

use crate::MarginError;
use crate::parameters::ByName;
use crate::schedule::Schedule;

/// The charges of one risk unit, in the currency, each at least zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// MR1: the worst move of price and volatility.
    pub spot_shock: Decimal,
    /// MR2: a day passing.
    pub theta: Decimal,
    /// MR3: volatilities of expiries against each other.
    pub vega_term: Decimal,
    /// MR4: prices of expiries against each other.
    pub basis: Decimal,
    /// MR5: rates.
    pub rates: Decimal,
    /// MR6: half of an extreme move.
    pub extreme: Decimal,
    /// MR7: what closing costs.
    pub minimum: Decimal,
    /// MR9: stablecoins against each other and the dollar.
    pub stablecoin: Decimal,
}

impl Charges {
    /// `max(max(MR1, MR2, MR6) + MR3 + MR4 + MR5, MR7) + MR9`, as [`Parts::margin`] has it.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn maintenance(&self) -> Result<Decimal, MarginError> {
        let leaf = |amount| Node::leaf("charge", amount, Origin::default());
        let parts = Parts {
            spot_shock: leaf(self.spot_shock),
            theta: leaf(self.theta),
            vega_term: leaf(self.vega_term),
            basis: leaf(self.basis),
            rates: leaf(self.rates),
            extreme: leaf(self.extreme),
            minimum: leaf(self.minimum),
            stablecoin: leaf(self.stablecoin),
        };
        Ok(parts.margin("maintenance margin")?.amount)
    }
}

/// The same charges, each with what explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// MR1.
    pub spot_shock: Node,
    /// MR2.
    pub theta: Node,
    /// MR3.
    pub vega_term: Node,
    /// MR4.
    pub basis: Node,
    /// MR5.
    pub rates: Node,
    /// MR6.
    pub extreme: Node,
    /// MR7.
    pub minimum: Node,
    /// MR9.
    pub stablecoin: Node,
}

impl Parts {
    /// Maintenance margin of the unit: `max(max(MR1, MR2, MR6) + MR3 + MR4 + MR5, MR7) + MR9`.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// OKX, portfolio margin mode; the position builder's response example of 2025-01-15. Where MR9 stands is not
    /// published: it was zero.
    pub fn margin(self, label: impl Into<Label>) -> Result<Node, MarginError> {
        let worst = Node::worst_of(
            "worst of MR1, MR2, MR6",
            vec![
                self.spot_shock.named("MR1 spot shock"),
                self.theta.named("MR2 a day passes"),
                self.extreme.named("MR6 half of an extreme move"),
            ],
        );
        let risk = Node::sum(
            "risk",
            vec![
                worst,
                self.vega_term.named("MR3 vega between expiries"),
                self.basis.named("MR4 basis"),
                self.rates.named("MR5 rates"),
            ],
        )?;
        let minimum = self.minimum.named("MR7 minimum charge");
        let greater = Node::worst_of("risk, at least the cost of closing", vec![risk, minimum]);
        Ok(Node::sum(label, vec![greater, self.stablecoin.named("MR9 stablecoins")])?)
    }
}

/// Initial margin of a unit: `factor` × its maintenance margin.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`Parts::margin`].
pub fn initial(maintenance: Decimal, factor: Decimal) -> Result<Decimal, MarginError> {
    Ok(maintenance.times(factor, Rounding::Up)?)
}

/// Loss of `notional` of futures (cash delta at the index, negative where short) when the price moves by `by`.
///
/// # Errors
/// [`MarginError::Number`].
pub fn loss(notional: Decimal, by: Decimal) -> Result<Decimal, MarginError> {
    Ok(notional.negated().times(by, Rounding::Up)?)
}

/// The worse of a move up and one down by `by` for `notional` of futures: their MR1, and MR6 before its half.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, portfolio margin mode: MR1, MR6.
pub fn shock(notional: Decimal, by: Decimal) -> Result<Decimal, MarginError> {
    Ok(loss(notional, by)?.max(loss(notional, by.negated())?))
}

/// The share of an extreme move's loss that counts.
pub const HALF: Decimal = Decimal::new(5, 1);

/// The half of an extreme move's loss that counts, at least zero.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, portfolio margin mode: MR6.
pub fn half(loss: Decimal) -> Result<Decimal, MarginError> {
    Ok(loss.or_zero().times(HALF, Rounding::Up)?)
}

/// |cash delta| × rate: the basis of one expiry, or what closing it costs.
///
/// # Errors
/// [`MarginError::Number`].
pub fn on_delta(cash_delta: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    Ok(cash_delta.abs().times(rate, Rounding::Up)?)
}

/// What of each cash delta MR4 charges: all of it, or where not `gross` what the others of its unit offset, each side
/// in proportion.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX: in the response example of 2025-01-15 a perpetual alone is charged; in the notice of 2024-05-31 one alone is
/// not, and against spot both are. The proportion is our reading.
pub fn basis_sizes(deltas: &[Decimal], gross: bool) -> Result<Vec<Decimal>, MarginError> {
    let side = |sign: i32| {
        let mut of_side = deltas.iter().filter(|delta| delta.signum() == sign);
        of_side.try_fold(Decimal::ZERO, |sum, delta| sum.plus(delta.abs()))
    };
    let (long, short) = (side(1)?, side(-1)?);
    let offset = long.min(short);
    let size = |delta: &Decimal| {
        let own = if delta.signum() > 0 { long } else { short };
        if gross || delta.is_zero() { Ok(delta.abs()) } else { delta.abs().times_ratio(offset, own, Rounding::Up) }
    };
    Ok(deltas.iter().map(size).collect::<Result<_, _>>()?)
}

/// The minimum charge scaled by its size: each piece of `raw` × the piece's multiplier.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, notice on the scaling factor of 2021-12-24, and the tiers in force from 2025-01-15.
pub fn scaled_minimum(raw: Decimal, multipliers: &Schedule) -> Result<Decimal, MarginError> {
    Ok(multipliers.charge(raw)?)
}

/// The pairs of quotes that MR9 looks at, in its order.
pub const PAIRS: [[&str; 2]; 3] = [["USDT", "USD"], ["USDT", "USDC"], ["USDC", "USD"]];

/// How much of the cash deltas quoted in USDT, USDC and USD hedge each other, by [`PAIRS`]: what one pair has taken
/// is gone for the next.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, notice on new portfolio margin rules of November 2024: MR9.
pub fn hedges(usdt: Decimal, usdc: Decimal, usd: Decimal) -> Result<[Decimal; 3], MarginError> {
    let (usdt, usd, dollar) = taken(usdt, usd)?;
    let (_, usdc, tether) = taken(usdt, usdc)?;
    let (_, _, circle) = taken(usdc, usd)?;
    Ok([dollar, tether, circle])
}

/// What is left of two deltas, and how much they hedge of each other.
fn taken(one: Decimal, other: Decimal) -> Result<(Decimal, Decimal, Decimal), MarginError> {
    if one.signum() * other.signum() >= 0 {
        return Ok((one, other, Decimal::ZERO));
    }
    let size = one.abs().min(other.abs());
    let towards_zero = |delta: Decimal| if delta.signum() < 0 { delta.plus(size) } else { delta.minus(size) };
    Ok((towards_zero(one)?, towards_zero(other)?, size))
}

/// MR9's rates at `price`, one stablecoin in the other or in dollars: those named by the least price that it is not
/// above, or the default where it is above all.
///
/// # Errors
/// [`MarginError::Number`] where rates are named by no number.
/// # Source
/// OKX, the notice of November 2024: a column for each price; at 0.8 and below it is 40 %.
pub fn stablecoin_rates(rates: &ByName<Schedule>, price: Decimal) -> Result<&Schedule, MarginError> {
    let mut found: Option<(Decimal, &Schedule)> = None;
    for (name, schedule) in &rates.named {
        let at: Decimal = name.parse()?;
        if price <= at && found.is_none_or(|(least, _)| at < least) {
            found = Some((at, schedule));
        }
    }
    Ok(found.map_or(&rates.default, |(_, schedule)| schedule))
}

/// What a hedge of `size` between two stablecoins, or one and the dollar, costs.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, notice on new portfolio margin rules of November 2024: MR9.
pub fn stablecoin(size: Decimal, rates: &Schedule) -> Result<Decimal, MarginError> {
    Ok(rates.charge(size)?)
}

/// MR8 of one debt: what is owed, in the currency, × its rate.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, the response example of 2025-01-15: 2 % and 10 % of USDT owed.
pub fn borrowing(owed: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    Ok(owed.or_zero().times(rate, Rounding::Up)?)
}

/// An account's margin: its units' and what it owes for.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`Parts::margin`].
pub fn account(units: &[Decimal], borrowing: Decimal) -> Result<Decimal, MarginError> {
    Ok(units.iter().copied().try_fold(borrowing, Decimal::plus)?)
}
