//! What is known of contracts, by their number in the listing: found without a search.

use plimsoll_core::InstrumentId;

/// Something of each of some contracts. Numbers of one underlying lie together, so little stands empty.
#[derive(Clone, Debug)]
pub struct ByContract<T> {
    first: u32,
    all: Vec<Option<T>>,
}

impl<T> FromIterator<(InstrumentId, T)> for ByContract<T> {
    fn from_iter<I: IntoIterator<Item = (InstrumentId, T)>>(known: I) -> Self {
        let known: Vec<(InstrumentId, T)> = known.into_iter().collect();
        let numbers = || known.iter().map(|(id, _)| id.0);
        let Some((first, last)) = numbers().min().zip(numbers().max()) else { return Self::default() };
        let mut all: Vec<Option<T>> = (first..=last).map(|_| None).collect();
        for (id, of) in known {
            all[(id.0 - first) as usize] = Some(of);
        }
        Self { first, all }
    }
}

impl<T> Default for ByContract<T> {
    fn default() -> Self {
        Self { first: 0, all: Vec::new() }
    }
}

impl<T> ByContract<T> {
    /// What is known of a contract.
    #[must_use]
    pub fn get(&self, id: InstrumentId) -> Option<&T> {
        self.all.get(id.0.checked_sub(self.first)? as usize)?.as_ref()
    }
}
