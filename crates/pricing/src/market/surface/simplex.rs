//! The least of a function of two variables, by the simplex of Nelder and Mead.

const SIDES: usize = 3;

/// Searches from `start` with first steps `step`; at most `evaluations` calls, fewer once all
/// three corners are within `precision` of each other in both variables.
///
/// # Source
/// J. Nelder and R. Mead, "A simplex method for function minimization", *The Computer Journal* 7
/// (1965) 308, with the standard coefficients.
pub(super) fn minimise(
    mut f: impl FnMut([f64; 2]) -> f64,
    start: [f64; 2],
    step: [f64; 2],
    precision: f64,
    evaluations: usize,
) -> [f64; 2] {
    let mut corners = [start, [start[0] + step[0], start[1]], [start[0], start[1] + step[1]]].map(|at| (f(at), at));
    let mut used = SIDES;
    while used < evaluations {
        corners.sort_by(|left, right| left.0.total_cmp(&right.0));
        let [(best, at_best), (middle, at_middle), (worst, at_worst)] = corners;
        if is_small(&corners, precision) {
            break;
        }
        let centre = along(at_best, at_middle, 0.5);
        let reflected = along(at_worst, centre, 2.0);
        let value = f(reflected);
        used += 1;
        if value < best {
            let further = along(at_worst, centre, 3.0);
            let value_further = f(further);
            used += 1;
            corners[2] = if value_further < value { (value_further, further) } else { (value, reflected) };
        } else if value < middle {
            corners[2] = (value, reflected);
        } else {
            let nearer = along(at_worst, centre, if value < worst { 1.5 } else { 0.5 });
            let value_nearer = f(nearer);
            used += 1;
            if value_nearer < value.min(worst) {
                corners[2] = (value_nearer, nearer);
            } else {
                for corner in &mut corners[1..] {
                    let at = along(at_best, corner.1, 0.5);
                    *corner = (f(at), at);
                    used += 1;
                }
            }
        }
    }
    corners.iter().min_by(|left, right| left.0.total_cmp(&right.0)).map_or(start, |corner| corner.1)
}

fn along(from: [f64; 2], to: [f64; 2], share: f64) -> [f64; 2] {
    [share.mul_add(to[0] - from[0], from[0]), share.mul_add(to[1] - from[1], from[1])]
}

fn is_small(corners: &[(f64, [f64; 2]); SIDES], precision: f64) -> bool {
    let (_, best) = corners[0];
    corners[1..].iter().all(|(_, at)| (at[0] - best[0]).abs() <= precision && (at[1] - best[1]).abs() <= precision)
}

#[cfg(test)]
mod tests {
    use super::minimise;

    #[test]
    fn it_finds_the_bottom_of_rosenbrocks_valley() {
        // H. Rosenbrock, The Computer Journal 3 (1960) 175: the least is 0 at (1, 1).
        let valley = |[x, y]: [f64; 2]| 100.0 * (y - x * x) * (y - x * x) + (1.0 - x) * (1.0 - x);
        let found = minimise(valley, [-1.2, 1.0], [0.5, 0.5], 1e-10, 400);
        assert!((found[0] - 1.0).abs() < 1e-8 && (found[1] - 1.0).abs() < 1e-8, "{found:?}");
    }

    #[test]
    fn it_stops_when_told() {
        let mut calls = 0;
        let count = |[x, y]: [f64; 2]| {
            calls += 1;
            x * x + y * y
        };
        let found = minimise(count, [5.0, 5.0], [1.0, 1.0], 0.0, 40);
        assert!(found[0].is_finite() && found[1].is_finite());
        assert!(calls <= 43, "{calls} calls");
    }
}
