"""Deribit: standard and portfolio margin."""

from .common import NoRule, formula, renamed, within

FUTURE = {"im_rate": "initial_rate", "im": "initial", "mm_rate": "maintenance_rate", "mm": "maintenance",
          "im_coin": "initial", "mm_coin": "maintenance", "im_btc": "initial", "mm_btc": "maintenance",
          "im_eth": "initial", "mm_eth": "maintenance", "im_usd": "initial", "mm_usd": "maintenance",
          "im_usdc": "initial", "mm_usdc": "maintenance"}
# A coin-settled option's figures in coin are per unit; in money they are of the position.
OPTION = {"im": "initial", "mm": "maintenance", "im_usd": "initial", "mm_usd": "maintenance",
          "im_usdc": "initial", "mm_usdc": "maintenance",
          "im_btc": "initial_per_unit", "mm_btc": "maintenance_per_unit",
          "im_coin": "initial_per_unit", "mm_coin": "maintenance_per_unit"}

# What a linear option's mark may be called.
IN_MONEY = ["mark", "mark_price", "mark_usd", "mark_usdc"]


def standard(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    if "type" not in held:
        given = {"im_base": params["im_base"], "mm_base": params.get("mm_base"), "slope": params.get("slope_per_unit"),
                 "mm_of_im": params.get("mm_of_im"), "size": held["size"], "index": market.get("index")}
        return formula("deribit-standard", "deribit-standard.future", given, renamed(example["expected"], FUTURE),
                       within(example))
    coin = next((market[key] for key in market if key.startswith("mark_") and key not in IN_MONEY), None)
    given = {"option_initial": params["im_base"], "option_minimum": params["im_floor"],
             "option_maintenance": params["mm"], "inverse": coin is not None, "right": held["type"],
             "strike": held["strike"], "quantity": held["qty"], "index": market.get("index") or market["underlying"],
             "underlying": market.get("underlying") or market["index"],
             "mark": coin if coin is not None else next((market[key] for key in IN_MONEY if key in market), None)}
    if given["mark"] is None:
        raise NoRule("an option without a mark")
    return formula("deribit-standard", "deribit-standard.option", given, renamed(example["expected"], OPTION),
                   within(example))


EXTENDED = ["-0.66", "-0.33", "0.5", "1", "2", "3", "4", "5"]
SIMULATE = {"extended_dampener_usd": "extended_dampener", "delta_total_liq_shock_threshold": "delta_threshold"}


def portfolio(example: dict) -> dict:
    """A book of futures of one pair; its figures in the settlement asset."""
    params, market, held = example["params"], example["market"], example["portfolio"]
    sizes = held.get("positions_base_ccy") or held.get("positions")
    given = {SIMULATE.get(key, key): value for key, value in params.items() if not isinstance(value, (dict, list))}
    given.update({key: value for key, value in held.items() if not isinstance(value, (dict, list))})
    given["extended_moves"] = params.get("extended_moves", EXTENDED)
    given["index"], given["timestamp_ms"] = market["index"], market.get("timestamp_ms")
    given["positions"] = [
        {"name": name, "size": size, "mark": market["marks"][name], "inverse": "_" not in name}
        for name, size in sizes.items()
    ]
    expect = dict(example["expected"])
    order = ["aggregated_standard_first", "aggregated_standard_last", "worst_case", "roll_shock", "risk_matrix_margin",
             "initial_margin", "maintenance_margin"]
    expect = {key: expect[key] for key in [*order, *(key for key in expect if key not in order)] if key in expect}
    return formula("deribit-portfolio", "deribit-portfolio.simulate", given, expect, within(example))


def decay(example: dict) -> dict:
    market = example["market"]
    given = {"delta": market["delta"], "mark": market["mark_price"], "elapsed_minutes": market["minutes_into_settlement"],
             "window_minutes": example["params"]["settlement_minutes"], "quantity": example["portfolio"].get("qty")}
    return formula("deribit-portfolio", "deribit-portfolio.settling-delta", given, example["expected"], within(example))


RULES = {"deribit-sm": standard, "deribit-pm": portfolio, "deribit-decay": decay}
