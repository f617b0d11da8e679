//! Asking for memory before it is needed.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "a hint that takes a pointer and reads nothing through it")
)]

/// Asks for the first lines of the cache that hold `value`, a slice too, so that whoever reads it soon waits less: for no
/// more than a few, since a CPU that is asked for much at once forgets some of it. A hint: it changes the time and never the
/// answer, and does nothing where the target has no such instruction.
#[inline(always)]
pub fn prefetch<T: ?Sized>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(value).cast::<i8>();
        let first = start.map_addr(|address| address & !(LINE - 1));
        let lines = (start.addr() - first.addr() + size_of_val(value)).div_ceil(LINE);
        for line in 0..lines.min(LINES) {
            // SAFETY: the instruction, which every x86-64 has, neither faults nor reads nor writes what a program sees,
            // wherever it points.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(LINE * line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Bytes in a line of the cache.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;
/// Lines that are asked for at most.
#[cfg(target_arch = "x86_64")]
const LINES: usize = 8;
