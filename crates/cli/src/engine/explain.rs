//! `explain --event`: the margin of those whom a record touched, as the tree it was decided by.
//!
//! A record is a command with all that came of it, and what an event was decided by is what the events before it made. So
//! an account that crosses a line is explained as it stood when it did, as often as it does; who was touched otherwise, as
//! the record leaves it; and who was refused an order, as it would have stood with that order.

use plimsoll::Node;
use plimsoll::core::AccountId;
use plimsoll::engine::evolve::{Unfit, evolve, fits};
use plimsoll::engine::step::explain;
use plimsoll::engine::{Book, Command, Event, State};
use plimsoll::journal::Sequence;
use plimsoll::node::{Answer, Answered, Decided, Follower, NodeError};
use plimsoll::stream::events::refused_of;
use serde_json::{Value, json};

use super::{refused, shown, view};
use crate::answer::{Csv, pretty, remark};
use crate::answers::explain::{name, tree_of};
use crate::args::{Explain as Asked, Figure, Format};
use crate::color::Tone;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::tree::{self, Fold};

/// Of which moment a tree is.
#[derive(Clone, Debug)]
enum Moment {
    /// When this event of the record, counted from zero, was decided.
    Event(usize, String),
    /// After all of them.
    After,
    /// Before the command that was refused.
    Before,
    /// The same, with the order that was.
    WithOrder,
}

impl Moment {
    fn words(&self) -> String {
        match self {
            Self::Event(place, what) => format!("at event {}, {what}", place + 1),
            Self::After => "after the record".to_owned(),
            Self::Before => "before the command".to_owned(),
            Self::WithOrder => "with the order".to_owned(),
        }
    }

    const fn event(&self) -> Option<usize> {
        if let Self::Event(place, _) = self { Some(*place) } else { None }
    }
}

/// An account at a moment.
struct Found {
    id: AccountId,
    account: String,
    model: String,
    moment: Moment,
    tree: Result<Node, String>,
}

/// Answers `plimsoll explain --event`.
pub(crate) fn run(asked: &Asked, sequence: u64, screen: &Screen) -> Result<Outcome, Failure> {
    let [folder] = asked.asked.files.as_slice() else {
        return Err(Failure::usage("--event: expected one journal's folder in the place of documents"));
    };
    let log = view(folder)?;
    let sequence = Sequence(sequence);
    let (follower, decided) = Follower::before(&log, sequence).map_err(|error| refused(folder, &error))?;
    let Some(decided) = decided else {
        return Err(Failure::usage(format!("record {sequence} holds no command: expected one that does")));
    };
    let mut explaining =
        Explaining { state: follower.state().clone(), book: Book::new(), level: asked.level, found: Vec::new() };
    if let Answer::Done(all) = &decided.answer {
        let unfit = |(event, reason)| refused(folder, &NodeError::Unfit { sequence, event, reason });
        explaining.events(all, &decided).map_err(unfit)?;
    }
    explaining.record(&decided, &asked.asked.accounts)?;
    let Explaining { state, mut found, .. } = explaining;
    found.sort_by_key(|found| found.id);
    let answered = Answered { sequence, decided };
    let text = written(asked, &state, &answered, &found);
    if asked.asked.format == Format::Table {
        screen.print(&text)?;
    } else {
        screen.print_plain(&text)?;
    }
    let mut outcome = Outcome::Answered;
    for Found { account, tree, .. } in &found {
        if let Err(why) = tree {
            screen.say(Tone::Bad, "error", &format!("account {account}: {why}"));
            outcome = Outcome::Partly;
        }
    }
    Ok(outcome)
}

/// The state as a record changes it, and what was found on the way.
struct Explaining {
    state: State,
    book: Book,
    level: Figure,
    found: Vec<Found>,
}

impl Explaining {
    /// The rest that is asked of a record: of everybody it touched, or of those named.
    fn record(&mut self, decided: &Decided, names: &[String]) -> Result<(), Failure> {
        let (mut touched, mut moment) = match &decided.answer {
            Answer::Done(all) => (all.iter().flat_map(Event::accounts).collect::<Vec<_>>(), Moment::After),
            Answer::Refused { rule, text } => {
                (refused_of(rule, text).map(|(account, _)| account).into_iter().collect(), Moment::Before)
            }
        };
        if !names.is_empty() {
            let unknown =
                |name: &str| Failure::usage(format!("--account {name}: expected an account of the journal's"));
            let known =
                |name: &String| self.state.account_names.get(name.as_str()).copied().ok_or_else(|| unknown(name));
            touched = names.iter().map(known).collect::<Result<Vec<_>, _>>()?;
            self.found.retain(|found| touched.contains(&found.id));
        }
        touched.sort_unstable();
        touched.dedup();
        touched.retain(|id| self.found.iter().all(|found| found.id != *id));
        if let (Moment::Before, Command::Place { account, order, terms }) = (&moment, &decided.request.command)
            && let Some(known) = self.state.accounts.get_mut(account.index()).filter(|_| touched.contains(account))
        {
            known.orders.entry(*order).or_insert_with(|| terms.clone());
            moment = Moment::WithOrder;
        }
        touched.into_iter().for_each(|id| self.account(id, moment.clone()));
        Ok(())
    }

    /// Folds the events, and explains whoever crosses a line where they do.
    fn events(&mut self, all: &[Event], decided: &Decided) -> Result<(), (usize, Unfit)> {
        for (place, event) in all.iter().enumerate() {
            fits(&self.state, event).map_err(|reason| (place + 1, reason))?;
            match event {
                Event::LevelChanged { account, from, to, .. } => {
                    self.account(*account, Moment::Event(place, format!("{from} → {to}")));
                }
                Event::CallExpired { account, .. } => {
                    self.account(*account, Moment::Event(place, "call expired".to_owned()));
                }
                _ => {}
            }
            evolve(&mut self.state, event, decided.at);
        }
        Ok(())
    }

    fn account(&mut self, id: AccountId, moment: Moment) {
        let Some(known) = self.state.account(id) else { return };
        let (account, model) = (known.terms.name.to_string(), known.terms.model.to_string());
        let tree = explain(&self.state, &mut self.book, id).map(|margin| tree_of(margin, self.level));
        self.found.push(Found { id, account, model, moment, tree: tree.map_err(|refusal| refusal.to_string()) });
    }
}

/// The events, and each account's tree.
fn written(asked: &Asked, state: &State, answered: &Answered, found: &[Found]) -> String {
    let figure = name(asked.level);
    let trees = found.iter().filter_map(|found| Some((found, found.tree.as_ref().ok()?)));
    match asked.asked.format {
        Format::Table => {
            let mut out = String::new();
            shown(state, answered).iter().for_each(|line| remark(&line.to_string(), &mut out));
            let fold = Fold { depth: asked.depth.unwrap_or(usize::MAX - 1), all: asked.all };
            for (Found { account, model, moment, .. }, tree) in trees {
                out.push('\n');
                Tone::Strong.paint(account, &mut out);
                Tone::Quiet.paint(&format!("   {model} · {figure} · {}", moment.words()), &mut out);
                out.push_str("\n\n");
                tree::render(tree, state.currency.as_str(), fold, &mut out);
            }
            out
        }
        Format::Json => {
            let of = |(Found { account, moment, .. }, tree): (&Found, &Node)| {
                json!({"account": account, "figure": figure, "moment": moment.words(), "event": moment.event(),
                       "tree": tree::json_of(tree)})
            };
            let error = |found: &Found| Some(json!({"account": found.account, "error": found.tree.as_ref().err()?}));
            let errors: Vec<Value> = found.iter().filter_map(error).collect();
            let accounts: Vec<Value> = trees.map(of).collect();
            pretty(&json!({"events": shown(state, answered), "accounts": accounts, "errors": errors}))
        }
        Format::Csv => {
            let mut csv = Csv::new(tree::COLUMNS);
            trees.for_each(|(found, tree)| tree::rows(&found.account, &figure, tree, &mut csv));
            csv.into_text()
        }
    }
}
