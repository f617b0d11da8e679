//! `explain --event`: the margin of those whom an event touched, as the tree it was decided by.

use plimsoll::Node;
use plimsoll::engine::account::Account;
use plimsoll::engine::step::explain;
use plimsoll::engine::{Book, Event, State};
use plimsoll::journal::Sequence;
use plimsoll::node::{Answer, Answered, Follower};
use serde_json::json;

use super::{refused, shown, view};
use crate::answer::{Csv, pretty, remark};
use crate::answers::explain::{name, tree_of};
use crate::args::{Explain as Asked, Format};
use crate::color::Tone;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::tree::{self, Fold};

/// Answers `plimsoll explain --event`.
pub(crate) fn run(asked: &Asked, sequence: u64, screen: &Screen) -> Result<Outcome, Failure> {
    let [folder] = asked.asked.files.as_slice() else {
        return Err(Failure::usage("--event: expected one journal's folder in the place of documents"));
    };
    let log = view(folder)?;
    let sequence = Sequence(sequence);
    let (follower, decided) = Follower::until(&log, sequence).map_err(|error| refused(folder, &error))?;
    let Some(decided) = decided else {
        return Err(Failure::usage(format!("record {sequence} holds no command: expected one that does")));
    };
    let state = follower.state();
    let answered = Answered { sequence, decided };
    let mut accounts = match &answered.decided.answer {
        Answer::Done(events) => events.iter().flat_map(Event::accounts).collect(),
        Answer::Refused { .. } => Vec::new(),
    };
    if !asked.asked.accounts.is_empty() {
        let unknown = |name: &str| Failure::usage(format!("--account {name}: expected an account of the journal's"));
        let known = |name: &String| state.account_names.get(name.as_str()).copied().ok_or_else(|| unknown(name));
        accounts = asked.asked.accounts.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    }
    accounts.sort_unstable();
    accounts.dedup();
    let mut book = Book::new();
    let trees: Vec<_> = accounts
        .into_iter()
        .filter_map(|id| Some((state.account(id)?, tree_of(explain(state, &mut book, id).ok()?, asked.level))))
        .collect();
    let text = written(asked, state, &answered, &trees);
    if asked.asked.format == Format::Table {
        screen.print(&text)?;
    } else {
        screen.print_plain(&text)?;
    }
    Ok(Outcome::Answered)
}

/// The events, and each account's tree.
fn written(asked: &Asked, state: &State, answered: &Answered, trees: &[(&Account, Node)]) -> String {
    let figure = name(asked.level);
    match asked.asked.format {
        Format::Table => {
            let mut out = String::new();
            shown(state, answered).iter().for_each(|line| remark(&line.to_string(), &mut out));
            let fold = Fold { depth: asked.depth.unwrap_or(usize::MAX - 1), all: asked.all };
            for (account, tree) in trees {
                out.push('\n');
                Tone::Strong.paint(&account.terms.name, &mut out);
                Tone::Quiet.paint(&format!("   {} · {figure}", account.terms.model), &mut out);
                out.push_str("\n\n");
                tree::render(tree, state.currency.as_str(), fold, &mut out);
            }
            out
        }
        Format::Json => {
            let of = trees.iter().map(|(account, tree)| {
                json!({"account": &*account.terms.name, "figure": figure, "tree": tree::json_of(tree)})
            });
            pretty(&json!({"events": shown(state, answered), "accounts": of.collect::<Vec<_>>()}))
        }
        Format::Csv => {
            let mut csv = Csv::new(tree::COLUMNS);
            trees.iter().for_each(|(account, tree)| tree::rows(&account.terms.name, &figure, tree, &mut csv));
            csv.into_text()
        }
    }
}
