"""Mango's health; margins of lots: nautilus and exchange-core."""

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


RULES = {"file:mango_health": mango, "file:nautilus_margin": nautilus, "file:exchange_core_margin": exchange_core}
