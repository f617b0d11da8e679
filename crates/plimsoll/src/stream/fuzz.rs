//! Any bytes, as a stream of commands.

use plimsoll_core::{Decode, Encode, Timestamp};
use plimsoll_document::{Format, parse};
use plimsoll_engine::{Book, Command, Event, State, evolve, step};

use super::read;

/// A venue to be hostile to.
const OPENING: &str = r#"
{"do":"list_asset","asset":"USDC","borrow_rate":"0.1"}
{"do":"list_asset","asset":"BTC"}
{"do":"list_underlying","underlying":"BTC","quote":"USD"}
{"do":"list_contract","contract":"BTC_USDC-PERPETUAL"}
{"do":"list_contract","contract":"BTC-PERPETUAL"}
{"do":"list_contract","contract":"BTC-26JUN26-60000-C"}
{"do":"set_model","name":"cross"}
{"do":"prices","indices":{"BTC":"60000"},"assets":{"USDC":"1"},"marks":{"BTC_USDC-PERPETUAL":{"price":"60000"},"BTC-PERPETUAL":{"price":"60000"},"BTC-26JUN26-60000-C":{"price":"0.05"}}}
{"do":"open_account","account":"a","model":"cross"}
{"do":"open_account","account":"b","model":"cross"}
{"do":"fund","house":"lending","amount":"100000 USDC"}
{"do":"deposit","account":"a","amount":"50000 USDC"}
{"do":"deposit","account":"b","amount":"2 BTC"}
"#;

/// Reads lines of commands and decides them: whatever they say, each is wrong, refused or carried out, and folding the
/// events gives the state. The same bytes as canonical encodings are refused, or are the one encoding of what they say.
///
/// # Panics
/// When one of these does not hold: what a fuzzer looks for.
pub fn fuzz_stream(bytes: &[u8]) {
    if let Ok(command) = Command::decode_all(bytes) {
        assert_eq!(command.encoded(), bytes, "a command has one encoding");
    }
    if let Ok(event) = Event::decode_all(bytes) {
        assert_eq!(event.encoded(), bytes, "an event has one encoding");
    }
    let Ok(start) = "2026-06-01T08:00:00Z".parse::<Timestamp>() else { return };
    let Ok(currency) = "USD".parse() else { return };
    let (mut state, mut folded, mut book) = (State::new(currency, start), State::new(currency, start), Book::new());
    let text = String::from_utf8_lossy(bytes);
    for line in OPENING.lines().chain(text.lines().take(64)).filter(|line| !line.is_empty()) {
        let Ok(value) = parse(line.as_bytes(), Format::Json) else { continue };
        let Ok(read) = read(&value, &state, state.clock) else { continue };
        let Ok(events) = step(&mut state, &mut book, &read.command, read.at) else { continue };
        events.iter().for_each(|event| evolve(&mut folded, event, read.at));
    }
    assert!(state == folded, "folding the events gives the state");
}
