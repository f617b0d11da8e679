"""US exchanges: named strategies of Reg T and the CBOE manual, at brokers and in LEAN."""

from .common import formula, within

FIELDS = {"pct": "share", "min_pct": "minimum", "leverage_factor": "leverage", "gross": "gross", "multiplier": "multiplier",
          "long_pct": "long_share", "net_of_credit": "net", "stock_pct": "stock_share", "min_per_contract": "least"}


def strategy(example: dict) -> dict:
    held = example["portfolio"]
    given = {FIELDS[key]: value for key, value in example["params"].items() if key in FIELDS}
    given.update(strategy=held["strategy"], underlying=example["market"].get("underlying"),
                 stock_price=example["market"].get("stock_price"), stock=held.get("stock_qty"),
                 contracts=held.get("contracts"))
    given["legs"] = [{"right": leg["type"], "strike": leg["strike"], "quantity": leg["qty"], "price": leg.get("price", "0")}
                     for leg in held.get("legs", [])]
    model = "tims" if held["strategy"] == "per_contract_minimum" else "strategy"
    return formula(model, "strategy.requirement", given, example["expected"], within(example))


RULES = {"cboe-regt": strategy, "ib-regt": strategy, "lean": strategy}
