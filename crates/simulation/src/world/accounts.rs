//! Who is there: temperaments, terms, what everybody brings.

use std::sync::Arc;

use plimsoll_core::{AccountId, Asset, Decimal};
use plimsoll_engine::account::{Kind, Mode, TopUp, TraderLimits};
use plimsoll_engine::{AccountTerms, Command};

use super::{account, amount, asset};
use crate::random::Random;

/// What somebody is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// A counterparty whose risk is elsewhere: trades with everybody.
    Outside,
    /// Quotes options on both sides.
    Maker,
    /// Coins against short perpetuals.
    Hedger,
    /// As much as margin allows.
    Gambler,
    /// Holds, and now and then moves cash.
    Holder,
    /// Lives on loans.
    Borrower,
    /// One of two desks margined together.
    Desk,
    /// A bucket that draws from its parent.
    Bucket,
    /// Trades on an unsecured line.
    Credit,
}

/// Everybody.
#[derive(Clone, Debug)]
pub struct People {
    /// By account.
    pub tempers: Vec<Temper>,
    /// Accounts of the same owner, by account.
    pub parents: Vec<Option<AccountId>>,
    /// Accounts that do more than hold.
    pub active: Vec<AccountId>,
}

/// Whose next account it is, out of a hundred: a quarter of all trade, and some twenty of five hundred are under models
/// that certify nobody.
const SHARES: [(u8, Temper); 8] = [
    (3, Temper::Maker),
    (7, Temper::Hedger),
    (14, Temper::Gambler),
    (17, Temper::Borrower),
    (20, Temper::Desk),
    (22, Temper::Bucket),
    (24, Temper::Credit),
    (100, Temper::Holder),
];

impl People {
    /// `count` accounts or one more, and the commands that open and fund them.
    #[must_use]
    pub fn new(count: usize, random: &mut Random) -> (Self, Vec<Command>) {
        let mut people = Self { tempers: Vec::new(), parents: Vec::new(), active: Vec::new() };
        let mut commands = Vec::new();
        for _ in 0..2 {
            people.open(Temper::Outside, None, random, &mut commands);
        }
        while people.tempers.len() < count {
            let drawn = u8::try_from(random.below(100)).unwrap_or(0);
            let temper = SHARES.iter().find(|(below, _)| drawn < *below).map_or(Temper::Holder, |(_, temper)| *temper);
            match temper {
                Temper::Desk => {
                    let first = people.open(temper, None, random, &mut commands);
                    people.open(temper, Some(first), random, &mut commands);
                }
                Temper::Bucket => {
                    let parent = people.open(Temper::Holder, None, random, &mut commands);
                    people.open(temper, Some(parent), random, &mut commands);
                }
                _ => {
                    people.open(temper, None, random, &mut commands);
                }
            }
        }
        (people, commands)
    }

    fn open(
        &mut self,
        temper: Temper,
        with: Option<AccountId>,
        random: &mut Random,
        into: &mut Vec<Command>,
    ) -> AccountId {
        let id = account(self.tempers.len());
        let terms = terms(temper, id, with, random);
        self.tempers.push(temper);
        self.parents.push(with);
        if !matches!(temper, Temper::Holder | Temper::Outside) {
            self.active.push(id);
        }
        let mode = terms.mode;
        into.push(Command::OpenAccount { terms });
        let mut pay = |asset, value: i64, places| {
            into.push(Command::Deposit { account: id, amount: amount(Decimal::new(value, places), asset) });
        };
        let richness = random.between(50, 200);
        match temper {
            Temper::Outside => {
                pay("USDC", 900_000_000, 0);
                pay("BTC", 20_000, 0);
                pay("ETH", 300_000, 0);
            }
            Temper::Maker => {
                pay("USDC", 20_000 * richness, 0);
                pay("BTC", richness, 0);
            }
            Temper::Hedger => pay("BTC", 5 * richness, 2),
            Temper::Gambler | Temper::Bucket if mode == Mode::Isolated => pay("USDC", 50 * richness, 0),
            Temper::Gambler | Temper::Bucket | Temper::Credit => pay("USDC", 100 * richness, 0),
            Temper::Borrower => {
                pay("ETH", 10 * richness, 2);
                pay("USDC", 10 * richness, 0);
            }
            Temper::Desk => {
                pay("USDC", 300 * richness, 0);
                pay("ETH", 2 * richness, 1);
            }
            Temper::Holder => {
                pay("USDC", 100 * richness, 0);
                let (other, value, places) =
                    *random.pick(&[("BTC", 1, 1), ("ETH", 2, 0), ("OLD", 900, 0), ("SOL", 50, 0)]);
                pay(other, value * richness, places + 1);
            }
        }
        id
    }
}

fn terms(temper: Temper, id: AccountId, with: Option<AccountId>, random: &mut Random) -> AccountTerms {
    let owner: Arc<str> = format!("owner-{}", with.unwrap_or(id).0).into();
    let model = match temper {
        Temper::Bucket => "isolated",
        Temper::Gambler if random.below(8) == 0 => "cross",
        Temper::Borrower if random.below(5) == 0 => "okx-discount",
        Temper::Credit if random.below(2) == 0 => "cross",
        _ => "plimsoll",
    };
    let usdc: Asset = asset("USDC");
    let shown = |desk: bool| desk.then(|| Arc::<str>::from("desks"));
    AccountTerms {
        name: format!("{temper:?}-{}", id.0).to_lowercase().into(),
        owner,
        kind: if temper == Temper::Outside { Kind::Outside } else { Kind::Client },
        parent: with.filter(|_| temper == Temper::Bucket),
        group: shown(temper == Temper::Desk),
        mode: if temper == Temper::Bucket { Mode::Isolated } else { Mode::Portfolio },
        model: model.into(),
        credit_line: if temper == Temper::Credit {
            Decimal::from_int(random.between(1, 20) * 1_000)
        } else {
            Decimal::ZERO
        },
        maker_fee_rate: Decimal::new(random.between(-2, 2), 4),
        taker_fee_rate: Decimal::new(random.between(3, 7), 4),
        limits: TraderLimits::default(),
        top_up: (temper == Temper::Bucket)
            .then(|| TopUp { asset: usdc, limit: Decimal::from_int(random.between(500, 4_000)) }),
    }
}
