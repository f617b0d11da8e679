//! Time of the two inner jobs, one thread: options priced with four Greeks, and a risk table's cells.
//!
//! Reports the median over the runs of nanoseconds per option and per cell, at every level of
//! instructions this CPU has. `tools/bench/run.py` runs it beside numpy doing the same jobs.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use plimsoll_numerics::normal::inverse_cdf;
use plimsoll_numerics::{Level, exp, ln, rounding};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::formulas::black76::{
    GreeksColumns, OptionColumns, OptionInputs, ShockedMarket, greeks_batch, price_batch, shocked_values,
};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

const OPTIONS: usize = 100_000;
const DAYS: [f64; 8] = [1.0, 2.0, 7.0, 14.0, 30.0, 90.0, 180.0, 365.0];
const PRICE_MOVES: [f64; 11] = [-0.20, -0.15, -0.10, -0.06, -0.03, 0.0, 0.03, 0.06, 0.10, 0.15, 0.20];
const VOL_MOVES: [f64; 3] = [-0.25, 0.0, 0.35];

/// Uniform numbers from a seed (`SplitMix64`).
struct Uniform(u64);

impl Uniform {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    fn normal(&mut self) -> f64 {
        inverse_cdf(self.next().max(1e-300))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index from [0, 1)")]
    fn days(&mut self) -> f64 {
        DAYS[(self.next() * 8.0) as usize]
    }
}

fn main() {
    println!("cpu level {:?}", Level::best());
    time_batches();
    time_table();
}

fn time_batches() {
    let mut random = Uniform(1);
    let rights: Vec<_> = (0..OPTIONS).map(|_| if random.next() < 0.5 { Right::Call } else { Right::Put }).collect();
    let forwards: Vec<_> = (0..OPTIONS).map(|_| 3_000.0 * exp(random.normal())).collect();
    let years: Vec<_> = (0..OPTIONS).map(|_| random.days() / 365.0).collect();
    let vols: Vec<_> = (0..OPTIONS).map(|_| random.between(0.35, 1.4)).collect();
    let rates: Vec<_> = (0..OPTIONS).map(|_| random.between(0.0, 0.05)).collect();
    let strikes: Vec<_> =
        (0..OPTIONS).map(|i| forwards[i] * exp(random.normal() * vols[i] * years[i].sqrt())).collect();
    let options = OptionColumns {
        rights: &rights,
        forwards: &forwards,
        strikes: &strikes,
        vols: &vols,
        years: &years,
        rates: &rates,
    };
    let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; OPTIONS]);
    let [prices, deltas, gammas, vegas, thetas] = &mut columns;
    report("price", OPTIONS, || price_batch(black_box(&options), prices));
    report("black76", OPTIONS, || {
        greeks_batch(black_box(&options), GreeksColumns { prices, deltas, gammas, vegas, thetas });
    });
}

/// A chain: options of one expiry, and the root of its years.
struct Chain {
    root_years: f64,
    options: Vec<OptionInputs>,
}

/// 10 underlyings × 8 expiries × 5 strikes × call and put.
fn chains() -> Vec<Chain> {
    let mut random = Uniform(7);
    let mut chains = Vec::new();
    for _ in 0..10 {
        let forward = exp(random.between(ln(0.5), ln(60_000.0)));
        let atm = random.between(0.45, 1.1);
        for days in DAYS {
            let root_years = (days / 365.0).sqrt();
            let mut options = Vec::new();
            for m in [-1.6, -0.8, 0.0, 0.8, 1.6] {
                let strike = forward * exp(m * atm * root_years);
                let vol = atm * (1.0 + 0.05 * m * m - 0.02 * m);
                options.extend([Right::Call, Right::Put].map(|right| OptionInputs { right, strike, forward, vol }));
            }
            chains.push(Chain { root_years, options });
        }
    }
    chains
}

/// 800 options under 32 shocks, less the unshocked price, in counts of 1e-4.
fn time_table() {
    let chains = chains();
    let mut moves: Vec<_> =
        PRICE_MOVES.iter().flat_map(|price| VOL_MOVES.iter().map(move |vol| (*price, *vol))).collect();
    moves.retain(|shock| *shock != (0.0, 0.0));
    let growth: Vec<_> = moves.iter().map(|shock| 1.0 + shock.0).collect();
    let log_growth: Vec<_> = growth.iter().map(|growth| ln(*growth)).collect();
    let vol_scale: Vec<_> = moves.iter().map(|shock| 1.0 + shock.1).collect();
    let scenarios = moves.len();
    let (zeros, ones) = (vec![0.0; scenarios], vec![1.0; scenarios]);

    let options = || chains.iter().flat_map(|chain| chain.options.iter().map(|option| (chain.root_years, option)));
    let rights: Vec<_> = options().map(|(_, option)| option.right).collect();
    let forwards: Vec<_> = options().map(|(_, option)| option.forward).collect();
    let strikes: Vec<_> = options().map(|(_, option)| option.strike).collect();
    let vols: Vec<_> = options().map(|(_, option)| option.vol).collect();
    let years: Vec<_> = options().map(|(root, _)| root * root).collect();
    let rates = vec![0.0; rights.len()];
    let unshocked = OptionColumns {
        rights: &rights,
        forwards: &forwards,
        strikes: &strikes,
        vols: &vols,
        years: &years,
        rates: &rates,
    };

    let mut base = vec![0.0; rights.len()];
    let mut values = vec![0.0; 10 * scenarios];
    let mut cells = vec![0_i32; rights.len() * scenarios];
    let mut fitted = true;
    report("table_cell", cells.len(), || {
        price_batch(black_box(&unshocked), &mut base);
        let rows = base.chunks(10).zip(cells.chunks_mut(10 * scenarios));
        for (chain, (base, cells)) in chains.iter().zip(rows) {
            let roots = vec![chain.root_years; scenarios];
            let market = ShockedMarket {
                growth: &growth,
                log_growth: &log_growth,
                vol_scale: &vol_scale,
                vol_shift: &zeros,
                vol_floor: &zeros,
                sqrt_years: &roots,
                discount: &ones,
            };
            shocked_values(&chain.options, black_box(&market), &mut values);
            for ((row, base), cells) in values.chunks(scenarios).zip(base).zip(cells.chunks_mut(scenarios)) {
                fitted &= rounding::to_i32(row, *base, 1e4, cells).is_ok();
            }
        }
        black_box(&mut cells);
    });
    assert!(fitted, "every cell fits 32 bits");
}

/// Runs `job` 201 times and prints the median of this thread's processor time per item.
#[expect(clippy::cast_precision_loss, reason = "counts of items")]
fn report(name: &str, items: usize, mut job: impl FnMut()) {
    job();
    let mut runs: Vec<f64> = Vec::new();
    for _ in 0..201 {
        let start = thread_seconds();
        job();
        runs.push(thread_seconds() - start);
    }
    runs.sort_by(f64::total_cmp);
    let median = runs[runs.len() / 2];
    println!("plimsoll|{name}|{:.3}", median / items as f64 * 1e9);
}

/// Processor time of this thread: other work on the machine is left out.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds since the thread began")]
fn thread_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
