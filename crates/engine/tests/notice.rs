//! Rules that are told before they hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{Decode as _, Encode as _};
use plimsoll_engine::notice::Rule;
use plimsoll_engine::state::AssetRules;
use plimsoll_engine::{Command, Event, House, State};
use support::{Venue, amount, asset, decimal, name};

const DAY_S: i64 = 86_400;

fn told() -> Venue {
    let mut venue = Venue::new();
    venue.run(Command::SetNotice { seconds: 86_400 });
    venue
}

fn refused(venue: &mut Venue, command: &Command) -> String {
    venue.ask(command).map_or_else(|refusal| refusal.rule(), |events| format!("{events:?}"))
}

fn capped(cap: &str) -> Command {
    let rules = AssetRules { cap: Some(decimal(cap)), borrow_rate: decimal("0"), trust: Default::default() };
    Command::ListAsset { asset: asset("OLD"), rules }
}

fn announce(venue: &mut Venue, command: Command, days: i64) -> Result<Vec<Event>, plimsoll_engine::Refusal> {
    let from = venue.now.plus_seconds(days * DAY_S).unwrap();
    let rule = Rule::of(command).unwrap();
    venue.ask(&Command::Announce { rule, from })
}

fn tick(venue: &mut Venue, seconds: i64) -> Vec<Event> {
    venue.wait(seconds);
    venue.run(Command::Tick)
}

#[test]
fn a_rule_holds_when_its_time_has_come_and_no_sooner() {
    let mut venue = told();
    assert_eq!(refused(&mut venue, &capped("5")), "Notice");
    assert_eq!(announce(&mut venue, capped("5"), 0).unwrap_err().rule(), "Notice");
    announce(&mut venue, capped("5"), 1).unwrap();
    assert!(tick(&mut venue, DAY_S - 1).iter().all(|event| !matches!(event, Event::AssetListed { .. })));
    let events = tick(&mut venue, 1);
    let [.., Event::AssetListed { .. }, Event::CarriedOut { number: 0, refused: None }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(venue.state.assets[&asset("OLD")].cap, Some(decimal("5")));
    assert!(venue.state.notices.announced.is_empty());
    assert!(venue.folded() == venue.state);
}

#[test]
fn what_cannot_be_carried_out_is_said_and_forgotten() {
    let mut venue = told();
    let short = Command::FundHouse { house: House::Insurance, amount: amount("-1 BTC") };
    announce(&mut venue, short, 1).unwrap();
    let events = tick(&mut venue, DAY_S);
    let refused = events.iter().find_map(|event| match event {
        Event::CarriedOut { refused, .. } => refused.clone(),
        _ => None,
    });
    assert_eq!(refused.as_deref(), Some("insurance: BTC 1 asked, 0 held"));
    assert!(tick(&mut venue, DAY_S).iter().all(|event| !matches!(event, Event::CarriedOut { .. })));
}

#[test]
fn what_was_recalled_never_holds() {
    let mut venue = told();
    announce(&mut venue, capped("5"), 1).unwrap();
    venue.run(Command::Recall { number: 0 });
    assert_eq!(refused(&mut venue, &Command::Recall { number: 0 }), "UnknownAnnouncement");
    tick(&mut venue, 2 * DAY_S);
    assert_eq!(venue.state.assets[&asset("OLD")].cap, None);
}

#[test]
fn notice_is_lengthened_at_once_and_shortened_with_notice() {
    let mut venue = told();
    venue.run(Command::SetNotice { seconds: 90_000 });
    assert_eq!(refused(&mut venue, &Command::SetNotice { seconds: 89_999 }), "Notice");
    announce(&mut venue, Command::SetNotice { seconds: 0 }, 2).unwrap();
    tick(&mut venue, 2 * DAY_S);
    assert_eq!(venue.state.notices.seconds, 0);
    venue.run(capped("7"));
}

#[test]
fn whom_the_venue_lends_more_is_told_and_whom_it_lends_less_is_not() {
    let mut venue = told();
    let account = venue.funded("a", "5 BTC");
    let mut terms = venue.state.accounts[account.index()].terms.clone();
    terms.credit_line = decimal("1000");
    let amended = Command::AmendAccount { account, terms: terms.clone() };
    assert_eq!(refused(&mut venue, &amended), "Notice");
    announce(&mut venue, amended, 1).unwrap();
    tick(&mut venue, DAY_S);
    assert_eq!(venue.state.accounts[account.index()].terms.credit_line, decimal("1000"));
    terms.credit_line = decimal("999");
    venue.run(Command::AmendAccount { account, terms });
}

#[test]
fn announcements_are_saved_and_bytes_that_nest_are_none() {
    let mut venue = told();
    announce(&mut venue, capped("5"), 1).unwrap();
    assert!(State::decode_all(&venue.state.encoded()).as_ref() == Ok(&venue.state));
    let rule = Rule::of(capped("5")).unwrap();
    let nested = Command::Announce { rule: rule.clone(), from: venue.now };
    assert!(Rule::of(nested.clone()).is_none() && Rule::of(Command::Tick).is_none());
    // The tag, and a rule in the place of which another announcement stands.
    let bytes: Vec<u8> = std::iter::repeat_n(nested.encoded()[0], 1_000_000).collect();
    assert!(Command::decode_all(&bytes).is_err());
    assert_eq!(Rule::decode_all(&rule.encoded()).as_ref(), Ok(&rule));
    assert!(Rule::decode_all(&Command::Tick.encoded()).is_err());
    assert_eq!(name(rule.word()), name("list_asset"));
}
