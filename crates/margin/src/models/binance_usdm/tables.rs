//! Brackets and collateral rates as the venue published them.

use plimsoll_core::Decimal;

use crate::models::tiered::{by_leverage, named};
use crate::parameters::{ByName, Dated, Tiers};

/// As published, the newest first.
pub(super) const SETS: [Dated; 2] = [
    Dated {
        date: "2024-07",
        read: "leverageBracket as carried by a public project between June and September 2024: BTC and ETH against USDT and USDC, and dated contracts; other symbols have the table of a newly listed one (ETHFIUSDT), the venue has one for each. Collateral rates of multi-assets mode are of 2021-05",
        values: &[],
    },
    Dated {
        date: "2020-08",
        read: "FAQ b3c689c1f50a44cabb3a84e663b81d93, of 2020-08-14: BTCUSDT's brackets to 20 million; its other symbols and later brackets were not read and are those of 2024",
        values: &[
            ("maintenance.BTCUSDT", "0:0.004, 50000:0.005, 250000:0.01, 1000000:0.025, 5000000:0.05, 20000000:0.1"),
            ("initial.BTCUSDT", "0:0.008, 50000:0.01, 250000:0.02, 1000000:0.05, 5000000:0.1, 20000000:0.2"),
        ],
    },
];

/// Initial and maintenance brackets: `(above, leverage, maintenance in hundredths of a percent)`.
pub(super) fn newest() -> (ByName<Tiers>, ByName<Tiers>) {
    let listed = by_leverage([
        (0, 50, 150),
        (5_000, 25, 200),
        (50_000, 20, 250),
        (100_000, 10, 500),
        (1_000_000, 5, 1_000),
        (2_000_000, 4, 1_250),
        (2_500_000, 2, 2_500),
        (5_000_000, 1, 5_000),
    ]);
    let dated = || {
        by_leverage([
            (0, 50, 100),
            (50_000, 25, 200),
            (375_000, 10, 500),
            (2_000_000, 5, 1_000),
            (4_000_000, 4, 1_250),
            (10_000_000, 3, 1_500),
            (20_000_000, 2, 2_500),
            (40_000_000, 1, 5_000),
        ])
    };
    named(
        &listed,
        &[
            ("BTCUSDT", btc_usdt()),
            ("BTC", btc_usdt()),
            ("BTCUSDC", btc_usdc()),
            ("ETHUSDT", eth_usdt()),
            ("ETH", eth_usdt()),
            ("ETHUSDC", eth_usdc()),
            ("BTCUSDT_DATED", dated()),
            ("ETHUSDT_DATED", dated()),
        ],
    )
}

fn btc_usdt() -> (Tiers, Tiers) {
    by_leverage([
        (0, 125, 40),
        (50_000, 100, 50),
        (600_000, 75, 65),
        (3_000_000, 50, 100),
        (12_000_000, 25, 200),
        (70_000_000, 20, 250),
        (100_000_000, 10, 500),
        (230_000_000, 5, 1_000),
        (480_000_000, 4, 1_250),
        (600_000_000, 3, 1_500),
        (800_000_000, 2, 2_500),
        (1_200_000_000, 1, 5_000),
    ])
}

fn btc_usdc() -> (Tiers, Tiers) {
    by_leverage([
        (0, 125, 40),
        (50_000, 100, 50),
        (500_000, 50, 100),
        (10_000_000, 20, 250),
        (80_000_000, 10, 500),
        (150_000_000, 5, 1_000),
        (300_000_000, 4, 1_250),
        (450_000_000, 3, 1_500),
        (600_000_000, 2, 2_500),
        (800_000_000, 1, 5_000),
    ])
}

fn eth_usdt() -> (Tiers, Tiers) {
    by_leverage([
        (0, 125, 40),
        (50_000, 100, 50),
        (600_000, 75, 65),
        (3_000_000, 50, 100),
        (12_000_000, 25, 200),
        (50_000_000, 20, 250),
        (65_000_000, 10, 500),
        (150_000_000, 5, 1_000),
        (320_000_000, 4, 1_250),
        (400_000_000, 3, 1_500),
        (530_000_000, 2, 2_500),
        (800_000_000, 1, 5_000),
    ])
}

fn eth_usdc() -> (Tiers, Tiers) {
    by_leverage([
        (0, 125, 40),
        (50_000, 100, 50),
        (500_000, 75, 65),
        (1_000_000, 50, 100),
        (5_000_000, 20, 200),
        (50_000_000, 10, 500),
        (100_000_000, 5, 1_000),
        (150_000_000, 4, 1_250),
        (300_000_000, 3, 1_500),
        (400_000_000, 2, 2_500),
        (500_000_000, 1, 5_000),
    ])
}

/// Single-asset mode: what contracts settle in.
pub(super) fn margin_assets() -> ByName<Decimal> {
    ByName::new(Decimal::ZERO, ["USD", "USDT", "USDC", "BUSD"].map(|asset| (asset, Decimal::ONE)))
}

/// Multi-assets mode, FAQ 29b45c485d664028b9ca1cdf90b24f6f of 2021-05-28; other coins count nothing.
pub(super) fn collateral_rates() -> ByName<Decimal> {
    let rates = [
        ("USD", 10_000),
        ("BUSD", 10_000),
        ("USDT", 9_999),
        ("USDC", 9_999),
        ("BTC", 9_500),
        ("ETH", 9_500),
        ("BNB", 9_500),
        ("XRP", 9_000),
        ("ADA", 9_000),
        ("DOT", 9_000),
        ("SOL", 9_000),
    ];
    ByName::new(Decimal::ZERO, rates.map(|(asset, rate)| (asset, Decimal::new(rate, 4))))
}
