//! From everything files say to one market.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, NameError, Timestamp, Underlying};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, Listing};
use plimsoll_pricing::market::{AssetQuote, ExpiryQuote, MarkQuote, Snapshot, StrikeVol, UnderlyingQuote};

use super::Said;
use super::lines::Line;
use super::sizes::Sizes;
use crate::{ImportError, Imported, LeftOut, Place, Reason, Report};

/// Rows of one market are observed this close together.
const TOLERANCE_S: i64 = 60;
const TOLERANCE_NS: i64 = TOLERANCE_S * Timestamp::NANOS_PER_SECOND;

/// Figures of one underlying, before their medians.
#[derive(Default)]
struct Gathered {
    quotes: BTreeSet<Asset>,
    indices: Vec<Decimal>,
    forwards: BTreeMap<Timestamp, Vec<Decimal>>,
    perpetual_marks: Vec<Decimal>,
}

/// One market of all lines; `as_of` picks the instant, else the lines say it.
///
/// # Errors
/// [`ImportError`] but for [`ImportError::Unreadable`].
pub(super) fn gather(said: Said, as_of: Option<Timestamp>) -> Result<Imported, ImportError> {
    let Said { lines, sizes, mut report } = said;
    let as_of = match as_of {
        Some(as_of) => as_of,
        None => instant(&lines)?,
    };
    let lines = current(lines, as_of, &mut report.left_out);
    let gathered = by_underlying(&lines);
    let mut underlyings = BTreeMap::new();
    for (underlying, gathered) in gathered {
        if let Some(quote) = quoted(underlying, gathered, &mut report) {
            underlyings.insert(underlying, quote);
        }
    }
    let lines = of_index(lines, &underlyings, &mut report.left_out);
    let sizes = of_sizes(sizes, &underlyings, as_of, &mut report.left_out);
    vols(&lines, &mut underlyings);
    let marks: BTreeMap<Arc<str>, MarkQuote> =
        lines.iter().map(|line| (Arc::clone(&line.instrument.terms().name), line.mark.clone())).collect();
    let mut instruments = sizes;
    for line in lines {
        instruments.entry(Arc::clone(&line.instrument.terms().name)).or_insert(line.instrument);
    }
    if marks.is_empty() {
        return Err(ImportError::Nothing {
            rows: report.rows(),
            first: report.left_out.into_iter().next().map(Box::new),
        });
    }
    let listing = Listing::new(instruments.into_values().collect())?;
    report.instruments = listing.len();
    let currency = currency().map_err(|_| ImportError::NoInstant)?;
    let assets = underlyings.iter().filter(|(_, quote)| quote.quote == currency).map(|(name, quote)| {
        let price = quote.index;
        (
            name.asset(),
            AssetQuote {
                price,
                confidence: None,
                trusted: true,
                redemption_value: None,
                depth: None,
                slow_price: None,
                debt_price: None,
            },
        )
    });
    let snapshot = Snapshot { as_of, currency, assets: assets.collect(), underlyings, marks };
    let names: Vec<&str> = report.files.iter().map(|file| file.name.as_str()).collect();
    let source = format!("Deribit, from {}", names.join(", "));
    Ok(Imported { snapshot, listing, report, source })
}

fn currency() -> Result<Asset, NameError> {
    "USD".parse()
}

/// The instant that lines say: the latest exact one, else the middle of the blurred ones. History says
/// when the market was only where nothing else does.
fn instant(lines: &[Line]) -> Result<Timestamp, ImportError> {
    let of = |wanted: &dyn Fn(&Line) -> bool| {
        let mut said: Vec<(Timestamp, &Line)> =
            lines.iter().filter(|line| wanted(line)).filter_map(|line| Some((line.observed?, line))).collect();
        said.sort_by_key(|(at, _)| *at);
        said
    };
    let exact = of(&|line| !line.is_history && line.blur_ns == 0);
    if let (Some(early), Some(late)) = (exact.first(), exact.last()) {
        return if early.0.nanos_until(late.0) <= TOLERANCE_NS { Ok(late.0) } else { Err(two_instants(early, late)) };
    }
    let blurred = of(&|line| line.blur_ns > 0);
    if let (Some(early), Some(late), Some(middle)) = (blurred.first(), blurred.last(), blurred.get(blurred.len() / 2)) {
        let apart = early.0.nanos_until(late.0);
        return if apart <= 2 * middle.1.blur_ns + TOLERANCE_NS {
            Ok(middle.0)
        } else {
            Err(two_instants(early, late))
        };
    }
    of(&|line| line.is_history).last().map(|(at, _)| *at).ok_or(ImportError::NoInstant)
}

fn two_instants(early: &(Timestamp, &Line), late: &(Timestamp, &Line)) -> ImportError {
    let place = |said: &(Timestamp, &Line)| said.1.place.clone();
    ImportError::TwoInstants {
        early: early.0,
        early_place: place(early),
        late: late.0,
        late_place: place(late),
        tolerance_s: TOLERANCE_S,
    }
}

/// Live lines of the instant, one an instrument: of a snapshot's the first, of a history's the nearest.
fn current(lines: Vec<Line>, as_of: Timestamp, left_out: &mut Vec<LeftOut>) -> Vec<Line> {
    let away = |line: &Line| line.observed.map_or(0, |at| at.nanos_until(as_of).saturating_abs() - line.blur_ns);
    let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        let name = Arc::clone(&line.instrument.terms().name);
        let expired = line.instrument.expiry().filter(|expiry| *expiry <= as_of);
        let elsewhere = line.observed.filter(|_| away(&line) > TOLERANCE_NS);
        if let Some(reason) = elsewhere.map(Reason::OtherInstant).or(expired.map(Reason::Expired)) {
            left_out.push(because(&line.place, &line.instrument, reason));
            continue;
        }
        match places.get(&name).copied() {
            None => {
                places.insert(name, kept.len());
                kept.push(line);
            }
            Some(at) => {
                let before = &kept[at];
                let nearer = before.is_history && (!line.is_history || away(&line) < away(before));
                let loser = if nearer { std::mem::replace(&mut kept[at], line) } else { line };
                left_out.push(because(&loser.place, &loser.instrument, Reason::Duplicate));
            }
        }
    }
    kept
}

fn because(place: &Place, instrument: &Instrument, reason: Reason) -> LeftOut {
    LeftOut { place: place.clone(), instrument: Some(Arc::clone(&instrument.terms().name)), reason }
}

fn by_underlying(lines: &[Line]) -> BTreeMap<Underlying, Gathered> {
    let mut all: BTreeMap<Underlying, Gathered> = BTreeMap::new();
    for line in lines {
        all.entry(line.instrument.terms().underlying).or_default().quotes.insert(line.instrument.terms().quote);
    }
    for line in lines {
        let terms = line.instrument.terms();
        let Some(gathered) = all.get_mut(&terms.underlying) else { continue };
        if Some(terms.quote) != gathered.quote() {
            continue;
        }
        gathered.indices.extend(line.index);
        if let (Some(expiry), Some(forward)) = (line.instrument.expiry(), line.forward) {
            gathered.forwards.entry(expiry).or_default().push(forward);
        }
        if line.instrument.expiry().is_none() && line.instrument.right().is_none() {
            gathered.perpetual_marks.extend(line.mark.price);
        }
    }
    all
}

impl Gathered {
    /// What the index is counted in: dollars where anything is, else the first by name.
    fn quote(&self) -> Option<Asset> {
        let dollars = currency().ok().filter(|dollars| self.quotes.contains(dollars));
        dollars.or_else(|| self.quotes.first().copied())
    }
}

/// Index and forwards of an underlying, each the median of its rows; `None` where nothing says an index.
fn quoted(underlying: Underlying, gathered: Gathered, report: &mut Report) -> Option<UnderlyingQuote> {
    let quote = gathered.quote()?;
    let mut expiries = BTreeMap::new();
    for (expiry, forwards) in gathered.forwards {
        expiries.insert(expiry, ExpiryQuote { forward: median(forwards), ..ExpiryQuote::default() });
    }
    let index = median(gathered.indices).or_else(|| {
        let nearest = expiries.iter().find_map(|(expiry, quote)| Some((*expiry, quote.forward?)));
        let stand_in = match nearest {
            Some((expiry, forward)) => Some((forward, format!("forward of {expiry}"))),
            None => median(gathered.perpetual_marks).map(|mark| (mark, "perpetual's mark".to_owned())),
        };
        let (index, what) = stand_in?;
        report.notes.push(format!("{underlying}: no index published: the {what} stands in, {index}"));
        Some(index)
    })?;
    Some(UnderlyingQuote { index, quote, confidence: None, expiries })
}

/// The middle figure, the lower of the two of an even count: one that was published.
fn median(mut figures: Vec<Decimal>) -> Option<Decimal> {
    figures.sort_unstable();
    figures.get(figures.len().checked_sub(1)? / 2).copied()
}

/// Why an instrument cannot stand beside the index of its underlying.
fn misfit(instrument: &Instrument, underlyings: &BTreeMap<Underlying, UnderlyingQuote>) -> Option<Reason> {
    let terms = instrument.terms();
    match underlyings.get(&terms.underlying) {
        None => Some(Reason::NoIndex(terms.underlying)),
        Some(known) if known.quote != terms.quote => {
            Some(Reason::OtherQuote { found: terms.quote, index: known.quote })
        }
        Some(_) => None,
    }
}

fn of_index(
    lines: Vec<Line>,
    underlyings: &BTreeMap<Underlying, UnderlyingQuote>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<Line> {
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        match misfit(&line.instrument, underlyings) {
            Some(reason) => left_out.push(because(&line.place, &line.instrument, reason)),
            None => kept.push(line),
        }
    }
    kept
}

/// Live instruments with published sizes, by name.
fn of_sizes(
    sizes: Vec<Sizes>,
    underlyings: &BTreeMap<Underlying, UnderlyingQuote>,
    as_of: Timestamp,
    left_out: &mut Vec<LeftOut>,
) -> BTreeMap<Arc<str>, Instrument> {
    let mut kept: BTreeMap<Arc<str>, Instrument> = BTreeMap::new();
    for Sizes { place, instrument } in sizes {
        let name = Arc::clone(&instrument.terms().name);
        let expired = instrument.expiry().filter(|expiry| *expiry <= as_of).map(Reason::Expired);
        let twice = kept.contains_key(&name).then_some(Reason::Duplicate);
        match expired.or_else(|| misfit(&instrument, underlyings)).or(twice) {
            Some(reason) => left_out.push(because(&place, &instrument, reason)),
            None => {
                kept.insert(name, instrument);
            }
        }
    }
    kept
}

/// Gives every expiry the volatility of each strike: the one of the option out of the money, else its twin's.
fn vols(lines: &[Line], underlyings: &mut BTreeMap<Underlying, UnderlyingQuote>) {
    let mut strikes: BTreeMap<(Underlying, Timestamp, Decimal), (bool, Decimal)> = BTreeMap::new();
    for line in lines {
        let option = &line.instrument;
        let underlying = option.terms().underlying;
        let (Some(expiry), Some(strike), Some(vol)) = (option.expiry(), option.strike(), line.mark.vol) else {
            continue;
        };
        let Some(quote) = underlyings.get(&underlying) else { continue };
        let forward = quote.expiries.get(&expiry).and_then(|quoted| quoted.forward).unwrap_or(quote.index);
        let is_out = (option.right() == Some(Right::Call)) == (strike >= forward);
        let chosen = strikes.entry((underlying, expiry, strike)).or_insert((is_out, vol));
        if is_out && !chosen.0 {
            *chosen = (is_out, vol);
        }
    }
    for ((underlying, expiry, strike), (_, vol)) in strikes {
        if let Some(quote) = underlyings.get_mut(&underlying) {
            quote.expiries.entry(expiry).or_default().vols.push(StrikeVol { strike, vol });
        }
    }
}
