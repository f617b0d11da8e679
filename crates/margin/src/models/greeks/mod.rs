#![doc = include_str!("README.md")]

mod parameters;
mod taylor;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Node, Quantity, Requirement, Rounding, Underlying};
use plimsoll_pricing::market::{Market, MarketError};

pub use parameters::GreeksParameters;

use super::fills::{NO_FILL, Premiums, exchanged, fill_cases, fill_cost, with_fills, worst_by_underlying};
use super::{About, Held, Judge, Model};
use crate::array::{Counted, Holding, RowKey, Table, TableSpec};
use crate::collateral::{AssetClass, CollateralRules};
use crate::equity::{NetAsset, net_assets};
use crate::fold::{Detail, group};
use crate::orders::{fillable, whole_lots};
use crate::parameters::Field;
use crate::positions::net;
use crate::scenario::Scenario;
use crate::{Account, MarginError};
use taylor::{Sensitivities, sensitivities};

/// The model's name.
const NAME: &str = "greeks";

/// P&L of a grain of a lot: finer than what is shown of an error.
const GRAIN: Decimal = Decimal::new(1, 6);

/// Delta, gamma and vega moved in place of the book.
#[derive(Clone, Debug, Default)]
pub struct Greeks {
    /// Its numbers.
    pub parameters: GreeksParameters,
}

impl Model for Greeks {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &[] }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let mut keys: BTreeMap<Underlying, Vec<RowKey>> = BTreeMap::new();
        for id in &held.instruments {
            let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
            keys.entry(instrument.terms().underlying).or_default().push(RowKey::Instrument(*id));
        }
        for asset in &held.assets {
            if self.parameters.collateral.class(market, *asset) == AssetClass::Coin {
                keys.entry(asset.underlying()).or_default();
            }
        }
        let mut underlyings = BTreeMap::new();
        for (underlying, keys) in keys {
            underlyings.insert(underlying, self.one(market, underlying, &keys)?);
        }
        Ok(Box::new(GreeksJudge { market: market.clone(), parameters: self.parameters.clone(), underlyings }))
    }
}

/// One underlying in one market.
struct Prepared {
    /// Contracts, fully revalued.
    table: Table,
    /// Of one lot, row by row.
    per_lot: Vec<Sensitivities>,
}

impl Greeks {
    fn one(&self, market: &Market, underlying: Underlying, keys: &[RowKey]) -> Result<Prepared, MarginError> {
        let p = &self.parameters;
        let coin = underlying.asset();
        let own_coin = p.collateral.class(market, coin) == AssetClass::Coin;
        let spec = TableSpec {
            market,
            underlying,
            coin: own_coin.then_some(coin),
            scenarios: self.scenarios(underlying)?,
            rules: &p.rules,
            grain: GRAIN,
            balance_lot: &|_| Decimal::ONE,
            counted: Counted::PnlPerLot,
        };
        let table = Table::build(&spec, keys)?;
        let per_lot = table.rows().iter().map(|row| sensitivities(market, row, &p.rules, own_coin));
        Ok(Prepared { per_lot: per_lot.collect::<Result<_, _>>()?, table })
    }

    fn scenarios(&self, underlying: Underlying) -> Result<Arc<[Scenario]>, MarginError> {
        let p = &self.parameters;
        let range = *p.price_range.of(underlying.as_str());
        let steps = p.price_steps.split_by(Decimal::ONE).map_or(1, |(steps, _)| steps);
        let mut all = Vec::new();
        for step in -steps..=steps {
            let price = range.times_ratio(Decimal::ONE.times_count(step)?, p.price_steps, Rounding::HalfEven)?;
            for vol in [p.vol_up, Decimal::ZERO, p.vol_down.negated()] {
                all.push(Scenario::price_and_vol(price, vol));
            }
        }
        Ok(all.into())
    }
}

/// What an account has in one underlying.
#[derive(Default)]
struct Stake {
    contracts: Vec<Holding>,
    /// Value of the coins held, which move as the price does.
    coins: Decimal,
}

struct GreeksJudge {
    market: Market,
    parameters: GreeksParameters,
    underlyings: BTreeMap<Underlying, Prepared>,
}

impl Judge for GreeksJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        let held = self.risk(account, assets, detail)?;
        let sum = Node::sum("initial", held.iter().map(|(_, node)| node.clone()).collect())?;
        let maintenance = Node::scale("maintenance margin", self.parameters.maintenance_share, sum)?;
        let orders = fillable(account)?;
        let mut cases = vec![(NO_FILL, held)];
        for (label, fills) in fill_cases(&self.market, &orders)? {
            let filled = with_fills(account, &self.market, &fills)?;
            cases.push((label, self.risk(&filled, &net_assets(&filled.portfolio, &self.market)?, detail)?));
        }
        let mut of = worst_by_underlying(cases);
        for order in &orders {
            of.push(fill_cost(account, &self.market, order)?);
        }
        let besides = |_: &Account, _: &[NetAsset]| Ok(Vec::new());
        of.extend(exchanged(
            account,
            &self.market,
            &orders,
            (&self.parameters.collateral, Premiums::AskedFor),
            besides,
        )?);
        let initial = Node::sum("initial margin", of)?;
        Ok(Requirement { asset: self.market.snapshot().currency, initial, maintenance })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.parameters.collateral
    }
}

impl GreeksJudge {
    /// The loss of every underlying.
    fn risk(
        &self,
        account: &Account,
        assets: &[NetAsset],
        detail: Detail,
    ) -> Result<Vec<(Underlying, Node)>, MarginError> {
        let mut of = Vec::new();
        for (underlying, mut stake) in self.stakes(account, assets)? {
            stake.contracts.sort_by_key(|holding| holding.row);
            of.push((underlying, self.underlying(underlying, &stake, detail)?));
        }
        Ok(of)
    }

    fn stakes(&self, account: &Account, assets: &[NetAsset]) -> Result<BTreeMap<Underlying, Stake>, MarginError> {
        let mut stakes: BTreeMap<Underlying, Stake> = BTreeMap::new();
        for net in assets {
            let balance = net.balance()?;
            let class = self.parameters.collateral.class(&self.market, net.asset);
            if class == AssetClass::Coin && !balance.is_zero() {
                let value = balance.times(net.price.value, Rounding::HalfEven)?;
                stakes.entry(net.asset.underlying()).or_default().coins = value;
            }
        }
        for held in net(&account.portfolio, self.market.listing())? {
            if held.instrument.only_moves_balances() {
                continue;
            }
            let terms = held.instrument.terms();
            let row = self.row(terms.underlying, held.id)?;
            let lot = self.underlyings[&terms.underlying].table.rows()[row].lot;
            let lots = whole_lots(held.quantity, lot).ok_or_else(|| MarginError::NotWholeLots {
                instrument: Arc::clone(&terms.name),
                quantity: Quantity(held.quantity),
                lot: Quantity(lot),
            })?;
            stakes.entry(terms.underlying).or_default().contracts.push(Holding { row, lots });
        }
        Ok(stakes)
    }

    fn row(&self, underlying: Underlying, id: InstrumentId) -> Result<usize, MarginError> {
        let prepared = self.underlyings.get(&underlying);
        let row = prepared.and_then(|prepared| prepared.table.row_of(RowKey::Instrument(id)));
        row.ok_or_else(MarginError::unknown(id))
    }

    fn underlying(&self, underlying: Underlying, stake: &Stake, detail: Detail) -> Result<Node, MarginError> {
        let unknown = MarginError::Market(MarketError::UnknownUnderlying(underlying));
        let prepared = self.underlyings.get(&underlying).ok_or(unknown)?;
        let (p, table) = (&self.parameters, &prepared.table);
        let book = taylor::book(table, &prepared.per_lot, &stake.contracts, stake.coins)?;
        let losses = book.losses(table.scenarios())?;
        let (worst, error) = match detail {
            Detail::Explained => explained(table, stake, &book, &losses)?,
            Detail::Amounts => {
                let worst = losses.into_iter().fold(Decimal::ZERO, Decimal::max);
                (Node::leaf(WORST, worst, Origin::default()), None)
            }
        };
        let hedged = |label: &'static str, share, size| {
            Node::scale(label, share, Node::leaf("hedged by another expiry", size, Origin::default()))
        };
        let mut parts = vec![
            worst,
            hedged("delta between expiries", p.delta_between, book.delta_between()?)?,
            hedged("vega between expiries", p.vega_between, book.vega_between(p.vol_up.max(p.vol_down))?)?,
        ];
        parts.extend(error);
        Ok(Node::sum(underlying.asset(), parts)?)
    }
}

const WORST: &str = "worst scenario";

/// The worst of `losses`, by expiry and Greek, and how far off it is, which is not counted.
fn explained(
    table: &Table,
    stake: &Stake,
    book: &taylor::Book,
    losses: &[Decimal],
) -> Result<(Node, Option<Node>), MarginError> {
    let held = &stake.contracts;
    let group = group(table, held, Detail::Explained);
    let mut of = Vec::with_capacity(losses.len() + 1);
    for (scenario, loss) in table.scenarios().iter().zip(losses) {
        let origin = Origin { scenario: Some(Arc::clone(&scenario.name)), group: group.clone(), position: None };
        of.push(Node::leaf("loss", *loss, origin));
    }
    of.push(Node::leaf("no loss", Decimal::ZERO, Origin::default()));
    let mut winner = None;
    let worst = Node::worst_explained(WORST, of, |node, at| {
        winner = table.scenarios().get(at).map(|scenario| (at, scenario, node.amount));
        winner.map(|(_, scenario, _)| book.explained(scenario)).transpose()
    })?;
    let Some((at, scenario, taylor)) = winner else { return Ok((worst, None)) };
    let contracts = table.loss(table.sums(held, at..at + 1)[0])?;
    let revalued = contracts.minus(stake.coins.times(scenario.price, Rounding::HalfEven)?)?;
    let error = Node::leaf("full revaluation less this", revalued.minus(taylor)?, Origin::default());
    Ok((worst, Some(Node::scale("error of the worst scenario, not counted", Decimal::ZERO, error)?)))
}
