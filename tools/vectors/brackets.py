"""Tiered brackets, liquidation prices and ranks: Binance, Bybit, and a cross account of any venue."""

from .common import NoRule, formula, renamed, within


def from_floors(tiers: list) -> str:
    """Tiers as `(floor, rate)`."""
    return ", ".join(f"{floor}:{rate}" for floor, rate in tiers)


def from_bounds(tiers: list) -> str:
    """Tiers as `(up to, rate)`: each starts where the one before ends."""
    floors = ["0", *(bound for bound, _ in tiers[:-1])]
    return from_floors([(floor, rate) for floor, (_, rate) in zip(floors, tiers)])


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


def liquidation(example: dict) -> dict:
    market, held = example["market"], example["portfolio"]
    others = [{"quantity": each["amount"], "entry_price": each["entry"], "mark": each["mark"], **bracket(each)}
              for each in market.get("others", [])]
    given = {"wallet_balance": market["wallet_balance"], "quantity": held["amount"], "short": held.get("side") == "short",
             "entry_price": held["entry"], "others": others, **bracket(example["params"])}
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
    held = example["portfolio"]
    given = {"brackets": from_bounds(example["params"]["tiers"]), "notional": held["position_value"],
             "leverage": held.get("leverage")}
    names = {"im": "initial", "mm": "maintenance"}
    return formula("bybit-cross", "brackets.maintenance", given, renamed(example["expected"], names), within(example))


def option(example: dict) -> dict:
    params, market, held = example["params"], example["market"], example["portfolio"]
    if not held["qty"].startswith("-"):
        raise NoRule("a long option of Bybit")
    given = {"initial": params["im_max"], "minimum": params["im_min"], "maintenance": params["mm_factor"],
             "liquidation_fee": params.get("liq_fee"), "right": held["type"], "strike": held["strike"],
             "quantity": held["qty"], "index": market["index"], "mark": market["mark"],
             "price": market.get("avg_price") or market.get("order_price")}
    names = {"position_mm": "maintenance", "position_im": "initial", "mm": "maintenance", "im": "initial"}
    return formula("bybit-cross", "bybit-cross.option", given, renamed(example["expected"], names), within(example))


RULES = {
    "binance-cum": deduction,
    "binance-liq": liquidation,
    "binance-adl": rank,
    "bybit-inverse": inverse,
    "bybit-option": option,
    "file:cross_liquidation_price": cross,
}
