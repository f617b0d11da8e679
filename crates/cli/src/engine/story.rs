//! A story on the screen: what was done, what came of it, line by line.

use plimsoll::engine::{Event, Refusal, State};
use plimsoll::story::{Step, Told};

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
    let name = |id| state.account(id).map(|account| account.terms.name.to_string()).unwrap_or_default();
    let mut line = |tone: Tone, text: String| {
        out.push_str("          ");
        tone.paint(&text, out);
        out.push('\n');
    };
    let events = match &step.outcome {
        Ok(events) => events,
        Err(refusal) => return line(Tone::Bad, refused(state, refusal)),
    };
    for event in events {
        match event {
            Event::LevelChanged { account, from, to, figures, .. } => {
                let text = format!(
                    "{}: {from} → {to}: equity {}, initial {}, maintenance {}",
                    name(*account),
                    money(figures.equity),
                    money(figures.initial),
                    money(figures.maintenance)
                );
                line(if to > from { Tone::Warn } else { Tone::Good }, text);
            }
            Event::OrderPlaced { account, .. } => line(Tone::Good, format!("{}: the order is placed", name(*account))),
            _ => {}
        }
    }
}

/// The refusal with the account's name in the place of its number.
fn refused(state: &State, refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let named = text.strip_prefix("account ").and_then(|rest| rest.split_once(": "));
    let named = named.and_then(|(number, rest)| Some((state.accounts.get(number.parse::<usize>().ok()?)?, rest)));
    match named {
        Some((account, rest)) => format!("refused: {}: {rest}", account.terms.name),
        None => format!("refused: {text}"),
    }
}
