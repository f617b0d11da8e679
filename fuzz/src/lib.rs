//! What the fuzz targets call: one plain function each, in the order of `fuzz_targets/`.
//!
//! A function here hands its bytes to the library and returns; a panic is the finding. This is the only
//! place that knows which library function a target drives.

use plimsoll_core::Decimal;

/// Any bytes, read as a margin request.
///
/// Until the library reads documents, its numbers: what parses must print as something that parses the same.
/// Then this becomes `plimsoll_document::fuzz_document(bytes)`.
pub fn document(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    for word in text.split(|c: char| c.is_whitespace() || "\",[]{}".contains(c)) {
        if let Ok(number) = word.parse::<Decimal>() {
            assert_eq!(number.to_string().parse(), Ok(number));
        }
    }
}

/// Any bytes, read as an instrument's name in every convention we know.
pub fn instrument_name(bytes: &[u8]) {
    plimsoll_pricing::instruments::fuzz_names(bytes);
}
