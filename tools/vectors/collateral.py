"""OKX's risk units, and balances counted by value ratios: OKX, Bitget, Bybit, Kraken, Hyperliquid."""

from .common import NoRule, formula, pieces, within


def counted(model: str):
    def rule(example: dict) -> dict:
        params, market, held = example["params"], example["market"], example["portfolio"]
        given = {"in_coin": params.get("tier_unit") in ("coin", "ccy", "base", "qty")}
        if "assets" in held:
            given["assets"] = [
                {"asset": each["ccy"], "quantity": each["qty"], "price": market["index"][each["ccy"]],
                 "ratios": pieces(params["tiers"][each["ccy"]])}
                for each in held["assets"]
            ]
        else:
            given["assets"] = [{"asset": held.get("ccy", "X"), "quantity": held["qty"], "price": market["price"],
                                "haircut": params["haircut"]}]
        names = {"value_usd": "value", "value": "value"}
        expect = {names[key]: value for key, value in example["expected"].items()}
        return formula(model, "collateral.counted", given, expect, within(example))
    return rule


def unit(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    model, expected, allowed = "okx-portfolio", example["expected"], within(example)
    if "assets" in held:
        [asset] = held["assets"]
        given = {"hedge": asset["qty"], "rates": pieces(params["tiers"][asset["ccy"]])}
        return formula(model, "okx-portfolio.stablecoin", given, {"charge": expected["value_usd"]}, allowed)
    if "mr7_raw" in market:
        given = {"mr_other": market["mr_other"], "mr7_raw": market["mr7_raw"], "multipliers": pieces(params["tiers"])}
        return formula(model, "okx-portfolio.minimum", given, expected, allowed)
    if "units" in market and set(expected) <= {"deriv_mmr", "borrow_mmr", "borrow_imr", "total_mmr", "total_imr"}:
        # An account: its units' margins, and what it owes for.
        return formula(model, "okx-portfolio.account", {**params, **market}, expected, allowed)
    charges = market.get("mr", {})
    if "cash_delta_usd" in market:
        given = {**params, **charges, "cash_delta": market["cash_delta_usd"],
                 "shock_notional": market["shock_notional_usd"]}
        order = [key for key in ("mr1", "mr4", "mr6", "mr7", "mmr", "imr") if key in expected]
        if set(order) != set(expected):
            raise NoRule("a risk unit with other figures")
        return formula(model, "okx-portfolio.delta-one", given, {key: expected[key] for key in order}, allowed)
    if charges and set(expected) <= {"mmr", "imr"}:
        given = {**charges, "imr_factor": params.get("imr_factor")}
        return formula(model, "okx-portfolio.unit", given, expected, allowed)
    raise NoRule("a risk unit with other figures")


RULES = {
    "okx-pm": unit,
    "okx-discount": counted("okx-discount"),
    "bitget-collateral": counted("okx-discount"),
    "kraken-collateral": counted("okx-discount"),
    "bybit-collateral": counted("bybit-cross"),
}
