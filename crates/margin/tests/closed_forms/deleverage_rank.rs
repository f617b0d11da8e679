//! Deleveraging scores: Binance's example, order and quantiles.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::closed_forms::deleverage_rank::{Candidate, order, quantile};

use crate::{cases, check, d, n, times};

#[test]
fn binance_deleverage_scores() {
    for case in cases("cex/binance-adl-1.json", "") {
        let (unrealised, wallet_balance) = (n(&case["market"]["upnl"]), n(&case["market"]["wallet_balance"]));
        let maintenance = times(n(&case["market"]["margin_ratio"]), wallet_balance.plus(unrealised).unwrap());
        let account = Candidate { unrealised, wallet_balance, maintenance };
        check(&case, "pnl_percent", account.pnl_percent().unwrap());
        check(&case, "leverage_pnl", account.score().unwrap());
    }
    // dev.binance.vision topic 17801: 40.2 won on 4.27 at a ratio of 13.42% scores 1.26.
    let winner = Candidate { unrealised: d("40.2"), wallet_balance: d("4.27"), maintenance: d("5.967874") };
    let score = winner.score().unwrap();
    assert_eq!(score.rounded(2, Rounding::HalfEven), Ok(d("1.26")));
    let loser = Candidate { unrealised: d("-5"), ..winner };
    assert_eq!((loser.score(), loser.margin_ratio()), (Ok(Decimal::ZERO), Ok(Decimal::ZERO)));
    let scores = [Decimal::ZERO, score, Decimal::ONE, score];
    assert_eq!(order(&scores), [1, 3, 2, 0]);
    assert_eq!(scores.map(|each| quantile(each, &scores).unwrap()), ["0.25", "1", "0.5", "1"].map(d));
}
