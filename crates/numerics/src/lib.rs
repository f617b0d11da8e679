//! exp, ln, erfc and the normal distribution with the same bits on every CPU path.
//!
//! A risk table that is replayed, audited or proven must come out the same on every machine. The
//! platform's mathematics library does not promise that, and neither does a compiler that may or may
//! not fuse a product and a sum. So the few functions a margin needs are written here once, from
//! operations that IEEE 754 rounds correctly (+, −, ×, ÷, √, fused multiply-add, bit moves), in a
//! fixed order and without branches. The compiler turns the very same source into scalar, AVX2 or
//! AVX-512 code, and each lane computes the same bits.
//!
//! - [`exp`], [`ln`]: within one unit in the last place.
//! - [`erfc`], [`erfcx`] and [`normal`]: built on one polynomial for the Mills ratio.
//! - [`dispatch`]: runs a [`Kernel`] with the widest instructions of this CPU.
//! - [`rounding`]: floats to integer counts, half to even, with the range checked.
//! - [`prefetch`]: a hint at memory that is read soon.
//!
//! Where the hardware lacks fused multiply-add, `f64::mul_add` calls the platform's exact
//! software version: slow, and the same bits. A NaN stays a NaN, but its sign and payload are not
//! part of the promise.
//!
//! This is the one crate that may use `unsafe`, and it does so in two files: `dispatch.rs` calls a
//! function compiled for instructions that were found present at run time, `prefetch.rs` gives a hint
//! through which nothing is read.
//!
//! Left out: sine and its family, powers (`exp(y · ln x)` is enough where one is needed), and single
//! precision.

#[macro_use]
mod polynomial;

mod dispatch;
mod error_function;
mod exponential;
mod logarithm;
pub mod normal;
mod prefetch;
pub mod rounding;

pub use dispatch::{Kernel, Level, dispatch, dispatch_at};
pub use error_function::{erfc, erfcx};
pub use exponential::{exp, exp_flushed};
pub use logarithm::{ln, ln_normal};
pub use prefetch::prefetch;
