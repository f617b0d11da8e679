//! The fuzz target of documents: a plain function, run by `cargo test` over a corpus and by
//! `cargo fuzz` over whatever it finds.

use crate::request::Request;
use crate::syntax::Format;
use crate::write::write_request;

/// Reads arbitrary bytes as a document in each notation. What is accepted must be read again from
/// what is written of it, equal; what is refused must say why.
///
/// # Panics
/// When one of these does not hold, which is what a fuzzer looks for.
pub fn fuzz_document(bytes: &[u8]) {
    for format in Format::ALL {
        match Request::read(bytes, format) {
            Err(errors) => assert!(errors.total > 0 && !errors.to_string().is_empty(), "a refusal without a reason"),
            Ok(request) => {
                let written = write_request(&request);
                let again = Request::read(written.as_bytes(), Format::Json);
                assert!(again.as_ref().is_ok_and(|again| same(&request, again)), "{written} was read as {again:?}");
            }
        }
    }
}

/// Whether two requests say the same: all but where it stands and what was warned of.
#[must_use]
pub fn same(left: &Request, right: &Request) -> bool {
    left.source == right.source
        && left.market == right.market
        && left.unsettled == right.unsettled
        && left.parameters == right.parameters
        && left.listing.iter().eq(right.listing.iter())
        && left.accounts.len() == right.accounts.len()
        && left.accounts.iter().zip(&right.accounts).all(|(left, right)| {
            (&left.id, &left.model, left.mode, &left.portfolio)
                == (&right.id, &right.model, right.mode, &right.portfolio)
                && (left.credit_line, &left.rating, left.fee_rates, left.leverage)
                    == (right.credit_line, &right.rating, right.fee_rates, right.leverage)
        })
}
