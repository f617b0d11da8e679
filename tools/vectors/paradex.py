"""Paradex."""

from .common import formula, renamed, within

RATES = {"premium_mult": "premium_multiplier", "long_itm": "long_itm", "short_itm": "short_itm",
         "short_otm": "short_otm", "put_cap": "short_put_cap"}


def option(example: dict) -> dict:
    """Parameters are pairs, initial and maintenance."""
    params, market, held = example["params"], example["market"], example["portfolio"]
    initial, maintenance = ({RATES[key]: pair[level] for key, pair in params.items()} for level in (0, 1))
    given = {"right": held["type"], "strike": held["strike"], "quantity": held["qty"], "spot": market["spot"],
             "mark": market.get("mark"), "initial_rates": initial, "maintenance_rates": maintenance}
    expect = renamed(example["expected"], {"imr": "initial", "mmr": "maintenance"})
    return formula("paradex-cross", "paradex-cross.option", given, expect, within(example))


def portfolio(example: dict) -> dict:
    params, held = example["params"], example["portfolio"]
    given = {"positions": [{"quantity": position["qty"], "delta": position["delta"]} for position in held["positions"]],
             "net_rate": params["net_rate"], "hedged_rate": params["hedged_rate"], "spot": example["market"]["spot"]}
    names = {"net_delta": "net_delta", "gross_delta": "gross_delta", "hedged_delta": "hedged_delta"}
    for charge in ("min_delta_risk", "minimum", "charge", "imr"):
        names[charge] = "minimum"
    return formula("paradex-portfolio", "paradex-portfolio.minimum", given, renamed(example["expected"], names),
                   within(example))


RULES = {"paradex-option": option, "paradex-pm": portfolio}
