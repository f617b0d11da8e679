//! Whether a line that is known again is the line that was known.

use plimsoll::Timestamp;
use plimsoll::engine::Command;
use plimsoll::engine::market::PriceBatch;

/// Whether `said` may be what `known` was read from: what a line leaves to the state or to the clock it was read with is not
/// compared, as both have gone on.
pub(super) fn is_same(known: &Command, said: &Command) -> bool {
    match (known, said) {
        (Command::AmendAccount { account: known, .. }, Command::AmendAccount { account: said, .. }) => known == said,
        (Command::SetModel { name: known, .. }, Command::SetModel { name: said, .. }) => known == said,
        (Command::SetLiquidation(_), Command::SetLiquidation(_)) => true,
        (Command::Prices(known), Command::Prices(said)) => timeless(known) == timeless(said),
        _ => known == said,
    }
}

fn timeless(batch: &PriceBatch) -> PriceBatch {
    let mut batch = batch.clone();
    batch.quotes.iter_mut().for_each(|(_, quote)| quote.observed_at = Timestamp::from_nanos(0));
    batch
}

/// What a command is called: `Deposit`.
pub(super) fn word(command: &Command) -> String {
    let name = format!("{command:?}");
    name.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
