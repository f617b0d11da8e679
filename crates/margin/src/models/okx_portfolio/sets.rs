//! What the venue published of its portfolio margin, by date, and which coins are on its lists.

use crate::parameters::{ByName, Dated};

/// What a parameter of the coins on the middle list is named.
pub(super) const MIDDLE: &str = "middle";

/// The middle list of MR1.
const SHOCK: [&str; 12] = ["LTC", "BCH", "EOS", "OKB", "DOT", "BSV", "LINK", "FIL", "ADA", "TRX", "UNI", "XRP"];

/// That of MR4 and MR6.
const EXTREME: [&str; 11] = ["SOL", "DOGE", "PEPE", "XRP", "BNB", "SHIB", "LTC", "ORDI", "WLD", "BCH", "ADA"];

/// MR1's parameter of `coin`: its own, its list's, or that of all others.
pub(super) fn shock<'a, T>(by: &'a ByName<T>, coin: &str) -> &'a T {
    listed(by, coin, &SHOCK)
}

/// The same of MR4 and MR6.
pub(super) fn extreme<'a, T>(by: &'a ByName<T>, coin: &str) -> &'a T {
    listed(by, coin, &EXTREME)
}

fn listed<'a, T>(by: &'a ByName<T>, coin: &str, list: &[&str]) -> &'a T {
    let own = by.named.get(coin);
    own.or_else(|| by.named.get(MIDDLE).filter(|_| list.contains(&coin))).unwrap_or(&by.default)
}

/// What was so before the units were merged: a set with what changed within that time.
macro_rules! by_quote {
    ($($own:expr),* $(,)?) => {
        &[
            ("mr1_move_1.BTC", "0.05"),
            ("mr1_move_2.BTC", "0.10"),
            ("mr1_move_3.BTC", "0.15"),
            ("mr1_move_1.ETH", "0.05"),
            ("mr1_move_2.ETH", "0.10"),
            ("mr1_move_3.ETH", "0.15"),
            ("mr1_move_1.middle", "0.07"),
            ("mr1_move_2.middle", "0.14"),
            ("mr1_move_3.middle", "0.20"),
            ("mr6_move.BTC", "0.30"),
            ("mr6_move.ETH", "0.30"),
            ("mr6_move.middle", "0.40"),
            ("mr4_annual", "0.30"),
            ("mr4_annual.middle", "0.30"),
            ("mr4_gross", "0"),
            ("mr7_multiplier", "10000:1, 70000:2, 170000:4, 300000:6, 470000:8, 700000:10, rest:12"),
            ("mr9", "rest:0"),
            ("mr9.0.8", "rest:0"),
            ("units_by_quote", "1"),
            $($own,)*
        ]
    };
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 4] = [
    Dated {
        date: "2025-01",
        read: "notices of 2024-11-25 and 2025-01-02, position builder's example of 2025-01-15; not read: MR4's least rate of coins on no list, MR7's multipliers of coins other than BTC and ETH, MR9's rates but one column and a depeg; third-party: volatility moves, MR3, MR5, options' MR7",
        values: &[],
    },
    Dated {
        date: "2024-06",
        read: "notice of 2024-05-31: spot in use joins the basis; MR4 of BTC and ETH by the notice of 2024-05-10, whose largest move of the basis is read as a year's, that of others not read",
        values: by_quote![
            ("mr4_perpetual.BTC", "0.006"),
            ("mr4_perpetual.ETH", "0.006"),
            ("mr4_annual.BTC", "0.10"),
            ("mr4_annual.ETH", "0.10"),
        ],
    },
    Dated {
        date: "2023-07",
        read: "notice of 2023-07-07: least rates of MR4, whose middle list was then that of MR1; here it is MR4's of 2025-01",
        values: by_quote![
            ("mr4_perpetual.BTC", "0.006"),
            ("mr4_perpetual.ETH", "0.006"),
            ("mr4_annual.BTC", "0.30"),
            ("mr4_annual.ETH", "0.30"),
            ("mr4_spot", "0"),
        ],
    },
    Dated {
        date: "2021-12",
        read: "notice of 2021-12-24: multipliers of MR7, of BTC and ETH whole, of others in part and not taken; MR4 as the notice of 2023-07-07 says it was before; other parameters as of the next set; coins did not offset derivatives",
        values: by_quote![
            ("mr4_perpetual", "0.025"),
            ("mr4_perpetual.middle", "0.02"),
            ("mr4_perpetual.BTC", "0.015"),
            ("mr4_perpetual.ETH", "0.015"),
            ("mr4_annual.BTC", "0.30"),
            ("mr4_annual.ETH", "0.30"),
            ("mr4_spot", "0"),
            ("spot_in_use", "0"),
        ],
    },
];
