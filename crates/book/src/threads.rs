//! The same work on many things, on several threads.

use std::num::NonZeroUsize;
use std::{panic, thread};

/// What `work` makes of each, in their order, on so many threads: every so manieth is one thread's, so that what stands
/// together and takes long is shared.
///
/// # Panics
/// Where `work` does.
pub fn each<T: Sync, R: Send>(of: &[T], threads: NonZeroUsize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let every = threads.get();
    let share = |from: usize| of.iter().skip(from).step_by(every).map(&work).collect::<Vec<R>>();
    let share = &share;
    let mut shares: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..every).map(|from| scope.spawn(move || share(from))).collect();
        let own = share(0);
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        std::iter::once(own).chain(others).map(Vec::into_iter).collect()
    });
    (0..of.len()).filter_map(|at| shares[at % every].next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_what_was_asked() {
        for count in 0..20 {
            let all: Vec<usize> = (0..count).collect();
            let squares: Vec<usize> = all.iter().map(|of| of * of).collect();
            for threads in 1..6 {
                let found = each(&all, NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN), |of| of * of);
                assert_eq!(found, squares, "{count} on {threads} threads");
            }
        }
    }

    #[test]
    #[should_panic(expected = "seven")]
    fn a_panic_of_any_thread_is_the_callers() {
        let three = NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN);
        each(&[1, 2, 3, 7, 5], three, |of| assert!(*of != 7, "seven"));
    }
}
