//! A Deribit portfolio margin in the shape of the venue's own `private/pme/simulate`.
//!
//! Figures stand under the venue's names as JSON numbers with every digit, so that an answer of ours can be held
//! against one of the venue's. What the venue says and a portfolio does not (an account's id, spot balances) is left out.

use plimsoll_core::Decimal;
use plimsoll_margin::models::deribit_portfolio::DeribitPortfolioParameters;
use plimsoll_margin::models::deribit_portfolio::matrix::RiskVectors;
use plimsoll_margin::models::deribit_portfolio::simulate::{CurrencyMargins, Simulation};
use serde_json::{Map, Number, Value, json};

/// `simulation` as the `result` of the venue's answer.
#[must_use]
pub fn json(simulation: &Simulation) -> Value {
    let Simulation { parameters, timestamp_ms, margins, pairs, instruments } = simulation;
    let by_pair = |vectors: &dyn Fn(usize) -> Value| -> Map<String, Value> {
        pairs.iter().enumerate().map(|(at, pair)| (pair.pair.clone(), vectors(at))).collect()
    };
    json!({
        "model_params": params(parameters, simulation, *timestamp_ms),
        "pre_aggregated_risk_vectors": by_pair(&|at| of_vectors(&pairs[at].pre_aggregated)),
        "aggregated_risk_vectors": by_pair(&|at| of_vectors(&pairs[at].aggregated)),
        "initial_risk_vectors": instruments
            .iter()
            .map(|held| (held.name.to_string(), of_vectors(&held.vectors)))
            .collect::<Map<_, _>>(),
        "margins": margins
            .iter()
            .map(|of| (of.asset.as_str().to_lowercase(), of_currency(of)))
            .collect::<Map<_, _>>(),
        "portfolio": {
            "currency": {},
            "position": instruments
                .iter()
                .map(|held| (held.name.to_string(), number(held.position)))
                .collect::<Map<_, _>>(),
        },
        "index_price": pairs
            .iter()
            .map(|pair| (format!("{}_usd", pair.coin), number(pair.index)))
            .collect::<Map<_, _>>(),
        "ticker": instruments
            .iter()
            .map(|held| {
                let ticker = json!({"mark_price": number(held.mark), "index_price": number(held.index)});
                (held.name.to_string(), ticker)
            })
            .collect::<Map<_, _>>(),
    })
}

fn of_currency(of: &CurrencyMargins) -> Value {
    let CurrencyMargins { inputs, margins, worst_case_bucket, .. } = of;
    let bucket = worst_case_bucket
        .map(|at| json!({"bucket": at.bucket, "side": at.side, "source": at.source, "index": at.index}));
    json!({
        "initial_margin_details": {
            "risk_matrix_margin_details": {
                "delta_shock": number(inputs.delta_shock),
                "roll_shock": number(inputs.roll_shock),
                "worst_case_bucket": bucket,
                "worst_case": number(margins.worst_case),
                "correlation_contingency": number(inputs.correlation_contingency),
            },
            "risk_matrix_margin": number(margins.risk_matrix_margin),
            "spot_margin": number(inputs.spot_margin),
            "mmp_margin": number(inputs.mmp_margin),
            "open_orders_margin": number(inputs.open_orders_margin),
        },
        "initial_margin": number(margins.initial_margin),
        "maintenance_margin": number(margins.maintenance_margin),
    })
}

/// The parameters of what is held, by coin and by settlement asset.
fn params(p: &DeribitPortfolioParameters, simulation: &Simulation, timestamp_ms: i64) -> Value {
    let coins = simulation.pairs.iter().map(|pair| {
        let coin = pair.coin.to_uppercase();
        let of_coin = json!({
            "price_range": number(*p.price_range.of(&coin)),
            "m_inc": number(*p.m_inc.of(&coin)),
            "delta_total_liq_shock_threshold": number(p.delta_total_liq_shock_threshold),
            "max_delta_shock": number(p.max_delta_shock),
            "min_volatility_for_shock_up": number(p.min_volatility_for_shock_up),
            "volatility_range_up": number(p.volatility_range_up),
            "volatility_range_down": number(p.volatility_range_down),
            "extended_table_factor": number(p.extended_table_factor),
            "short_term_vega_power": number(p.vega_powers.vol_power_short),
            "long_term_vega_power": number(p.vega_powers.vol_power_long),
        });
        (format!("{}_usd", pair.coin), of_coin)
    });
    let currencies = simulation.margins.iter().map(|of| {
        let name = of.asset.as_str();
        let of_currency = json!({
            "max_offsetable_pnl": number(*p.max_offsetable_pnl.of(name)),
            "annualised_move_risk": number(*p.annualised_move_risk.of(name)),
            "extended_dampener": number(*p.extended_dampener.of(name)),
            "min_annualised_move": number(*p.min_annualised_move.of(name)),
            "haircut": number(*p.haircut.of(name)),
            "pnl_offset": number(*p.pnl_offset.of(name)),
            "correlation_set": !p.correlation_set.of(name).is_zero(),
        });
        (name.to_lowercase(), of_currency)
    });
    json!({
        "currency_pair": coins.collect::<Map<_, _>>(),
        "currency": currencies.collect::<Map<_, _>>(),
        "general": {
            "mm_factor": number(p.mm_factor),
            "buckets_count": number(p.buckets_count),
            "vol_scenarios_count": 3,
            "timestamp": timestamp_ms,
        },
    })
}

fn of_vectors(vectors: &RiskVectors) -> Value {
    let numbers = |all: &[Decimal]| all.iter().map(|pnl| number(*pnl)).collect::<Vec<_>>();
    json!({"standard": numbers(&vectors.standard), "extended": numbers(&vectors.extended)})
}

/// A decimal with every digit it has.
fn number(value: Decimal) -> Value {
    // A decimal's text is always a JSON number.
    value.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}
