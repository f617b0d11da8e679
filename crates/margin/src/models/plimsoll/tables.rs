//! What the model prepares for a market, and an account's holdings as rows of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{
    Asset, Decimal, InstrumentId, Label, Node, NumberError, Order, Rounding, Side, Timestamp, Underlying,
};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::charges::Charges;
use super::joint;
use super::near::Near;
use super::parameters::PlimsollParameters;
use super::scenarios::ScenarioSet;
use crate::array::{ByContract, Counted, Holding, RowKey, Table, TableSpec, by_expiry};
use crate::collateral::AssetClass;
use crate::equity::NetAsset;
use crate::fold::{Detail, group};
use crate::models::Held;
use crate::orders::{OrderArray, fillable, whole_lots};
use crate::pass::{Combine, Fold, Pass};
use crate::watch::fingerprint;
use crate::{Account, MarginError};

/// What forwards cost that move apart, volatilities that do, and rates.
pub(super) const BASIS: &str = "basis";
pub(super) const VOL_TERM: &str = "volatility of single expiries";
pub(super) const RATE: &str = "interest rate";

/// Everything prepared of one underlying.
#[derive(Debug)]
pub(super) struct UnderlyingTables {
    pub(super) table: Table,
    pub(super) set: ScenarioSet,
    pub(super) near: Option<Near>,
    pub(super) charges: Charges,
    /// Its name, as labels have it.
    pub(super) name: Arc<str>,
    /// The label of its own worst, standing alone.
    pub(super) alone: Label,
    /// Labels of the joint moves that all share, by scan column.
    pub(super) together: Vec<Label>,
    /// Labels of the joint moves that this underlying leads.
    pub(super) leading: Vec<Label>,
    /// Labels of its rows' expiries.
    expiries: Vec<Label>,
}

/// Tables of everything that accounts hold.
#[derive(Debug)]
pub(super) struct Tables {
    market: Market,
    parameters: PlimsollParameters,
    /// Found when it is first asked for: many figures have it.
    version: OnceLock<i64>,
    /// By underlying, ascending.
    underlyings: Vec<UnderlyingTables>,
    contracts: ByContract<Place>,
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Of the underlyings, the how-manieth.
    underlying: usize,
    row: usize,
    /// Whether a trade in it leaves balances and no position.
    spot: bool,
}

/// An account's holdings of one underlying, and its orders in it.
pub(super) struct Stake<'a> {
    pub(super) tables: &'a UnderlyingTables,
    pub(super) holdings: Vec<Holding>,
    pub(super) orders: Vec<OrderArray>,
    pub(super) near_orders: Vec<OrderArray>,
    /// All of them, as explanations name them.
    pub(super) group: Option<Arc<Group>>,
    /// The holdings by expiry.
    pub(super) runs: Vec<Run<'a>>,
    /// What it would hold with orders filled as charges ask most; none without orders.
    filled: Option<Filled<'a>>,
    /// What is asked of it.
    pub(super) detail: Detail,
}

/// Holdings once orders are filled, by what is counted of them.
struct Filled<'a> {
    /// Row by row the most without sign: no fills leave more to close, or a larger book.
    gross: Lots<'a>,
    /// All sells and no buys: no fills leave more that is short.
    sold: Lots<'a>,
}

/// Holdings, and the same by expiry.
struct Lots<'a> {
    holdings: Vec<Holding>,
    runs: Vec<Run<'a>>,
}

/// What of holdings a charge counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    Gross,
    Shorts,
}

/// Holdings of one expiry.
pub(super) struct Run<'a> {
    pub(super) expiry: Option<Timestamp>,
    pub(super) label: &'a Label,
    pub(super) holdings: Range<usize>,
    pub(super) group: Option<Arc<Group>>,
}

impl Tables {
    /// Builds the tables of everything in `held`.
    ///
    /// # Errors
    /// [`MarginError`] when something held cannot be priced.
    pub(super) fn build(market: &Market, held: &Held, parameters: &PlimsollParameters) -> Result<Self, MarginError> {
        let mut keys: BTreeMap<Underlying, BTreeSet<RowKey>> = BTreeMap::new();
        let mut assets = held.assets.clone();
        for id in &held.instruments {
            let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
            let terms = instrument.terms();
            moves_with_one_coin(market, instrument, parameters)?;
            keys.entry(terms.underlying).or_default().insert(RowKey::Instrument(*id));
            assets.insert(terms.settlement);
            if instrument.only_moves_balances() {
                assets.insert(terms.underlying.asset());
            }
        }
        let mut stablecoins = Vec::new();
        for asset in assets {
            let class = parameters.collateral.class(market, asset);
            if class == AssetClass::Stablecoin {
                stablecoins.push(asset);
            }
            if matches!(class, AssetClass::Stablecoin | AssetClass::Coin) {
                keys.entry(asset.underlying()).or_default().insert(RowKey::Asset(asset));
            }
        }
        let mut underlyings = Vec::with_capacity(keys.len());
        for (underlying, keys) in keys {
            let keys: Vec<RowKey> = keys.into_iter().collect();
            underlyings.push(one(market, underlying, &keys, &stablecoins, parameters)?);
        }
        let contracts = places(market, &underlyings);
        let (market, parameters) = (market.clone(), parameters.clone());
        Ok(Self { market, parameters, version: OnceLock::new(), underlyings, contracts })
    }

    /// The account's stakes, underlying by underlying, and what part lots of balances can lose.
    ///
    /// # Errors
    /// [`MarginError`] for what the tables do not have, part lots of a position, too many lots.
    pub(super) fn stakes(
        &self,
        account: &Account,
        assets: &[NetAsset],
        detail: Detail,
    ) -> Result<(Vec<Stake<'_>>, Node), MarginError> {
        let portfolio = &account.portfolio;
        let mut held: Vec<(usize, Holding)> = Vec::with_capacity(portfolio.positions.len() + assets.len());
        for position in &portfolio.positions {
            let Some(Place { underlying, row, .. }) = self.place_held(position.instrument)? else { continue };
            let row_terms = &self.underlyings[underlying].table.rows()[row];
            let lots = whole_lots(position.quantity.0, row_terms.lot).ok_or_else(|| MarginError::NotWholeLots {
                instrument: row_terms.name.clone(),
                quantity: position.quantity,
                lot: plimsoll_core::Quantity(row_terms.lot),
            })?;
            held.push((underlying, Holding { row, lots }));
        }
        let part_lots = self.balances(assets, &mut held)?;
        let orders = fillable(account)?;
        // An order alone is a stake too: of no lots.
        for order in &orders {
            let Place { underlying, row, .. } = self.place(order.instrument)?;
            held.push((underlying, Holding { row, lots: 0 }));
        }
        held.sort_by_key(|(underlying, holding)| (*underlying, holding.row));
        let mut stakes = Vec::new();
        for of_one in held.chunk_by(|(left, _), (right, _)| left == right) {
            let underlying = self.underlyings[of_one[0].0].table.underlying();
            let holdings = merged(underlying, of_one.iter().map(|(_, holding)| *holding))?;
            stakes.push(self.stake(account, &orders, of_one[0].0, holdings, detail)?);
        }
        Ok((stakes, part_lots))
    }

    /// Adds the whole lots of balances to what is `held`; what their part lots can lose.
    fn balances(&self, assets: &[NetAsset], held: &mut Vec<(usize, Holding)>) -> Result<Node, MarginError> {
        let mut part_lots = Vec::new();
        for net in assets {
            let Some((underlying, row)) = self.asset_place(net.asset) else {
                self.moves_nothing(net)?;
                continue;
            };
            let tables = &self.underlyings[underlying];
            let (lots, rest) =
                net.balance()?.split_by(tables.table.rows()[row].lot).ok_or(MarginError::NotPositive {
                    what: "the lot of a balance",
                    value: tables.table.rows()[row].lot,
                })?;
            let lots = i64::try_from(lots).map_err(|_| MarginError::TooManyLots {
                underlying: tables.table.underlying(),
                lots: lots.unsigned_abs(),
            })?;
            if lots != 0 {
                held.push((underlying, Holding { row, lots }));
            }
            if !rest.is_zero() {
                part_lots.push(part_lot(tables, row, rest)?);
            }
        }
        Ok(Node::sum("balances under one lot", part_lots)?)
    }

    /// What is made expiry by expiry, and what interest rates do, underlying by underlying.
    pub(super) fn passes(&self) -> Vec<Pass<'_>> {
        let mut all = Vec::with_capacity(3 * self.underlyings.len());
        for UnderlyingTables { table, set, .. } in &self.underlyings {
            let pass = |name, columns: &Range<usize>, combine| Pass {
                name,
                table,
                columns: columns.clone(),
                fold: Fold::Plain,
                combine,
            };
            all.push(pass(BASIS, &set.basis, Combine::SumOfWorsts));
            all.push(pass(VOL_TERM, &set.vol_term, Combine::SumOfWorsts));
            all.push(pass(RATE, &set.rate, Combine::WorstOfSum));
        }
        all
    }

    /// The stake in the underlying that is the `at`-th.
    fn stake(
        &self,
        account: &Account,
        orders: &[Order],
        at: usize,
        holdings: Vec<Holding>,
        detail: Detail,
    ) -> Result<Stake<'_>, MarginError> {
        let tables = &self.underlyings[at];
        let mut mine: Vec<&Order> = Vec::new();
        for order in orders {
            if self.place(order.instrument)?.underlying == at {
                mine.push(order);
            }
        }
        let arrays = |table: &Table| {
            let by = (&self.market, &self.parameters.collateral);
            mine.iter().map(|order| OrderArray::new(account, order, table, by)).collect::<Result<Vec<_>, _>>()
        };
        let orders = arrays(&tables.table)?;
        let near_orders = tables.near.as_ref().map_or(Ok(Vec::new()), |near| arrays(&near.table))?;
        let group = group(&tables.table, &holdings, detail);
        let runs = runs(tables, &holdings, &orders, detail);
        let filled = filled(tables, &holdings, &orders, detail)?;
        Ok(Stake { tables, holdings, orders, near_orders, group, runs, filled, detail })
    }

    fn place(&self, id: InstrumentId) -> Result<Place, MarginError> {
        self.contracts.get(id).copied().ok_or_else(MarginError::unknown(id))
    }

    /// Where a position stands; none of what leaves balances, which are counted as such.
    fn place_held(&self, id: InstrumentId) -> Result<Option<Place>, MarginError> {
        match self.contracts.get(id) {
            Some(place) => Ok((!place.spot).then_some(*place)),
            None if self.market.listing().get(id).is_some_and(Instrument::only_moves_balances) => Ok(None),
            None => Err(MarginError::unknown(id)()),
        }
    }

    /// That what is held or owed of an asset without a row is of none that scenarios move: of one that the model was not
    /// prepared for, as one is whose price no cell holds, the risk is not known.
    fn moves_nothing(&self, net: &NetAsset) -> Result<(), MarginError> {
        let class = self.parameters.collateral.class(&self.market, net.asset);
        if !matches!(class, AssetClass::Stablecoin | AssetClass::Coin) || net.balance()?.is_zero() {
            return Ok(());
        }
        let (model, what) = ("plimsoll", net.asset.as_str().into());
        let why =
            format!("at {} it moves by what was not prepared; expected a price whose moves fit a cell", net.price);
        Err(MarginError::Unsupported { model, what, why })
    }

    fn asset_place(&self, asset: Asset) -> Option<(usize, usize)> {
        let own = asset.underlying();
        let at = self.underlyings.binary_search_by(|tables| tables.table.underlying().cmp(&own)).ok()?;
        Some((at, self.underlyings[at].table.row_of(RowKey::Asset(asset))?))
    }

    pub(super) fn asset_row(&self, asset: Asset) -> Option<(&UnderlyingTables, usize)> {
        let (at, row) = self.asset_place(asset)?;
        Some((&self.underlyings[at], row))
    }

    /// Everything prepared, underlying by underlying.
    pub(super) fn each(&self) -> impl Iterator<Item = (Underlying, &UnderlyingTables)> {
        self.underlyings.iter().map(|tables| (tables.table.underlying(), tables))
    }

    pub(super) fn parameters(&self) -> &PlimsollParameters {
        &self.parameters
    }

    /// Tells the parameters from others.
    pub(super) fn version(&self) -> i64 {
        *self.version.get_or_init(|| fingerprint(&self.parameters))
    }

    pub(super) fn market(&self) -> &Market {
        &self.market
    }
}

/// Where every contract stands.
fn places(market: &Market, underlyings: &[UnderlyingTables]) -> ByContract<Place> {
    let rows = underlyings
        .iter()
        .enumerate()
        .flat_map(|(at, tables)| tables.table.rows().iter().enumerate().map(move |(row, of)| (at, row, of.key)));
    rows.filter_map(|(underlying, row, key)| match key {
        RowKey::Instrument(id) => {
            let spot = market.listing().get(id).is_some_and(Instrument::only_moves_balances);
            Some((id, Place { underlying, row, spot }))
        }
        RowKey::Asset(_) => None,
    })
    .collect()
}

fn one(
    market: &Market,
    underlying: Underlying,
    keys: &[RowKey],
    stablecoins: &[Asset],
    parameters: &PlimsollParameters,
) -> Result<UnderlyingTables, MarginError> {
    let set = ScenarioSet::new(parameters, underlying, stablecoins)?;
    let own = underlying.asset();
    let spec = TableSpec {
        market,
        underlying,
        coin: (parameters.collateral.class(market, own) == AssetClass::Coin).then_some(own),
        scenarios: set.scenarios.clone(),
        rules: &parameters.rules,
        grain: parameters.grain,
        balance_lot: &|asset| *parameters.balance_lot.of(asset.as_str()),
        counted: Counted::PnlPerLot,
    };
    let table = Table::build(&spec, keys)?;
    let near = Near::build(&spec, keys, parameters, &set)?;
    let charges = Charges::new(&table, market, parameters)?;
    let expiries = table.rows().iter().map(|row| expiry_label(row.expiry)).collect();
    let (together, leading) = joint::labels(&set, underlying);
    let name = underlying.as_str().into();
    let alone = format!("{underlying} alone").into();
    Ok(UnderlyingTables { table, set, near, charges, name, alone, together, leading, expiries })
}

/// Refuses a contract whose quote or settlement is another coin, or an asset that moves in no scenario:
/// its row would stand still where that asset moves.
fn moves_with_one_coin(
    market: &Market,
    instrument: &Instrument,
    parameters: &PlimsollParameters,
) -> Result<(), MarginError> {
    let terms = instrument.terms();
    for asset in [terms.quote, terms.settlement] {
        let class = parameters.collateral.class(market, asset);
        let own = asset == terms.underlying.asset() && class == AssetClass::Coin && asset == terms.settlement;
        if !own && !matches!(class, AssetClass::Currency | AssetClass::Stablecoin) {
            return Err(MarginError::OtherCoin { instrument: Arc::clone(&terms.name), asset, model: "plimsoll" });
        }
    }
    Ok(())
}

fn expiry_label(expiry: Option<Timestamp>) -> Label {
    expiry.map_or_else(|| "perpetual".into(), |expiry| expiry.to_string().into())
}

/// The holdings of each expiry, and the expiries that only orders are in.
fn runs<'a>(tables: &'a UnderlyingTables, holdings: &[Holding], orders: &[OrderArray], detail: Detail) -> Vec<Run<'a>> {
    let table = &tables.table;
    let mut start = 0;
    let mut all: Vec<Run<'a>> = by_expiry(table, holdings)
        .map(|(expiry, run)| {
            let holdings = start..start + run.len();
            start = holdings.end;
            Run { expiry, label: &tables.expiries[run[0].row], holdings, group: group(table, run, detail) }
        })
        .collect();
    for order in orders {
        if !all.iter().any(|run| run.expiry == order.expiry) {
            let label = &tables.expiries[order.row];
            let empty = || Group { underlying: table.underlying(), expiry: order.expiry, positions: Vec::new() };
            let group = (detail == Detail::Explained).then(|| Arc::new(empty()));
            all.push(Run { expiry: order.expiry, label, holdings: 0..0, group });
        }
    }
    all
}

/// `holdings` with `orders` filled as charges ask most.
fn filled<'a>(
    tables: &'a UnderlyingTables,
    holdings: &[Holding],
    orders: &[OrderArray],
    detail: Detail,
) -> Result<Option<Filled<'a>>, MarginError> {
    if orders.is_empty() {
        return Ok(None);
    }
    let with_all = |side: Side| {
        let of_side = orders.iter().filter(|order| (order.lots > 0) == (side == Side::Buy));
        let fills = of_side.map(|order| Holding { row: order.row, lots: order.lots });
        let mut all: Vec<Holding> = holdings.iter().copied().chain(fills).collect();
        all.sort_by_key(|holding| holding.row);
        merged(tables.table.underlying(), all.into_iter())
    };
    let (bought, sold) = (with_all(Side::Buy)?, with_all(Side::Sell)?);
    let mut gross = [holdings, &bought, &sold].concat();
    gross.sort_by_key(|holding| (holding.row, Reverse(holding.lots.unsigned_abs())));
    gross.dedup_by_key(|holding| holding.row);
    let lots = |holdings: Vec<Holding>| Lots { runs: runs(tables, &holdings, &[], detail), holdings };
    Ok(Some(Filled { gross: lots(gross), sold: lots(sold) }))
}

/// Holdings, by row, of one row made one; those that cancel are left out.
///
/// # Errors
/// [`MarginError::TooManyLots`].
fn merged(
    underlying: Underlying,
    holdings: impl ExactSizeIterator<Item = Holding>,
) -> Result<Vec<Holding>, MarginError> {
    let mut all: Vec<Holding> = Vec::with_capacity(holdings.len());
    for holding in holdings {
        match all.last_mut() {
            Some(last) if last.row == holding.row => {
                let lots = u128::from(last.lots.unsigned_abs()) + u128::from(holding.lots.unsigned_abs());
                let sum = last.lots.checked_add(holding.lots);
                last.lots = sum.ok_or(MarginError::TooManyLots { underlying, lots })?;
            }
            _ => all.push(holding),
        }
    }
    all.retain(|holding| holding.lots != 0);
    Ok(all)
}

/// The largest loss of less than a lot of a balance, in any scenario.
fn part_lot(tables: &UnderlyingTables, row: usize, rest: Decimal) -> Result<Node, NumberError> {
    let table = &tables.table;
    let sign = i128::from(rest.signum());
    let worst =
        (0..table.scenarios().len()).map(|at| -sign * i128::from(table.cell(row, at))).max().unwrap_or(0).max(0);
    let per_lot = table.grain().times_count(worst + 1)?;
    let loss = per_lot.times_ratio(rest.abs(), table.rows()[row].lot, Rounding::Up)?;
    let origin = Origin { position: Some(table.rows()[row].name.clone()), ..Origin::default() };
    Ok(Node::leaf("largest loss", loss, origin))
}

impl Stake<'_> {
    /// Whether anything in it moves with the stablecoin whose columns are the `at`-th.
    pub(super) fn moves_with_stablecoin(&self, at: usize) -> bool {
        let table = &self.tables.table;
        let columns = self.tables.set.stable.start + 2 * at..self.tables.set.stable.start + 2 * at + 2;
        let rows = self.holdings.iter().map(|holding| holding.row).chain(self.orders.iter().map(|order| order.row));
        rows.into_iter().any(|row| columns.clone().any(|column| table.cell(row, column) != 0))
    }

    /// The stake as if nothing were ordered.
    pub(super) fn forget_orders(&mut self) {
        self.orders.clear();
        self.near_orders.clear();
        self.filled = None;
        self.runs.retain(|run| !run.holdings.is_empty());
    }

    /// Whether anything in it moves with an underlying's price; a balance of a stablecoin does not.
    pub(super) fn moves_with_price(&self) -> bool {
        self.tables.table.coin().is_some() || self.instruments().next().is_some()
    }

    /// The instruments held or ordered.
    pub(super) fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        let rows = self.holdings.iter().map(|holding| holding.row).chain(self.orders.iter().map(|order| order.row));
        rows.filter_map(|row| match self.tables.table.rows()[row].key {
            RowKey::Instrument(id) => Some(id),
            RowKey::Asset(_) => None,
        })
    }

    /// A charge as things stand, or more once orders fill, whichever of them do: it grows with what it counts, which no fills
    /// make more than these.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn worst_charge(
        &self,
        counts: Counts,
        charge: impl Fn(&UnderlyingTables, &[Holding], &[Run<'_>]) -> Result<Node, NumberError>,
    ) -> Result<Node, NumberError> {
        let now = || charge(self.tables, &self.holdings, &self.runs);
        let Some(filled) = &self.filled else { return now() };
        let (lots, label) = match counts {
            Counts::Gross => (&filled.gross, "orders filled where that leaves more"),
            Counts::Shorts => (&filled.sold, "all sells filled"),
        };
        let worst = charge(self.tables, &lots.holdings, &lots.runs)?;
        if self.detail == Detail::Amounts {
            return Ok(worst);
        }
        let now = now()?;
        Ok(Node::worst_of(now.label.clone(), vec![now.named("no order filled"), worst.named(label)]))
    }
}
