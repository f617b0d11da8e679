//! Clients, and the network between them and the node: messages are lost, doubled, late and out of order; who hears
//! nothing asks again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use plimsoll_core::{AccountId, Decimal, Encode as _};
use plimsoll_engine::notice::Rule;
use plimsoll_engine::{Command, ContractId};
use plimsoll_margin::level::Policy;
use plimsoll_node::{Answer, Request, Submitted};

use super::{Happening, MILLISECOND, Run, SECOND};
use crate::promises::Wrong;
use crate::promises::answers::{self, digest};
use crate::world::listing::{self, MODELS, PERPETUALS};
use crate::world::prices::Oddity;
use crate::world::traffic::Traffic;
use crate::world::{asset, breakers, closing};

/// The promise that clients hear one answer to a command.
pub(super) const HEARD: &str = "a client hears one answer to a command";

/// Clients go through so many gateways, each with its own count.
const GATEWAYS: u32 = 24;
/// Times that a command is sent before its client gives it up.
const TRIES: u32 = 5;
/// Answers that a client remembers.
const REMEMBERED: usize = 16;

/// One client.
#[derive(Default)]
struct Client {
    sent: u64,
    /// Not answered yet, and how often it was sent.
    pending: BTreeMap<u64, (Arc<Request>, u32)>,
    heard: VecDeque<(Arc<Request>, u64)>,
}

/// All clients.
#[derive(Default)]
pub(super) struct Clients {
    by_name: BTreeMap<Arc<str>, Client>,
    /// Commands that set the venue up.
    pub(super) opening: Vec<Command>,
    /// What is odd about the next prices.
    pub(super) odd: Option<Oddity>,
}

impl Run {
    /// Somebody asks for something.
    pub(super) fn act(&mut self) {
        if self.chances.network.chance(8_000) {
            self.ask_again();
        }
        self.orders += 1;
        let (state, people, indices) = (&self.watch.folded, &self.people, &self.markets.indices);
        let takes = self.chances.world.chance(90_000);
        let taken = takes.then(|| closing::take(state, self.appetite, &mut self.chances.world)).flatten();
        let bids = taken.is_none() && self.chances.world.chance(150_000);
        let taken = taken.or_else(|| closing::bid(state, self.appetite, &mut self.chances.world).filter(|_| bids));
        let mut traffic = Traffic { state, people, indices, random: &mut self.chances.world };
        let (AccountId(account), command) = taken.unwrap_or_else(|| traffic.next(self.orders));
        let gateway = format!("gateway-{}", account % GATEWAYS);
        self.ask(&gateway, command);
    }

    /// Sends a command, through the network.
    pub(super) fn ask(&mut self, client: &str, command: Command) {
        let request = self.numbered(client, command);
        self.transmit(&request);
    }

    pub(super) fn numbered(&mut self, client: &str, command: Command) -> Arc<Request> {
        let name: Arc<str> = client.into();
        let known = self.clients.by_name.entry(Arc::clone(&name)).or_default();
        known.sent += 1;
        let request = Arc::new(Request { client: name, number: known.sent, command });
        known.pending.insert(known.sent, (Arc::clone(&request), 1));
        request
    }

    /// Hands a command of the opening in, past the network.
    pub(super) fn set_up(&mut self, command: Command) {
        let request = self.numbered("operator", command);
        self.arrives(&request);
    }

    fn transmit(&mut self, request: &Arc<Request>) {
        let random = &mut self.chances.network;
        let (lost, doubled) = (random.chance(self.rates.lost), random.chance(self.rates.doubled));
        for _ in 0..if doubled { 2 } else { 1 } {
            let late = self.chances.network.chance(self.rates.late);
            let wait = self.chances.network.between(1, if late { 3_000 } else { 15 }) * MILLISECOND;
            if lost {
                self.went_wrong("lost message");
                break;
            }
            if late {
                self.went_wrong("late message");
            }
            self.after(wait, Happening::Arrives(Arc::clone(request)));
        }
        if doubled {
            self.went_wrong("doubled message");
        }
        self.after(4 * SECOND, Happening::Retry(Arc::clone(&request.client), request.number));
    }

    /// A command that was answered is sent once more, as a client does that lost its memory.
    fn ask_again(&mut self) {
        let count = self.clients.by_name.len();
        let Some(client) = self.clients.by_name.values().nth(self.chances.network.below(count.max(1))) else { return };
        if client.heard.is_empty() {
            return;
        }
        let (request, _) = &client.heard[self.chances.network.below(client.heard.len())];
        let request = Arc::clone(request);
        self.went_wrong("repeated command");
        self.after(MILLISECOND, Happening::Arrives(request));
    }

    /// What the node says to a client who asked before.
    pub(super) fn said(&mut self, request: &Arc<Request>, said: Submitted) {
        let (client, number) = (&request.client, request.number);
        let wrong = self.watch.answers.again(client, number, &said);
        self.looked(answers::AGAIN, wrong);
        match said {
            Submitted::Staged => {
                self.staged.push((Arc::clone(client), number));
                if !self.commit_due {
                    self.commit_due = true;
                    let wait = self.chances.network.between(2, 40) * MILLISECOND;
                    self.after(wait, Happening::Commit);
                }
            }
            Submitted::Again(again) => self.answer(client, number, &Arc::new(again.decided.answer.clone())),
            Submitted::TooOld { .. } => {
                if let Some(known) = self.clients.by_name.get_mut(client) {
                    known.pending.remove(&number);
                }
            }
            Submitted::Waiting => {}
        }
    }

    /// Sends an answer back, through the network.
    pub(super) fn answer(&mut self, client: &Arc<str>, number: u64, answer: &Arc<Answer>) {
        if self.chances.network.chance(self.rates.lost) {
            self.went_wrong("lost answer");
            return;
        }
        let wait = self.chances.network.between(1, 15) * MILLISECOND;
        self.after(wait, Happening::Answered(Arc::clone(client), number, Arc::clone(answer)));
    }

    pub(super) fn hears(&mut self, client: &Arc<str>, number: u64, answer: &Arc<Answer>) {
        let Some(known) = self.clients.by_name.get_mut(client) else { return };
        let said = digest(&answer.encoded());
        if let Some((_, before)) = known.heard.iter().find(|(request, _)| request.number == number) {
            let (before, text) = (*before, format!("{client} {number}: {said:016x}"));
            let wrong = (before != said).then(|| Wrong::new(HEARD, text, format!("{before:016x}")));
            self.looked(HEARD, wrong);
            return;
        }
        if let Some((request, _)) = known.pending.remove(&number) {
            known.heard.push_back((request, said));
            if known.heard.len() > REMEMBERED {
                known.heard.pop_front();
            }
        }
    }

    pub(super) fn retry(&mut self, client: &Arc<str>, number: u64) {
        let Some(known) = self.clients.by_name.get_mut(client) else { return };
        let Some((request, tries)) = known.pending.get_mut(&number) else { return };
        *tries += 1;
        let request = Arc::clone(request);
        if *tries > TRIES {
            known.pending.remove(&number);
            return;
        }
        self.went_wrong("retry");
        self.transmit(&request);
    }
}

/// What the venue itself asks for.
impl Run {
    pub(super) fn quote(&mut self) {
        self.markets.step(self.pace, &mut self.chances.prices);
        let odd = self.clients.odd.take();
        let batch = self.markets.batch(&self.watch.folded, self.clock(), odd, &mut self.chances.prices);
        self.ask("sources", Command::Prices(batch));
    }

    pub(super) fn fund(&mut self) {
        let contract = ContractId(u32::try_from(self.chances.world.below(PERPETUALS)).unwrap_or(0));
        let rate = Decimal::new(self.chances.world.between(-80, 100), 5);
        self.ask("venue", Command::PayFunding { contract, rate });
        self.after(15 * SECOND, Happening::Funding);
    }

    /// Contracts of some minutes; of every third series the venue says the price itself.
    pub(super) fn list_series(&mut self) {
        self.series += 1;
        let life_s = self.chances.world.between(70, 160);
        let expiry = self.clock().plus_seconds(life_s).unwrap_or(self.clock());
        let all = listing::series(&format!("S{}", self.series), expiry, &self.markets.indices);
        // Every second one of a series: tables are made of what is listed.
        let skipped = usize::from(self.series.is_multiple_of(2));
        let these = all.into_iter().skip(skipped).step_by(2);
        let options = self.options_expire;
        let these = these.filter(|instrument| options || instrument.strike().is_none());
        for (place, instrument) in these.enumerate() {
            // Of one client that sends them at once, those that are overtaken on the way would be too old.
            self.ask(&format!("lister-{place}"), Command::ListContract { instrument });
        }
        if self.series.is_multiple_of(3) {
            let price = plimsoll_core::Price::new(Decimal::new(self.markets.indices[1], 3), asset("USD"));
            let settle = Command::Settle { underlying: crate::world::underlying("ETH"), expiry, price };
            let request = self.numbered("settler", settle);
            self.after(life_s * SECOND + MILLISECOND, Happening::Arrives(request));
        }
        let wait = self.chances.world.between(80, 160) * SECOND;
        self.after(wait, Happening::Series);
    }

    pub(super) fn touch_breaker(&mut self) {
        if let Some(command) = breakers::by_hand(&self.watch.folded, &mut self.chances.breakers) {
            self.ask("risk", command);
        }
        let wait = self.chances.breakers.between(5, 25) * SECOND;
        self.after(wait, Happening::Breaker);
    }

    pub(super) fn change_parameters(&mut self) {
        let random = &mut self.chances.world;
        let command = match random.below(4) {
            0 => {
                let (name, rate) = (*random.pick(&["USDC", "BTC", "ETH", "SOL"]), random.between(0, 400));
                Command::ListAsset { asset: asset(name), rules: listing::asset_rules(rate, None) }
            }
            1 => {
                let policy = Policy { fill: Decimal::new(random.between(60, 90), 2), ..Policy::default() };
                let name = *random.pick(&MODELS);
                listing::model(name, Vec::new(), policy, self.clock(), 0)
            }
            2 => Command::SetLiquidation(Box::new(closing::rules(random))),
            _ => {
                let range = format!("0.{}", self.chances.world.between(12, 30));
                let from = self.clock().plus_seconds(10).unwrap_or(self.clock());
                let ramp_s = *self.chances.world.pick(&[0, 30]);
                let name = *self.chances.world.pick(&["price_range", "price_range.BTC", "price_range.ETH"]);
                listing::model("plimsoll", vec![(name.into(), range.into())], Policy::default(), from, ramp_s)
            }
        };
        let told = self.chances.world.below(3) == 0;
        let from = self.clock().plus_seconds(self.chances.world.between(1, 30)).unwrap_or(self.clock());
        let command = match Rule::of(command.clone()).filter(|_| told) {
            Some(rule) => Command::Announce { rule, from },
            None => command,
        };
        self.ask("venue", command);
        if let Some(number) = self.watch.folded.notices.announced.keys().next().filter(|_| told) {
            let number = *number;
            self.ask("venue", Command::Recall { number });
        }
        let wait = self.chances.world.between(60, 180) * SECOND;
        self.after(wait, Happening::Parameters);
    }
}
