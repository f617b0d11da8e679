//! What options are worth in many scenarios at once.

use plimsoll_numerics::{Kernel, dispatch, exp};

use super::{EuropeanOption, PremiumStyle};
use crate::float::{Floats, float};
use crate::formulas::black76::{OptionInputs, ShockedMarket, shocked_values};
use crate::instruments::Style;
use crate::instruments::priced::Priced;
use crate::instruments::worths::{Shocks, divisor};

/// Worths of a run of options of one expiry that are all discounted, or none: see
/// [`worths`](crate::instruments::worths()). One call of the kernel.
pub(in crate::instruments) fn worths(run: &[(&EuropeanOption, &Priced)], shocks: &Shocks, out: &mut [f64]) {
    let scenarios = shocks.scenarios();
    let mut strikes = Floats::default();
    let options: Vec<OptionInputs> =
        run.iter().map(|(option, priced)| option.inputs(priced, strikes.of(option.strike))).collect();
    let discounted = run.iter().all(|(option, _)| option.is_discounted());
    let undiscounted = if discounted { Vec::new() } else { vec![1.0; scenarios] };
    let market = ShockedMarket {
        growth: shocks.growth,
        log_growth: shocks.log_growth,
        vol_scale: shocks.vol_scale,
        vol_shift: shocks.vol_shift,
        vol_floor: shocks.vol_floor,
        sqrt_years: shocks.sqrt_years,
        discount: if discounted { shocks.discount } else { &undiscounted },
    };
    shocked_values(&options, &market, out);
    let per_growth: Vec<f64> = shocks.growth.iter().map(|growth| 1.0 / divisor(*growth)).collect();
    dispatch(Conversion { run, per_growth: &per_growth, rows: out });
    for ((option, priced), row) in run.iter().zip(out.chunks_exact_mut(scenarios)) {
        if option.premium == PremiumStyle::Futures {
            let unshocked = option.unshocked(priced);
            row.iter_mut().for_each(|worth| *worth -= unshocked);
        }
    }
}

/// The kernel's values, of one unit in the quote, as worths of contracts in their settlement assets, a row each.
struct Conversion<'a> {
    run: &'a [(&'a EuropeanOption, &'a Priced)],
    /// One over what the forward is multiplied by.
    per_growth: &'a [f64],
    rows: &'a mut [f64],
}

impl Kernel for Conversion<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let scenarios = self.per_growth.len();
        let (mut sizes, mut rates) = (Floats::default(), Floats::default());
        for ((option, priced), row) in self.run.iter().zip(self.rows.chunks_exact_mut(scenarios)) {
            let size = sizes.of(option.terms.contract_size) * rates.of(option.style.rate());
            if option.style == Style::Inverse {
                let size = size / priced.forward;
                for (worth, per_growth) in row.iter_mut().zip(self.per_growth) {
                    *worth *= size * per_growth;
                }
            } else {
                row.iter_mut().for_each(|worth| *worth *= size);
            }
        }
    }
}

impl EuropeanOption {
    fn inputs(&self, priced: &Priced, strike: f64) -> OptionInputs {
        let vol = priced.vol.map_or(0.0, |vol| vol.value);
        OptionInputs { right: self.right, strike, forward: priced.forward, vol }
    }

    /// The contract's worth today by the very same steps, so that no shock is no P&L to the last bit.
    fn unshocked(&self, priced: &Priced) -> f64 {
        let discount = exp(-self.discount_rate(priced.rate) * priced.years);
        let market = ShockedMarket {
            growth: &[1.0],
            log_growth: &[0.0],
            vol_scale: &[1.0],
            vol_shift: &[0.0],
            vol_floor: &[0.0],
            sqrt_years: &[priced.years.sqrt()],
            discount: &[discount],
        };
        let mut worth = [0.0];
        shocked_values(&[self.inputs(priced, float(self.strike))], &market, &mut worth);
        dispatch(Conversion { run: &[(self, priced)], per_growth: &[1.0], rows: &mut worth });
        worth[0]
    }
}
