//! What tests of planted faults share.

use std::fmt::Debug;

use plimsoll_core::planted::{Fault, with};

/// Fails unless `case` comes to `off` without the fault, and to `on` with it.
pub(crate) fn shows<T: PartialEq + Debug>(fault: Fault, case: impl Fn() -> T, [off, on]: [T; 2]) {
    assert_eq!(with(None, &case), off, "without {fault}");
    assert_eq!(with(Some(fault), &case), on, "with {fault}");
}
