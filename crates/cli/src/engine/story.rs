//! A story on the screen: what was done, what came of it, line by line.

use plimsoll::core::Side;
use plimsoll::engine::liquidation::Cover;
use plimsoll::engine::{Event, Refusal, State};
use plimsoll::story::{Step, Told};
use plimsoll::stream::events;

use crate::color::Tone;
use crate::figures::money;

/// Writes what of a story people want to see: what was said of it, who crossed a line, what was refused.
pub(crate) fn shown(told: &Told, out: &mut String) {
    Tone::Strong.paint(&told.title, out);
    out.push_str("\n\n");
    for step in &told.steps {
        if let Some(say) = &step.say {
            let time = step.at.to_string();
            Tone::Quiet.paint(time.get(11..19).unwrap_or_default(), out);
            out.push_str("  ");
            out.push_str(say);
            out.push('\n');
        }
        came_of_it(&told.state, step, out);
    }
}

fn came_of_it(state: &State, step: &Step, out: &mut String) {
    let mut line = |tone: Tone, text: String| {
        out.push_str("          ");
        tone.paint(&text, out);
        out.push('\n');
    };
    let events = match &step.outcome {
        Ok(events) => events,
        Err(refusal) => return line(Tone::Bad, refused(state, refusal)),
    };
    for (tone, text) in events.iter().filter_map(|event| told(state, event)) {
        line(tone, text);
    }
}

/// What a person would be told of an event.
fn told(state: &State, event: &Event) -> Option<(Tone, String)> {
    let name = |id| state.account(id).map(|account| account.terms.name.to_string()).unwrap_or_default();
    Some(match event {
        Event::LevelChanged { account, from, to, figures, .. } => {
            let text = format!(
                "{}: {from} → {to}: equity {}, initial {}, maintenance {}",
                name(*account),
                money(figures.equity),
                money(figures.initial),
                money(figures.maintenance)
            );
            (if to > from { Tone::Warn } else { Tone::Good }, text)
        }
        Event::OrderPlaced { account, order, terms } if order.closes() => {
            let side = if terms.side == Side::Buy { "buy" } else { "sell" };
            let contract = state.contract(terms.contract).map_or("", |known| known.instrument.name());
            let text = format!("{}: to {side} {} {contract} at {}", name(*account), terms.quantity, terms.price);
            (Tone::Warn, text)
        }
        Event::Traded { closes: Some(account), contract, quantity, price, buyer, seller, .. } => {
            let contract = state.contract(*contract).map_or("", |known| known.instrument.name());
            let other = if buyer.account == *account { seller.account } else { buyer.account };
            let of = format!("{quantity} {contract}");
            (Tone::Warn, format!("{}: {of} matched with {} at {price}", name(*account), name(other)))
        }
        Event::AuctionBegun { account, is_insolvent } => {
            let of = if *is_insolvent { "insolvent, and on offer" } else { "on offer" };
            (Tone::Warn, format!("{}: its positions are {of}", name(*account)))
        }
        Event::AuctionBid { account, bidder, share, bonus } => {
            (Tone::Warn, format!("{}: {} takes over {share} of it for {bonus}", name(*account), name(*bidder)))
        }
        Event::Haircut { account, holder, amount, .. } => {
            (Tone::Bad, format!("{}: {} bears {amount}, in the price", name(*account), name(*holder)))
        }
        Event::AuctionUnsold { account } => (Tone::Bad, format!("{}: nobody took it", name(*account))),
        Event::Covered { account, by, amount, .. } => {
            let by = match by {
                Cover::Collateral => "gives up",
                Cover::Fund => "the insurance fund pays",
                Cover::BadDebt => "booked as bad debt:",
            };
            (Tone::Bad, format!("{}: {by} {amount}", name(*account)))
        }
        Event::LossShared { amount, .. } => (Tone::Bad, format!("holders in gain share {amount} of what is owed")),
        Event::BreakerTripped { name, subject, .. } => (Tone::Warn, format!("breaker {name} trips for {subject}")),
        Event::BreakerLifted { name, subject, .. } => (Tone::Good, format!("breaker {name} lifts for {subject}")),
        Event::Announced { rule, from, .. } => (Tone::Warn, format!("{} is announced, for {from}", rule.word())),
        Event::Recalled { number } => (Tone::Good, format!("announcement {number} is recalled")),
        Event::CarriedOut { number, refused: Some(why) } => {
            (Tone::Warn, format!("announcement {number} comes to nothing: {why}"))
        }
        Event::OrderPlaced { account, .. } => (Tone::Good, format!("{}: the order is placed", name(*account))),
        _ => return None,
    })
}

/// The refusal with the account's name in the place of its number.
fn refused(state: &State, refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let named = events::refused_of(&refusal.rule(), &text);
    match named.and_then(|(id, rest)| Some((state.account(id)?, rest))) {
        Some((account, rest)) => format!("refused: {}: {rest}", account.terms.name),
        None => format!("refused: {text}"),
    }
}
