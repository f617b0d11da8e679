"""Mango's health and liquidations; margins of lots: nautilus and exchange-core."""

import re

from .common import NoRule, formula, renamed, some, within


def name(place) -> str:
    """Tokens are numbered from one."""
    return f"TOKEN{place}"


def mango(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    totals = market.get("bank_totals") or [{}] * len(held["tokens"])
    limits = market.get("limit_prices") or {}
    skipped = held.get("skipped") or "none"
    if not re.fullmatch(r"none|skip_token\d", skipped):
        raise NoRule(f"no rule reads what is skipped, {skipped!r}")
    known = {"deposits": "deposits", "deposit_scale_start": "deposit_cap", "potential_oo": "arriving",
             "borrows": "borrows", "borrow_scale_start": "borrow_cap"}
    tokens = [{"name": name(at), "balance": balance, "price": market["prices"][at - 1],
               "weight_offset": params["init_weight_offsets"][at - 1], "skipped": skipped == f"skip_token{at}" or None,
               **renamed(totals[at - 1], known)}
              for at, balance in enumerate(held["tokens"], 1)]
    orders = []
    for key, reserved in held.items():
        found = re.fullmatch(r"open_orders_(\d)_(\d)", key)
        if found and reserved:
            base, quote = found.groups()
            orders.append({"base": name(base), "quote": name(quote), **reserved,
                           "lowest_ask": limits.get(f"lowest_ask_{quote}{base}"),
                           "highest_bid_inverse": limits.get(f"highest_bid_inv_{quote}{base}")})
    perpetuals = []
    if held.get("perp"):
        perpetuals.append({**renamed(held["perp"], PERPETUAL), "settles_in": name(1), "price": market["perp_price"],
                           "lot_size": params["base_lot_size"], "weight_offset": params["perp_base_weight_offset"],
                           "gain_weight": params["perp_overall_asset_weight"]})
    given = {"tokens": [some(token) for token in tokens], "orders": [some(order) for order in orders],
             "perpetuals": perpetuals}
    expect = renamed(example["expected"], {"init_health": "health"})
    return formula("weights", "weights.health", given, expect, within(example))


PERPETUAL = {"base_lots": "lots", "quote": "quote", "bid_lots": "bid_lots", "ask_lots": "ask_lots"}


def mango_liquidation(example: dict) -> dict | list:
    rule = example["model"]
    if rule.startswith("x ="):
        return token_swap(example)
    if rule.startswith("five-step"):
        given = renamed({**example["params"], **example["market"], **example["portfolio"]}, STEPS)
        expect = renamed(example["expected"], {"settle_spot": "settled", "base": "base", "quote": "quote"})
        return formula("partial-size", "partial-size.perpetual-steps", given, expect, within(example))
    if rule.startswith("init health uses"):
        return by_level(example)
    raise NoRule(f"no rule reads {rule!r}"[:100])


STEPS = {
    "base_asset_weight": "asset_weight", "base_liab_weight": "liability_weight", "overall_asset_weight": "gain_weight",
    "positive_pnl_liq_fee": "gain_fee", "base_liq_fee": "base_fee", "perp_price": "price",
    "settle_price": "settle_price", "settle_spot": "settled", "base": "base", "quote": "quote",
    "other_spot": "other_health", "max_base": "base_limit", "max_pnl": "gain_limit",
}


def token_swap(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    # Neither side's other weight is reached: what is given is owned, what is repaid is owed.
    tokens = [
        {"name": "ASSET", "balance": held["asset_spot"], "price": market["asset_price"],
         "asset_weight": params["asset_init_weight"], "liability_weight": params["liab_init_liab_weight"]},
        {"name": "DEBT", "balance": held["liab_spot"], "price": market["liab_price"],
         "asset_weight": params["liab_init_asset_weight"], "liability_weight": params["liab_init_liab_weight"]},
    ]
    perpetuals = [
        {"settles_in": name, "lots": "0", "price": "1", "asset_weight": "1", "liability_weight": "1", "quote": quote,
         "gain_weight": params["perp_overall_asset_weight"]}
        for name, quote in (("ASSET", held["asset_perp_quote"]), ("DEBT", held["liab_perp_quote"]))
    ]
    given = {"tokens": tokens, "perpetuals": perpetuals, "other_health": held["other_health"],
             "fee": params["liquidation_fee"], "limit": held["max_liab_transfer"]}
    expect = renamed(example["expected"], {"asset_after": "asset", "liab_after": "liability"})
    return formula("partial-size", "partial-size.token-swap", given, expect, within(example))


def by_level(example: dict) -> list:
    """Health at three levels, and the swap that is sized by the middle one."""
    params, market, held = example["params"], example["market"], example["portfolio"]
    def side(name: str, key: str, weight: str, strict: bool) -> dict:
        return some({"name": name, "balance": held[key], "price": market[f"{key}_oracle"],
                     "stable_price": market[f"{key}_stable"] if strict else None,
                     "asset_weight": params["asset_init_weight"], "liability_weight": params[weight]})
    def tokens(weight: str, strict: bool = False) -> list:
        return [side("ASSET", "asset", weight, strict), side("DEBT", "liab", weight, strict)]
    scaled = tokens("liab_init_weight", True)
    scaled[0].update(deposit_cap=params["deposit_scale_start"], deposits=market["total_deposits"])
    scaled[1].update(borrow_cap=params["borrow_scale_start"], borrows=market["total_borrows"])
    expected = example["expected"]
    cases = [
        formula("weights", "weights.health", {"tokens": of}, {"health": expected[figure]}, within(example))
        for of, figure in ((scaled, "init_health"), (tokens("liab_init_weight"), "liqend_health"),
                           (tokens("liab_maint_weight"), "maint_health"))
    ]
    swap = {"asset": expected["asset_after"], "liability": expected["liab_after"]}
    cases.append(formula("partial-size", "partial-size.token-swap", {"tokens": tokens("liab_init_weight")}, swap,
                         within(example)))
    return cases


def nautilus(example: dict) -> dict:
    params = example["params"]
    given = {"quantity": example["portfolio"]["quantity"], "price": example["market"]["price"],
             "leverage": params.get("leverage"), "rate": params["margin_rate"], "inverse": params.get("inverse")}
    return formula("lot-margin", "lot-margin.leveraged", given, renamed(example["expected"], {"margin": "margin"}),
                   within(example))


def exchange_core(example: dict) -> dict:
    """A fill of what was offered; one of what was bid for is written negative."""
    params, held, expected = example["params"], example["portfolio"], {}
    buys = "pending_buy" in held and "pending_sell" not in held
    rested = True
    for key, value in example["expected"].items():
        found = re.fullmatch(r"balance_after_\d+_(maker|taker)_fill", key)
        if found:
            rested, key = found[1] == "maker", "balance_after"
        expected[key] = value
    fill = held.get("fill")
    given = {**params, "position": held.get("position"), "pending_buy": held.get("pending_buy"),
             "pending_sell": held.get("pending_sell"), "balance": held["balance"],
             "sold": f"-{fill}" if fill and buys else fill, "rested": rested}
    names = {"required": "required", "accepted": "accepted", "balance_after": "balance", "position_after": "position",
             "pending_sell_after": "pending_sell", "pending_buy_after": "pending_buy"}
    return formula("lot-margin", "lot-margin.lots", given, renamed(expected, names), within(example))


RULES = {"file:mango_health": mango, "file:mango_liquidation": mango_liquidation, "file:nautilus_margin": nautilus, "file:exchange_core_margin": exchange_core}
