//! Making passes for many accounts, filling, checking before a trade: what `tools/bench/run.py` runs beside its peers.
//!
//! Lines of the form `plimsoll|job|nanoseconds|share of the machine's limit` are results; the others are for people. An argument
//! is the number of accounts; `curve` goes from a thousand to ten million.
#![allow(
    clippy::unwrap_used,
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
use plimsoll_book::{AccountId, Book, Place, Shelf, Sweep};
use plimsoll_margin::array::Holding;
use plimsoll_margin::models::{Held, by_name};
use plimsoll_margin::pass::{Combine, Fold, Pass, Share};
use plimsoll_numerics::{Kernel, Level, dispatch};
use support::random::Random;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const POSITIONS: u32 = 20;
const COLUMNS: usize = 32;

/// Which contracts accounts hold, and how many.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// All contracts alike, 20 each.
    Uniform,
    /// The first contracts most often.
    Popular,
    /// One account in a thousand has 400 positions of a thousand times the size.
    Whales,
    /// Each contract bought is sold again at the next strike: market makers.
    Hedged,
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let accounts: u32 = asked.iter().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let source = support::chain(20_000, 500, 200);
    let model = by_name("plimsoll").unwrap();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let basis = judge.passes().into_iter().find(|pass| pass.table.rows().len() > 1_000).unwrap();
    let flat = Pass { columns: 0..COLUMNS, fold: Fold::Plain, combine: Combine::WorstOfSum, ..basis };
    println!("{:?}; {} rows x {COLUMNS} columns, {accounts} accounts", Level::best(), flat.table.rows().len());
    if asked.iter().any(|arg| arg == "curve") {
        return curve(&flat);
    }
    let book = filled(&flat, accounts, Shape::Uniform);
    let bound = bound(&flat, &book.shelves()[0]);
    passes(&flat, &book, bound);
    for shape in [Shape::Popular, Shape::Whales, Shape::Hedged] {
        let book = filled(&flat, accounts, shape);
        let (shelf, sweep) = (&book.shelves()[0], Sweep::new(flat.clone()));
        let nanos = least(|| drop(black_box(sweep.all(shelf, one()))));
        println!("{shape:?}: flat {:.1} ns an account", nanos / f64::from(accounts));
    }
    fills(&flat, book);
    pretrade(&flat);
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// Flat and grouped passes at every level, and on two threads.
fn passes(flat: &Pass<'_>, book: &Book, bound: f64) {
    let (shelf, two) = (&book.shelves()[0], NonZeroUsize::new(2).unwrap());
    let accounts = real(shelf.accounts().len());
    let grouped = Pass { combine: Combine::SumOfWorsts, ..flat.clone() };
    let sides = Fold::Sides { gains: Share::new(60_000).unwrap(), losses: Share::WHOLE };
    let sides = Pass { fold: sides, ..flat.clone() };
    println!("{:.1} bytes a position; limit {bound:.1} ns an account", real(book.bytes()) / real(shelf.positions()));
    for (name, pass) in [("account_pass", flat), ("account_pass_grouped", &grouped), ("account_pass_sides", &sides)] {
        for level in Level::available() {
            let sweep = Sweep::new(pass.clone()).at(*level);
            let alone = least(|| drop(black_box(sweep.all(shelf, one())))) / accounts;
            let both = least(|| drop(black_box(sweep.all(shelf, two)))) / accounts;
            println!(
                "{name} {level:?}: {alone:.1} ns an account, on two threads {both:.1}, {:.2} of twice",
                alone / both / 2.0
            );
            if *level == Level::best() {
                println!("plimsoll|{name}|{alone:.2}|{:.3}", bound / alone);
            }
        }
    }
}

/// What the machine takes at least for an account: its positions from memory, its rows from the second-level cache.
fn bound(flat: &Pass<'_>, shelf: &Shelf) -> f64 {
    let rows = vec![1_i32; flat.table.rows().len() * COLUMNS + 16];
    let all = vec![1_i32; 64 << 20];
    let (rows, all) = (bytes_per_nano(&rows), bytes_per_nano(&all));
    println!("reads {rows:.0} GB/s of the table, {all:.0} GB/s of memory");
    let positions = real(shelf.positions()) / real(shelf.accounts().len());
    (positions * real(COLUMNS * 4) / rows).max(positions * 6.0 / all)
}

/// Reads everything once.
struct Read<'a>(&'a [i32]);

impl Kernel for Read<'_> {
    type Output = i32;

    #[inline(always)]
    fn run(self) -> i32 {
        let mut sums = [0_i32; 64];
        for chunk in self.0.as_chunks::<64>().0 {
            for lane in 0..64 {
                sums[lane] |= chunk[lane];
            }
        }
        sums.iter().fold(0, |all, sum| all | sum)
    }
}

fn bytes_per_nano(of: &[i32]) -> f64 {
    // As the pass's own arrays, from where a line of the cache begins.
    let of = &of[of.as_ptr().align_offset(64)..];
    let times = (256 << 20) / size_of_val(of).max(1) + 1;
    let nanos = least(|| {
        for _ in 0..times {
            black_box(dispatch(Read(black_box(of))));
        }
    });
    real(size_of_val(of) * times) / nanos
}

/// Fills with the new loss after each: in batches, and one at a time in an account that nothing has touched lately.
fn fills(flat: &Pass<'_>, mut book: Book) {
    const BATCH: usize = 1_000;
    let sweep = Sweep::new(flat.clone());
    let mut random = Random(21);
    let mut draw = |book: &Book| {
        let shelf = &book.shelves()[0];
        let slot = usize::try_from(random.next() % shelf.accounts().len() as u64).unwrap();
        let held = shelf.holdings(slot);
        let row = held[usize::try_from(random.next()).unwrap() % held.len()].row;
        (slot, shelf.accounts()[slot], Place { shelf: 0, row: u16::try_from(row).unwrap() }, random.signed(9))
    };
    let mut batched = Vec::new();
    for _ in 0..200 {
        let drawn: Vec<_> = (0..BATCH).map(|_| draw(&book)).collect();
        let slots: Vec<usize> = drawn.iter().map(|fill| fill.0).collect();
        let fills: Vec<_> = drawn.iter().map(|(_, account, place, lots)| (*account, *place, *lots)).collect();
        let start = Instant::now();
        book.fill_all(&fills).unwrap();
        black_box(sweep.some(&book.shelves()[0], &slots));
        batched.push(start.elapsed().as_secs_f64() * 1e9 / real(BATCH));
    }
    let mut single = Vec::new();
    for (slot, account, place, lots) in (0..20_000).map(|_| draw(&book)).collect::<Vec<_>>() {
        let start = Instant::now();
        book.fill(account, place, lots).unwrap();
        black_box(sweep.some(&book.shelves()[0], &[slot]));
        single.push(start.elapsed().as_secs_f64() * 1e9);
    }
    println!(
        "fill, single and cold: {:.0} ns, the slowest of a hundred {:.0} ns",
        quantile(&mut single, 0.5),
        quantile(&mut single, 0.99)
    );
    println!("plimsoll|fill|{:.1}", quantile(&mut batched, 0.5));
}

/// The loss of an account of 200 positions if it traded once more.
fn pretrade(flat: &Pass<'_>) {
    let book = filled_with(flat, 200, |_| (200, 1));
    let (sweep, shelf) = (Sweep::new(flat.clone()), &book.shelves()[0]);
    let mut random = Random(22);
    let mut times: Vec<f64> = (0..20_000)
        .map(|at| {
            let row = usize::try_from(random.next()).unwrap() % flat.table.rows().len();
            let start = Instant::now();
            black_box(sweep.with(shelf, at % 200, Holding { row, lots: 5 }));
            start.elapsed().as_secs_f64() * 1e9
        })
        .collect();
    println!("pretrade, 200 positions: median {:.0} ns", quantile(&mut times, 0.5));
    println!("plimsoll|pretrade|{:.1}", quantile(&mut times, 0.99));
}

/// Books of growing size.
fn curve(flat: &Pass<'_>) {
    for accounts in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let book = filled(flat, accounts, Shape::Uniform);
        let (shelf, sweep) = (&book.shelves()[0], Sweep::new(flat.clone()));
        let nanos = least(|| drop(black_box(sweep.all(shelf, one())))) / f64::from(accounts);
        println!("{accounts:>9} accounts: {nanos:.1} ns an account, {:.2} GiB", real(book.bytes()) / real(1 << 30));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
fn real(count: usize) -> f64 {
    count as f64
}

fn filled(pass: &Pass<'_>, accounts: u32, shape: Shape) -> Book {
    let mut random = Random(7);
    let rows = i64::try_from(pass.table.rows().len()).unwrap();
    match shape {
        Shape::Uniform => filled_with(pass, accounts, |_| (POSITIONS, 1)),
        Shape::Whales => filled_with(pass, accounts, |at| if at % 1_000 == 0 { (400, 1_000) } else { (POSITIONS, 1) }),
        Shape::Popular | Shape::Hedged => {
            let mut book = Book::new([pass.table]).unwrap();
            let place = |row: i64| Place { shelf: 0, row: u16::try_from(row % rows).unwrap() };
            for account in (0..accounts).map(AccountId) {
                for _ in 0..POSITIONS / 2 {
                    // The product of two leans to the low end.
                    let row = random.below(rows) * random.below(rows) / rows;
                    let lots = random.signed(1_000);
                    let hedge = if matches!(shape, Shape::Hedged) { row + 1 } else { random.below(rows) };
                    book.fill(account, place(row), lots).unwrap();
                    book.fill(account, place(hedge), -lots).unwrap();
                }
            }
            book.compact();
            book
        }
    }
}

/// Accounts with as many different contracts of as many times a thousand lots as `of` says.
fn filled_with(pass: &Pass<'_>, accounts: u32, of: impl Fn(u32) -> (u32, i64)) -> Book {
    let mut book = Book::new([pass.table]).unwrap();
    let mut random = Random(7);
    let rows = u32::try_from(pass.table.rows().len()).unwrap();
    for account in 0..accounts {
        let (positions, size) = of(account);
        // Evenly over the table, each within its own stretch: different contracts without looking.
        for at in 0..positions {
            let (from, to) = (rows * at / positions, rows * (at + 1) / positions);
            let row = from + u32::try_from(random.below(i64::from(to - from))).unwrap();
            let place = Place { shelf: 0, row: u16::try_from(row).unwrap() };
            book.fill(AccountId(account), place, random.signed(1_000) * size).unwrap();
        }
    }
    book.compact();
    book
}

/// Nanoseconds of the fastest of some runs.
fn least(work: impl Fn()) -> f64 {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e9
    };
    (0..7).map(run).fold(f64::INFINITY, f64::min)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a slice")]
fn quantile(of: &mut [f64], at: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    of[(real(of.len() - 1) * at) as usize]
}
