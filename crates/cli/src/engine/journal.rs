//! `journal`: what a log holds, and whether it is what it says.

use std::path::Path;

use plimsoll::engine::step::deleveraging;
use plimsoll::engine::{Book, Holder, State};
use plimsoll::journal::files::Disk;
use plimsoll::journal::{Log, Sequence, verify};
use plimsoll::node::{Answer, Answered, Follower, Record, audit};
use plimsoll::stream::events;
use serde_json::json;

use super::{refused, shown, view};
use crate::answer::{Csv, pretty, remark};
use crate::args::{ExportFormat, JournalQuestion};
use crate::color::Tone;
use crate::figures::money;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Answers `plimsoll journal`.
pub(crate) fn run(question: &JournalQuestion, screen: &Screen) -> Result<Outcome, Failure> {
    match question {
        JournalQuestion::Verify { folder } => verified(folder, screen),
        JournalQuestion::Replay { folder } => replayed(folder, screen),
        JournalQuestion::Export { folder, format } => exported(folder, *format, screen),
        JournalQuestion::Inspect { folder, event: Some(event), .. } => record(folder, Sequence(*event), screen),
        JournalQuestion::Inspect { folder, contract: Some(contract), .. } => ranks(folder, contract, screen),
        JournalQuestion::Inspect { folder, .. } => accounts(folder, screen),
    }
}

fn verified(folder: &Path, screen: &Screen) -> Result<Outcome, Failure> {
    if !folder.is_dir() {
        return Err(Failure::usage(format!("{}: no folder: expected a journal's", folder.display())));
    }
    let found =
        verify(&Disk::view(folder)).map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    if found.last.is_none() && found.is_clean() {
        let name = folder.display();
        return Err(Failure::usage(format!("{name}: no records: expected a journal that `plimsoll run` kept")));
    }
    for damage in &found.damages {
        screen.say(Tone::Bad, "damage", &damage.to_string());
    }
    let mut table = Table::new([text(""), figures("")]);
    let counts = [
        ("segments", found.segments.to_string()),
        ("frames", found.frames.to_string()),
        ("records", found.records.to_string()),
        ("bytes", found.bytes.to_string()),
        ("last record", found.last.map_or_else(String::new, |last| last.sequence.to_string())),
        ("snapshots", found.snapshots.len().to_string()),
        ("damages", found.damages.len().to_string()),
    ];
    counts.into_iter().for_each(|(what, value)| table.row([Cell::new(what, Tone::Quiet), value.into()]));
    let mut out = String::new();
    table.render_rows(&mut out);
    remark(&format!("chain {}", found.chain), &mut out);
    screen.print(&out)?;
    Ok(if found.is_clean() { Outcome::Answered } else { Outcome::Partly })
}

fn replayed(folder: &Path, screen: &Screen) -> Result<Outcome, Failure> {
    let found = audit(&view(folder)?, |_| {}).map_err(|error| refused(folder, &error))?;
    let text = format!(
        "{} commands decided again as they were, {} of them refused; {} checkpoints met\nstate {} after record {}\n",
        found.commands, found.refused, found.checkpoints, found.root, found.last
    );
    screen.print(&text)?;
    Ok(Outcome::Answered)
}

fn exported(folder: &Path, format: ExportFormat, screen: &Screen) -> Result<Outcome, Failure> {
    let log = view(folder)?;
    let follower = Follower::of(&log).map_err(|error| refused(folder, &error))?;
    let Some(follower) = follower else { return Ok(Outcome::Answered) };
    let mut csv = Csv::new(["sequence", "at", "event", "holder", "asset", "amount", "holder_kind"]);
    let mut lines = String::new();
    for entry in log.read(Sequence(1)).map_err(|error| refused(folder, &error.into()))? {
        let entry = entry.map_err(|error| refused(folder, &error.into()))?;
        let Ok(Record::Decided(decided)) = Record::read(entry.kind, &entry.payload) else { continue };
        let answered = Answered { sequence: entry.sequence, decided: *decided };
        match format {
            ExportFormat::Json => {
                shown(follower.state(), &answered).iter().for_each(|line| lines.push_str(&format!("{line}\n")));
            }
            ExportFormat::Csv => movements(follower.state(), &answered, &mut csv),
        }
        // Bounded: what was written is let go.
        if lines.len() > 1 << 20 {
            screen.print_plain(&std::mem::take(&mut lines))?;
        }
    }
    screen.print_plain(&if format == ExportFormat::Csv { csv.into_text() } else { lines })?;
    Ok(Outcome::Answered)
}

fn movements(state: &State, answered: &Answered, csv: &mut Csv) {
    let Answer::Done(all) = &answered.decided.answer else { return };
    let (sequence, at) = (answered.sequence.to_string(), answered.decided.at.to_string());
    for event in all {
        let word = events::shown(state, answered.sequence.0, answered.decided.at, event)["event"].clone();
        for leg in event.legs() {
            // An account may be called like one of the house's own holders.
            let (holder, kind) = match leg.holder {
                Holder::Account(account) => (account_name(state, account), "account"),
                Holder::House(house) => (house.name().to_owned(), "house"),
            };
            let (asset, amount) = (leg.amount.asset.to_string(), leg.amount.value.to_string());
            csv.row([&sequence, &at, word.as_str().unwrap_or_default(), &holder, &asset, &amount, kind]);
        }
    }
}

fn account_name(state: &State, account: plimsoll::core::AccountId) -> String {
    state.account(account).map_or_else(|| account.to_string(), |known| known.terms.name.to_string())
}

fn record(folder: &Path, sequence: Sequence, screen: &Screen) -> Result<Outcome, Failure> {
    let log = view(folder)?;
    let (follower, decided) = Follower::until(&log, sequence).map_err(|error| refused(folder, &error))?;
    let Some(decided) = decided else {
        screen.print(&format!("record {sequence} holds no command: the log's beginning, or a checkpoint\n"))?;
        return Ok(Outcome::Answered);
    };
    let request = json!({"client": &*decided.request.client, "number": decided.request.number,
                         "command": format!("{:?}", decided.request.command)});
    let answered = Answered { sequence, decided };
    screen.print_plain(&pretty(&json!({"request": request, "answer": shown(follower.state(), &answered)})))?;
    Ok(Outcome::Answered)
}

/// Both sides of a contract in the order in which they would be matched.
fn ranks(folder: &Path, name: &str, screen: &Screen) -> Result<Outcome, Failure> {
    let log = view(folder)?;
    let follower = Follower::of(&log).map_err(|error| refused(folder, &error))?;
    let state = follower.as_ref().map(Follower::state);
    let unknown = || Failure::usage(format!("{name}: no such contract: expected one that the journal lists"));
    let (state, contract) =
        state.and_then(|state| Some((state, *state.contract_names.get(name)?))).ok_or_else(unknown)?;
    let sides = deleveraging(state, &mut Book::new(), contract)
        .map_err(|refusal| Failure::usage(format!("{}: {refusal}", folder.display())))?;
    let mut out = format!("{name} after record {}, {} UTC\n\n", log.last(), state.clock);
    for (side, ranked) in ["long", "short"].into_iter().zip(sides) {
        let mut table = Table::new([figures("rank"), text(side), figures("position"), figures("score")]);
        for (place, ranked) in (1_usize..).zip(&ranked) {
            let account = state.account(ranked.account).map_or_else(String::new, |it| it.terms.name.to_string());
            let score = if ranked.score.signum() < 0 { "last".to_owned() } else { format!("{:.6}", ranked.score) };
            table.row([place.to_string().into(), account.into(), ranked.quantity.to_string().into(), score.into()]);
        }
        table.render(&mut out);
        out.push('\n');
    }
    remark("score: gain over cost × maintenance margin over net value; the highest is matched first", &mut out);
    screen.print(&out)?;
    Ok(Outcome::Answered)
}

fn accounts(folder: &Path, screen: &Screen) -> Result<Outcome, Failure> {
    let log = view(folder)?;
    let Some(follower) = Follower::of(&log).map_err(|error| refused(folder, &error))? else {
        return Ok(Outcome::Answered);
    };
    let state = follower.state();
    let mut table = Table::new([
        text("account"),
        text("state"),
        figures("positions"),
        figures("orders"),
        text("cash"),
        text("model"),
    ]);
    for account in &state.accounts {
        let cash: Vec<String> = account
            .funds
            .iter()
            .filter(|(_, funds)| !funds.cash.is_zero())
            .map(|(asset, funds)| format!("{} {asset}", money(funds.cash)))
            .collect();
        let standing = if account.frozen { "frozen".to_owned() } else { account.standing.state.to_string() };
        table.row([
            account.terms.name.to_string().into(),
            standing.into(),
            account.holdings.len().to_string().into(),
            account.orders.len().to_string().into(),
            cash.join(", ").into(),
            Cell::new(&*account.terms.model, Tone::Quiet),
        ]);
    }
    let mut out = format!("{} accounts after record {}, {} UTC\n\n", state.accounts.len(), log.last(), state.clock);
    table.render(&mut out);
    screen.print(&out)?;
    Ok(Outcome::Answered)
}
