"""Deribit: standard margin."""

from .common import NoRule, formula, renamed, within

FUTURE = {"im_rate": "initial_rate", "im": "initial", "mm_rate": "maintenance_rate", "mm": "maintenance",
          "im_coin": "initial", "mm_coin": "maintenance", "im_btc": "initial", "mm_btc": "maintenance",
          "im_eth": "initial", "mm_eth": "maintenance"}
# A coin-settled option's figures in coin are per unit; in money they are of the position.
OPTION = {"im": "initial", "mm": "maintenance", "im_usd": "initial", "mm_usd": "maintenance",
          "im_btc": "initial_per_unit", "mm_btc": "maintenance_per_unit",
          "im_coin": "initial_per_unit", "mm_coin": "maintenance_per_unit"}


def standard(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    if "type" not in held:
        given = {"im_base": params["im_base"], "mm_base": params.get("mm_base"), "slope": params.get("slope_per_unit"),
                 "mm_of_im": params.get("mm_of_im"), "size": held["size"], "index": market.get("index")}
        return formula("deribit-standard", "deribit-standard.future", given, renamed(example["expected"], FUTURE),
                       within(example))
    coin = next((market[key] for key in market if key.startswith("mark_") and key != "mark_usd"), None)
    given = {"option_initial": params["im_base"], "option_minimum": params["im_floor"],
             "option_maintenance": params["mm"], "inverse": coin is not None, "right": held["type"],
             "strike": held["strike"], "quantity": held["qty"], "index": market.get("underlying") or market.get("index"),
             "mark": coin if coin is not None else market.get("mark") or market.get("mark_usd")}
    if given["mark"] is None:
        raise NoRule("an option without a mark")
    return formula("deribit-standard", "deribit-standard.option", given, renamed(example["expected"], OPTION),
                   within(example))


RULES = {"deribit-sm": standard}
