//! What the harness knows of its own: everything acknowledged, the state that its events make, the second set of books;
//! and the checks of every answer against them.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{AccountId, Decimal, Digest, Encode as _, Timestamp};
use plimsoll_engine::{Book, Command, Event, State, evolve, step};
use plimsoll_journal::Sequence;
use plimsoll_node::{Answer, Decided};
use plimsoll_pricing::float::float;

use super::samples;
use crate::promises::breakers::Breakers;
use crate::promises::closing::{Closing, Looked, Stands};
use crate::promises::mirror::Mirror;
use crate::promises::{Wrong, answers, answers::Answers, nets, same, standing};
use crate::random::Random;
use crate::world;

/// The promise that a command does what the rules say.
pub(super) const RULES: &str = "a command does what the rules say";
/// The promise that a refusal changes nothing.
pub(super) const REFUSALS: &str = "a refusal changes nothing";
/// The promise that a refusal names a rule that was broken.
pub(super) const GROUNDS: &str = "a refusal names a rule that was broken";
/// The promise that a decision turns on the state alone.
pub(super) const AUDIT: &str = "decided again with a new book, the same";

/// A second engine that decides some commands again.
struct Shadow {
    state: State,
    book: Book,
    left: u32,
}

/// Everything that is known and looked at.
pub(super) struct Watch {
    /// The state that acknowledged events make.
    pub(super) folded: State,
    pub(super) mirror: Mirror,
    pub(super) answers: Answers,
    closing: Closing,
    breakers: Breakers,
    shadow: Option<Shadow>,
    /// Distances to the nearest line as they were last found.
    pub(super) nearest: BTreeMap<AccountId, Decimal>,
    /// Who did something last, the latest at the end: those whose certificates are new.
    pub(super) lively: Vec<AccountId>,
    /// The next account whose turn it is.
    pub(super) turn: usize,
    /// Prices taken in so far, and the listing at the last of them.
    pub(super) prices: u64,
    pub(super) listing: u64,
    taken: u64,
    last: Option<(Sequence, Decided)>,
    /// A command before which the state was kept, and whether it was the same after.
    pub(super) submitted: Option<(Arc<str>, u64, bool)>,
    /// The log as it was acknowledged.
    pub(super) log_last: Sequence,
    pub(super) last_frame: Sequence,
    pub(super) chain: Digest,
    /// Up to where it was read back: record, and answers.
    pub(super) read_back: (Sequence, usize),
    pub(super) checks: BTreeMap<&'static str, u64>,
    pub(super) found: Vec<Wrong>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            folded: State::new(world::currency(), world::start()),
            mirror: Mirror::new(world::currency()),
            answers: Answers::default(),
            closing: Closing::default(),
            breakers: Breakers::default(),
            shadow: None,
            nearest: BTreeMap::new(),
            lively: Vec::new(),
            turn: 0,
            prices: 0,
            listing: 0,
            taken: 0,
            last: None,
            submitted: None,
            log_last: Sequence(0),
            last_frame: Sequence(0),
            chain: Digest([0; 32]),
            read_back: (Sequence(0), 0),
            checks: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// The record that was last looked at, and its command.
    pub(super) fn latest(&self) -> (u64, String) {
        let shown = |decided: &Decided| {
            format!("{} {} {:?}", decided.request.client, decided.request.number, decided.request.command)
        };
        self.last.as_ref().map_or((0, "nothing".to_owned()), |(sequence, decided)| (sequence.0, shown(decided)))
    }

    /// A check was made.
    pub(super) fn looked(&mut self, promise: &'static str, wrong: impl IntoIterator<Item = Wrong>) {
        *self.checks.entry(promise).or_default() += 1;
        self.found.extend(wrong);
    }

    /// Looks at an answer that is durable.
    pub(super) fn take(&mut self, sequence: Sequence, decided: Decided, random: &mut Random) {
        self.taken += 1;
        let given = self.answers.given(sequence, &decided);
        self.looked(answers::LOG, given);
        self.decided_again(&decided, random);
        match &decided.answer {
            Answer::Done(events) => self.done(&decided, events, random),
            Answer::Refused { rule, .. } => self.refused(&decided, rule),
        }
        self.last = Some((sequence, decided));
        if self.taken.is_multiple_of(16) {
            let wrong = nets::check(&self.folded);
            self.looked(nets::CASH, wrong);
        }
        if self.shadow.is_none() && random.chance(300) {
            self.shadow = Some(Shadow { state: self.folded.clone(), book: Book::new(), left: 40 });
        }
    }

    fn done(&mut self, decided: &Decided, events: &[Event], random: &mut Random) {
        let (command, at) = (&decided.request.command, decided.at);
        self.before_order(command, random);
        let looked = self.breakers.begin(&self.folded, command, at, events);
        self.looked_at(looked);
        self.fold(events, at);
        let mut looked = self.closing.after(&self.folded, at);
        looked.extend(self.breakers.after(&self.folded, command, at, events));
        self.looked_at(looked);
        self.enter(command, events, at);
        if matches!(command, Command::Prices(_) | Command::Tick) {
            let wrong = same::feeds(&self.folded, &self.mirror);
            self.looked(same::PRICES, wrong);
        }
        for event in events.iter().filter(|event| matches!(event, Event::LevelChanged { .. })) {
            let wrong = standing::changed(&self.folded, event);
            self.looked(standing::LEVELS, wrong);
        }
        self.after_done(command, events, random);
    }

    fn looked_at(&mut self, looked: Vec<Looked>) {
        for (promise, wrong) in looked {
            self.looked(promise, wrong);
        }
    }

    /// Looks at each event in the state before it, and applies it.
    fn fold(&mut self, events: &[Event], at: Timestamp) {
        let mut book = Book::new();
        for event in events {
            let mut margined = |state: &State, id| {
                let margin = standing::margin(state, &mut book, id)?;
                let (maintenance, net_value) = (margin.requirement.maintenance.amount, margin.equity.net_value.amount);
                let side = standing::found(state, &margin, id)?;
                Some(Stands { side, maintenance: float(maintenance), net_value: float(net_value) })
            };
            let mut looked = self.closing.before(&self.folded, event, at, &mut margined);
            looked.extend(self.breakers.before(&self.folded, event, at));
            self.looked_at(looked);
            evolve(&mut self.folded, event, at);
            if let Event::Withdrawn { amount, gains, .. } = event
                && gains.signum() > 0
            {
                let wrong = nets::backed(&self.folded, amount.asset);
                self.looked(nets::BACKED, wrong);
            }
        }
    }

    /// Has the second set of books enter a command, and compares with it whom that touched.
    fn enter(&mut self, command: &Command, events: &[Event], at: Timestamp) {
        match self.mirror.enter(command, at, events) {
            Err(fault) => self.looked(RULES, [Wrong::new(RULES, fault, "what the rules allow")]),
            Ok(mut touched) => {
                touched.extend(events.iter().flat_map(Event::accounts));
                let wrong: Vec<Wrong> =
                    touched.iter().filter_map(|id| same::account(&self.folded, &self.mirror, *id)).collect();
                self.looked(same::BOOKS, wrong);
                let wrong = same::house(&self.folded, &self.mirror);
                self.looked(same::HOUSE, wrong);
            }
        }
    }

    /// A refusal leaves the books as they were, and has a ground.
    fn refused(&mut self, decided: &Decided, rule: &str) {
        let request = &decided.request;
        if let Some((client, number, unchanged)) =
            self.submitted.take_if(|(client, number, _)| *client == request.client && *number == request.number)
        {
            let text = || format!("{client} {number} was refused as {rule}, and the state is another");
            self.looked(REFUSALS, (!unchanged).then(|| Wrong::new(REFUSALS, text(), "the state as it was")));
        }
        let wrong = samples::groundless(&self.mirror, &request.command, rule)
            .or_else(|| self.breakers.groundless(&self.folded, &request.command, rule, decided.at));
        self.looked(GROUNDS, wrong.map(|found| Wrong::new(GROUNDS, found, format!("no {rule}"))));
    }

    /// While there is a second engine, it decides the same commands.
    fn decided_again(&mut self, decided: &Decided, random: &mut Random) {
        let Some(shadow) = &mut self.shadow else { return };
        if random.chance(30_000) {
            shadow.book = Book::new();
        }
        let again = match step(&mut shadow.state, &mut shadow.book, &decided.request.command, decided.at) {
            Ok(events) => Answer::Done(events),
            Err(refusal) => Answer::from(&refusal),
        };
        shadow.left -= 1;
        let over = shadow.left == 0;
        if over {
            self.shadow = None;
        }
        let differs = again.encoded() != decided.answer.encoded();
        let wrong = differs.then(|| {
            let (found, expected) = apart(&decided.answer, &again);
            Wrong::new(AUDIT, found, expected)
        });
        self.looked(AUDIT, wrong);
    }
}

/// The first of what two answers say differently.
fn apart(found: &Answer, expected: &Answer) -> (String, String) {
    let (Answer::Done(these), Answer::Done(those)) = (found, expected) else {
        return (format!("{found:?}"), format!("{expected:?}"));
    };
    let same = these.iter().zip(those).take_while(|(this, that)| this.encoded() == that.encoded()).count();
    let at = |events: &[Event]| format!("event {same} of {}: {:?}", events.len(), events.get(same));
    (at(these), at(those))
}
