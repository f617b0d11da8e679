//! What accounts weigh, against sums made exposure by exposure.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs, reason = "tests; their figures are small")]

mod support;

use plimsoll_margin::array::RowKey;
use plimsoll_margin::watch::{Besides, Exposure, Figures, Netting, Part, Source, WatchedRow};
use support::asset;
use support::random::Random;

const ROWS: usize = 6;
const MOST: [f64; 3] = [1.5, 2.0, 0.25];

fn figures(random: &mut Random, [width, other]: [usize; 2], coordinate: f64) -> Figures {
    let mut part = |width: usize, netting, most| {
        let values = (0..ROWS * width).map(|_| random.signed(1_000) as f64).collect();
        Part::new(width, values, netting, most)
    };
    let parts = vec![
        part(width, Netting::All, MOST[0]),
        part(other, Netting::Expiry, MOST[1]),
        part(other, Netting::Nothing, MOST[2]),
    ];
    let row = |group| WatchedRow { key: RowKey::Asset(asset("USDC")), lot: 1.0, group, scale: 2.0 };
    let rows = [0, 0, 1, 1, 1, 2].map(row).to_vec();
    Figures::new(Source::Asset(asset("USDC")), rows, parts, Besides::default(), coordinate)
}

/// What `held` moves each column of a part by, added without sign over what does not offset.
fn plainly(then: &Figures, away: &Figures, at: usize, held: &[Exposure]) -> f64 {
    let (part, width) = (&then.parts[at], then.parts[at].width);
    let slope =
        |row: usize, column: usize| away.parts[at].values[row * width + column] - part.values[row * width + column];
    let largest = |held: &[&Exposure]| {
        let sum = |column| held.iter().map(|of| of.lots * slope(of.row, column)).sum::<f64>().abs();
        (0..width).map(sum).fold(0.0, f64::max)
    };
    let (netting, alone): (Vec<&Exposure>, Vec<&Exposure>) =
        held.iter().partition(|of| of.nets && part.netting != Netting::Nothing);
    let together: f64 = match part.netting {
        Netting::Expiry => {
            netting.chunk_by(|left, right| then.rows[left.row].group == then.rows[right.row].group).map(largest).sum()
        }
        _ => largest(&netting),
    };
    MOST[at] * (together + alone.iter().map(|of| largest(&[of])).sum::<f64>())
}

#[test]
fn along_the_price_what_nets_offsets_and_the_rest_adds_up() {
    let mut random = Random(31);
    for (case, widths) in [[1, 1], [3, 31], [32, 1], [33, 32], [70, 33]].into_iter().cycle().take(500).enumerate() {
        let (mut then, away) = (figures(&mut random, widths, 10.0), figures(&mut random, widths, 11.0));
        assert!(then.weights(0, &held(&mut random)).along.abs() < f64::MIN_POSITIVE, "nothing is known yet");
        then.learn(&away);
        let held = held(&mut random);
        let expected: f64 = (0..3).map(|at| plainly(&then, &away, at, &held)).sum();
        let found = then.weights(0, &held);
        // Columns past 32 are added to those before, where what is held nets: no less, and no more than as often.
        let stretches = widths.iter().max().unwrap().div_ceil(32) as f64;
        assert!(found.along >= expected * (1.0 - 1e-12), "case {case}, {widths:?}: {found:?} of {expected}, {held:?}");
        assert!(
            found.along <= expected * stretches * (1.0 + 1e-12),
            "case {case}, {widths:?}: {found:?} of {expected}"
        );
        let across: f64 = held.iter().map(|of| of.lots.abs() * 2.0).sum();
        assert!((found.across - across).abs() < 1e-9);
        // Figures made anew of parts that know are of the same weight.
        let again = Figures::new(then.source, then.rows.clone(), then.parts.clone(), Besides::default(), 10.0);
        assert_eq!(again.weights(0, &held), found);
    }
}

/// Up to eight exposures by row, a row perhaps twice, a third of them alone.
fn held(random: &mut Random) -> Vec<Exposure> {
    let count = random.below(9);
    let mut held: Vec<Exposure> = (0..count)
        .map(|_| Exposure {
            source: 0,
            row: usize::try_from(random.below(6)).unwrap(),
            lots: random.signed(20) as f64,
            nets: random.below(3) > 0,
        })
        .collect();
    held.sort_by_key(|of| of.row);
    held
}
