//! What the matrices of several pairs come to: the worst of their sum, and what is added to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Asset, Decimal, Label, Node, Rounding, Timestamp, Underlying};

use super::matrix::{RiskVectors, VOLS};
use super::pairs::{Pair, PairRisk, Prepared};
use super::parameters::DeribitPortfolioParameters;
use crate::MarginError;
use crate::fold::{Detail, Parts};

/// One pair's part.
pub(super) struct Part<'a> {
    pub(super) pair: Pair,
    pub(super) prepared: &'a Prepared,
    pub(super) risk: &'a PairRisk,
    pub(super) group: Option<&'a Arc<Group>>,
}

/// What the pairs come to.
pub(super) struct Combined {
    /// The risk-matrix margin.
    pub(super) node: Node,
    /// P&L after offsets, in the order of the moves.
    pub(super) vectors: RiskVectors,
    pub(super) roll_shock: Decimal,
    pub(super) delta_shock: Decimal,
    pub(super) correlation_contingency: Decimal,
    pub(super) contingencies: Decimal,
}

/// What figures are counted in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// The market's currency.
    Money,
    /// The settlement asset, the same of all pairs: nothing is converted.
    Settlement,
}

impl Unit {
    /// What one of the settlement asset counts.
    fn price(self, prepared: &Prepared) -> Decimal {
        if self == Self::Money { prepared.price } else { Decimal::ONE }
    }
}

/// `btc_usdc`, as the venue writes a pair.
pub(super) fn label((coin, settlement): Pair) -> Label {
    format!("{coin}_{settlement}").to_lowercase().into()
}

/// Worst case, shocks and contingencies of `parts`.
///
/// # Errors
/// [`MarginError::Number`].
pub(super) fn combine(
    parts: &[Part<'_>],
    p: &DeribitPortfolioParameters,
    unit: Unit,
    detail: Detail,
) -> Result<Combined, MarginError> {
    let [mut roll, mut delta, mut older] = [Parts::new(detail), Parts::new(detail), Parts::new(detail)];
    for Part { pair, prepared, risk, .. } in parts {
        let leaf = |of: &mut Parts, expiry: Option<Timestamp>, amount: Decimal| {
            let amount = amount.times(unit.price(prepared), Rounding::Up)?;
            let named = || expiry.map_or_else(|| label(*pair), |expiry| format!("{} {expiry}", label(*pair)).into());
            of.add_if_any(|| Ok(amount), || Ok(Node::leaf(named(), amount, Origin::default())))
        };
        for (expiry, shock) in &risk.roll {
            leaf(&mut roll, *expiry, *shock)?;
        }
        leaf(&mut delta, None, risk.delta_shock)?;
        if !risk.contingencies.is_zero() {
            leaf(&mut older, None, risk.contingencies)?;
        }
    }
    let (worst, vectors, gains) = worst_case(parts, p, unit, detail)?;
    let (roll, delta, older) =
        (roll.sum("roll shock")?, delta.sum("delta shock")?, older.sum("contingencies of sizes")?);
    let gains = Node::leaf("gains of other coins that stand against losses", gains, Origin::default());
    let correlation = Node::scale("correlation contingency", p.correlation_contingency, gains)?;
    let (roll_shock, delta_shock, correlation_contingency) = (roll.amount, delta.amount, correlation.amount);
    let contingencies = older.amount;
    let mut of = Parts::new(detail);
    for part in [worst, roll, delta, correlation] {
        of.add(part)?;
    }
    of.add_if_any(|| Ok(contingencies), || Ok(older))?;
    let node = of.sum("risk-matrix margin")?;
    Ok(Combined { node, vectors, roll_shock, delta_shock, correlation_contingency, contingencies })
}

/// The worst of the aggregated vectors, the vectors after offsets, and the gains of other coins counted in the worst.
fn worst_case(
    parts: &[Part<'_>],
    p: &DeribitPortfolioParameters,
    unit: Unit,
    detail: Detail,
) -> Result<(Node, RiskVectors, Decimal), MarginError> {
    if let (Detail::Amounts, [alone]) = (detail, parts) {
        return Ok((worst_alone(alone, unit)?, RiskVectors::default(), Decimal::ZERO));
    }
    let mut moved = Vec::with_capacity(parts.len());
    for part in parts {
        let price = unit.price(part.prepared);
        let aggregated = &part.risk.aggregated;
        let mut money = Vec::with_capacity(aggregated.standard.len() + aggregated.extended.len());
        for pnl in aggregated.all() {
            money.push(pnl.times(price, Rounding::Down)?);
        }
        moved.push(money);
    }
    let losses = losses(parts, &moved, p, unit)?;
    if detail == Detail::Amounts {
        let none = (Decimal::ZERO, Decimal::ZERO);
        // The first where several are, as explained.
        let first = losses.into_iter().reduce(|worst, next| if next.0 > worst.0 { next } else { worst });
        let (loss, gains) = first.unwrap_or(none);
        return Ok((Node::leaf(WORST, loss, Origin::default()), RiskVectors::default(), gains));
    }
    let standard = parts.first().map_or(0, |part| part.risk.aggregated.standard.len());
    let count = losses.len();
    let (mut of, mut vectors) = (Vec::with_capacity(count + 1), RiskVectors::default());
    for (at, (loss, _)) in losses.iter().enumerate() {
        let origin = Origin { scenario: Some(name(parts, at)), ..Origin::default() };
        of.push(Node::leaf("loss", *loss, origin));
        let side = if at < standard { &mut vectors.standard } else { &mut vectors.extended };
        // A pair that gains alone gains: what it does not offset is nobody's loss.
        side.push(if let [alone] = &moved[..] { alone[at] } else { loss.negated() });
    }
    of.push(Node::leaf("no loss", Decimal::ZERO, Origin::default()));
    let mut counted = Decimal::ZERO;
    let node = Node::worst_explained(WORST, of, |node, at| {
        let Some((_, gains)) = losses.get(at) else { return Ok(None) };
        counted = *gains;
        let scenario = name(parts, at);
        let mut shares = Vec::with_capacity(parts.len() + 1);
        for (part, pnl) in parts.iter().zip(&moved) {
            let group = part.group.map(Arc::clone);
            let origin = Origin { scenario: Some(Arc::clone(&scenario)), group, position: None };
            shares.push(Node::leaf(label(part.pair), pnl[at].negated(), origin));
        }
        let sum = shares.iter().try_fold(Decimal::ZERO, |sum, share| sum.plus(share.amount))?;
        let uncounted = node.amount.minus(sum)?;
        if !uncounted.is_zero() {
            shares.push(Node::leaf("gains that do not count", uncounted, Origin::default()));
        }
        Ok::<_, MarginError>(Some(Node::sum(&scenario, shares)?))
    })?;
    Ok((node, vectors, counted))
}

const WORST: &str = "worst case";

/// The worst of one pair: dearest where least is left, at any price, and nothing stands against it.
fn worst_alone(alone: &Part<'_>, unit: Unit) -> Result<Node, MarginError> {
    let least = alone.risk.aggregated.worst_case().negated().times(unit.price(alone.prepared), Rounding::Down)?;
    Ok(Node::leaf(WORST, least.negated(), Origin::default()))
}

/// Of every move: the loss, and the gains of other coins that stand against it.
fn losses(
    parts: &[Part<'_>],
    moved: &[Vec<Decimal>],
    p: &DeribitPortfolioParameters,
    unit: Unit,
) -> Result<Vec<(Decimal, Decimal)>, MarginError> {
    if let [alone] = moved {
        return Ok(alone.iter().map(|pnl| (pnl.negated().or_zero(), Decimal::ZERO)).collect());
    }
    let count = moved.iter().map(Vec::len).max().unwrap_or(0);
    let mut all = Vec::with_capacity(count);
    for at in 0..count {
        let of_pair = |(part, pnl): (&Part<'_>, &Vec<Decimal>)| (part.pair, pnl.get(at).copied().unwrap_or_default());
        let pnl: Vec<_> = parts.iter().zip(moved).map(of_pair).collect();
        all.push(offset(&pnl, p, &|asset| cap(parts, p, unit, asset))?);
    }
    Ok(all)
}

/// The move's name; where the pairs move by different ranges, how far of each one's own.
fn name(parts: &[Part<'_>], at: usize) -> Arc<str> {
    let mut names = parts.iter().map(|part| &part.prepared.scenario(at).name);
    match names.next() {
        Some(first) if names.all(|name| name == first) => Arc::clone(first),
        _ => match parts.first().map(|part| &part.prepared.grid).filter(|grid| at < grid.standard()) {
            Some(grid) => {
                let step = i64::try_from(at / VOLS).unwrap_or(i64::MAX) - i64::from(grid.buckets);
                let vol = [", vol up", "", ", vol down"][at % VOLS];
                format!("{step:+}/{} of range{vol}", grid.buckets).into()
            }
            None => format!("extended move {}", at + 1).into(),
        },
    }
}

/// The most that gains settled in `asset` may stand for.
fn cap(parts: &[Part<'_>], p: &DeribitPortfolioParameters, unit: Unit, asset: Asset) -> Result<Decimal, MarginError> {
    let most = *p.max_offsetable_pnl.of(asset.as_str());
    let price = parts.iter().find(|part| part.pair.1 == asset).map_or(Decimal::ONE, |part| part.prepared.price);
    Ok(if unit == Unit::Money { most } else { most.over(price, Rounding::Down)? })
}

/// The loss of one move, and the gains of sets of several coins that were used against losses.
///
/// Losses stand whole. Gains stand against losses of their own set of coins, those settled in the coin first, and
/// those settled in one asset for at most its cap over all sets.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Parameter names of Deribit's `public/pme/get_params` (`correlation_set`, `max_offsetable_pnl`); a reading.
fn offset(
    pnl: &[(Pair, Decimal)],
    p: &DeribitPortfolioParameters,
    cap: &dyn Fn(Asset) -> Result<Decimal, MarginError>,
) -> Result<(Decimal, Decimal), MarginError> {
    let set_of = |coin: Underlying| {
        let set = *p.correlation_set.of(coin.as_str());
        (set, set.is_zero().then_some(coin))
    };
    let mut losses: BTreeMap<_, Decimal> = BTreeMap::new();
    for ((coin, _), pnl) in pnl {
        let loss = losses.entry(set_of(*coin)).or_default();
        *loss = loss.plus(pnl.negated().or_zero())?;
    }
    let mut left: BTreeMap<Asset, Decimal> = BTreeMap::new();
    let mut used = Decimal::ZERO;
    let in_coin = |(coin, settlement): Pair| settlement == coin.asset();
    for own in [true, false] {
        for (pair, gain) in pnl.iter().filter(|(pair, pnl)| in_coin(*pair) == own && pnl.signum() > 0) {
            let room = match left.get(&pair.1) {
                Some(room) => *room,
                None => cap(pair.1)?,
            };
            let set = set_of(pair.0);
            let loss = losses.entry(set).or_default();
            let counts = (*gain).min(room).min(*loss);
            *loss = loss.minus(counts)?;
            left.insert(pair.1, room.minus(counts)?);
            if set.1.is_none() {
                used = used.plus(counts)?;
            }
        }
    }
    Ok((losses.into_values().try_fold(Decimal::ZERO, Decimal::plus)?, used))
}
