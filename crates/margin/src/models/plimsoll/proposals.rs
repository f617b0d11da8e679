//! The scan as data, for proposals of what to trade. Folded losses as they are now; what a lot changes is its plain cell, so
//! that between nodes and near strikes a proposal is a little off.

use plimsoll_core::{Decimal, NumberError};
use plimsoll_pricing::float::float;

use super::joint;
use super::parameters::PlimsollParameters;
use super::scan::Scan;
use super::tables::Stake;
use crate::MarginError;
use crate::scans::{ScanStake, Scans};

/// The scans of `stakes`, which have no orders.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(super) fn scans<'a>(stakes: &[Stake<'a>], parameters: &PlimsollParameters) -> Result<Scans<'a>, MarginError> {
    let stakes: Vec<&Stake<'a>> = stakes.iter().filter(|stake| stake.moves_with_price()).collect();
    let scans = stakes.iter().map(|stake| Scan::new(stake)).collect::<Result<Vec<_>, _>>()?;
    let mut of = Vec::with_capacity(stakes.len());
    for (stake, scan) in stakes.iter().zip(&scans) {
        let columns = stake.tables.set.scan.clone();
        let losses = columns.clone().map(|column| float(scan.loss(Some(column)))).collect();
        let table = &stake.tables.table;
        of.push(ScanStake { table, unit: table.unit(), columns, losses, relief: relief(stake, parameters)? });
    }
    let joint = if stakes.len() > 1 { joint::moves(&stakes, &scans)? } else { Vec::new() };
    Ok(Scans {
        stakes: of,
        joint,
        floor: float(parameters.credit_floor),
        maintenance_share: float(parameters.maintenance_share),
    })
}

/// What charges fall by with a lot of each row bought and sold: the cost of closing it, what its size is charged at the
/// present rate, and the minimum for short options where shorts outweigh longs.
fn relief(stake: &Stake<'_>, parameters: &PlimsollParameters) -> Result<Vec<[f64; 2]>, NumberError> {
    let (table, charges) = (&stake.tables.table, &stake.tables.charges);
    let size = stake.holdings.iter().try_fold(Decimal::ZERO, |sum, held| {
        let [.., each] = charges.of(held.row);
        sum.plus(each.times_count(i128::from(held.lots.unsigned_abs()))?)
    })?;
    let rate = float(parameters.concentration.of(&stake.tables.name).rate_of(size));
    let mut held = vec![0_i64; table.rows().len()];
    stake.holdings.iter().for_each(|of| held[of.row] = of.lots);
    let mut short = vec![[false; 2]; table.rows().len()];
    for run in &stake.runs {
        let holdings = &stake.holdings[run.holdings.clone()];
        let mut net = [Decimal::ZERO; 2];
        for of in holdings {
            let [call, put, ..] = charges.of(of.row);
            for (net, each) in net.iter_mut().zip([call, put]) {
                *net = net.plus(each.times_count(-i128::from(of.lots))?)?;
            }
        }
        let outweigh = net.map(|net| net.signum() > 0);
        holdings.iter().for_each(|of| short[of.row] = outweigh);
    }
    let of = |row: usize| {
        let [call, put, closing, size] = charges.of(row).map(float);
        let gross = closing + size * rate;
        let minimum = if short[row][0] { call } else { 0.0 } + if short[row][1] { put } else { 0.0 };
        let sold = if held[row] > 0 { gross } else { -gross } - minimum;
        let bought = if held[row] < 0 { gross } else { -gross } + minimum;
        [bought, sold]
    };
    Ok((0..table.rows().len()).map(of).collect())
}
