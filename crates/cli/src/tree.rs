//! A requirement's tree: folded for people, whole for programs.

use plimsoll::core::Rule;
use plimsoll::core::requirement::{Group, Origin};
use plimsoll::{Decimal, Node};
use serde_json::{Value, json};

use crate::answer::{Csv, or_empty};
use crate::color::Tone;
use crate::figures::{count, expiry, money};
use crate::table::{Cell, Table, figures, text};

/// Parts of a sum that are shown when the rest is folded.
const PARTS_SHOWN: usize = 8;
/// Names of a group that are shown.
const NAMES_SHOWN: usize = 2;

/// How much of a tree to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    /// Levels under the root.
    pub(crate) depth: usize,
    /// Losers and small parts, too.
    pub(crate) all: bool,
}

/// Writes the tree as a table.
pub(crate) fn render(root: &Node, unit: &str, fold: Fold, out: &mut String) {
    let mut table = Table::new([text("figure"), figures("amount").in_unit(unit), text("how")]);
    let mut drawing = Drawing { table: &mut table, fold };
    drawing.node(root, "", "", 0, Tone::Strong);
    table.render(out);
}

struct Drawing<'a> {
    table: &'a mut Table,
    fold: Fold,
}

impl Drawing<'_> {
    /// Draws `node` behind `lead`, and what it was made from behind `below`.
    fn node(&mut self, node: &Node, lead: &str, below: &str, depth: usize, tone: Tone) {
        let label = format!("{lead}{}", name(node));
        self.table.row([
            Cell::new(label, tone),
            Cell::new(money(node.amount), tone),
            Cell::new(how(node), Tone::Quiet),
        ]);
        let children = node.children();
        if depth >= self.fold.depth || says_no_more(node) {
            return;
        }
        let winner = match &node.rule {
            Rule::WorstOf { winner, .. } => Some(*winner),
            _ => None,
        };
        let shown = if self.fold.all { (0..children.len()).collect() } else { kept(children, winner) };
        let folded = folded(children, &shown, winner);
        for (place, at) in shown.iter().enumerate() {
            let last = place + 1 == shown.len() && folded.is_none();
            let mark = if winner == Some(*at) { "▶ " } else { "" };
            let lost = winner.is_some_and(|winner| winner != *at);
            let lead = format!("{below}{}{mark}", if last { "└─ " } else { "├─ " });
            let deeper = format!("{below}{}", if last { "   " } else { "│  " });
            let tone = if lost { Tone::Quiet } else { Tone::Plain };
            // What lost is shown by its figure alone.
            let depth = if lost { usize::MAX } else { depth + 1 };
            self.node(&children[*at], &lead, &deeper, depth, tone);
        }
        if let Some((label, amount)) = folded {
            let quiet = |text: &str| Cell::new(text, Tone::Quiet);
            self.table.row([quiet(&format!("{below}└─ {label}")), quiet(&amount), quiet("")]);
        }
    }
}

/// Whether what a node was made from is its one part over again.
fn says_no_more(node: &Node) -> bool {
    match &node.rule {
        Rule::Sum(of) => of.len() == 1 && of[0].amount == node.amount && matches!(of[0].rule, Rule::Leaf(_)),
        _ => false,
    }
}

/// The children worth a line: the winner of a worst-of, the largest parts of anything else.
fn kept(children: &[Node], winner: Option<usize>) -> Vec<usize> {
    if let Some(winner) = winner {
        return vec![winner];
    }
    let mut largest: Vec<usize> = (0..children.len()).filter(|at| tells(&children[*at])).collect();
    if largest.len() > PARTS_SHOWN {
        largest.sort_by_key(|at| std::cmp::Reverse(children[*at].amount.abs()));
        largest.truncate(PARTS_SHOWN);
        largest.sort_unstable();
    }
    largest
}

/// Whether a part adds to the sum, or stands there to be read: times zero, a figure that is not counted.
fn tells(node: &Node) -> bool {
    let noted = matches!(&node.rule, Rule::Scale { by, of } if by.is_zero() && !of.amount.is_zero());
    noted || !node.amount.is_zero()
}

/// What stands for the children that are not shown.
fn folded(children: &[Node], shown: &[usize], winner: Option<usize>) -> Option<(String, String)> {
    let rest: Vec<&Node> =
        children.iter().enumerate().filter(|(at, _)| !shown.contains(at)).map(|(_, child)| child).collect();
    let many = |one: &str, more: &str| format!("{} {}", count(rest.len()), if rest.len() == 1 { one } else { more });
    let next = rest.iter().max_by_key(|child| child.amount)?;
    if winner.is_some() {
        let told = next.amount.signum() > 0;
        return told.then(|| (format!("over {}, next: {}", many("other", "others"), name(next)), money(next.amount)));
    }
    let sum = rest.iter().try_fold(Decimal::ZERO, |sum, child| sum.plus(child.amount)).ok()?;
    if rest.iter().all(|child| child.amount.is_zero()) {
        let names: Vec<String> = rest.iter().take(NAMES_SHOWN + 1).map(|child| name(child)).collect();
        let named = rest.len() == names.len();
        let label =
            if named { format!("nothing: {}", names.join(", ")) } else { many("part of nothing", "parts of nothing") };
        return Some((label, money(sum)));
    }
    Some((many("smaller part", "smaller parts"), money(sum)))
}

/// What a node is called: its position or scenario where its label says only what kind it is.
fn name(node: &Node) -> String {
    if let Rule::Leaf(Origin { position: Some(position), .. }) = &node.rule {
        return position.to_string();
    }
    match (&*node.label, scenario(node)) {
        ("loss", Some(scenario)) => scenario.to_owned(),
        ("loss, between nodes too", Some(scenario)) => format!("{scenario}, between nodes too"),
        (label, _) => label.parse().map_or_else(|_| label.to_owned(), |at| expiry(Some(at))),
    }
}

/// The scenario that every leaf below was computed in.
fn scenario(node: &Node) -> Option<&str> {
    match &node.rule {
        Rule::Leaf(origin) => origin.scenario.as_deref(),
        Rule::Sum(of) => of.iter().find_map(scenario),
        _ => None,
    }
}

/// How a node's amount follows from what it was made from.
fn how(node: &Node) -> String {
    match &node.rule {
        Rule::Leaf(origin) => of_group(origin),
        Rule::Sum(of) if of.is_empty() => "of nothing".to_owned(),
        Rule::Sum(of) => match common(of) {
            Some(group) => of_positions(group),
            None => "sum".to_owned(),
        },
        Rule::WorstOf { of, .. } => format!("worst of {}", count(of.len())),
        Rule::Scale { by, .. } => format!("× {by}"),
        Rule::Clamp { low, high, .. } => {
            let low = low.map(|low| format!("at least {}", money(low)));
            let high = high.map(|high| format!("at most {}", money(high)));
            [low, high].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    }
}

/// The group that leaves share, where they all do.
fn common(of: &[Node]) -> Option<&Group> {
    let mut groups = of.iter().map(|node| origin(node).and_then(|origin| origin.group.as_deref()));
    let first = groups.next()??;
    groups.all(|group| group == Some(first)).then_some(first)
}

/// Which positions a leaf was summed over.
fn of_group(origin: &Origin) -> String {
    let group = origin.group.as_deref().filter(|_| origin.position.is_none());
    group.map_or_else(String::new, of_positions)
}

/// `BTC 27 Mar 26: 12 positions`.
fn of_positions(group: &Group) -> String {
    let place = match group.expiry {
        Some(at) => format!("{} {}", group.underlying, expiry(Some(at))),
        None => group.underlying.to_string(),
    };
    match group.positions.len() {
        0 => place,
        few @ 1..=NAMES_SHOWN => format!("{place}: {}", group.positions[..few].join(", ")),
        many => format!("{place}: {} positions", count(many)),
    }
}

/// The whole tree as JSON, from which anyone can recompute it.
pub(crate) fn json_of(node: &Node) -> Value {
    let mut value = json!({"label": &*node.label, "amount": node.amount.to_string(), "rule": rule(node)});
    let fields = [
        ("scenario", origin(node).and_then(|origin| origin.scenario.as_deref()).map(|text| json!(text))),
        ("position", origin(node).and_then(|origin| origin.position.as_deref()).map(|text| json!(text))),
        ("group", origin(node).and_then(|origin| origin.group.as_deref()).map(group_json)),
        ("by", by(node).map(|by| json!(by.to_string()))),
        ("low", bounds(node).0.map(|low| json!(low.to_string()))),
        ("high", bounds(node).1.map(|high| json!(high.to_string()))),
        ("winner", winner(node).map(|winner| json!(winner))),
        ("of", (!node.children().is_empty()).then(|| node.children().iter().map(json_of).collect())),
    ];
    if let Value::Object(object) = &mut value {
        object.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    value
}

fn group_json(group: &Group) -> Value {
    json!({
        "underlying": group.underlying.as_str(),
        "expiry": group.expiry.map(|expiry| expiry.to_string()),
        "positions": group.positions.iter().map(|name| &**name).collect::<Vec<_>>(),
    })
}

const fn rule(node: &Node) -> &'static str {
    match node.rule {
        Rule::Leaf(_) => "leaf",
        Rule::Sum(_) => "sum",
        Rule::WorstOf { .. } => "worst_of",
        Rule::Scale { .. } => "scale",
        Rule::Clamp { .. } => "clamp",
    }
}

const fn origin(node: &Node) -> Option<&Origin> {
    if let Rule::Leaf(origin) = &node.rule { Some(origin) } else { None }
}

const fn winner(node: &Node) -> Option<usize> {
    if let Rule::WorstOf { winner, .. } = &node.rule { Some(*winner) } else { None }
}

const fn by(node: &Node) -> Option<Decimal> {
    if let Rule::Scale { by, .. } = &node.rule { Some(*by) } else { None }
}

const fn bounds(node: &Node) -> (Option<Decimal>, Option<Decimal>) {
    if let Rule::Clamp { low, high, .. } = &node.rule { (*low, *high) } else { (None, None) }
}

/// The columns of [`rows`].
pub(crate) const COLUMNS: [&str; 14] = [
    "account", "figure", "node", "parent", "depth", "label", "amount", "rule", "wins", "by", "low", "high", "scenario",
    "position",
];

/// Every node of the tree as a row, parents before children, numbered from nought.
pub(crate) fn rows(account: &str, figure: &str, root: &Node, csv: &mut Csv) {
    let mut waiting = vec![(root, None::<usize>, 0_usize, false)];
    let mut next = 0_usize;
    while let Some((node, parent, depth, wins)) = waiting.pop() {
        let number = next;
        next += 1;
        let (low, high) = bounds(node);
        csv.row([
            account.to_owned(),
            figure.to_owned(),
            number.to_string(),
            or_empty(parent),
            depth.to_string(),
            node.label.to_string(),
            node.amount.to_string(),
            rule(node).to_owned(),
            if wins { "true".to_owned() } else { String::new() },
            or_empty(by(node)),
            or_empty(low),
            or_empty(high),
            or_empty(origin(node).and_then(|origin| origin.scenario.clone())),
            or_empty(origin(node).and_then(|origin| origin.position.clone())),
        ]);
        for (at, child) in node.children().iter().enumerate().rev() {
            waiting.push((child, Some(number), depth + 1, winner(node) == Some(at)));
        }
    }
}
