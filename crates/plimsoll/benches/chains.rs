//! Real option chains through the whole path: import, market, surface, every option repriced, risk
//! table. `cargo bench -p plimsoll --bench chains -- FOLDER` with Deribit chain files in FOLDER;
//! without one it looks beside the repository, and says so when there is none.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark measures with the clock, reads files and prints"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use plimsoll::core::InstrumentId;
use plimsoll::margin::models::Held;
use plimsoll::margin::models::plimsoll::Plimsoll;
use plimsoll::pricing::float::float;
use plimsoll::pricing::market::Market;
use plimsoll::venues::ImportFile;

/// Milliseconds that `job` takes, and its answer.
fn timed<T>(job: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let answer = job();
    (start.elapsed().as_secs_f64() * 1e3, answer)
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    sorted.get((share * last).round() as usize).copied().unwrap_or(0.0)
}

fn chain(path: &Path) -> [f64; 8] {
    let bytes = std::fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let file = ImportFile { name: &name, bytes: &bytes };
    let (import_ms, imported) = timed(|| plimsoll::venues::deribit::import(&[file]).unwrap());
    let listing = Arc::new(imported.listing);
    let ids: Vec<InstrumentId> = listing.iter().map(|(id, _)| id).collect();
    let (market_ms, market) = timed(|| Market::new(Arc::new(imported.snapshot), Arc::clone(&listing)).unwrap());
    let (surface_ms, ()) = timed(|| {
        for underlying in market.view().underlyings().collect::<Vec<_>>() {
            market.view().surface(underlying).unwrap();
        }
    });
    let mut errors: Vec<f64> = Vec::new();
    let (reprice_ms, ()) = timed(|| {
        for (id, instrument) in listing.iter() {
            let priced = market.priced(id).unwrap();
            if instrument.strike().is_some() {
                errors.push((instrument.worth(priced) - float(priced.mark.value)).abs());
            }
        }
    });
    errors.sort_by(f64::total_cmp);
    let held = Held { instruments: ids.into_iter().collect(), ..Held::default() };
    let (table_ms, _) = timed(|| Plimsoll::default().judge(&market, &held).unwrap());
    let (median, p99) = (percentile(&errors, 0.5), percentile(&errors, 0.99));
    println!(
        "{name}: {} options, repriced within {median:.1e} (median) {p99:.1e} (p99) coin; import {import_ms:.1} ms, \
         market {market_ms:.2}, surface {surface_ms:.1}, repricing {reprice_ms:.2}, tables {table_ms:.2}",
        errors.len()
    );
    [errors.len() as f64, median, p99, import_ms, market_ms, surface_ms, reprice_ms, table_ms]
}

fn main() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/deribit_options");
    let folder = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_else(|| beside.to_owned());
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {folder} absent");
        return;
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.to_string_lossy().ends_with("Z.csv.gz") && file.to_string_lossy().contains("chain_"));
    files.sort();
    let all: Vec<[f64; 8]> = files.iter().map(|file| chain(file)).collect();
    let names =
        ["options", "median error", "p99 error", "import ms", "market ms", "surface ms", "repricing ms", "tables ms"];
    for (at, name) in names.iter().enumerate() {
        let mut values: Vec<f64> = all.iter().map(|row| row[at]).collect();
        values.sort_by(f64::total_cmp);
        let [low, middle, high] = [0.0, 0.5, 1.0].map(|share| percentile(&values, share));
        println!("{name}, {} chains: least {low:.3e}, median {middle:.3e}, most {high:.3e}", all.len());
    }
}
