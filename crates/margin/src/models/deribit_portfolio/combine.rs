//! What the matrices of several pairs come to: the worst of their sum, and what is added to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Asset, Decimal, Label, Node, Rounding, Underlying};

use super::matrix::{RiskVectors, VOLS};
use super::pairs::{Pair, PairRisk, Prepared};
use super::parameters::DeribitPortfolioParameters;
use crate::MarginError;

/// One pair's part.
pub(super) struct Part<'a> {
    pub(super) pair: Pair,
    pub(super) prepared: &'a Prepared,
    pub(super) risk: &'a PairRisk,
    pub(super) group: &'a Arc<Group>,
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
pub(super) fn combine(parts: &[Part<'_>], p: &DeribitPortfolioParameters, unit: Unit) -> Result<Combined, MarginError> {
    let (mut roll, mut delta, mut older) = (Vec::new(), Vec::new(), Vec::new());
    for Part { pair, prepared, risk, .. } in parts {
        let counted = |amount: Decimal| amount.times(unit.price(prepared), Rounding::Up);
        for (expiry, shock) in &risk.roll {
            let of_expiry = |expiry| format!("{} {expiry}", label(*pair)).into();
            let name: Label = expiry.map_or_else(|| label(*pair), of_expiry);
            roll.push(Node::leaf(name, counted(*shock)?, Origin::default()));
        }
        delta.push(Node::leaf(label(*pair), counted(risk.delta_shock)?, Origin::default()));
        if !risk.contingencies.is_zero() {
            older.push(Node::leaf(label(*pair), counted(risk.contingencies)?, Origin::default()));
        }
    }
    let (worst, vectors, gains) = worst_case(parts, p, unit)?;
    let roll = Node::sum("roll shock", roll)?;
    let delta = Node::sum("delta shock", delta)?;
    let gains = Node::leaf("gains of other coins that stand against losses", gains, Origin::default());
    let correlation = Node::scale("correlation contingency", p.correlation_contingency, gains)?;
    let (roll_shock, delta_shock, correlation_contingency) = (roll.amount, delta.amount, correlation.amount);
    let mut of = vec![worst, roll, delta, correlation];
    let mut contingencies = Decimal::ZERO;
    if !older.is_empty() {
        let older = Node::sum("contingencies of sizes", older)?;
        contingencies = older.amount;
        of.push(older);
    }
    let node = Node::sum("risk-matrix margin", of)?;
    Ok(Combined { node, vectors, roll_shock, delta_shock, correlation_contingency, contingencies })
}

/// The worst of the aggregated vectors, the vectors after offsets, and the gains of other coins counted in the worst.
fn worst_case(
    parts: &[Part<'_>],
    p: &DeribitPortfolioParameters,
    unit: Unit,
) -> Result<(Node, RiskVectors, Decimal), MarginError> {
    let mut moved = Vec::with_capacity(parts.len());
    for part in parts {
        let price = unit.price(part.prepared);
        let pnl = part.risk.aggregated.all().map(|pnl| pnl.times(price, Rounding::Down));
        moved.push(pnl.collect::<Result<Vec<_>, _>>()?);
    }
    let standard = parts.first().map_or(0, |part| part.risk.aggregated.standard.len());
    let count = moved.iter().map(Vec::len).max().unwrap_or(0);
    let (mut of, mut used, mut vectors) = (Vec::with_capacity(count + 1), Vec::new(), RiskVectors::default());
    for at in 0..count {
        let of_pair = |(part, pnl): (&Part<'_>, &Vec<Decimal>)| (part.pair, pnl.get(at).copied().unwrap_or_default());
        let pnl: Vec<_> = parts.iter().zip(&moved).map(of_pair).collect();
        let (loss, gains) = offset(&pnl, p, &|asset| cap(parts, p, unit, asset))?;
        let origin = Origin { scenario: Some(name(parts, at)), ..Origin::default() };
        of.push(Node::leaf("loss", loss, origin));
        used.push(gains);
        let side = if at < standard { &mut vectors.standard } else { &mut vectors.extended };
        // A pair that gains alone gains: what it does not offset is nobody's loss.
        side.push(if parts.len() == 1 {
            pnl.iter().map(|(_, pnl)| *pnl).max().unwrap_or_default()
        } else {
            loss.negated()
        });
    }
    of.push(Node::leaf("no loss", Decimal::ZERO, Origin::default()));
    let mut counted = Decimal::ZERO;
    let node = Node::worst_explained("worst case", of, |node, at| {
        counted = used.get(at).copied().unwrap_or_default();
        if at >= count {
            return Ok(None);
        }
        let scenario = name(parts, at);
        let mut shares = Vec::with_capacity(parts.len() + 1);
        for (part, pnl) in parts.iter().zip(&moved) {
            let group = Some(Arc::clone(part.group));
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
