//! A small linear program: the bounded simplex method on a dense tableau, in basic operations of floats and a fixed order,
//! so that it proposes the same on every machine. (Crates that solve one bring a clock, or kernels chosen by the machine.)

/// A figure that counts as none.
const SMALL: f64 = 1e-11;
/// An entry too small to pivot on.
const PIVOT_MIN: f64 = 1e-9;
/// Pivots after which the first column that improves is taken and not the best, which cannot go round in circles.
const CAREFUL_AFTER: usize = 200;
const PIVOTS_MAX: usize = 1_000;

/// A program: least Σ cost × x, with 0 ≤ x ≤ upper, each row's sum at most its limit. Limits are at least zero, so that
/// nothing at all is a beginning.
#[derive(Default)]
pub(super) struct Program {
    pub(super) costs: Vec<f64>,
    pub(super) upper: Vec<f64>,
    pub(super) rows: Vec<(Vec<f64>, f64)>,
}

struct Tableau {
    width: usize,
    /// Row after row.
    entries: Vec<f64>,
    values: Vec<f64>,
    basis: Vec<usize>,
    reduced: Vec<f64>,
    upper: Vec<f64>,
    /// Whether a column outside the basis stands at its upper end.
    high: Vec<bool>,
}

impl Program {
    /// The best there is, or what was found when pivots ran out.
    pub(super) fn least(&self) -> Vec<f64> {
        let (columns, rows) = (self.costs.len(), self.rows.len());
        let width = columns + rows;
        let mut entries = vec![0.0; width * rows];
        for (at, (row, _)) in self.rows.iter().enumerate() {
            entries[at * width..][..columns].copy_from_slice(row);
            entries[at * width + columns + at] = 1.0;
        }
        let slack = vec![0.0; rows];
        let mut tableau = Tableau {
            width,
            entries,
            values: self.rows.iter().map(|(_, limit)| *limit).collect(),
            basis: (columns..width).collect(),
            reduced: [&self.costs[..], &slack].concat(),
            upper: self.upper.iter().copied().chain(slack.iter().map(|_| f64::INFINITY)).collect(),
            high: vec![false; width],
        };
        for pivot in 0..PIVOTS_MAX {
            let Some(column) = tableau.entering(pivot > CAREFUL_AFTER) else { break };
            if !tableau.enter(column) {
                break;
            }
        }
        let mut found: Vec<f64> =
            (0..columns).map(|at| if tableau.high[at] { tableau.upper[at] } else { 0.0 }).collect();
        for (basic, value) in tableau.basis.iter().zip(&tableau.values) {
            if *basic < columns {
                found[*basic] = value.clamp(0.0, self.upper[*basic]);
            }
        }
        found
    }
}

impl Tableau {
    /// The column that lowers the cost most per unit, or the first that lowers it.
    fn entering(&self, first: bool) -> Option<usize> {
        let lowers = |at: &usize| {
            let by = if self.high[*at] { self.reduced[*at] } else { -self.reduced[*at] };
            (by > SMALL && self.upper[*at] > 0.0).then_some(by)
        };
        let mut best: Option<(f64, usize)> = None;
        for at in 0..self.width {
            let Some(by) = lowers(&at) else { continue };
            if first {
                return Some(at);
            }
            if best.is_none_or(|(most, _)| by > most) {
                best = Some((by, at));
            }
        }
        best.map(|(_, at)| at)
    }

    /// Moves `column` as far as rows and its own bound allow; false where nothing stops it.
    fn enter(&mut self, column: usize) -> bool {
        let sign = if self.high[column] { -1.0 } else { 1.0 };
        let mut limit = (self.upper[column], None);
        for (row, value) in self.values.iter().enumerate() {
            let falls = sign * self.entries[row * self.width + column];
            let (room, size) = if falls > PIVOT_MIN {
                (value.max(0.0) / falls, falls)
            } else if falls < -PIVOT_MIN && self.upper[self.basis[row]].is_finite() {
                ((self.upper[self.basis[row]] - value).max(0.0) / -falls, -falls)
            } else {
                continue;
            };
            let better = |(_, size_of): (usize, f64)| size > size_of && room <= limit.0;
            if room < limit.0 - SMALL || (room <= limit.0 + SMALL && limit.1.is_none_or(better)) {
                limit = (room.min(limit.0), Some((row, size)));
            }
        }
        let (step, leaving) = limit;
        if step.is_infinite() {
            return false;
        }
        for (row, value) in self.values.iter_mut().enumerate() {
            *value -= step * sign * self.entries[row * self.width + column];
        }
        match leaving {
            None => self.high[column] = !self.high[column],
            Some((row, _)) => self.pivot(row, column, step, sign),
        }
        true
    }

    fn pivot(&mut self, row: usize, column: usize, step: f64, sign: f64) {
        let width = self.width;
        let leaving = self.basis[row];
        let pivot = self.entries[row * width + column];
        self.high[leaving] = sign * pivot < 0.0;
        let from = if self.high[column] { self.upper[column] } else { 0.0 };
        self.values[row] = from + sign * step;
        self.high[column] = false;
        self.basis[row] = column;
        let own: Vec<f64> = self.entries[row * width..][..width].iter().map(|entry| entry / pivot).collect();
        for (at, entries) in self.entries.chunks_exact_mut(width).enumerate() {
            let by = entries[column];
            if at == row {
                entries.copy_from_slice(&own);
            } else if by != 0.0 {
                subtract(entries, &own, by);
            }
        }
        let by = self.reduced[column];
        subtract(&mut self.reduced, &own, by);
        self.reduced[column] = 0.0;
    }
}

fn subtract(from: &mut [f64], row: &[f64], times: f64) {
    for (entry, of) in from.iter_mut().zip(row) {
        *entry -= times * of;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every vertex of small programs, by trying all choices of tight constraints.
    fn brute(program: &Program) -> f64 {
        let columns = program.costs.len();
        let mut planes: Vec<(Vec<f64>, f64)> = program.rows.clone();
        for at in 0..columns {
            let unit: Vec<f64> = (0..columns).map(|of| if of == at { 1.0 } else { 0.0 }).collect();
            planes.push((unit.iter().map(|of| -of).collect(), 0.0));
            planes.push((unit, program.upper[at]));
        }
        let fits = |x: &[f64]| planes.iter().all(|(row, limit)| dot(row, x) <= limit + 1e-9);
        let mut least = f64::INFINITY;
        for set in 0_u32..1 << planes.len() {
            if set.count_ones() as usize == columns {
                let tight: Vec<&(Vec<f64>, f64)> =
                    planes.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, plane)| plane).collect();
                if let Some(x) = meet(&tight).filter(|x| fits(x)) {
                    least = least.min(dot(&program.costs, &x));
                }
            }
        }
        least
    }

    fn dot(left: &[f64], right: &[f64]) -> f64 {
        left.iter().zip(right).map(|(left, right)| left * right).sum()
    }

    /// Where planes meet, by elimination.
    fn meet(planes: &[&(Vec<f64>, f64)]) -> Option<Vec<f64>> {
        let count = planes.len();
        let mut rows: Vec<Vec<f64>> =
            planes.iter().map(|(row, limit)| row.iter().copied().chain([*limit]).collect()).collect();
        for at in 0..count {
            let pivot = (at..count).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
            if rows[pivot][at].abs() < 1e-9 {
                return None;
            }
            rows.swap(at, pivot);
            for other in 0..count {
                if other != at {
                    let (by, pivot) = (rows[other][at] / rows[at][at], rows[at].clone());
                    rows[other].iter_mut().zip(pivot).for_each(|(entry, of)| *entry -= by * of);
                }
            }
        }
        Some((0..count).map(|at| rows[at][count] / rows[at][at]).collect())
    }

    #[test]
    fn the_least_is_that_of_all_vertices() {
        let mut seed = 7_u64;
        let mut random = |low: i32, high: i32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(low + i32::try_from((seed >> 33) % u64::try_from(high - low + 1).unwrap()).unwrap())
        };
        for case in 0..400 {
            let columns = 1 + case % 4;
            let program = Program {
                costs: (0..columns).map(|_| random(-9, 4)).collect(),
                upper: (0..columns).map(|_| random(0, 6)).collect(),
                rows: (0..case % 5).map(|_| ((0..columns).map(|_| random(-4, 6)).collect(), random(0, 9))).collect(),
            };
            let found = program.least();
            for (row, limit) in &program.rows {
                assert!(dot(row, &found) <= limit + 1e-9, "case {case}: {found:?}");
            }
            assert!(found.iter().zip(&program.upper).all(|(x, upper)| *x >= 0.0 && *x <= *upper), "case {case}");
            let (ours, least) = (dot(&program.costs, &found), brute(&program));
            assert!((ours - least).abs() < 1e-7, "case {case}: {ours}, at best {least}");
        }
    }
}
