//! A market that ticks, and a million accounts of which most sleep: certificates beside a sweep of all.
//!
//! An account's excess is its cash and what its positions are worth at their marks, less the worst of 32 scenarios. Seven
//! in ten are hedged to a delta of nothing. Its ratio of requirement to equity is anywhere from 0.3 to 1. Every tick moves the
//! price by a basis point, up or down, and every volatility by a ten-thousandth of itself. The number of accounts and of
//! ticks may be given.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_book::{AccountId, Book, Certificates, Place, Shelf, Sweep, Woken};
use plimsoll_margin::array::{Row, RowKey};
use plimsoll_margin::models::{Held, by_name};
use plimsoll_margin::pass::{Combine, Fold, Pass};
use plimsoll_margin::watch::{Besides, Figures, Netting, Part, Source, WatchedRow, Weights};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;
use support::moves::{tick, together, volatile};
use support::random::Random;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const COLUMNS: usize = 32;
const POSITIONS: usize = 20;

/// One market: its pass, and marks in the pass's grains.
struct Priced<'a> {
    pass: Pass<'a>,
    marks: Vec<i64>,
}

impl<'a> Priced<'a> {
    fn of(passes: &[Pass<'a>], market: &Market) -> Self {
        let any = passes.iter().find(|pass| pass.table.rows().len() > 1_000).unwrap().clone();
        let grain = any.table.unit();
        let mark = |key| match key {
            RowKey::Instrument(id) => float(market.priced(id).unwrap().mark.value),
            RowKey::Asset(_) => 1.0,
        };
        let marks =
            any.table.rows().iter().map(|row| (mark(row.key) * float(row.lot) / grain).round() as i64).collect();
        Self { pass: Pass { columns: 0..COLUMNS, fold: Fold::Plain, combine: Combine::WorstOfSum, ..any }, marks }
    }

    /// What an excess is made of, in grains: the cells, and the mark.
    fn figures(&self, market: &Market) -> Vec<Figures> {
        let table = self.pass.table;
        let cells = Part::cells(table, self.pass.columns.clone(), Netting::All, 1.0 / table.unit());
        let marks = Part::new(1, self.marks.iter().map(|mark| *mark as f64).collect(), Netting::All, 1.0);
        let row = |(at, row): (usize, &Row)| WatchedRow {
            key: row.key,
            lot: float(row.lot),
            group: 0,
            scale: cells.largest(at).max(LEAST_SCALE),
        };
        let rows = table.rows().iter().enumerate().map(row).collect();
        let index = float(market.index(table.underlying()).unwrap().value);
        vec![Figures::new(Source::Underlying(table.underlying()), rows, vec![cells, marks], Besides::default(), index)]
    }
}

/// What all accounts are, and what is known of them.
struct World {
    book: Book,
    known: Vec<Known>,
}

/// What is known of one account: beside each other, since one wait for memory is shorter than three.
#[derive(Clone, Default)]
struct Known {
    /// In grains.
    cash: i64,
    /// They stay while nothing is filled.
    weights: Weights,
    /// Whether it was found under its line.
    under: bool,
}

impl World {
    fn shelf(&self) -> &Shelf {
        &self.book.shelves()[0]
    }

    /// The excess of a slot.
    fn excess(&self, slot: usize, loss: i128, priced: &Priced<'_>) -> i128 {
        i128::from(self.known[slot].cash) + self.shelf().worth(slot, &priced.marks) - loss
    }

    /// Notes on which side an account is, and issues its certificate; whether it was on the other.
    fn note(&mut self, slot: usize, excess: i128, certificates: &mut Certificates) -> bool {
        let account = self.shelf().accounts()[slot];
        let known = &mut self.known[slot];
        // Nothing is filled and no lineage ends here, so that what was weighed at first holds.
        certificates.issue_weighted(account, excess.abs() as f64, &[known.weights], 0);
        std::mem::replace(&mut known.under, excess < 0) != (excess < 0)
    }

    /// Every account on its side of the line, by a pass over all.
    fn sweep(&self, priced: &Priced<'_>) -> Vec<bool> {
        let losses = Sweep::new(priced.pass.clone()).all(self.shelf(), NonZeroUsize::MIN);
        (0..self.known.len()).map(|slot| self.excess(slot, losses.of(slot), priced) < 0).collect()
    }
}

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let accounts = asked.first().copied().unwrap_or(1_000_000);
    let ticks = asked.get(1).copied().unwrap_or(200);
    let source = support::chain(20_000, 500, 200);
    let (model, held) = (by_name("plimsoll").unwrap(), Held::by([&source.account]));
    let mut random = Random(5);
    let mut market = source.market.clone();
    let judge = model.prepare(&source.market, &held).unwrap();
    let first = Priced::of(&judge.passes(), &source.market);
    let mut world = filled(&source, &first, accounts);
    let mut figures = first.figures(&source.market);
    let away = together(&source.market, 1_000);
    let judge_away = model.prepare(&away, &held).unwrap();
    figures[0].learn(&Priced::of(&judge_away.passes(), &away).figures(&away)[0]);
    let away = volatile(&source.market, 100);
    let judge_away = model.prepare(&away, &held).unwrap();
    figures[0].learn_scales(&Priced::of(&judge_away.passes(), &away).figures(&away)[0]);
    let mut certificates = Certificates::new(figures);
    let losses = Sweep::new(first.pass.clone()).all(world.shelf(), NonZeroUsize::MIN);
    let issued = timed(|| {
        let mut held = Vec::new();
        for slot in 0..accounts {
            world.shelf().exposures(slot, 0, &mut held);
            world.known[slot].weights = certificates.figures()[0].weights(0, &held);
            let excess = world.excess(slot, losses.of(slot), &first);
            world.note(slot, excess, &mut certificates);
        }
    });
    println!("{accounts} accounts, {:.0} ns each to issue a certificate", issued * 1e9 / accounts as f64);
    let (mut seen, mut tables, mut sweeps) = (Seen::default(), Vec::new(), Vec::new());
    for step in 0..ticks {
        market = tick(&market, &mut random);
        let start = Instant::now();
        let judge = model.prepare(&market, &held).unwrap();
        let priced = Priced::of(&judge.passes(), &market);
        let figures = priced.figures(&market);
        tables.push(start.elapsed().as_secs_f64() * 1e3);
        wake(&mut world, &mut certificates, &priced, figures, &mut seen);
        // A sweep of all now and then: for its time, and for whom the certificates missed.
        if step % 10 == 9 || step + 1 == ticks {
            let mut all = Vec::new();
            sweeps.push(timed(|| all = black_box(world.sweep(&priced))) * 1e3);
            seen.missed += all.iter().zip(&world.known).filter(|(now, then)| **now != then.under).count();
        }
    }
    seen.tell(accounts, &mut tables, &mut sweeps, &certificates);
}

/// What the ticks came to.
#[derive(Default)]
struct Seen {
    /// Milliseconds of a tick, of which some are the measuring of distances.
    ticks: Vec<f64>,
    measuring: Vec<f64>,
    woken: usize,
    most_woken: usize,
    crossed: usize,
    missed: usize,
    swept: usize,
}

/// One tick from the new figures to the last account that had to be looked at.
fn wake(
    world: &mut World,
    certificates: &mut Certificates,
    priced: &Priced<'_>,
    figures: Vec<Figures>,
    seen: &mut Seen,
) {
    let sweep = Sweep::new(priced.pass.clone());
    let start = Instant::now();
    let woken = certificates.moved(figures);
    seen.measuring.push(start.elapsed().as_secs_f64() * 1e3);
    let slots: Vec<usize> = match &woken {
        Woken::These(woken) => woken.iter().filter_map(|account| world.shelf().slot(*account)).collect(),
        Woken::All => {
            seen.swept += 1;
            (0..world.known.len()).collect()
        }
    };
    // Few at a time, so that what is read of an account is read once.
    for slots in slots.chunks(128) {
        black_box(
            slots
                .iter()
                .fold(0, |all, slot| all ^ world.known[*slot].cash ^ i64::from(world.shelf().accounts()[*slot].0)),
        );
        let losses = sweep.some(world.shelf(), slots);
        for (at, (slot, loss)) in slots.iter().zip(losses).enumerate() {
            if let Some(ahead) = slots.get(at + 8) {
                certificates.ask_for(world.shelf().accounts()[*ahead]);
            }
            let excess = world.excess(*slot, loss, priced);
            seen.crossed += usize::from(world.note(*slot, excess, certificates));
        }
    }
    seen.ticks.push(start.elapsed().as_secs_f64() * 1e3);
    seen.woken += slots.len();
    seen.most_woken = seen.most_woken.max(slots.len());
}

impl Seen {
    fn tell(mut self, accounts: usize, tables: &mut [f64], sweeps: &mut [f64], certificates: &Certificates) {
        let share = |count: usize| 100.0 * count as f64 / accounts as f64;
        let mean = self.ticks.iter().sum::<f64>() / self.ticks.len() as f64;
        println!(
            "woken {:.2} % on average, {:.2} % at most; {:.1} % of the woken had not crossed; {} sweeps; {} missed",
            share(self.woken) / self.ticks.len() as f64,
            share(self.most_woken),
            100.0 - 100.0 * self.crossed as f64 / self.woken.max(1) as f64,
            self.swept,
            self.missed
        );
        println!(
            "a tick {mean:.2} ms on average, {:.2} median, {:.2} the slowest of a hundred; of it to find whom to wake {:.2} median",
            quantile(&mut self.ticks, 0.5),
            quantile(&mut self.ticks, 0.99),
            quantile(&mut self.measuring, 0.5)
        );
        println!(
            "the model's tables and figures besides {:.2} ms median; {:.1} bytes an account",
            quantile(tables, 0.5),
            certificates.bytes() as f64 / accounts as f64
        );
        println!("plimsoll|wake|{:.1}", mean * 1e6);
        println!("sweep|wake|{:.1}", quantile(sweeps, 0.0) * 1e6);
    }
}

/// A row that hardly moves anything still counts as much as this many grains.
const LEAST_SCALE: f64 = 1e5;

/// Accounts of 20 positions. A hedged one's last is the perpetual, as many as make up for the deltas of the others.
fn filled(source: &support::Book, priced: &Priced<'_>, accounts: usize) -> World {
    let table = priced.pass.table;
    let mut book = Book::new([table]).unwrap();
    let mut random = Random(7);
    let delta = |row: usize| match table.rows()[row].key {
        RowKey::Instrument(id) => {
            let instrument = source.market.listing().get(id).unwrap();
            instrument.greeks(source.market.priced(id).unwrap()).delta * float(table.rows()[row].lot)
        }
        RowKey::Asset(_) => 0.0,
    };
    let deltas: Vec<f64> = (0..table.rows().len()).map(delta).collect();
    let perpetual = table.rows().iter().position(|row| row.name.ends_with("PERPETUAL")).unwrap();
    let place = |row: usize| Place { shelf: 0, row: u16::try_from(row).unwrap() };
    for account in 0..accounts {
        let hedged = random.below(10) < 7;
        let mut sum = 0.0;
        for at in 0..POSITIONS - usize::from(hedged) {
            let (from, to) = (deltas.len() * at / POSITIONS, deltas.len() * (at + 1) / POSITIONS);
            let row = from + usize::try_from(random.below((to - from) as i64)).unwrap();
            let lots = random.signed(1_000);
            sum += lots as f64 * deltas[row];
            book.fill(AccountId(account as u32), place(row), lots).unwrap();
        }
        if hedged {
            book.fill(AccountId(account as u32), place(perpetual), -(sum / deltas[perpetual]).round() as i64).unwrap();
        }
    }
    book.compact();
    let mut world = World { book, known: vec![Known::default(); accounts] };
    let losses = Sweep::new(priced.pass.clone()).all(world.shelf(), NonZeroUsize::MIN);
    for slot in 0..accounts {
        let (loss, ratio) = (losses.of(slot), 0.3 + 0.7 * random.below(1_000_000) as f64 / 1e6);
        let (equity, worth) = ((loss as f64 / ratio) as i128, world.excess(slot, loss, priced) + loss);
        world.known[slot].cash = (equity - worth) as i64;
    }
    world
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn quantile(of: &mut [f64], at: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    of[((of.len() - 1) as f64 * at) as usize]
}
