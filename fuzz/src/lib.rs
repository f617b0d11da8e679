//! What the fuzz targets call: one plain function each, in the order of `fuzz_targets/`.
//!
//! A function here hands its bytes to the library and returns; a panic is the finding. This is the only
//! place that knows which library function a target drives.

/// Any bytes, read as a margin request.
pub fn document(bytes: &[u8]) {
    // To become `plimsoll_document::fuzz_document(bytes)`.
    let _ = std::str::from_utf8(bytes).map(str::trim);
}

/// Any bytes, read as an instrument's name in every convention we know.
pub fn instrument_name(bytes: &[u8]) {
    // To become `plimsoll_pricing::instruments::fuzz_names(bytes)`.
    let _ = std::str::from_utf8(bytes).map(|name| name.split('-').count());
}
