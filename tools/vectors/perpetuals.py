"""dYdX v4 and Hyperliquid."""

from decimal import Decimal

from .common import NoRule, formula, some, within


def millionths(count) -> str | None:
    """A count of millionths as a fraction: another writing of the same number."""
    return None if count is None else str(Decimal(count).scaleb(-6))


def in_quanta(example: dict) -> dict:
    """Tiers in millionths, amounts in the least unit, which is one."""
    params = example["params"]
    given = {"initial": millionths(params["initial_margin_ppm"]),
             "maintenance_fraction": millionths(params.get("maintenance_fraction_ppm")),
             "oi_lower_cap": params.get("oi_lower_cap"), "oi_upper_cap": params.get("oi_upper_cap"),
             "open_interest": example["market"].get("open_notional", "0"),
             "notional": example["portfolio"]["quote_quantums"], "unit": "1"}
    names = {"im": "initial", "mm": "maintenance", "imf_ppm": "initial_fraction", "mm_rate_ppm": "maintenance_rate"}
    expect = {}
    for key, value in example["expected"].items():
        if key not in names:
            raise NoRule(f"no rule reads the figure {key!r}")
        expect[names[key]] = millionths(value) if key.endswith("_ppm") else value
    if "initial_fraction" in expect:
        expect["initial_fraction"] = {"is": expect["initial_fraction"], "within": {"truncated": "6"}}
    return formula("oi-scaled", "oi-scaled.margin", given, expect, within(example))


def in_money(example: dict) -> dict:
    params = example["params"]
    given = {"initial": params["base_im"], "maintenance_fraction": params.get("maintenance_fraction"),
             "oi_lower_cap": params.get("oi_lower_cap"), "oi_upper_cap": params.get("oi_upper_cap"),
             "open_interest": example["market"].get("open_interest_notional", "0"),
             "notional": example["portfolio"].get("notional"), "unit": "0.000001"}
    names = {"initial_margin": "initial", "maintenance_margin": "maintenance", "im_fraction": "initial_fraction",
             "mm_fraction": "maintenance_rate"}
    expect = {names[key]: value for key, value in example["expected"].items()}
    return formula("oi-scaled", "oi-scaled.margin", given, expect, within(example))


def closing(name: str, names: dict):
    def rule(example: dict) -> dict:
        params, market, held = example["params"], example["market"], example["portfolio"]
        given = some({
            "maintenance_rate": params["mm"], "unit": params.get("round_up_to", "0.000001"), "quote": held["quote"],
            "positions": [{"market": key, "size": size, "price": market["prices"][key]}
                          for key, size in held["positions"].items()],
            "close": held["close_market"], "delta": held.get("delta"), "fill_price": market.get("fill_price"),
            "fee_max": params.get("max_liquidation_fee"), "bankruptcy_adjustment": params.get("bankruptcy_adjustment"),
            "spread_to_maintenance": params.get("spread_to_mm_ratio"),
        })
        expect = {names[key]: value for key, value in example["expected"].items()}
        return formula("oi-scaled", name, given, expect, within(example))
    return rule


def hyperliquid(example: dict) -> dict:
    params, expected = example["params"], example["expected"]
    if "haircut" in params:
        given = {"quantity": example["portfolio"]["qty"], "price": example["market"]["price"],
                 "loan_to_value": params["haircut"]}
        return formula("leverage-tiers", "leverage-tiers.borrowable", given, expected, within(example))
    if set(expected) == {"maintenance_rate"} and len(params["tiers"]) == 1:
        given = {"leverage": params["tiers"][0][1]}
        return formula("leverage-tiers", "leverage-tiers.rate", given, expected, within(example))
    raise NoRule("tiers of Hyperliquid with other figures")


RULES = {
    "dydx-v4": in_quanta,
    "file:dydx_margin": in_money,
    "file:dydx_bankruptcy": closing("oi-scaled.bankruptcy", {"bankruptcy_quote": "bankruptcy_quote"}),
    "file:dydx_insurance": closing("oi-scaled.bankruptcy", {"insurance_delta": "insurance_delta"}),
    "file:dydx_liquidation": closing("oi-scaled.fillable", {"fillable_price": "fillable_price"}),
    "hyperliquid": hyperliquid,
}
