//! One run: a queue of what happens next, on a simulated clock.

mod network;
mod samples;
mod serving;
mod troubles;
mod watch;

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plimsoll_core::Timestamp;
use plimsoll_engine::Command;
use plimsoll_engine::state::StateHash;
use plimsoll_journal::{Log as _, Segments};
use plimsoll_node::{Answer, Node, Request};

use crate::faults::disk::Disk;
use crate::faults::{Rates, Trouble};
use crate::plan::{Broken, Plan, Report};
use crate::promises::Wrong;
use crate::random::Random;
use crate::world::closing::{self, Appetite};
use crate::world::{self, Markets, People, breakers, listing};
use network::Clients;
use watch::Watch;

/// The promise that nothing panics.
pub(super) const PANIC: &str = "nothing panics";

const SECOND: i64 = Timestamp::NANOS_PER_SECOND;
const MILLISECOND: i64 = SECOND / 1_000;

/// Half seconds from prices to prices, of which a run draws one: so near that one message lost seldom makes quotes stale.
const PACES: [i64; 8] = [1, 2, 2, 4, 4, 4, 4, 4];

/// What happens at a moment.
#[derive(Clone, Debug)]
enum Happening {
    /// A client thinks of something to ask.
    Act,
    /// Sources quote.
    Prices,
    /// Time is told.
    Tick,
    /// A perpetual's funding is paid.
    Funding,
    /// Dated contracts are listed.
    Series,
    /// Rates or a model change.
    Parameters,
    /// A hand trips, lifts or sets a breaker.
    Breaker,
    /// A message reaches the node.
    Arrives(Arc<Request>),
    /// An answer reaches its client.
    Answered(Arc<str>, u64, Arc<Answer>),
    /// A client that heard nothing asks again.
    Retry(Arc<str>, u64),
    /// The node makes what it decided durable.
    Commit,
    /// A snapshot is taken.
    Snapshot,
    /// Something goes wrong.
    Trouble(Trouble),
    /// There is space on the disk again.
    Freed,
}

/// Streams of chance, so that a check more draws nothing from the world.
struct Chances {
    world: Random,
    prices: Random,
    network: Random,
    breakers: Random,
    faults: Random,
    checks: Random,
}

/// A run under way.
struct Run {
    plan: Plan,
    rates: Rates,
    chances: Chances,
    /// Simulated nanoseconds since the epoch.
    now: i64,
    /// By how much the node's clock is ahead of that.
    ahead: i64,
    queue: BTreeMap<(i64, u64), Happening>,
    queued: u64,
    orders: u64,
    series: u64,
    /// Whether options expire in this run, as in every second: two seeds in a row try both. Where they do, tables get
    /// nodes at strikes that come and go, and nobody on that coin sleeps; where not, certificates are what is tried.
    options_expire: bool,
    /// How slowly sources quote, in half seconds: what prices cost is most of what a run does.
    pace: i64,
    /// How much of the engine's closing orders a market maker takes.
    appetite: Appetite,
    people: People,
    markets: Markets,
    clients: Clients,
    disk: Disk,
    node: Option<Node<Segments<Disk>>>,
    log_options: plimsoll_journal::Options,
    /// Handed in and not yet durable.
    staged: Vec<(Arc<str>, u64)>,
    commit_due: bool,
    watch: Watch,
    report: Report,
}

/// Runs `plan`, to its end or to the first promise that breaks.
#[must_use]
pub fn run(plan: Plan) -> Report {
    #[cfg(feature = "planted")]
    return plimsoll_core::planted::with(plan.planted, || whole(plan));
    #[cfg(not(feature = "planted"))]
    whole(plan)
}

fn whole(plan: Plan) -> Report {
    let mut run = Run::new(plan);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        run.begin();
        run.go();
        run.finish();
    }));
    if let Err(panic) = ended {
        run.broke(Wrong::new(PANIC, text(&*panic), "an answer or a refusal"));
    }
    run.report.simulated_ns = run.now - world::start().nanos();
    run.report
}

fn text(panic: &(dyn Any + Send)) -> String {
    let plain = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    plain.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

impl Run {
    fn new(plan: Plan) -> Self {
        let stream = |name| Random::of(plan.seed, name);
        let mut faults = stream("faults");
        let rates = if plan.faults { Rates::drawn(&mut faults) } else { Rates::none() };
        let segment_bytes = *faults.pick(&[1 << 18, 1 << 20, 1 << 22]);
        let mut world = stream("world");
        let options_expire = plan.seed.is_multiple_of(2);
        let (people, opening) = People::new(plan.accounts, &mut world);
        let (rules, appetite) = (closing::commands(&mut world), Appetite::drawn(&mut world));
        let mut prices = stream("prices");
        let pace = *prices.pick(&PACES);
        let mut breakers = stream("breakers");
        // With options that expire and without; in a quarter of the runs there are none.
        let has_breakers = plan.seed % 4 != 3;
        let set = if has_breakers { breakers::commands(&mut breakers, people.tempers.len()) } else { Vec::new() };
        let mut run = Self {
            rates,
            chances: Chances { world, prices, network: stream("network"), breakers, faults, checks: stream("checks") },
            now: world::start().nanos(),
            ahead: 0,
            queue: BTreeMap::new(),
            queued: 0,
            orders: 0,
            series: 0,
            options_expire,
            pace,
            appetite,
            people,
            markets: Markets::default(),
            clients: Clients::default(),
            disk: Disk::default(),
            node: None,
            log_options: plimsoll_journal::Options { segment_bytes },
            staged: Vec::new(),
            commit_due: false,
            watch: Watch::new(),
            report: Report::new(plan.clone()),
            plan,
        };
        let all = listing::commands(world::start()).into_iter().chain(rules).chain(opening).chain(set);
        run.clients.opening = all.collect();
        run
    }

    /// The node's clock.
    const fn clock(&self) -> Timestamp {
        Timestamp::from_nanos(self.now + self.ahead)
    }

    fn after(&mut self, nanos: i64, what: Happening) {
        self.queued += 1;
        self.queue.insert((self.now + nanos.max(0), self.queued), what);
    }

    /// Opens the venue without faults, and fills the queue.
    fn begin(&mut self) {
        self.open_node();
        let opening = std::mem::take(&mut self.clients.opening);
        for burst in opening.chunks(64) {
            for command in burst {
                self.set_up(command.clone());
            }
            self.commit();
        }
        let prices = self.markets.batch(&self.watch.folded, self.clock(), None, &mut self.chances.prices);
        self.set_up(Command::Prices(prices));
        self.commit();
        for what in [Happening::Act, Happening::Prices, Happening::Tick, Happening::Series] {
            self.after(MILLISECOND, what);
        }
        self.after(20 * SECOND, Happening::Funding);
        self.after(50 * SECOND, Happening::Parameters);
        self.after(10 * SECOND, Happening::Breaker);
        self.after(30 * SECOND, Happening::Snapshot);
        for trouble in Trouble::ALL {
            self.next_trouble(trouble);
        }
    }

    fn next_trouble(&mut self, trouble: Trouble) {
        if let Some(wait) = self.rates.wait(trouble, &mut self.chances.faults) {
            self.after(wait, Happening::Trouble(trouble));
        }
    }

    fn go(&mut self) {
        let end = world::start().nanos() + self.plan.nanos();
        while self.report.broken.is_empty() {
            let Some(((at, _), what)) = self.queue.pop_first() else { return };
            if at > end {
                self.now = end;
                return;
            }
            self.now = at;
            self.happens(what);
        }
    }

    /// The whole log once more, from its first byte.
    fn finish(&mut self) {
        if self.report.broken.is_empty() {
            self.commit();
            self.crash();
            self.audit_from_genesis();
        }
        if let Some(node) = &self.node {
            self.report.chain = node.log().chain();
            self.report.root = StateHash::of(node.state()).root(node.state());
        }
    }

    fn happens(&mut self, what: Happening) {
        match what {
            Happening::Act => {
                self.act();
                let every = SECOND / i64::from(self.plan.commands_per_second.max(1));
                let wait = self.chances.world.between(every / 4, every * 7 / 4);
                self.after(wait, Happening::Act);
            }
            Happening::Prices => {
                self.quote();
                let wait = self.chances.prices.between(300, 700) * self.pace * MILLISECOND;
                self.after(wait, Happening::Prices);
            }
            Happening::Tick => {
                self.ask("clock", Command::Tick);
                self.after(SECOND * self.pace.max(2) / 2, Happening::Tick);
            }
            Happening::Funding => self.fund(),
            Happening::Series => self.list_series(),
            Happening::Parameters => self.change_parameters(),
            Happening::Breaker => self.touch_breaker(),
            Happening::Arrives(request) => self.arrives(&request),
            Happening::Answered(client, number, answer) => self.hears(&client, number, &answer),
            Happening::Retry(client, number) => self.retry(&client, number),
            Happening::Commit => {
                self.commit_due = false;
                self.commit();
            }
            Happening::Snapshot => self.snapshot(),
            Happening::Trouble(trouble) => {
                self.trouble(trouble);
                self.next_trouble(trouble);
            }
            Happening::Freed => {
                self.disk.mood().full = false;
                self.commit();
            }
        }
    }

    /// Keeps a broken promise; the run ends with it.
    fn broke(&mut self, wrong: Wrong) {
        let (sequence, command) = self.watch.latest();
        let at = self.clock();
        self.report.broken.push(Broken { wrong, at, sequence, command, repeat: self.plan.command_line() });
    }

    fn looked(&mut self, promise: &'static str, wrong: Option<Wrong>) {
        *self.report.checks.entry(promise).or_default() += 1;
        if let Some(wrong) = wrong {
            self.broke(wrong);
        }
    }

    fn went_wrong(&mut self, name: &'static str) {
        *self.report.faults.entry(name).or_default() += 1;
    }
}
