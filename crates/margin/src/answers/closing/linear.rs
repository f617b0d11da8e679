//! The proposal of a linear program over what a model scans.
//!
//! Unknowns are notionals bought and sold of each contract, in parts of rising cost, and by how much the worst falls. Rows
//! say that the worst is no column's less, and that no trade, filled without the others, makes a column worse than the worst
//! is now. Of some hundred rows a few bind: they are added where they are broken.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::float::{decimal, float};

use super::closed_form::{grown, trimmed};
use super::desk::{Desk, Trades};
use super::fills::safe_part;
use super::simplex::Program;
use crate::array::RowKey;
use crate::level::Level;
use crate::scans::{JointMove, ScanStake, Scans};

/// Ends of the parts of what can be traded of a contract: its impact grows with each.
const PARTS: [f64; 4] = [0.125, 0.3, 0.6, 1.0];
/// What a unit of excess not reached is taken to cost: more than any that is bought.
const MISSED: f64 = 100.0;
/// Programs solved for one proposal, at most, and proposals asked for.
const PROGRAMS_MAX: usize = 24;
const PROPOSALS_MAX: usize = 5;
/// Rows of a kind that are added at once.
const ROWS_AT_ONCE: usize = 3;
/// Of what is spare so much is given back before it is looked at again.
const SURE: f64 = 0.97;
/// A row is broken by more than this share of what is missing.
const BROKEN: f64 = 1e-6;

/// One side of a contract that the account's scans have, or of a conversion.
struct Way {
    contract: usize,
    side: i64,
    most: f64,
    /// What of it moves; a coin that moves in no scan is sold for its haircut alone.
    cells: Option<Cells>,
    /// Notional of a lot.
    lot: f64,
    /// What charges fall by, and of spot haircuts too, with a lot.
    relief: f64,
    /// What a lot gains in each piece.
    gains: Vec<f64>,
}

/// A row that a lot of a contract moves with.
struct Cells {
    stake: usize,
    row: usize,
    /// Lots of the row in one of the contract.
    times: f64,
}

impl Way {
    fn new(desk: &Desk<'_>, scans: &Scans<'_>, (contract, side, most): (usize, i64, i64)) -> Option<Self> {
        let of = &desk.contracts[contract];
        let coin = of.instrument.only_moves_balances().then(|| of.instrument.terms().underlying.asset());
        let key = coin.map_or(RowKey::Instrument(of.id), RowKey::Asset);
        let place = scans.stakes.iter().enumerate().find_map(|(at, stake)| Some((at, stake.table.row_of(key)?)));
        let (cells, relief) = match (coin, place) {
            (None, None) => return None,
            (None, Some((stake, row))) => {
                let [bought, sold] = scans.stakes[stake].relief[row];
                (Some(Cells { stake, row, times: 1.0 }), if side > 0 { bought } else { sold })
            }
            (Some(_), place) => {
                let coins = float(of.coins_of_lot().ok()?);
                let times = |stake: usize, row: usize| coins / float(scans.stakes[stake].table.rows()[row].lot);
                (place.map(|(stake, row)| Cells { stake, row, times: times(stake, row) }), 0.0)
            }
        };
        let lot = float(of.notional_of_lot().ok()?);
        Some(Self { contract, side, most: float(Decimal::from_int(most)), cells, lot, relief, gains: Vec::new() })
    }
}

/// A loss that counts: one column of some stakes.
struct Piece {
    at: usize,
    loss: f64,
    /// The stake, or that of a joint move.
    stake: Option<usize>,
    columns: Vec<(usize, usize)>,
}

/// Scans as a program over ways.
pub(super) struct Scanned<'a> {
    scans: Scans<'a>,
    ways: Vec<Way>,
    pieces: Vec<Piece>,
    /// How much of the scan counts at the line.
    weight: f64,
    /// The worst now.
    worst: f64,
}

impl<'a> Scanned<'a> {
    pub(super) fn new(desk: &Desk<'a>) -> Option<Self> {
        let scans = desk.scans()?;
        let weight = weight(desk, scans.maintenance_share)?;
        let mut ways: Vec<Way> = desk.ways().filter_map(|way| Way::new(desk, &scans, way)).collect();
        let mut pieces = Vec::new();
        for (stake, scanned) in scans.stakes.iter().enumerate() {
            for (column, loss) in scanned.losses.iter().enumerate() {
                pieces.push(Piece {
                    at: pieces.len(),
                    loss: *loss,
                    stake: Some(stake),
                    columns: vec![(stake, column)],
                });
            }
        }
        for JointMove { loss, columns } in &scans.joint {
            let columns = columns.iter().enumerate().filter_map(|(at, column)| Some((at, (*column)?)));
            let columns = columns.map(|(at, column)| (at, column - scans.stakes[at].columns.start)).collect();
            pieces.push(Piece { at: pieces.len(), loss: *loss, stake: None, columns });
        }
        for way in &mut ways {
            way.gains = pieces.iter().map(|piece| gain(&scans, way, piece)).collect();
        }
        let own: f64 = scans.stakes.iter().map(ScanStake::worst).sum();
        let floor = if scans.stakes.len() > 1 { scans.floor * own } else { 0.0 };
        let worst = pieces.iter().map(|piece| piece.loss).fold(floor, f64::max);
        let mut scanned = Self { scans, ways, pieces, weight, worst };
        scanned.try_conversions(desk);
        Some(scanned)
    }

    /// What conversions free beside the scan, in haircuts and charges on either of two assets, from one evaluation each.
    fn try_conversions(&mut self, desk: &Desk<'_>) {
        let mut ways = std::mem::take(&mut self.ways);
        ways.retain_mut(|way| {
            if !desk.contracts[way.contract].instrument.only_moves_balances() {
                return true;
            }
            let Some((lots, gained)) = tried(desk, way) else { return false };
            way.relief = (gained - self.weight * (self.worst - self.worst_after(way, lots))) / lots;
            true
        });
        self.ways = ways;
    }

    /// The worst after so many lots of one way.
    fn worst_after(&self, way: &Way, lots: f64) -> f64 {
        let mut own = vec![0.0; self.scans.stakes.len()];
        let mut worst: f64 = 0.0;
        for piece in &self.pieces {
            let loss = piece.loss - lots * way.gains[piece.at];
            worst = worst.max(loss);
            if let Some(stake) = piece.stake {
                own[stake] = loss.max(own[stake]);
            }
        }
        let floor = if own.len() > 1 { self.scans.floor * own.iter().sum::<f64>() } else { 0.0 };
        worst.max(floor)
    }

    /// The last lot of each of `trades`, the dearest first: what it cost, its contract, and what it gains at least.
    pub(super) fn lots(&self, desk: &Desk<'_>, trades: &Trades) -> Vec<(f64, usize, f64)> {
        let traded: Vec<(&Way, i64)> = trades
            .each()
            .filter_map(|(at, lots)| {
                let way = self.ways.iter().find(|way| way.contract == at && way.side == lots.signum())?;
                Some((way, lots.abs()))
            })
            .collect();
        let loss = |piece: &Piece| {
            let gained = traded.iter().map(|(way, lots)| float(Decimal::from_int(*lots)) * way.gains[piece.at]);
            piece.loss - gained.sum::<f64>()
        };
        let losses = self.pieces.iter().map(|piece| (loss(piece), piece));
        let Some((_, worst)) = losses.max_by(|left, right| left.0.total_cmp(&right.0)) else { return Vec::new() };
        let mut all: Vec<(f64, usize, f64)> = Vec::with_capacity(traded.len());
        for (way, lots) in traded {
            let count = float(Decimal::from_int(lots));
            let Some(cost) = desk.contracts[way.contract].cost_between(way.side, count - 1.0, count) else { continue };
            all.push((cost, way.contract, self.weight * way.gains[worst.at] + way.relief - cost));
        }
        all.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        all
    }

    /// The combinations of `trades` that say worst of themselves, the worst first: in each piece those that lose there.
    pub(super) fn worst_fills(&self, desk: &Desk<'_>, trades: &Trades, most: usize) -> Vec<Trades> {
        let traded: Vec<(&Way, f64, f64)> = trades
            .each()
            .filter_map(|(at, lots)| {
                let way = self.ways.iter().find(|way| way.contract == at && way.side == lots.signum())?;
                let cost = float(desk.contracts[at].cost(lots).ok()?);
                let count = float(Decimal::from_int(lots.abs()));
                Some((way, count, cost - count * way.relief))
            })
            .collect();
        let mut all: Vec<(f64, Trades)> = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let (mut taken, mut filled) = (self.weight * (piece.loss - self.worst), Vec::new());
            for (way, count, besides) in &traded {
                let takes = besides - self.weight * count * way.gains[piece.at];
                if takes > 0.0 {
                    taken += takes;
                    filled.push((way.contract, trades.of(way.contract)));
                }
            }
            all.push((taken, filled.into_iter().collect()));
        }
        all.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        let mut worst: Vec<Trades> = Vec::new();
        for (_, trades) in all {
            if worst.len() < most && !trades.is_empty() && !worst.contains(&trades) {
                worst.push(trades);
            }
        }
        worst
    }
}

/// What a lot of a way gains in a piece.
fn gain(scans: &Scans<'_>, way: &Way, piece: &Piece) -> f64 {
    let Some(cells) = &way.cells else { return 0.0 };
    let column = piece.columns.iter().find(|(stake, _)| *stake == cells.stake);
    let gain = column.map_or(0.0, |(stake, column)| scans.stakes[*stake].gain(cells.row, *column));
    if way.side > 0 { gain * cells.times } else { -gain * cells.times }
}

/// Lots of a way, of the first of its parts, and what they gain before their cost.
fn tried(desk: &Desk<'_>, way: &Way) -> Option<(f64, f64)> {
    let lots = (PARTS[0] * way.most).ceil();
    let count = i64::try_from(decimal(lots, 0).ok()?.count(0, Rounding::Up)).ok()? * way.side;
    let gained = desk.excess(&Trades::from_iter([(way.contract, count)]))?.minus(desk.start).ok()?;
    Some((lots, float(gained.plus(desk.contracts[way.contract].cost(count).ok()?).ok()?)))
}

/// How much of what is scanned counts at the plan's line.
fn weight(desk: &Desk<'_>, maintenance: f64) -> Option<f64> {
    let lines = desk.terms.lines;
    let between = |share: Decimal| maintenance + float(share) * (1.0 - maintenance);
    match desk.terms.until {
        Level::Initial => Some(1.0),
        Level::Fill => Some(between(lines.fill)),
        Level::Call => Some(between(lines.call)),
        Level::LiquidationEnd => Some(between(lines.liquidation_end)),
        Level::Maintenance => Some(maintenance),
        Level::Backstop => Some(maintenance * float(lines.backstop)),
        Level::NetValue => None,
    }
}

/// Trades that a linear program proposes, made exact; `None` where the model declares no scan or nothing is proposed.
pub(super) fn search(desk: &Desk<'_>) -> Option<Trades> {
    let scanned = desk.scanned()?;
    let missing = float(desk.start.abs());
    let (mut asked, mut best) = (missing, None);
    for _ in 0..PROPOSALS_MAX {
        let trades = propose(desk, scanned, asked)?;
        let excess = desk.excess(&trades)?;
        if best.as_ref() == Some(&trades) {
            break;
        }
        best = Some(trades);
        let gained = float(excess.minus(desk.start).ok()?);
        if excess.signum() >= 0 || gained <= 0.0 {
            break;
        }
        // What the program does not know of is about the same share again.
        asked *= (missing / gained).clamp(1.001, 3.0);
    }
    let fitted = fitted(desk, scanned, best?);
    let safe = safe_part(desk, &fitted);
    let sides = safe.clone();
    let grown = grown(desk, safe, |contract, side| sides.of(contract).signum() == side);
    (!grown.is_empty()).then(|| trimmed(desk, grown))
}

/// `trades` without the lots that rounding up brought and the account can spare, as the scan tells it; as they were where
/// that does not cure.
fn fitted(desk: &Desk<'_>, scanned: &Scanned<'_>, trades: Trades) -> Trades {
    let Some(mut spare) = desk.excess(&trades).map(float).filter(|spare| *spare > 0.0) else { return trades };
    let mut fewer = trades.clone();
    for (cost, at, gain) in scanned.lots(desk, &trades) {
        if gain < spare * SURE && cost > 0.0 {
            let lots = fewer.of(at);
            fewer = fewer.with(at, lots - lots.signum());
            spare -= gain;
        }
    }
    if desk.cures(&fewer) { fewer } else { trades }
}

/// The trades of a program that asks for so much excess.
fn propose(desk: &Desk<'_>, scanned: &Scanned<'_>, asked: f64) -> Option<Trades> {
    let mut program = Rows::new(desk, scanned, asked)?;
    for _ in 0..PROGRAMS_MAX {
        let found = program.program.least();
        if !program.add_broken(&found) {
            return Some(desk.cut(program.trades(&found)));
        }
    }
    None
}

/// A part of a way, of one cost.
struct Column {
    way: usize,
    upper: f64,
    /// Cost and relief of a unit of notional.
    cost: f64,
    relief: f64,
}

/// The program while rows are added. Amounts are counted in what is asked for.
struct Rows<'a> {
    scanned: &'a Scanned<'a>,
    columns: Vec<Column>,
    program: Program,
    asked: f64,
    /// Which pieces stand in it, as losses and as fills.
    known: Vec<[bool; 2]>,
}

impl<'a> Rows<'a> {
    fn new(desk: &Desk<'_>, scanned: &'a Scanned<'a>, asked: f64) -> Option<Self> {
        let mut columns = Vec::new();
        for (at, way) in scanned.ways.iter().enumerate() {
            let mut start = 0.0;
            for part in PARTS {
                let (from, to) = ((start * way.most).floor(), (part * way.most).floor());
                start = part;
                if to <= from {
                    continue;
                }
                let cost = desk.contracts[way.contract].cost_between(way.side, from, to)?;
                let (cost, relief) = (cost / ((to - from) * way.lot), way.relief / way.lot);
                columns.push(Column { way: at, upper: (to - from) * way.lot / asked, cost, relief });
            }
        }
        let mut rows = Self {
            scanned,
            columns,
            program: Program::default(),
            asked,
            known: vec![[false; 2]; scanned.pieces.len()],
        };
        // What makes the worst of now worse is bounded by nothing: it may not be traded.
        let allowed: Vec<bool> = rows.columns.iter().map(|column| rows.may_fill_alone(column)).collect();
        let mut allowed = allowed.into_iter();
        rows.columns.retain(|_| allowed.next().unwrap_or(false));
        let stakes = if scanned.scans.stakes.len() > 1 { scanned.scans.stakes.len() } else { 0 };
        let program = &mut rows.program;
        program.costs = rows.columns.iter().map(|column| column.cost).collect();
        program.upper = rows.columns.iter().map(|column| column.upper).collect();
        // By how much the worst falls, by how much each stake's own falls and rises, and what is freed.
        let room = scanned.worst / asked;
        program.costs.push(0.0);
        program.upper.push(room);
        for _ in 0..2 * stakes {
            program.costs.push(0.0);
            program.upper.push(f64::INFINITY);
        }
        program.costs.push(-MISSED);
        program.upper.push(1.0);
        let mut freed = rows.empty();
        for (entry, column) in freed.iter_mut().zip(&rows.columns) {
            *entry = column.cost - column.relief;
        }
        let last = freed.len() - 1;
        (freed[rows.columns.len()], freed[last]) = (-scanned.weight, 1.0);
        rows.program.rows.push((freed, 0.0));
        rows.add_coins(desk);
        if stakes > 0 {
            rows.add_floor(stakes);
        }
        Some(rows)
    }

    fn empty(&self) -> Vec<f64> {
        vec![0.0; self.program.costs.len()]
    }

    /// Of a coin that several contracts convert no more than there is.
    fn add_coins(&mut self, desk: &Desk<'_>) {
        for (coin, free) in desk.coins.iter().filter(|(_, free)| !free.is_zero()) {
            let mut row = self.empty();
            for (entry, column) in row.iter_mut().zip(&self.columns) {
                let way = &self.scanned.ways[column.way];
                let contract = &desk.contracts[way.contract];
                if contract.converts == Some(*coin) {
                    let coins = contract.coins_of_lot().map_or(0.0, float) * self.asked / way.lot;
                    *entry = coins / float(free.abs());
                }
            }
            self.program.rows.push((row, 1.0));
        }
    }

    /// The floor on the sum of own worsts: the worst falls by at most its distance from it and its share of their falls.
    fn add_floor(&mut self, stakes: usize) {
        let (mut row, worst) = (self.empty(), self.columns.len());
        let share = self.scanned.scans.floor;
        row[worst] = 1.0;
        for at in 0..stakes {
            (row[worst + 1 + 2 * at], row[worst + 2 + 2 * at]) = (-share, share);
        }
        let own: f64 = self.scanned.scans.stakes.iter().map(ScanStake::worst).sum();
        self.program.rows.push((row, (self.scanned.worst - share * own).max(0.0) / self.asked));
    }

    /// What a unit of notional of a column gains in a piece.
    fn gain(&self, column: &Column, piece: &Piece) -> f64 {
        let way = &self.scanned.ways[column.way];
        way.gains[piece.at] / way.lot
    }

    /// What a unit of a column, filled without the others, takes off the excess in a piece: at least zero.
    fn takes(&self, column: &Column, piece: &Piece) -> f64 {
        (column.cost - column.relief - self.scanned.weight * self.gain(column, piece)).max(0.0)
    }

    fn may_fill_alone(&self, column: &Column) -> bool {
        let least = BROKEN * self.asked;
        let mut tight = self.scanned.pieces.iter().filter(|piece| self.scanned.worst - piece.loss <= least);
        tight.all(|piece| self.takes(column, piece) <= 0.0)
    }

    /// Adds the rows that `found` breaks most; whether there are any.
    fn add_broken(&mut self, found: &[f64]) -> bool {
        let traded: Vec<usize> = (0..self.columns.len()).filter(|at| found[*at] > 0.0).collect();
        let mut broken: Vec<(f64, usize, usize)> = Vec::new();
        for (at, piece) in self.scanned.pieces.iter().enumerate() {
            for kind in (0..2).filter(|kind| !self.known[at][*kind]) {
                let by = self.sum(piece, kind, found, &traded);
                if by > BROKEN {
                    broken.push((by, at, kind));
                }
            }
        }
        broken.sort_by(|left, right| right.0.total_cmp(&left.0).then((left.1, left.2).cmp(&(right.1, right.2))));
        let any = !broken.is_empty();
        let mut added = [0; 2];
        for (_, at, kind) in broken {
            if added[kind] < ROWS_AT_ONCE {
                added[kind] += 1;
                self.known[at][kind] = true;
                let row = self.row(&self.scanned.pieces[at], kind);
                self.program.rows.push(row);
            }
        }
        any
    }

    /// A column's entry in the row of a piece, as a loss that the worst is not below (0) or at its worst fills (1).
    fn entry(&self, piece: &Piece, kind: usize, column: usize) -> f64 {
        let column = &self.columns[column];
        if kind == 1 { self.takes(column, piece) } else { -self.gain(column, piece) }
    }

    /// By how much a row is broken.
    fn sum(&self, piece: &Piece, kind: usize, found: &[f64], traded: &[usize]) -> f64 {
        let (falls, limit) = self.rest(piece, kind);
        let traded: f64 = traded.iter().map(|at| self.entry(piece, kind, *at) * found[*at]).sum();
        let falls: f64 = falls.into_iter().flatten().map(|(at, times)| times * found[at]).sum();
        traded + falls - limit
    }

    /// What a row has beside its columns, and its limit.
    fn rest(&self, piece: &Piece, kind: usize) -> ([Option<(usize, f64)>; 2], f64) {
        let (worst, of) = (self.columns.len(), self.scanned);
        if kind == 1 {
            return ([None; 2], of.weight * (of.worst - piece.loss).max(0.0) / self.asked);
        }
        match piece.stake.filter(|_| of.scans.stakes.len() > 1) {
            None => ([Some((worst, 1.0)), None], (of.worst - piece.loss).max(0.0) / self.asked),
            Some(stake) => {
                let own = of.scans.stakes[stake].worst();
                let falls = [Some((worst + 1 + 2 * stake, 1.0)), Some((worst + 2 + 2 * stake, -1.0))];
                (falls, (own - piece.loss).max(0.0) / self.asked)
            }
        }
    }

    fn row(&self, piece: &Piece, kind: usize) -> (Vec<f64>, f64) {
        let mut row = self.empty();
        (0..self.columns.len()).for_each(|at| row[at] = self.entry(piece, kind, at));
        let (falls, limit) = self.rest(piece, kind);
        falls.into_iter().flatten().for_each(|(at, times)| row[at] = times);
        (row, limit)
    }

    /// What was found in whole lots: of each contract rounded up where its part is the larger.
    fn trades(&self, found: &[f64]) -> Trades {
        let mut lots: Vec<f64> = vec![0.0; self.scanned.ways.len()];
        for (column, found) in self.columns.iter().zip(found) {
            lots[column.way] += found * self.asked / self.scanned.ways[column.way].lot;
        }
        let mut trades = Trades::default();
        for (way, lots) in self.scanned.ways.iter().zip(lots) {
            let whole = whole(lots.min(way.most)) * way.side;
            trades = trades.with(way.contract, trades.of(way.contract) + whole);
        }
        trades
    }
}

/// Lots, a thousandth of one counted as none and more as one.
fn whole(lots: f64) -> i64 {
    let lots = decimal((lots - 1e-3).max(0.0), 6);
    lots.map_or(0, |lots| i64::try_from(lots.count(0, Rounding::Up)).unwrap_or(0))
}
