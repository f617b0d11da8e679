//! Faults planted on purpose, so that whoever looks for faults can be seen to find some.
//!
//! A check that never found anything may be blind. With the feature `planted` each `Fault` can be switched on, one at
//! a time and for one thread, by `with`. Each is at one place, where `planted!` names it, and of a kind that venues had:
//! nothing crashes, and every event keeps its shape. Without the feature, as in every build that anybody relies on, the
//! macro is the constant `false` and nothing else of this is compiled.
//!
//! Left out on purpose: two faults at once, and other threads. A fault is not carried to those that are forked.

#[cfg(feature = "planted")]
mod faults;

#[cfg(feature = "planted")]
pub use faults::{Fault, is_on, with};

/// Whether a [fault](mod@crate::planted) is switched on.
#[cfg(feature = "planted")]
#[macro_export]
macro_rules! planted {
    ($fault:ident) => {
        $crate::planted::is_on($crate::planted::Fault::$fault)
    };
}

/// Whether a [fault](mod@crate::planted) is switched on: without the feature `planted`, none is.
#[cfg(not(feature = "planted"))]
#[macro_export]
macro_rules! planted {
    ($fault:ident) => {
        false
    };
}
