//! What a market's movement can do to an account: never more than its figures say.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_margin::Account;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::paradex_portfolio::ParadexPortfolio;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Held, Model};
use plimsoll_margin::parameters::{ByName, Tiers};
use plimsoll_margin::watch::{Apart, Besides, Exposure, Figures, Source, exposures};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;
use plimsoll_pricing::market::snapshot::Snapshot;
use support::moves::{KINDS, Kind, moved, together, volatile};
use support::random::{Random, random_book};
use support::{Book, asset, decimal, part};

/// What figures of two markets say that the excess of what has `exposures` can have moved by.
fn bound(then: &[Figures], now: &[Figures], exposures: &[Exposure]) -> f64 {
    let mut most = 0.0;
    for (source, (then, now)) in then.iter().zip(now).enumerate() {
        let held: Vec<Exposure> = exposures.iter().filter(|of| of.source == source).copied().collect();
        if !held.is_empty() {
            let Apart { along, across } = then.apart(now);
            let weight = then.weights(source, &held).along;
            most += if weight > 0.0 { along * weight } else { 0.0 };
            most += held.iter().map(|of| of.lots.abs() * across[of.row]).sum::<f64>();
        }
    }
    most
}

/// What no excess of `book` may pass, over moves from markets that are moved themselves; the nearest it came, by kind.
fn moves(mut book: Book, model: &dyn Model, seed: u64, nearest: &mut BTreeMap<String, f64>) -> usize {
    let latest = "2026-06-01T07:59:00Z".parse().unwrap();
    // Some positions keep counting as entered at the mark, wherever that goes.
    if !seed.is_multiple_of(4) {
        book.account = book.account.with_entry_prices(&book.market).unwrap();
    }
    let mut random = Random(seed + 1_000);
    support::random::orders(&mut book, &mut random);
    let held = Held::by([&book.account]);
    let (mut market, mut compared) = (book.market.clone(), 0);
    let margin = |market: &Market| {
        let judge = model.prepare(market, &held).unwrap();
        let margin = Margin::of(&book.account, market, judge.as_ref(), &Policy::default()).unwrap();
        (margin, judge.watched().unwrap().unwrap())
    };
    for _ in 0..24 {
        let kind = KINDS[usize::try_from(random.below(9)).unwrap()];
        let now = moved(&market, kind, latest, &mut random);
        let ((from, mut then), (to, figures)) = (margin(&market), margin(&now));
        let exposures = exposures(&then, &book.account, &from.assets, &market).unwrap().unwrap();
        // In half of the cases the figures know what they do as prices move.
        let known = random.below(2) == 0;
        if known {
            let away = moved(&market, Kind::Together, latest, &mut random);
            let away = watched(&away, &held, model);
            then.iter_mut().zip(&away).for_each(|(then, away)| then.learn(away));
        }
        let most = bound(&then, &figures, &exposures.of);
        let excesses = from.levels.0.iter().zip(&to.levels.0);
        let by = excesses.map(|(from, to)| float(from.excess.minus(to.excess).unwrap()).abs()).fold(0.0, f64::max);
        let jitter = exposures.jitter;
        assert!(by <= most + jitter, "seed {seed}, {kind:?}: moved by {by}, figures say {most} + {jitter}");
        if most.is_finite() && most > 0.0 {
            let entry = nearest.entry(format!("{kind:?}{}", if known { ", known" } else { "" })).or_default();
            *entry = entry.max(by / most);
            compared += 1;
        }
        // A jump is looked at and taken back: the next move starts from a market that still resembles the first.
        if !matches!(kind, Kind::Jump | Kind::Gap) {
            market = now;
        }
    }
    compared
}

/// Orders in a third of the books, coins and debts among the balances.
#[test]
fn no_excess_moves_further_than_the_figures_of_what_is_held() {
    let mut nearest = BTreeMap::new();
    let compared: usize =
        (0..120).map(|seed| moves(random_book(seed, 8), &Plimsoll::default(), seed, &mut nearest)).sum();
    println!("{compared} compared; the nearest that a movement came to its bound: {nearest:?}");
    assert!(compared > 1_000, "{compared} moves could be compared");
    // A bound that nothing comes near would wake everybody.
    assert!(nearest["Tick"] > 0.3, "{nearest:?}");
}

/// The same of another model, whose contracts are linear and whose collateral is cash.
#[test]
fn paradex_moves_no_further_than_its_figures() {
    let mut nearest = BTreeMap::new();
    let mut compared = 0;
    for seed in 0..80 {
        let mut random = Random(seed);
        let mut text = support::random::market();
        for at in 0..8 {
            let (strike, day) = (1_000 * (60 + random.signed(9)), random.pick(&["8JUN26", "26JUN26", "25DEC26"]));
            let name = match random.below(4) {
                0 => random.pick(&["BTC_USDC-PERPETUAL", "SOL_USDC-PERPETUAL"]).to_owned(),
                _ => format!("BTC_USDC-{day}-{}-{}", strike + 10 * at, random.pick(&["C", "P"])),
            };
            text.push_str(&format!("position {name} {}\n", random.signed(20)));
        }
        text.push_str(&format!("collateral USDC {}\n", random.below(90_000)));
        compared += moves(support::book(&text), &ParadexPortfolio::default(), seed, &mut nearest);
    }
    println!("{compared} compared; the nearest that a movement came to its bound: {nearest:?}");
    assert!(compared > 1_000 && nearest["Tick"] > 0.3, "{compared} {nearest:?}");
}

/// Whether figures of `source` in one market say that anything may have happened in the other.
fn jumps(source: Source, then: &[Figures], now: &[Figures]) -> bool {
    let of = |all: &[Figures]| all.iter().find(|figures| figures.source == source).unwrap().clone();
    of(then).distance(&of(now)) == [f64::INFINITY; 2]
}

fn watched(market: &Market, held: &Held, model: &dyn Model) -> Vec<Figures> {
    model.prepare(market, held).unwrap().watched().unwrap().unwrap()
}

/// What jumps, one by one: [`Besides::state`](plimsoll_margin::watch::Besides) of the model and what figures cannot be
/// compared for.
#[test]
fn what_jumps_is_a_movement_without_bound() {
    let book = support::book(
        "index BTC 60000\nforward BTC 2026-06-01T08:00:00Z 60000 vol 0.5\nforward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\n\
         price USDC 1\nprice stETH 2990\nmark BTC_USDC-PERPETUAL 60000\nmark BTC-PERPETUAL 60000\n\
         position BTC_USDC-PERPETUAL 1\nposition BTC-PERPETUAL 10\nposition BTC_USDC-26JUN26-60000-C 1\n\
         position BTC_USDC-1JUN26-60000-C 1\ncollateral stETH 3\ncollateral BTC 1",
    );
    let (held, plain) = (Held::by([&book.account]), Plimsoll::default());
    let then = watched(&book.market, &held, &plain);
    let (contracts, steth) = (Source::Underlying("BTC".parse().unwrap()), Source::Asset(asset("stETH")));
    assert!(then.iter().all(|of| !jumps(of.source, &then, &then)), "nothing has jumped where nothing changed");
    let changed = |change: &dyn Fn(&mut Snapshot)| {
        let mut snapshot = book.market.snapshot().clone();
        change(&mut snapshot);
        let market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        watched(&market, &held, &plain)
    };
    let price = |to: &'static str| {
        changed(&move |all| {
            let quote = all.underlyings.get_mut(&"BTC".parse().unwrap()).unwrap();
            quote.index = decimal(to);
            quote.expiries.values_mut().for_each(|expiry| expiry.forward = Some(decimal(to)));
        })
    };
    // Trust in a price, and what an asset is to the scenarios.
    let untrusted = changed(&|all| all.assets.get_mut(&asset("stETH")).unwrap().trusted = false);
    assert!(jumps(steth, &then, &untrusted) && !jumps(contracts, &then, &untrusted));
    let moving = changed(&|all| {
        let of = all.underlyings[&"BTC".parse().unwrap()].clone();
        all.underlyings.insert("stETH".parse().unwrap(), of);
    });
    assert!(jumps(steth, &then, &moving));
    // A parameter that no cell shows.
    let mut other = Plimsoll::default();
    other.set("maintenance_share", "0.9").unwrap();
    assert!(jumps(contracts, &then, &watched(&book.market, &held, &other)));
    // The nodes of a strike an hour from expiry pass from one cell to the next, and a far one has none at all.
    assert!(!jumps(contracts, &then, &changed(&|all| all.as_of = "2026-06-01T07:00:00.001Z".parse().unwrap())));
    assert!(jumps(contracts, &then, &price("61000")));
    // A price that outgrows what a balance was allowed to move by; a lower one stays comparable.
    let later = changed(&|all| all.as_of = "2026-05-01T07:00:00Z".parse().unwrap());
    assert!(jumps(contracts, &later, &then), "an option that has become short-dated");
    let coins = Source::Asset(asset("BTC"));
    assert!(jumps(coins, &then, &price("67000")) && jumps(contracts, &then, &price("67000")));
    // Another contract is listed.
    let mut more = held.clone();
    more.instruments.pop_last();
    assert!(jumps(contracts, &then, &watched(&book.market, &more, &plain)));
}

/// Cells of 64 bits have a finer grain, and with it another allowance for rounding.
#[test]
fn a_table_that_turns_wide_jumps() {
    let at = |index: &str| {
        let book = support::book(&format!(
            "index BTC {index}\nprice USDC 1\nmark BTC_USDC-PERPETUAL {index}\nposition BTC_USDC-PERPETUAL 1"
        ));
        watched(&book.market, &Held::by([&book.account]), &Plimsoll::default())
    };
    let of = Source::Underlying("BTC".parse().unwrap());
    assert!(!jumps(of, &at("60000"), &at("600000")) && jumps(of, &at("60000"), &at("6000000000")));
}

/// By how much the excess of one account moves at most over its lines as prices rise by a hundredth, and what figures that
/// have learnt what prices do say of it.
fn one(lines: &str) -> (f64, f64) {
    let before = support::book(&format!(
        "index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6\nforward BTC 2026-12-25T08:00:00Z 60000 vol 0.6\n\
         price USDC 1\nprice stETH 3000\nmark BTC_USDC-PERPETUAL 60000\nmark BTC-PERPETUAL 60000\n\
         mark BTC_USDC-26JUN26 60000\nmark BTC_USDC-25DEC26 60000\n{lines}"
    ));
    let after = together(&before.market, 10_000);
    let (held, mut model) = (Held::by([&before.account]), Plimsoll::default());
    // The last bracket's rate bounds the charge on size whatever the size is, and would hide the rest.
    model.parameters.concentration = ByName::new(Tiers::new([(0, 0)]), []);
    model.parameters.delta_spread = ByName::new(decimal("0.02"), []);
    let (mut then, now) = (watched(&before.market, &held, &model), watched(&after, &held, &model));
    then.iter_mut().zip(&now).for_each(|(then, now)| then.learn(now));
    let levels = |market| {
        let judge = model.prepare(market, &held).unwrap();
        Margin::of(&before.account, market, judge.as_ref(), &Policy::default()).unwrap()
    };
    let (from, to) = (levels(&before.market), levels(&after));
    let exposures = exposures(&then, &before.account, &from.assets, &before.market).unwrap().unwrap();
    let moved =
        from.levels.0.iter().zip(&to.levels.0).map(|(from, to)| float(from.excess.minus(to.excess).unwrap()).abs());
    (moved.fold(0.0, f64::max), bound(&then, &now, &exposures.of) + exposures.jitter)
}

/// Each part by itself, so that a constant too small by a quarter shows: hedged or chosen so that little else moves.
#[test]
fn every_part_is_counted_for_what_it_moves() {
    for (what, lines, times) in [
        ("P&L in the currency's stablecoin", "position BTC_USDC-PERPETUAL 1 @ 60000", 1.5),
        (
            "no entry price: one leg gains, the other does not",
            "position BTC_USDC-PERPETUAL 1 @ 60000\nposition BTC_USDC-PERPETUAL -1",
            3.0,
        ),
        (
            "the cost of closing both of two that offset",
            "position BTC_USDC-26JUN26 100 @ 60000\nposition BTC_USDC-PERPETUAL -100 @ 60000",
            1.5,
        ),
        (
            "basis, expiry by expiry",
            "position BTC_USDC-26JUN26 100 @ 60000\nposition BTC_USDC-25DEC26 -100 @ 60000",
            1.2,
        ),
        ("a coin", "collateral BTC 1", 1.5),
        ("an order that loses at its fill", "order buy BTC_USDC-PERPETUAL 10 @ 70000", 7.0),
        ("scan and value of a short option", "position BTC_USDC-25DEC26-60000-C -1", 1.4),
    ] {
        let (moved, most) = one(lines);
        println!("{what}: {moved:.2} of {most:.2}, {:.2} times", most / moved);
        assert!(moved > 0.0 && moved <= most, "{what}: moved by {moved}, figures say {most}");
        assert!(most <= times * moved, "{what}: {most} is more than {times} x {moved}");
    }
}

/// The scan alone: what all underlyings' net risk moves by against the constant of scanned cells. A position without
/// curvature uses two thirds of it, the rest is for what lies between nodes.
#[test]
fn the_scan_moves_no_further_than_its_cells() {
    for (held, least) in [("-1", 0.65), ("1", 0.3)] {
        let before = support::book(&format!(
            "index BTC 60000\nforward BTC 2026-12-25T08:00:00Z 60000 vol 0.6\nprice USDC 1\nposition BTC_USDC-25DEC26-60000-C {held}"
        ));
        let after = volatile(&before.market, 50_000);
        let accounts = Held::by([&before.account]);
        let (then, now) = (
            watched(&before.market, &accounts, &Plimsoll::default()),
            watched(&after, &accounts, &Plimsoll::default()),
        );
        let risk = |market: &Market| {
            let judge = Plimsoll::default().judge(market, &accounts).unwrap();
            let margin = Margin::of(&before.account, market, &judge, &Policy::default()).unwrap();
            float(part(&margin, "net risk"))
        };
        let moved = (risk(&before.market) - risk(&after)).abs();
        let exposures = exposures(&then, &before.account, &[], &before.market).unwrap().unwrap();
        let scan = |figures: &Figures| {
            let all = figures.parts[0].clone();
            Figures::new(figures.source, figures.rows.clone(), vec![all], Besides::default(), figures.coordinate)
        };
        let (then, now): (Vec<_>, Vec<_>) = (then.iter().map(scan).collect(), now.iter().map(scan).collect());
        let most = bound(&then, &now, &exposures.of);
        println!("{held}: {moved:.2} of {most:.2}");
        assert!(moved <= most && moved >= least * most, "{held}: moved by {moved}, cells say {most}");
    }
}

/// An account with something that has no figures is not certified: a contract of later, orders that exchange balances,
/// orders at a fee beyond what the figures allow for.
#[test]
fn what_has_no_figures_has_no_exposures() {
    let book = support::book(
        "index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nmark BTC/USDC 60000\nposition BTC_USDC-PERPETUAL 1\n\
         order buy BTC_USDC-PERPETUAL 1 @ 59900",
    );
    let held = Held::by([&book.account]);
    let figures = watched(&book.market, &held, &Plimsoll::default());
    let of = |account: &Account, figures: &[Figures]| exposures(figures, account, &[], &book.market).unwrap();
    assert!(of(&book.account, &figures).is_some());
    assert!(of(&book.account, &figures[1..]).is_none(), "no figures of the contract");
    let dear = Account { taker_fee_rate: decimal("-0.002"), ..book.account.clone() };
    assert!(of(&dear, &figures).is_none(), "a rebate of a fifth of a per cent");
    let mut spot = book.account.clone();
    spot.portfolio.orders[0].instrument = book.id("BTC/USDC");
    assert!(of(&spot, &figures).is_none(), "an order that exchanges balances");
}
