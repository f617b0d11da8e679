//! A pair's margin, as the venue's own simulate call answers it.

use plimsoll_core::{Decimal, Rounding};

use super::matrix::RiskVectors;
use crate::MarginError;

/// What the venue adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Vectors after scaling, of all pairs.
    pub aggregated: RiskVectors,
    /// Roll shocks of all expiries.
    pub roll_shock: Decimal,
    /// Delta shock.
    pub delta_shock: Decimal,
    /// What offsetting currencies against each other costs.
    pub correlation_contingency: Decimal,
    /// Of quotes under market-maker protection.
    pub mmp_margin: Decimal,
    /// Of open orders.
    pub open_orders_margin: Decimal,
    /// Of spot orders and borrowings.
    pub spot_margin: Decimal,
    /// Maintenance as a share of the risk-matrix margin.
    pub mm_factor: Decimal,
}

/// The answer, under the venue's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// The largest loss of the aggregated vectors.
    pub worst_case: Decimal,
    /// Worst case, shocks and contingency.
    pub risk_matrix_margin: Decimal,
    /// With margins of orders, quotes and spot.
    pub initial_margin: Decimal,
    /// `mm_factor` × the risk-matrix margin alone.
    pub maintenance_margin: Decimal,
}

impl Inputs {
    /// The margins.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Deribit, private/simulate, response example of 2024-06-17; exact.
    pub fn simulate(&self) -> Result<Simulated, MarginError> {
        let worst_case = self.aggregated.worst_case();
        let shocks = self.roll_shock.plus(self.delta_shock)?.plus(self.correlation_contingency)?;
        let risk_matrix_margin = worst_case.plus(shocks)?;
        let orders = self.mmp_margin.plus(self.open_orders_margin)?.plus(self.spot_margin)?;
        Ok(Simulated {
            worst_case,
            risk_matrix_margin,
            initial_margin: risk_matrix_margin.plus(orders)?,
            maintenance_margin: risk_matrix_margin.times(self.mm_factor, Rounding::Up)?,
        })
    }
}
