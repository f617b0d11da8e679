//! A market that distances are measured from, and the certificates that belong to it, sorted by threshold.

use plimsoll_margin::watch::Figures;

use super::saved::Limits;
use super::stamps::{Entry, Stamps};

/// A market that was seen.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) figures: Vec<Figures>,
    /// The move it came with.
    pub(super) born: u64,
    /// By way: entries by threshold, a sixteenth of an octave apart.
    buckets: Vec<Vec<Vec<Entry>>>,
    /// By later base: how far that is, by way.
    later: Vec<(u64, Vec<f64>)>,
    len: usize,
}

/// Ways that a source moves: along its coordinate, and across.
pub(super) const WAYS: usize = 2;
/// Thresholds below are as good as none.
const LEAST_EXPONENT: i64 = -40;
/// Thresholds above are as good as this.
const OCTAVES: usize = 64;
/// Bits of the mantissa that tell buckets apart.
const FRACTION_BITS: u32 = 4;
const BUCKETS: usize = OCTAVES << FRACTION_BITS;
/// What a float's pattern is shifted by so that its exponent and the first bits of its mantissa are left.
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - FRACTION_BITS;
/// The pattern of the least threshold, shifted.
const FIRST: u64 = ((LEAST_EXPONENT + 1023) as u64) << FRACTION_BITS;

/// The bucket of a threshold that [tells](Base::tells): what is in it is at least as large as its lower end.
fn bucket(threshold: f64) -> usize {
    let pattern = threshold.to_bits() >> SHIFT;
    usize::try_from(pattern - FIRST).map_or(BUCKETS - 1, |at| at.min(BUCKETS - 1))
}

/// The least threshold of a bucket.
fn lower(bucket: usize) -> f64 {
    f64::from_bits((FIRST + bucket as u64) << SHIFT)
}

impl Base {
    pub(super) fn new(figures: Vec<Figures>, born: u64) -> Self {
        let buckets = vec![Vec::new(); WAYS * figures.len()];
        Self { figures, born, buckets, later: Vec::new(), len: 0 }
    }

    /// Whether a threshold says anything: false for what is no number, too.
    pub(super) fn tells(threshold: f64) -> bool {
        threshold >= lower(0)
    }

    pub(super) fn same_sources(&self, figures: &[Figures]) -> bool {
        self.figures.iter().map(|of| of.source).eq(figures.iter().map(|of| of.source))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn add(&mut self, way: usize, threshold: f64, entry: Entry) {
        self.bucket(way, threshold).push(entry);
        self.len += 1;
    }

    fn bucket(&mut self, way: usize, threshold: f64) -> &mut Vec<Entry> {
        let buckets = &mut self.buckets[way];
        if buckets.is_empty() {
            buckets.resize(BUCKETS, Vec::new());
        }
        &mut buckets[bucket(threshold)]
    }

    pub(super) fn add_all(&mut self, way: usize, threshold: f64, mut entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        self.len += entries.len();
        self.bucket(way, threshold).append(&mut entries);
    }

    /// How far `now` is, by way; noted, since it may become a base.
    pub(super) fn measure(&mut self, now: &[Figures], born: u64) -> Vec<f64> {
        let distances: Vec<f64> = self.figures.iter().zip(now).flat_map(|(then, now)| then.distance(now)).collect();
        self.later.push((born, distances.clone()));
        distances
    }

    /// How far the base born at a move is, by way.
    pub(super) fn distances_to(&self, born: u64) -> Vec<f64> {
        let known = self.later.iter().find(|(of, _)| *of == born);
        known.map_or_else(|| vec![f64::INFINITY; self.buckets.len()], |(_, distances)| distances.clone())
    }

    /// Forgets the distances to all but these.
    pub(super) fn keep_later(&mut self, born: &[u64]) {
        self.later.retain(|(of, _)| born.contains(of));
    }

    /// Takes out all entries whose thresholds a distance may have passed.
    pub(super) fn drain(&mut self, distances: &[f64], into: &mut Vec<Entry>) {
        for (buckets, distance) in self.buckets.iter_mut().zip(distances) {
            for (at, entries) in buckets.iter_mut().enumerate() {
                if lower(at) >= *distance {
                    break;
                }
                self.len -= entries.len();
                into.append(entries);
            }
        }
    }

    /// Takes out all entries of a source.
    pub(super) fn drain_source(&mut self, source: usize, into: &mut Vec<Entry>) {
        for entries in self.buckets[WAYS * source..WAYS * (source + 1)].iter_mut().flatten() {
            self.len -= entries.len();
            into.append(entries);
        }
    }

    /// Takes it apart: ways, thresholds, and the entries there.
    pub(super) fn empty(self) -> impl Iterator<Item = (usize, f64, Vec<Entry>)> {
        let of_way = |(way, buckets): (usize, Vec<Vec<Entry>>)| {
            buckets.into_iter().enumerate().map(move |(at, entries)| (way, lower(at), entries))
        };
        self.buckets.into_iter().enumerate().flat_map(of_way)
    }

    /// Whose certificates stand at which thresholds.
    pub(super) fn limits(&self, stamps: &Stamps) -> Vec<Limits> {
        let mut all = Vec::new();
        for (way, buckets) in (0..).zip(&self.buckets) {
            for (bucket, entries) in (0..).zip(buckets) {
                let mut entries = entries.clone();
                stamps.clear_void(&mut entries);
                if !entries.is_empty() {
                    all.push(Limits {
                        way,
                        bucket,
                        accounts: entries.into_iter().map(|entry| entry.account).collect(),
                    });
                }
            }
        }
        all
    }

    /// Takes in what was [told](Self::limits) of one bucket; `None` where there is no such bucket.
    pub(super) fn restore(&mut self, way: u32, bucket: u32, entries: Vec<Entry>) -> Option<()> {
        let (way, bucket) = (way as usize, bucket as usize);
        if way >= self.buckets.len() || bucket >= BUCKETS {
            return None;
        }
        self.add_all(way, lower(bucket), entries);
        Some(())
    }

    pub(super) fn clear_void(&mut self, stamps: &Stamps) {
        self.len = 0;
        for entries in self.buckets.iter_mut().flatten() {
            stamps.clear_void(entries);
            self.len += entries.len();
        }
    }
}
