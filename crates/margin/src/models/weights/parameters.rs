//! The numbers of `weights`.

use plimsoll_core::Decimal;

use crate::collateral::CollateralRules;
use crate::parameters::{ByName, Dated, Field, field};

/// Every number of the model; weights by asset, ratios by coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsParameters {
    /// Share of a balance, initial and maintenance.
    pub asset_weight: [ByName<Decimal>; 2],
    /// What a debt counts, initial and maintenance.
    pub liability_weight: [ByName<Decimal>; 2],
    /// How both bend with the root of the units held.
    pub asset_imf: ByName<Decimal>,
    /// Money past which the venue's holdings lower the initial weight.
    pub deposit_cap: ByName<Decimal>,
    /// Units the venue holds.
    pub deposits: ByName<Decimal>,
    /// Share of a perpetual's notional, initial and maintenance.
    pub margin_ratio: [ByName<Decimal>; 2],
    /// How they rise with the root of the units held.
    pub perpetual_imf: ByName<Decimal>,
    /// Share of a gain not realised, initial and maintenance.
    pub gain_weight: [ByName<Decimal>; 2],
    /// How the initial one falls with the root of the gain.
    pub gain_imf: ByName<Decimal>,
    /// The most that such gains count initially.
    pub gain_cap: Decimal,
    /// What an open order asks.
    pub per_order: Decimal,
    /// 1 where initial prices are the worse of price and slow price.
    pub strict: Decimal,
    /// 1 where the venue's holdings count at the higher of price and slow price.
    pub deposits_strict: Decimal,
    /// Balances count whole; weights are in the requirement.
    pub collateral: CollateralRules,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 2] = [
    Dated {
        date: "drift-2026-04",
        read: "Drift protocol-v2 at 0ae3e3b (2026-04-01): the rules; weights of single markets are set on the chain and were not read, those here are of its tests' order",
        values: &[],
    },
    Dated {
        date: "mango-2024-09",
        read: "Mango v4 at 1303a4a (2024-09-04): gains weighed by market, maintenance and initial alike, no size premium, balances and debts at the worse of oracle and stable price initially, the whole venue's at the higher; its scaling of debts is not here; single markets' weights and ratios were not read: those of the other set",
        values: &[
            ("asset_imf", "0"),
            ("perpetual_imf", "0"),
            ("perpetual_imf.BTC", "0"),
            ("perpetual_imf.ETH", "0"),
            ("gain_imf", "0"),
            ("gain_cap", "1000000000"),
            ("gain_weight_initial", "0.95"),
            ("gain_weight_maintenance", "0.95"),
            ("per_order", "0"),
            ("deposits_strict", "1"),
        ],
    },
];

impl Default for WeightsParameters {
    fn default() -> Self {
        let percent = |of| Decimal::new(of, 2);
        let by = |other: i64, named: &[(&str, i64)]| {
            let named = named.iter().map(|(name, of)| ((*name).to_owned(), percent(*of))).collect();
            ByName { default: percent(other), named }
        };
        let one = |of: Decimal| ByName::new(of, []);
        let stable = |of: i64, coin: i64| [("USD", 100), ("USDC", 100), ("USDT", of), ("BTC", coin), ("ETH", coin)];
        Self {
            asset_weight: [by(0, &stable(95, 80)), by(0, &stable(98, 90))],
            liability_weight: [by(150, &stable(105, 120)), by(120, &stable(102, 110))],
            asset_imf: ByName::new(Decimal::new(3, 4), ["USD", "USDC", "USDT"].map(|name| (name, Decimal::ZERO))),
            deposit_cap: one(Decimal::ZERO),
            deposits: one(Decimal::ZERO),
            margin_ratio: [
                by(20, &[("BTC", 5), ("ETH", 5), ("SOL", 5), ("USDC", 100)]),
                by(10, &[("BTC", 3), ("ETH", 3), ("SOL", 3), ("USDC", 100)]),
            ],
            perpetual_imf: ByName::new(Decimal::new(1, 3), [("BTC", Decimal::new(2, 4)), ("ETH", Decimal::new(2, 4))]),
            gain_weight: [one(percent(100)), one(percent(100))],
            gain_imf: one(Decimal::new(1, 3)),
            gain_cap: Decimal::from_int(100),
            per_order: Decimal::new(1, 2),
            strict: Decimal::ONE,
            deposits_strict: Decimal::ZERO,
            collateral: CollateralRules::whole(),
        }
    }
}

impl WeightsParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let [asset_initial, asset_maintenance] = &mut p.asset_weight;
        let [debt_initial, debt_maintenance] = &mut p.liability_weight;
        let [ratio_initial, ratio_maintenance] = &mut p.margin_ratio;
        let [gain_initial, gain_maintenance] = &mut p.gain_weight;
        let most = 1_000_000_000_000_000;
        vec![
            field("asset_weight_initial", "share", "of a balance, by asset", 0, 100, asset_initial),
            field("asset_weight_maintenance", "share", "of a balance, by asset", 0, 100, asset_maintenance),
            field("liability_weight_initial", "share", "of a debt, by asset", 100, 500, debt_initial),
            field("liability_weight_maintenance", "share", "of a debt, by asset", 100, 500, debt_maintenance),
            field("asset_imf", "per √unit", "how weights bend, by asset", 0, 100, &mut p.asset_imf),
            field(
                "deposit_cap",
                "currency",
                "venue's holdings that lower the weight; 0: none",
                0,
                most,
                &mut p.deposit_cap,
            ),
            field("deposits", "units", "the venue's holdings, by asset", 0, most, &mut p.deposits),
            field("margin_ratio_initial", "share", "of a perpetual's notional, by coin", 0, 100, ratio_initial),
            field("margin_ratio_maintenance", "share", "of a perpetual's notional", 0, 100, ratio_maintenance),
            field("perpetual_imf", "per √unit", "how ratios rise, by coin", 0, 100, &mut p.perpetual_imf),
            field("gain_weight_initial", "share", "of a gain not realised, by coin", 0, 100, gain_initial),
            field("gain_weight_maintenance", "share", "of a gain not realised", 0, 100, gain_maintenance),
            field("gain_imf", "per √money", "how the initial one falls", 0, 100, &mut p.gain_imf),
            field("gain_cap", "currency", "most that gains count initially", 0, most, &mut p.gain_cap),
            field("per_order", "currency", "what an open order asks", 0, 10_000, &mut p.per_order),
            field("strict", "count", "1: the worse of price and slow price", 0, 100, &mut p.strict),
            field("deposits_strict", "count", "1: holdings at the higher of the two", 0, 100, &mut p.deposits_strict),
        ]
    }
}
