//! The search for a pairing in whole lots that reaches the bound, or for the proof that none does.

use plimsoll_core::Decimal;
use plimsoll_pricing::float::decimal;

use super::columns::Column;
use super::pairing::{Found, Work, cost_of, places, up_to};
use super::simplex::Simplex;

/// More strategies than this are not searched over.
const COLUMNS: usize = 4_000;
/// Nor more legs.
pub(super) const LEGS: usize = 80;
/// Digits lost on the way to whole numbers.
const NEARLY: f64 = 1e-6;

/// The whole part of `value`, what is nearly whole taken as such.
pub(super) fn whole_part(value: f64) -> i64 {
    let near = decimal(value + NEARLY, 9).ok().and_then(|near| near.split_by(Decimal::ONE));
    near.and_then(|(whole, _)| i64::try_from(whole).ok()).unwrap_or(0).max(0)
}

/// Covers `lots` one kind of strategy after another, the best at `prices` first.
pub(super) fn greedy(lots: &[i64], prices: &[i128], pool: &[Column]) -> Vec<(Column, i64)> {
    let mut left = lots.to_vec();
    let mut order: Vec<(i128, usize)> = (0..pool.len())
        .filter(|column| pool[*column].fits(lots) > 0)
        .map(|column| (pool[column].left(prices), column))
        .collect();
    order.sort_unstable();
    let mut chosen = Vec::new();
    for (_, column) in order {
        let count = pool[column].fits(&left);
        if count > 0 {
            pool[column].take(count, &mut left);
            chosen.push((pool[column], count));
        }
    }
    chosen
}

/// Limits on how many of a column there are.
#[derive(Clone, Copy)]
struct Limit {
    column: usize,
    least: i64,
    most: Option<i64>,
}

struct Node {
    limits: Vec<Limit>,
    /// What no solution of the node it comes from costs less than.
    bound: i128,
}

/// Betters `best`, whose bound comes from `prices`: any solution that costs less is made of columns that leave less
/// than the difference at those prices. Without `fours`, all such columns of four legs, what is found is no proof.
pub(super) fn improve(
    lots: &[i64],
    prices: &[i128],
    pool: &[Column],
    fours: Option<&[Column]>,
    grain: i128,
    best: &mut Found,
    work: &mut Work,
) {
    let gap = best.cost - best.bound;
    let rows: Vec<usize> = (0..lots.len()).filter(|leg| lots[*leg] > 0).collect();
    let mut columns: Vec<Column> = pool
        .iter()
        .chain(fours.unwrap_or_default())
        .filter(|column| !column.is_single() && column.fits(lots) > 0 && column.left(prices) <= gap)
        .copied()
        .collect();
    columns.sort_unstable();
    columns.dedup();
    if columns.len() > COLUMNS {
        return;
    }
    let singles: Vec<Column> = rows.iter().map(|leg| pool[*leg]).collect();
    let tree = Tree { lots, rows: &rows, singles: &singles, columns: &columns, grain };
    let proved = tree.search(best, work);
    if fours.is_some() {
        best.bound = best.bound.max(proved.min(best.cost));
    }
}

/// A column, `None` where it is none of the tree's, and how many of it beyond the least.
type Part = (Option<usize>, f64);

struct Tree<'a> {
    lots: &'a [i64],
    rows: &'a [usize],
    singles: &'a [Column],
    columns: &'a [Column],
    grain: i128,
}

impl Tree<'_> {
    /// What no solution over these columns costs less than.
    fn search(&self, best: &mut Found, work: &mut Work) -> i128 {
        let mut open = vec![Node { limits: Vec::new(), bound: best.bound }];
        let mut closed = i128::MAX;
        while let Some(node) = open.pop() {
            if node.bound >= best.cost || work.pivots == 0 {
                closed = closed.min(node.bound);
                continue;
            }
            work.pivots -= 1;
            let Some((bound, values)) = self.solve(&node, work) else { continue };
            let bound = bound.max(node.bound);
            let split =
                values.iter().find(|(column, value)| column.is_some() && (value - value.round()).abs() > NEARLY);
            self.try_rounded(&node, &values, best);
            match split {
                Some((Some(column), value)) if bound < best.cost => {
                    // Values are beyond what the node already takes.
                    let taken = node.limits.iter().find(|limit| limit.column == *column);
                    let below = taken.map_or(0, |limit| limit.least) + whole_part(*value);
                    for limit in [
                        Limit { column: *column, least: 0, most: Some(below) },
                        Limit { column: *column, least: below + 1, most: None },
                    ] {
                        open.push(Node { limits: merged(&node.limits, limit), bound });
                    }
                }
                _ => closed = closed.min(bound),
            }
        }
        closed
    }

    /// The linear problem of a node: its bound, and what its solution has; `None` when the limits cannot be kept.
    fn solve(&self, node: &Node, work: &mut Work) -> Option<(i128, Vec<Part>)> {
        let (left, fixed) = self.after(node)?;
        let place = places(self.lots.len(), self.rows);
        let mut rhs: Vec<i64> = self.rows.iter().map(|leg| left[*leg]).collect();
        let mut costs: Vec<i128> = self.singles.iter().map(|column| column.cost).collect();
        let capped: Vec<(usize, i64)> =
            node.limits.iter().filter_map(|limit| limit.most.map(|most| (limit.column, most - limit.least))).collect();
        for (_, most) in &capped {
            rhs.push(*most);
            costs.push(0);
        }
        let mut lp = Simplex::new(&rhs, &costs);
        for (at, column) in self.columns.iter().enumerate() {
            let mut entries: Vec<(usize, i8)> =
                column.legs().iter().map(|(leg, times)| (place[*leg], *times)).collect();
            if let Some(row) = capped.iter().position(|(of, _)| *of == at) {
                entries.push((self.rows.len() + row, 1));
            }
            lp.add(&entries, column.cost);
        }
        lp.optimise(&mut work.pivots);
        let prices = lp.exact_duals();
        let bound = prices.iter().zip(&rhs).map(|(price, rhs)| price * i128::from(*rhs)).sum::<i128>() + fixed;
        let first = rhs.len();
        lp.settle(&rhs);
        let values = lp.basic().map(|(column, value)| (column.checked_sub(first), value)).collect();
        Some((up_to(bound, self.grain), values))
    }

    /// Lots left once the least of every limit is taken, and what those cost.
    fn after(&self, node: &Node) -> Option<(Vec<i64>, i128)> {
        let (mut left, mut fixed) = (self.lots.to_vec(), 0);
        for limit in &node.limits {
            let column = &self.columns[limit.column];
            column.take(limit.least, &mut left);
            fixed += column.cost * i128::from(limit.least);
            if limit.most.is_some_and(|most| most < limit.least) {
                return None;
            }
        }
        left.iter().all(|lots| *lots >= 0).then_some((left, fixed))
    }

    /// The node's whole parts, completed one kind after another.
    fn try_rounded(&self, node: &Node, values: &[Part], best: &mut Found) {
        let Some((mut left, _)) = self.after(node) else { return };
        let taken = node.limits.iter().filter(|limit| limit.least > 0);
        let mut chosen: Vec<(Column, i64)> = taken.map(|limit| (self.columns[limit.column], limit.least)).collect();
        let mut parts: Vec<(&Column, f64)> =
            values.iter().filter_map(|(column, value)| column.map(|column| (&self.columns[column], *value))).collect();
        // Whole parts first, then one more of each, the nearest to one more first.
        for more in [0, 1] {
            if more == 1 {
                parts.sort_by(|left, right| (right.1 - right.1.floor()).total_cmp(&(left.1 - left.1.floor())));
            }
            for (column, value) in &parts {
                let wanted = if more == 0 { whole_part(*value) } else { 1 };
                let beyond = more == 0 || value - value.floor() > NEARLY;
                let count = if beyond { wanted.min(column.fits(&left)) } else { 0 };
                if count > 0 {
                    column.take(count, &mut left);
                    chosen.push((**column, count));
                }
            }
        }
        for (leg, single) in self.rows.iter().zip(self.singles) {
            if left[*leg] > 0 {
                chosen.push((*single, left[*leg]));
            }
        }
        let cost = cost_of(&chosen);
        if cost < best.cost {
            best.cost = cost;
            best.chosen = chosen;
        }
    }
}

/// `limits` with one more, those of one column in one.
fn merged(limits: &[Limit], limit: Limit) -> Vec<Limit> {
    let mut limits = limits.to_vec();
    match limits.iter_mut().find(|of| of.column == limit.column) {
        Some(of) => {
            of.least = of.least.max(limit.least);
            of.most = [of.most, limit.most].into_iter().flatten().min();
        }
        None => limits.push(limit),
    }
    limits
}
