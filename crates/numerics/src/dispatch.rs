//! One source, several instruction sets: a kernel is compiled for each and the CPU's best is run.
//!
//! A kernel is a value that knows its inputs and has one inlined method. [`dispatch`] calls it from
//! inside a function that was compiled for wider vectors; since the method is inlined, its loops are
//! compiled for them too. Because a kernel is made of correctly rounded operations in a fixed order,
//! the level changes the time and never the answer.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calling a function compiled for CPU features that were found at run time")
)]

use std::sync::OnceLock;

/// Work to be compiled for each instruction set.
pub trait Kernel {
    /// What the work gives back.
    type Output;

    /// Does the work. Mark the implementation `#[inline(always)]`, and everything its loops call:
    /// what is not inlined is compiled for the baseline CPU, slower though no less right.
    fn run(self) -> Self::Output;
}

/// A set of vector instructions, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every CPU of the target has.
    Portable,
    /// Four doubles at once, with fused multiply-add: x86-64-v3.
    Avx2,
    /// Eight doubles at once: x86-64-v4.
    Avx512,
}

impl Level {
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The levels this CPU can run, narrowest first.
    pub fn available() -> &'static [Self] {
        let count = match Self::best() {
            Self::Portable => 1,
            Self::Avx2 => 2,
            Self::Avx512 => 3,
        };
        &Self::ALL[..count]
    }

    /// The widest level of this CPU, found once.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(detect)
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        (false, _) => Level::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Portable
}

/// Runs a kernel with the widest instructions this CPU has.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_at(Level::best(), kernel)
}

/// Runs a kernel at a chosen level, or at the widest this CPU has if that is narrower.
///
/// For tests and measurements: the answer is the same at every level.
#[inline]
pub fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level.min(Level::best()) {
        Level::Portable => kernel.run(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` is at most `Level::best()`, which `detect` gives only after it found every
        // feature that the function is compiled for.
        Level::Avx2 => unsafe { run_avx2(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx512 => unsafe { run_avx512(kernel) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => kernel.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
