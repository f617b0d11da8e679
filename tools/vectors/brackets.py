"""Tiered brackets, liquidation prices and ranks: Binance, Bybit, and a cross account of any venue."""

from .common import NoRule, formula, renamed, within


def from_floors(tiers: list) -> str:
    """Tiers as `(floor, rate)`, whatever follows."""
    return ", ".join(f"{tier[0]}:{tier[1]}" for tier in tiers)


def from_bounds(tiers: list) -> str:
    """Tiers as `(up to, rate)`: each starts where the one before ends."""
    floors = ["0", *(tier[0] for tier in tiers[:-1])]
    return from_floors([(floor, tier[1]) for floor, tier in zip(floors, tiers)])


def bracket(params: dict) -> dict:
    if "brackets" in params:
        return {"brackets": from_floors(params["brackets"])}
    return {"rate": params["mmr"], "deduction": params.get("cum")}


def model_of(example: dict) -> str:
    return "binance-coinm" if "coin" in example.get("name", "").lower() else "binance-usdm"


def deduction(example: dict) -> dict:
    params, model = example["params"], model_of(example)
    if "brackets" in params:
        return formula(model, "brackets.deductions", bracket(params), {"deductions": example["expected"]["cum"]},
                       within(example))
    given = {"above": params["floor"], "rate": params["rate_n"], "rate_before": params["rate_prev"],
             "deduction_before": params["cum_prev"]}
    return formula(model, "brackets.next-deduction", given, {"deduction": example["expected"]["cum"]}, within(example))


LIQUIDATION = {"tmm_others": "others_maintenance", "upnl_others": "others_unrealised", "liquidation_price": "price"}


def side(held: dict) -> bool | None:
    return {"short": True, "sell": True}.get(str(held.get("side")).lower())


def liquidation(example: dict) -> dict:
    market, held = example["market"], example["portfolio"]
    others = [{"quantity": each["amount"], "short": side(each), "entry_price": each["entry"], "mark": each["mark"],
               **bracket(each)} for each in market.get("others", [])]
    given = {"wallet_balance": market["wallet_balance"], "quantity": held["amount"], "short": side(held),
             "entry_price": held["entry"], "others": others, "others_maintenance": market.get("tmm_others"),
             "others_unrealised": market.get("upnl_others"), **bracket(example["params"])}
    expect = renamed(example["expected"], LIQUIDATION)
    expect = {name: expect[name] for name in LIQUIDATION.values() if name in expect}
    # Others' sums are published to the cent of prices cut to the cent.
    for name in ("others_maintenance", "others_unrealised"):
        if name in expect:
            expect[name] = {"is": expect[name], "within": {"absolute": "0.05"}}
    return formula(model_of(example), "brackets.liquidation-price", given, expect, within(example))


def cross(example: dict) -> dict:
    """Equity and the mark in place of a wallet and an entry price."""
    held = example["portfolio"]
    given = {"wallet_balance": held["equity"], "quantity": held["size"], "entry_price": example["market"]["mark"],
             "others_maintenance": held["other_maintenance"], "rate": example["params"]["mmr"]}
    return formula("cross", "brackets.liquidation-price", given, {"price": example["expected"]["liquidation_price"]},
                   within(example))


def rank(example: dict) -> dict:
    market = example["market"]
    given = {"unrealised": market["upnl"], "wallet_balance": market["wallet_balance"],
             "margin_ratio": market.get("margin_ratio"), "maintenance": market.get("maintenance")}
    names = {"pnl_percent": "pnl_percent", "leverage_pnl": "score"}
    return formula("binance-usdm", "deleverage-rank.score", given, renamed(example["expected"], names), within(example))


def inverse(example: dict) -> dict:
    held, market = example["portfolio"], example.get("market", {})
    given = {"brackets": from_bounds(example["params"]["tiers"]), "notional": held.get("position_value"),
             "contracts": market.get("contracts") or held.get("contracts"), "price": market.get("entry"),
             "leverage": held.get("leverage")}
    names = {"im": "initial", "mm": "maintenance", "position_im": "initial", "position_mm": "maintenance",
             "position_value": "notional", "mm_rate": "rate"}
    return formula("bybit-cross", "brackets.maintenance", given, renamed(example["expected"], names), within(example))


OPTION = {"position_mm": "maintenance", "position_im": "initial", "mm": "maintenance", "im": "initial",
          "order_im": "order_initial", "order_cost": "order_initial", "cost": "order_initial", "premium": "premium",
          "fee": "fee", "transaction_fee": "fee", "trading_fee": "fee"}


def option(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    given = {"initial": params.get("im_max"), "minimum": params.get("im_min"), "maintenance": params.get("mm_factor"),
             "liquidation_fee": params.get("liq_fee"), "fee": params.get("fee_rate") or params.get("taker_fee"),
             "fee_most": params.get("fee_cap") or params.get("fee_max"), "right": held["type"],
             "strike": held.get("strike"), "quantity": held["qty"], "short": side(held), "index": market["index"],
             "mark": market.get("mark"), "price": market.get("avg_price") or market.get("order_price")}
    names = OPTION
    if side(held) is None and not held["qty"].startswith("-"):
        # What opening a long asks for is its order.
        names = {**OPTION, "im": "order_initial"}
    return formula("bybit-cross", "bybit-cross.option", given, renamed(example["expected"], names), within(example))


RULES = {
    "binance-cum": deduction,
    "binance-liq": liquidation,
    "binance-adl": rank,
    "bybit-inverse": inverse,
    "bybit-option": option,
    "file:cross_liquidation_price": cross,
}
