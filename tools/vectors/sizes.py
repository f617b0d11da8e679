"""Drift: how much a liquidation closes."""

from .common import NoRule, formula, renamed, within


def liquidation(example: dict) -> dict:
    model, rule = "partial-size", example["model"]
    given = {**example["params"], **example["market"], **example["portfolio"]}
    given = {NAMES.get(key, key): value for key, value in given.items()}
    def ask(name: str, figures: dict) -> dict:
        return formula(model, name, given, renamed(example["expected"], figures), within(example))
    if rule.startswith("perp_partial_liquidation_size"):
        return ask("partial-size.perpetual", {"base_to_close": "size"})
    if rule.startswith("spot_liability_swap_size"):
        return ask("partial-size.swap", {"liability_transfer": "liability"})
    if rule.startswith("liab ="):
        return ask("partial-size.swap-convert", {"liability_transfer": "liability"})
    if rule.startswith("asset ="):
        return ask("partial-size.swap-convert", {"asset_transfer": "asset"})
    if rule.startswith("if_fee = min(max, 0.95"):
        return ask("partial-size.perpetual-fee", {"insurance_fee_rate": "insurance_fee"})
    if rule.startswith("if_fee = min(max, (w_l"):
        return ask("partial-size.swap-fee", {"insurance_fee_rate": "insurance_fee"})
    raise NoRule(f"no rule reads {rule!r}"[:100])


NAMES = {
    "margin_shortage": "shortage",
    "margin_ratio": "margin_rate",
    "max_if_fee": "insurance_fee",
    "base": "size",
    "asset_amount": "asset",
    "liability_amount": "liability",
}

RULES = {"file:drift_liquidation": liquidation}
