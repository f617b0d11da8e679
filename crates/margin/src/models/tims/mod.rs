#![doc = include_str!("README.md")]

pub mod groups;
mod parameters;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Node, Requirement, Underlying};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::{Market, MarketError};

pub use parameters::TimsParameters;

use super::cash::no_coin_debts;
use super::{About, Held, Judge, Model};
use crate::array::{Holding, RowKey, Table, array_lots, contract_arrays};
use crate::closed_forms::strategy::per_contract;
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::fold::{Summed, group};
use crate::orders::fillable;
use crate::parameters::Field;
use crate::positions::net;
use crate::scenario::{Scenario, ShockRules};
use crate::{Account, MarginError};
use groups::{Class, Group, Member, POINTS};
use parameters::group_of;

/// The model's name.
const NAME: &str = "tims";

/// OCC's TIMS, as customers' portfolio margin asks it.
#[derive(Clone, Debug, Default)]
pub struct Tims {
    /// Its numbers.
    pub parameters: TimsParameters,
}

impl Model for Tims {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            page: include_str!("README.md"),
            example: include_str!("example.yaml"),
            sets: &parameters::SETS,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let mut ids: BTreeMap<Underlying, Vec<InstrumentId>> = BTreeMap::new();
        for id in &held.instruments {
            let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
            if !instrument.only_moves_balances() {
                ids.entry(instrument.terms().underlying).or_default().push(*id);
            }
        }
        let mut tables = BTreeMap::new();
        for (underlying, ids) in ids {
            tables.insert(underlying, self.table(market, underlying, &ids)?);
        }
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(TimsJudge { market: market.clone(), parameters, tables, collateral }))
    }
}

impl Tims {
    /// Every contract of a class at every point.
    fn table(&self, market: &Market, underlying: Underlying, ids: &[InstrumentId]) -> Result<Table, MarginError> {
        let (p, name) = (&self.parameters, underlying.as_str());
        let points = p.range(name).points(*p.market_move_factor.of(name))?;
        let named = |(at, by)| Scenario { name: point(at).into(), ..Scenario::price_and_vol(by, Decimal::ZERO) };
        let scenarios: Arc<[Scenario]> = points.into_iter().enumerate().map(named).collect();
        let arrays = contract_arrays(market, underlying, ids, &scenarios, &ShockRules::ALIKE)?;
        Table::of_arrays(underlying, scenarios, &arrays)
    }
}

struct TimsJudge {
    market: Market,
    parameters: TimsParameters,
    tables: BTreeMap<Underlying, Table>,
    collateral: CollateralRules,
}

/// What an account holds of one class.
struct Book<'a> {
    table: &'a Table,
    holdings: Vec<Holding>,
    minimum: Decimal,
}

impl Judge for TimsJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        no_coin_debts(NAME, &self.market, assets)?;
        if let Some(order) = fillable(account)?.first() {
            let id = order.instrument;
            let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            return Err(unsupported(instrument, "expected no open order: TIMS margins positions"));
        }
        let books = self.books(account)?;
        let mut classes = BTreeMap::new();
        let mut members = Vec::with_capacity(books.len());
        for (underlying, book) in &books {
            let group = group(book.table, &book.holdings, detail);
            let summed = Summed::new(book.table, &book.holdings, group, 0..POINTS, &[]);
            let gains = summed.sums.iter().map(|sum| book.table.loss(-*sum)).collect::<Result<Vec<_>, _>>()?;
            let name = underlying.as_str().to_owned();
            members.push(Member::Class(Class { name: name.clone(), pnl: gains, minimum: book.minimum }));
            classes.insert(name, summed);
        }
        let groups = self.grouped(members);
        let mut of = Vec::with_capacity(groups.len());
        for group in &groups {
            of.push(match detail {
                Detail::Explained => asked(group, &classes)?,
                Detail::Amounts => Node::leaf(group.name().to_owned(), group.requirement()?, Origin::default()),
            });
        }
        let maintenance = Node::sum("maintenance margin", of)?;
        let initial = Node::scale("initial margin", self.parameters.initial_ratio, maintenance.clone())?;
        Ok(Requirement { asset: self.market.snapshot().currency, initial, maintenance })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl TimsJudge {
    /// Positions by class.
    fn books(&self, account: &Account) -> Result<BTreeMap<Underlying, Book<'_>>, MarginError> {
        let p = &self.parameters;
        let mut books: BTreeMap<Underlying, Book<'_>> = BTreeMap::new();
        for held in net(&account.portfolio, self.market.listing())? {
            if held.instrument.only_moves_balances() {
                continue;
            }
            let terms = held.instrument.terms();
            let unknown = MarketError::UnknownUnderlying(terms.underlying);
            let table = self.tables.get(&terms.underlying).ok_or(MarginError::Market(unknown))?;
            let row = table.row_of(RowKey::Instrument(held.id)).ok_or_else(MarginError::unknown(held.id))?;
            let book = books.entry(terms.underlying).or_insert_with(|| Book {
                table,
                holdings: Vec::new(),
                minimum: Decimal::ZERO,
            });
            book.holdings.push(Holding { row, lots: array_lots(held.quantity, terms.underlying)? });
            let charges =
                if held.instrument.strike().is_some() { &p.minimum_charge } else { &p.minimum_charge_futures };
            let charge = per_contract(held.quantity, *charges.of(terms.underlying.as_str()))?;
            book.minimum = book.minimum.plus(charge)?;
        }
        for book in books.values_mut() {
            book.holdings.sort_unstable_by_key(|holding| holding.row);
        }
        Ok(books)
    }

    /// Classes in product groups in portfolio groups; what is alone stands by itself.
    fn grouped(&self, classes: Vec<Member>) -> Vec<Member> {
        let p = &self.parameters;
        let products = into_groups(
            classes,
            |name| group_of(&p.product_group, name),
            |of| (format!("product group {of}"), *p.product_offset.of(of)),
        );
        // A product group of its own goes by its class's name, the others by their number.
        let number = |name: &str| name.strip_prefix("product group ").unwrap_or(name).to_owned();
        into_groups(
            products,
            |name| group_of(&p.portfolio_group, &number(name)),
            |of| (format!("portfolio group {of}"), *p.portfolio_offset.of(of)),
        )
    }
}

/// Members by the group they are in: `of` gives its key and whether it is the member's own, `named` its name and offset.
fn into_groups(
    members: Vec<Member>,
    of: impl Fn(&str) -> (String, bool),
    named: impl Fn(&str) -> (String, Decimal),
) -> Vec<Member> {
    let mut alone = Vec::new();
    let mut groups: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for member in members {
        match of(member.name()) {
            (_, true) => alone.push(member),
            (key, false) => groups.entry(key).or_default().push(member),
        }
    }
    alone.extend(groups.into_iter().map(|(key, of)| {
        let (name, offset) = named(&key);
        Member::Group(Group { name, offset, of })
    }));
    alone
}

/// What a group that no group is above is asked: the worst point or the minimum charges.
fn asked(member: &Member, classes: &BTreeMap<String, Summed<'_>>) -> Result<Node, MarginError> {
    let mut of = Vec::with_capacity(POINTS + 1);
    for (at, gain) in member.pnl()?.into_iter().enumerate() {
        let origin = Origin { scenario: Some(point(at).into()), ..Origin::default() };
        of.push(Node::leaf("loss", gain.negated(), origin));
    }
    let points = of.len();
    of.push(Node::leaf("minimum charges", member.minimum()?, Origin::default()));
    let explain = |_: &Node, at| if at < points { lost(member, at, classes) } else { Ok(None) };
    let node = Node::worst_explained(member.name().to_owned(), of, explain)?;
    debug_assert_eq!(Ok(node.amount), member.requirement(), "the tree is what the group is asked");
    Ok(node)
}

/// What a member loses at one point: a class position by position, a group member by member, gains offset.
fn lost(member: &Member, at: usize, classes: &BTreeMap<String, Summed<'_>>) -> Result<Option<Node>, MarginError> {
    let group = match member {
        Member::Class(class) => {
            let summed = classes.get(&class.name).map(|summed| summed.loss_by_position(at)).transpose()?;
            return Ok(summed.map(|node| node.named(class.name.clone())));
        }
        Member::Group(group) => group,
    };
    let mut of = Vec::with_capacity(group.of.len());
    for member in &group.of {
        let Some(node) = lost(member, at, classes)? else { return Ok(None) };
        let gains = node.amount.signum() < 0;
        of.push(if gains { Node::scale("gain that counts", group.offset, node)? } else { node });
    }
    Ok(Some(Node::sum(group.name.clone(), of)?))
}

/// `point 1, down 5/5`.
fn point(at: usize) -> String {
    let side = POINTS / 2;
    let (way, fifth) = if at < side { ("down", side - at) } else { ("up", at + 1 - side) };
    format!("point {}, {way} {fifth}/{side}", at + 1)
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: Arc::clone(&instrument.terms().name), why: why.to_owned() }
}
