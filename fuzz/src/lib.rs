//! What the fuzz targets call: one plain function each, in the order of `fuzz_targets/`.
//!
//! A function here hands its bytes to the library and returns; a panic is the finding. This is the only
//! place that knows which library function a target drives.

mod fills;

/// Any bytes, read as published cases, their formulas run: whatever they are given, each passes, fails or is refused.
pub fn cases(bytes: &[u8]) {
    plimsoll::conformance::fuzz_cases(bytes);
}

/// Any bytes, read as a margin request in each of its formats: what is accepted must write and read back equal.
pub fn document(bytes: &[u8]) {
    plimsoll_document::fuzz_document(bytes);
}

/// Any bytes, read as fills of a book: it holds what a map of maps does, and passes over it say what their plain form does.
pub fn fills(bytes: &[u8]) {
    fills::fills(bytes);
}

/// Any bytes, read as an instrument's name in every convention we know.
pub fn instrument_name(bytes: &[u8]) {
    plimsoll_pricing::instruments::fuzz_names(bytes);
}

/// Any bytes, taken for a log: opening refuses, or gives a log that verifies and holds nothing that was not written.
pub fn journal(bytes: &[u8]) {
    plimsoll_journal::fuzz_journal(bytes);
}

/// Any bytes, read as a SPAN risk parameter file: what is accepted must write and read back equal.
pub fn span_file(bytes: &[u8]) {
    plimsoll_venues::span::fuzz_span(bytes);
}

/// Any bytes, read as commands of the live engine and decided: nothing panics, and events fold to the state.
pub fn stream(bytes: &[u8]) {
    plimsoll::stream::fuzz_stream(bytes);
}
