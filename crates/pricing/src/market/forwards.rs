//! Forwards: what an underlying is traded at for delivery at an expiry.

use std::collections::BTreeMap;

use plimsoll_core::Timestamp;
use plimsoll_numerics::{exp, ln};

/// A forward and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// In the index's quote, positive.
    pub value: f64,
    /// Where it comes from.
    pub source: ForwardSource,
}

/// Where a forward comes from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForwardSource {
    /// Published for this expiry.
    Quoted,
    /// The mark of the dated future of this expiry.
    FutureMark,
    /// Carried between the index and the expiries that are known.
    Interpolated,
    /// The index itself: nothing is known of any expiry, or this one has passed and nothing is fixed of it.
    Index,
}

/// The known forwards of one underlying, by time.
///
/// Between them `ln(forward / index)` is linear in time, from zero now; beyond the last the carry,
/// `ln(forward / index) / time`, stays what it is there. What is partly fixed in a settlement window stands for its own
/// expiry alone, and stays when that has passed: that it is off the index is no carry.
#[derive(Clone, Debug)]
pub(super) struct ForwardCurve {
    index: f64,
    nodes: Vec<Node>,
    averaging: BTreeMap<Timestamp, Forward>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    expiry: Timestamp,
    years: f64,
    log_ratio: f64,
    forward: Forward,
}

impl ForwardCurve {
    /// A curve with nothing but the index, which is positive.
    pub(super) fn new(index: f64) -> Self {
        Self { index, nodes: Vec::new(), averaging: BTreeMap::new() }
    }

    pub(super) fn index(&self) -> f64 {
        self.index
    }

    /// Notes what is known of an expiry in its settlement window; what was noted before stands.
    pub(super) fn note_averaging(&mut self, expiry: Timestamp, forward: Forward) {
        self.averaging.entry(expiry).or_insert(forward);
    }

    /// Adds what is known of `expiry`; what was added before for the same expiry stands.
    pub(super) fn add(&mut self, expiry: Timestamp, years: f64, forward: Forward) {
        if years <= 0.0 {
            return;
        }
        if let Err(place) = self.nodes.binary_search_by_key(&expiry, |node| node.expiry) {
            let log_ratio = ln(forward.value / self.index);
            self.nodes.insert(place, Node { expiry, years, log_ratio, forward });
        }
    }

    /// The forward of `expiry`, `years` from now.
    pub(super) fn at(&self, expiry: Timestamp, years: f64) -> Forward {
        if let Some(averaging) = self.averaging.get(&expiry) {
            return *averaging;
        }
        let place = match self.nodes.binary_search_by_key(&expiry, |node| node.expiry) {
            Ok(place) => return self.nodes[place].forward,
            Err(place) => place,
        };
        let Some(last) = self.nodes.last().filter(|_| years > 0.0) else {
            return Forward { value: self.index, source: ForwardSource::Index };
        };
        let log_ratio = match self.nodes.get(place) {
            None => last.log_ratio * (years / last.years),
            Some(after) => {
                let before = place.checked_sub(1).map(|before| &self.nodes[before]);
                let (start, from) = before.map_or((0.0, 0.0), |node| (node.years, node.log_ratio));
                let share = (years - start) / (after.years - start);
                share.mul_add(after.log_ratio - from, from)
            }
        };
        Forward { value: self.index * exp(log_ratio), source: ForwardSource::Interpolated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> (Timestamp, f64) {
        let expiry = Timestamp::from_nanos(days * 86_400 * Timestamp::NANOS_PER_SECOND);
        (expiry, crate::float::years(Timestamp::from_nanos(0), expiry))
    }

    fn curve() -> ForwardCurve {
        let mut curve = ForwardCurve::new(100.0);
        for (days, value, source) in [
            (20, 102.0, ForwardSource::Quoted),
            (10, 101.0, ForwardSource::FutureMark),
            (20, 500.0, ForwardSource::FutureMark),
        ] {
            let (expiry, years) = day(days);
            curve.add(expiry, years, Forward { value, source });
        }
        curve
    }

    fn at(days: i64) -> Forward {
        let (expiry, years) = day(days);
        curve().at(expiry, years)
    }

    #[test]
    fn a_known_expiry_is_given_back_and_the_first_word_on_it_stands() {
        assert_eq!(at(10), Forward { value: 101.0, source: ForwardSource::FutureMark });
        assert_eq!(at(20), Forward { value: 102.0, source: ForwardSource::Quoted });
    }

    #[test]
    fn between_known_expiries_the_log_of_the_basis_is_linear() {
        let geometric = (101.0_f64 * 102.0).sqrt();
        assert!((at(15).value - geometric).abs() < 1e-12 * geometric);
        assert!((at(5).value - (100.0_f64 * 101.0).sqrt()).abs() < 1e-12 * 101.0);
        assert_eq!(at(15).source, ForwardSource::Interpolated);
    }

    #[test]
    fn beyond_the_last_the_carry_stays() {
        assert!((at(40).value - 100.0 * 1.02 * 1.02).abs() < 1e-11);
    }

    #[test]
    fn what_is_partly_fixed_says_nothing_of_other_expiries() {
        let mut curve = curve();
        let before = [5, 15, 40].map(|days| at(days).value);
        let (expiry, years) = day(1);
        let average = Forward { value: 90.0, source: ForwardSource::Quoted };
        curve.note_averaging(expiry, average);
        assert_eq!(curve.at(expiry, years), average);
        assert_eq!(curve.at(expiry, 0.0), average, "nor does it move once the window has ended");
        let after = [5, 15, 40].map(|days| curve.at(day(days).0, day(days).1).value);
        assert_eq!(before, after);
    }

    #[test]
    fn without_expiries_or_time_it_is_the_index() {
        let (expiry, years) = day(5);
        let index = Forward { value: 100.0, source: ForwardSource::Index };
        assert_eq!(ForwardCurve::new(100.0).at(expiry, years), index);
        assert_eq!(at(0), index);
    }
}
