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


# Figures that have one name here.
SIMULATED = {"worst_case_bucket_index": "worst_case_index", "index": "worst_case_index", "side": "worst_case_side",
             "source": "worst_case_source", "bucket": "worst_case_bucket"}


def portfolio(example: dict) -> dict:
    """A book of futures of one settlement asset; its figures in that asset."""
    params, market, held = example["params"], example["market"], example["portfolio"]
    sizes = held.get("positions_base_ccy") or held.get("positions") or held.get("position")
    if not isinstance(sizes, dict):
        return older(example)
    if any(name.count("-") == 3 for name in sizes):
        raise NoRule("a matrix with options, whose volatilities no example gives")
    # ETH-PERPETUAL is settled in ETH, ETH_USDC-PERPETUAL in USDC, under the venue's rules for usd.
    coins = {name.split("-")[0] for name in sizes}
    if len({coin.split("_")[-1] for coin in coins}) > 1:
        raise NoRule("a matrix of several settlement assets")
    base, _, quote = next(iter(coins), "").lower().partition("_")
    names = [f"{base}_usd", f"{base}_{quote}", quote, "usd"] if quote else [f"{base}_usd", f"{base}_{base}", base]
    given = {}
    for key, value in {**params, **{key: of for key, of in held.items() if of is not sizes}}.items():
        value = own(value, names)
        if not isinstance(value, (dict, list)):
            given[SIMULATE.get(key, key)] = value
    given["extended_moves"] = params.get("extended_moves", EXTENDED)
    given["index"] = own(market.get("index") or market.get("index_price"), names)
    given["timestamp_ms"] = market.get("timestamp_ms") or market.get("timestamp")
    marks = market.get("marks") or market.get("mark_prices") or {}
    given["positions"] = [
        {"name": name, "size": size, "mark": marks.get(name, given["index"]), "inverse": "_" not in name}
        for name, size in sizes.items()
    ]
    expect = {SIMULATED.get(key, key): value for key, value in example["expected"].items() if key != "tolerance"}
    order = ["aggregated_standard_first", "aggregated_standard_last", "worst_case", "roll_shock", "risk_matrix_margin",
             "initial_margin", "maintenance_margin"]
    expect = {key: expect[key] for key in [*order, *(key for key in expect if key not in order)] if key in expect}
    return formula("deribit-portfolio", "deribit-portfolio.simulate", given, expect, within(example))


def own(value: object, names: list) -> object:
    """What a record by currency or pair says of the first of `names` that it has; else the value itself."""
    if isinstance(value, dict):
        lower = {key.lower(): of for key, of in value.items()}
        return next((lower[name] for name in names if name in lower), value)
    return value


# Sizes and charges of the venue's older rulebooks.
CHARGES = {"options": "options", "short_options": "short_options", "futures": "futures", "vega": "vega",
           "total": "total", "option_contingency": "options", "short_option_contingency": "short_options",
           "futures_contingency": "futures", "vega_contingency": "vega", "contingency": "total"}
RATES = ["option_contingency", "short_option_contingency", "futures_contingency", "vega_contingency"]
SIZES = ["options", "naked_short", "futures_long", "futures_short", "vega_long", "vega_short"]


def older(example: dict) -> dict:
    """Contingencies of sizes."""
    params, held = example["params"], example["portfolio"]
    if not any(name in params for name in RATES) or not any(name in held for name in SIZES):
        raise NoRule("a Deribit portfolio without positions")
    given = {**{name: params.get(name) for name in RATES}, **{name: held.get(name) for name in SIZES}}
    expect = renamed(example["expected"], CHARGES)
    return formula("deribit-portfolio", "deribit-portfolio.contingencies", given, expect, within(example))


def decay(example: dict) -> dict:
    market = example["market"]
    given = {"delta": market["delta"], "mark": market["mark_price"], "elapsed_minutes": market["minutes_into_settlement"],
             "window_minutes": example["params"]["settlement_minutes"], "quantity": example["portfolio"].get("qty")}
    return formula("deribit-portfolio", "deribit-portfolio.settling-delta", given, example["expected"], within(example))


RULES = {"deribit-sm": standard, "deribit-pm": portfolio, "deribit-decay": decay}
