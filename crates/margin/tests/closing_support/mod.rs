//! Books to be liquidated, what trading them costs, and the least cost by looking at everything.
#![allow(dead_code, reason = "each test file uses its share")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]

use plimsoll_core::{Amount, Decimal, InstrumentId, Position, Quantity, Rounding};
use plimsoll_margin::answers::closing::{Liquidity, Plan, Policy, Step, Terms, plan};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::{self, Level};
use plimsoll_margin::models::{Held, Judge, by_name};
use plimsoll_margin::{Account, MarginError};

use crate::support::random::{Random, market};
use crate::support::{Book, book, decimal};

/// A book, who judges it and on what terms it is liquidated.
pub struct Case {
    pub book: Book,
    pub judge: Box<dyn Judge>,
    pub hedges: Vec<InstrumentId>,
    pub conversions: Vec<InstrumentId>,
    pub none: Vec<InstrumentId>,
    pub depth: Option<Decimal>,
    pub fee_rate: Decimal,
    pub share_of_depth: Decimal,
    pub until: Level,
    pub lines: level::Policy,
}

/// What trading a contract costs where a test does not say: perpetuals a basis point of half a spread against ten millions,
/// dated futures two against four, options ten against two, and a fee of twenty.
pub fn liquidity(book: &Book, id: InstrumentId) -> Option<Liquidity> {
    let instrument = book.market.listing().get(id)?;
    let (spread, depth) = match (instrument.strike(), instrument.expiry()) {
        (Some(_), _) => ("0.001", "2000000"),
        (None, Some(_)) => ("0.0002", "4000000"),
        (None, None) => ("0.0001", "10000000"),
    };
    Some(Liquidity { spread: decimal(spread), depth: decimal(depth), fee_rate: decimal("0.002") })
}

impl Case {
    pub fn new(book: Book, model: &str) -> Self {
        Self::prepared(book, model).unwrap()
    }

    fn prepared(book: Book, model: &str) -> Result<Self, MarginError> {
        let mut held = Held::by([&book.account]);
        let every = book.market.listing().iter().filter(|(_, instrument)| instrument.strike().is_none());
        let every: Vec<_> = every.map(|(id, _)| id).filter(|id| book.market.priced(*id).is_ok()).collect();
        if model == "plimsoll" {
            held.instruments.extend(every);
        }
        held.assets.insert(book.market.currency());
        let judge = by_name(model)?.prepare(&book.market, &held)?;
        Ok(Self {
            book,
            judge,
            hedges: Vec::new(),
            conversions: Vec::new(),
            none: Vec::new(),
            depth: None,
            fee_rate: decimal("0.002"),
            share_of_depth: decimal("0.5"),
            until: Level::LiquidationEnd,
            lines: level::Policy::default(),
        })
    }

    /// `book` with so much of the currency paid in or out that equity is `percent` of what is required at the line; `None`
    /// where the model does not margin it.
    pub fn under(mut book: Book, model: &str, percent: i64, seed: u64) -> Option<Self> {
        let mut random = Random(seed ^ 0x5151);
        let positions: Vec<Position> = book.account.with_entry_prices(&book.market).ok()?.portfolio.positions;
        book.account.portfolio.positions = positions;
        for position in &mut book.account.portfolio.positions {
            position.unsettled_pnl = Decimal::from_int(random.signed(20));
        }
        let mut case = Self::prepared(book, model).ok()?;
        let currency = case.book.market.currency();
        for _ in 0..4 {
            let margin = case.margin(&case.book.account).ok()?;
            let standing = margin.levels.at(case.until);
            let wanted = standing.requirement.times(Decimal::new(percent, 2), Rounding::Down).ok()?;
            let more = wanted.minus(standing.equity).ok()?;
            case.book.account.portfolio.deposit(Amount::new(more, currency)).ok()?;
        }
        let start = case.excess(&[]).ok()?;
        (start.signum() < 0).then_some(case)
    }

    /// Lets some linear contracts be opened.
    pub fn hedge_with(&mut self, random: &mut Random) {
        let linear = self
            .book
            .market
            .listing()
            .iter()
            .filter(|(_, instrument)| instrument.strike().is_none() && !instrument.only_moves_balances());
        let linear: Vec<InstrumentId> = linear.map(|(id, _)| id).collect();
        for id in linear {
            let single = Step { instrument: id, quantity: self.lot(id), cost: Decimal::ZERO };
            if random.below(2) == 0 && self.excess(&[single]).is_ok() {
                self.hedges.push(id);
            }
        }
    }

    /// Lets balances be converted in every spot contract.
    pub fn convert(&mut self) {
        let spot = self.book.market.listing().iter().filter(|(_, instrument)| instrument.only_moves_balances());
        self.conversions = spot.map(|(id, _)| id).collect();
    }

    /// What may be converted of a spot contract's coin: to sell positive, to buy negative.
    pub fn convertible(&self, id: InstrumentId) -> Decimal {
        let coin = self.book.market.listing().get(id).unwrap().terms().underlying.asset();
        let assets = self.margin(&self.book.account).unwrap().assets;
        let Some(net) = assets.iter().find(|net| net.asset == coin) else { return Decimal::ZERO };
        let all = net.cash.plus(net.gains).unwrap().plus(net.losses).unwrap();
        if all.signum() < 0 { all } else { all.min(net.cash).or_zero() }
    }

    /// Whether steps in one coin together convert no more than there is.
    pub fn converts_what_there_is(&self, steps: &[Step]) -> bool {
        let listing = self.book.market.listing();
        let is_spot = |step: &&Step| listing.get(step.instrument).unwrap().only_moves_balances();
        let spot = steps.iter().filter(is_spot).filter(|step| !self.hedges.contains(&step.instrument));
        let spot: Vec<&Step> = spot.collect();
        let coin = |step: &Step| listing.get(step.instrument).unwrap().terms().underlying;
        spot.iter().all(|step| {
            let same = spot.iter().filter(|other| coin(other) == coin(step));
            let sold = same.map(|step| step.quantity.0.negated()).try_fold(Decimal::ZERO, Decimal::plus).unwrap();
            let there = self.convertible(step.instrument);
            step.quantity.0.signum() * there.signum() < 0 && sold.abs() <= there.abs()
        })
    }

    pub fn lot(&self, id: InstrumentId) -> Quantity {
        self.book.market.listing().get(id).unwrap().terms().lot_size
    }

    pub fn liquidity(&self, id: InstrumentId) -> Option<Liquidity> {
        if self.none.contains(&id) {
            return None;
        }
        let of = liquidity(&self.book, id)?;
        Some(Liquidity { depth: self.depth.unwrap_or(of.depth), fee_rate: self.fee_rate, ..of })
    }

    pub fn plan(&self, policy: Policy) -> Result<Plan, MarginError> {
        self.plan_at(policy, &|id| self.liquidity(id))
    }

    pub fn plan_at(
        &self,
        policy: Policy,
        liquidity: &dyn Fn(InstrumentId) -> Option<Liquidity>,
    ) -> Result<Plan, MarginError> {
        let terms = Terms {
            policy,
            until: self.until,
            lines: &self.lines,
            liquidity,
            hedges: &self.hedges,
            conversions: &self.conversions,
            share_of_depth: self.share_of_depth,
        };
        plan(&self.book.account, &self.book.market, self.judge.as_ref(), &terms)
    }

    pub fn margin(&self, account: &Account) -> Result<Margin, MarginError> {
        Margin::in_detail(account, &self.book.market, self.judge.as_ref(), &self.lines, Detail::Amounts)
    }

    /// The excess after some steps, written down independently: positions are entered at the mark, what they gained becomes
    /// cash share by share, the cost is paid.
    pub fn excess(&self, steps: &[Step]) -> Result<Decimal, MarginError> {
        let mut account = self.book.account.clone();
        let market = &self.book.market;
        for step in steps {
            let instrument = market.listing().get(step.instrument).unwrap();
            let (settlement, mark) = (instrument.terms().settlement, market.priced(step.instrument)?.mark);
            for moved in instrument.fill(step.quantity, mark)? {
                account.portfolio.deposit(moved)?;
            }
            let price = market.asset_price(settlement)?.value;
            let cost = step.cost.over(price, Rounding::Up)?;
            account.portfolio.deposit(Amount::new(cost.negated(), settlement))?;
            if instrument.only_moves_balances() {
                continue;
            }
            let held = account.portfolio.positions.iter().position(|held| held.instrument == step.instrument);
            let Some(at) = held else {
                account.portfolio.positions.push(Position {
                    instrument: step.instrument,
                    quantity: step.quantity,
                    entry_price: Some(mark),
                    unsettled_pnl: Decimal::ZERO,
                    accrued_funding: Decimal::ZERO,
                });
                continue;
            };
            let position = &mut account.portfolio.positions[at];
            let left = position.quantity.plus(step.quantity)?;
            let closes = position.quantity.0.signum() * step.quantity.0.signum() < 0;
            if closes {
                let whole = left.0.signum() != position.quantity.0.signum();
                let part = if whole { position.quantity.0 } else { step.quantity.0.negated() };
                let share = position.unsettled_pnl.times_ratio(part, position.quantity.0, Rounding::Down)?;
                position.unsettled_pnl = position.unsettled_pnl.minus(share)?;
                account.portfolio.deposit(Amount::new(share, settlement))?;
            }
            account.portfolio.positions[at].quantity = left;
            account.portfolio.positions.retain(|held| !held.quantity.0.is_zero());
        }
        Ok(self.margin(&account)?.levels.at(self.until).excess)
    }

    pub fn notional(&self, step: &Step) -> Decimal {
        let market = &self.book.market;
        let instrument = market.listing().get(step.instrument).unwrap();
        let index = market.index_in(instrument.terms().underlying, instrument.terms().quote).unwrap();
        let one = instrument.notional(market.priced(step.instrument).unwrap().mark, index).unwrap();
        let price = market.asset_price(one.asset).unwrap();
        one.at(price, Rounding::Up).unwrap().value.times(step.quantity.0.abs(), Rounding::Up).unwrap()
    }

    /// Whether a step only closes what is held, or converts what there is.
    pub fn reduces(&self, step: &Step) -> bool {
        if self.conversions.contains(&step.instrument) {
            return self.converts_what_there_is(&[*step]);
        }
        let held = self.book.account.portfolio.positions.iter().find(|held| held.instrument == step.instrument);
        held.is_some_and(|held| {
            held.quantity.0.signum() * step.quantity.0.signum() < 0 && step.quantity.0.abs() <= held.quantity.0.abs()
        })
    }

    /// The cost of a trade by its formula, in one lot after another's order of operations.
    pub fn cost(&self, id: InstrumentId, quantity: Quantity) -> Decimal {
        let step = Step { instrument: id, quantity, cost: Decimal::ZERO };
        let of = self.liquidity(id).unwrap();
        let notional = self.notional(&step);
        let instrument = self.book.market.listing().get(id).unwrap();
        let mut crossing = notional.times(of.spread, Rounding::Up).unwrap();
        let mut impact = notional.times_ratio(notional, of.depth.times_count(200).unwrap(), Rounding::Up).unwrap();
        if instrument.is_paid_when_bought() {
            let mark = self.book.market.priced(id).unwrap().mark;
            let paid = instrument.cost(Quantity(quantity.0.abs()), mark).unwrap();
            let price = self.book.market.asset_price(paid.asset).unwrap();
            let premium = paid.at(price, Rounding::Up).unwrap().value;
            crossing = crossing.min(premium);
            if quantity.0.signum() < 0 {
                impact = impact.min(premium.minus(crossing).unwrap());
            }
        }
        crossing.plus(impact).unwrap().plus(notional.times(of.fee_rate, Rounding::Up).unwrap()).unwrap()
    }

    /// One lot less of a step, or what is over a whole number of them.
    pub fn a_lot_less(&self, step: &mut Step) {
        let lot = self.lot(step.instrument).0;
        let size = step.quantity.0.abs();
        let (lots, part) = size.split_by(lot).unwrap();
        let fewer = lot.times_count(if part.is_zero() { lots - 1 } else { lots }).unwrap();
        let fewer = if step.quantity.0.signum() < 0 { fewer.negated() } else { fewer };
        step.quantity = Quantity(fewer);
        step.cost = if fewer.is_zero() { Decimal::ZERO } else { self.cost(step.instrument, step.quantity) };
    }
}

/// Linear contracts and options in USDC, as Paradex has them.
pub fn paradex_book(seed: u64, positions: i64) -> Book {
    let mut random = Random(seed);
    let mut text = market();
    for at in 0..positions {
        let (strike, day) = (1_000 * (60 + random.signed(9)), random.pick(&["8JUN26", "26JUN26", "25DEC26"]));
        let name = match random.below(3) {
            0 if at == 0 => random.pick(&["BTC_USDC-PERPETUAL", "SOL_USDC-PERPETUAL"]).to_owned(),
            _ => format!("BTC_USDC-{day}-{}-{}", strike + 10 * at, random.pick(&["C", "P"])),
        };
        text.push_str(&format!("position {name} {}\n", random.signed(20)));
    }
    text.push_str(&format!("collateral USDC {}\n", random.below(90_000)));
    book(&text)
}

/// Spot in two coins, one of them against two stablecoins.
pub const SPOT: &str = "mark BTC_USDC 60030\nmark BTC/USDT 60010\nmark ETH_USDC 2998\n";

/// A book of up to four positions of a few large lots.
pub fn small(seed: u64, model: &str) -> Option<Case> {
    small_beside(seed, model, 4, "")
}

/// A book of up to two positions of a few large lots beside coins that it has or owes.
pub fn small_with_coins(seed: u64, model: &str) -> Option<Case> {
    let mut random = Random(seed ^ 0xc01);
    let coins = format!("{SPOT}collateral BTC {}\ncollateral ETH {}\n", 7 * random.signed(4), 120 * random.signed(4));
    let mut case = small_beside(seed, model, 2, &coins)?;
    case.convert();
    Some(case)
}

fn small_beside(seed: u64, model: &str, positions: i64, beside: &str) -> Option<Case> {
    let mut random = Random(seed ^ 0xabcd);
    let mut text = market() + beside;
    let mut names: Vec<String> = Vec::new();
    for _ in 0..=random.below(positions) {
        let name = match random.below(3) {
            0 => random.pick(&["BTC-PERPETUAL", "ETH-PERPETUAL", "BTC-25DEC26"]).to_owned(),
            _ => {
                let (coin, step, around) = if random.below(2) == 0 { ("BTC", 2_000, 30) } else { ("ETH", 50, 60) };
                let strike = step * (around + random.signed(6));
                format!(
                    "{coin}-{}-{strike}-{}",
                    random.pick(&["8JUN26", "26JUN26", "25DEC26"]),
                    random.pick(&["C", "P"])
                )
            }
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in &names {
        text.push_str(&format!("position {name} {}\n", random.signed(if seed.is_multiple_of(3) { 12 } else { 5 })));
    }
    text.push_str("collateral USD 1\n");
    let mut book = book(&text);
    // Lots of half a million dollars of a future and of ten coins of an option, so that there are few.
    book = book.with_lots(|name| match name {
        "BTC-PERPETUAL" | "BTC-25DEC26" | "ETH-PERPETUAL" => decimal("100000"),
        "BTC_USDC" | "BTC/USDT" => decimal("6"),
        "ETH_USDC" => decimal("100"),
        _ => decimal(if seed.is_multiple_of(3) { "3" } else { "10" }),
    });
    for position in &mut book.account.portfolio.positions {
        let lot = book.market.listing().get(position.instrument).unwrap().terms().lot_size.0;
        position.quantity = Quantity(position.quantity.0.times(lot, Rounding::Down).unwrap());
    }
    let mut case = Case::under(book, model, 60 + random.below(38), seed)?;
    case.share_of_depth = Decimal::ONE;
    Some(case)
}

/// The least cost of any safe trades that cure, by looking at all.
pub fn whole_search(case: &Case) -> Option<Decimal> {
    let start = case.excess(&[]).unwrap();
    let mut all: Vec<(Decimal, Vec<Step>)> = vec![(Decimal::ZERO, Vec::new())];
    let held = case.book.account.portfolio.positions.iter().map(|held| (held.instrument, held.quantity.0));
    let coins = case.conversions.iter().map(|id| (*id, case.convertible(*id)));
    for (id, held) in held.chain(coins) {
        let lot = case.lot(id).0;
        let (lots, _) = held.abs().split_by(lot).unwrap();
        let deep = case.liquidity(id).unwrap().depth.times(case.share_of_depth, Rounding::Down).unwrap();
        let mut more = Vec::new();
        for (cost, steps) in &all {
            for count in 1..=lots {
                let quantity = lot.times_count(count).unwrap();
                let quantity = Quantity(if held.signum() > 0 { quantity.negated() } else { quantity });
                let cost_of = case.cost(id, quantity);
                let step = Step { instrument: id, quantity, cost: cost_of };
                if case.notional(&step) > deep {
                    break;
                }
                let mut with = steps.clone();
                with.push(step);
                more.push((cost.plus(cost_of).unwrap(), with));
            }
        }
        all.extend(more);
    }
    all.retain(|(_, steps)| case.converts_what_there_is(steps));
    all.sort_by_key(|(cost, _)| *cost);
    let cured = |steps: &[Step]| case.excess(steps).is_ok_and(|excess| excess.signum() >= 0);
    let safe = |steps: &[Step]| {
        (1..1_u32 << steps.len()).all(|set| {
            let some: Vec<Step> =
                steps.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, step)| *step).collect();
            case.excess(&some).is_ok_and(|excess| excess >= start)
        })
    };
    all.into_iter().find(|(_, steps)| cured(steps) && safe(steps)).map(|(cost, _)| cost)
}

/// Books under the `plimsoll` model that policies are compared on: 80 % of what is required at the line is there.
pub fn standard() -> Vec<(&'static str, Case)> {
    let text = |lines: &str| format!("{}{lines}collateral USD 1\n", market());
    let options = |seed: u64, count: i64, short: i64| {
        let mut random = Random(seed);
        let mut names: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
        while i64::try_from(names.len()).unwrap() < count {
            let strike = 1_000 * (60 + random.signed(18));
            let name = format!(
                "BTC_USDC-{}-{strike}-{}",
                random.pick(&["8JUN26", "26JUN26", "25DEC26"]),
                random.pick(&["C", "P"])
            );
            let lots = (1 + random.below(20)) * if random.below(100) < short { -1 } else { 1 };
            names.insert(name, lots);
        }
        names.iter().fold(String::new(), |text, (name, lots)| text + &format!("position {name} {lots}\n"))
    };
    let perpetual = "position BTC_USDC-PERPETUAL";
    let books: Vec<(&'static str, String)> = vec![
        ("one perpetual", format!("{perpetual} 20\n")),
        ("three perpetuals", format!("{perpetual} 20\nposition ETH/USDT:USDT 300\nposition SOL_USDC-PERPETUAL 4000\n")),
        ("long and short", format!("{perpetual} 20\nposition ETH/USDT:USDT -250\n")),
        ("short strangle", "position BTC_USDC-26JUN26-70000-C -40\nposition BTC_USDC-26JUN26-52000-P -30\n".to_owned()),
        ("covered call", format!("{perpetual} 20\nposition BTC_USDC-26JUN26-66000-C -40\n")),
        ("calendar", "position BTC_USDC-8JUN26-60000-C -30\nposition BTC_USDC-25DEC26-60000-C 20\n".to_owned()),
        ("short puts and a perpetual", format!("{perpetual} 10\n{}", options(3, 8, 90))),
        ("options, 20", options(5, 20, 65)),
        (
            "options of two coins",
            options(9, 10, 70)
                + "position ETH-26JUN26-2600-P -300\nposition ETH-26JUN26-3300-C -200\nposition ETH-PERPETUAL 200000\n",
        ),
        ("options, 60", options(11, 60, 60)),
        ("options, 150", options(13, 150, 55)),
    ];
    let mut all = Vec::new();
    for (seed, (name, lines)) in (0..).zip(books) {
        let mut case = Case::under(book(&text(&lines)), "plimsoll", 80, seed).unwrap_or_else(|| panic!("{name}"));
        case.hedges =
            ["BTC_USDC-PERPETUAL", "ETH/USDT:USDT", "SOL_USDC-PERPETUAL"].map(|name| case.book.id(name)).into();
        all.push((name, case));
    }
    let mut case = Case::under(crate::support::chain(42_000, 1_000, 25), "plimsoll", 80, 99).unwrap();
    case.hedges = vec![case.book.id("BTC_USDC-PERPETUAL")];
    all.push(("calls long, puts short, 200", case));
    all
}
