"""US exchanges: named strategies of Reg T and the CBOE manual, at brokers and in LEAN."""

from .common import formula, within

FIELDS = {"pct": "share", "min_pct": "minimum", "leverage_factor": "leverage", "gross": "gross", "multiplier": "multiplier",
          "long_pct": "long_share", "net_of_credit": "net", "stock_pct": "stock_share"}


def strategy(example: dict) -> dict:
    held = example["portfolio"]
    given = {FIELDS[key]: value for key, value in example["params"].items() if key in FIELDS}
    given.update(strategy=held["strategy"], underlying=example["market"].get("underlying"),
                 stock_price=example["market"].get("stock_price"), stock=held.get("stock_qty"))
    if held["strategy"] == "per_contract_minimum":
        minimum = {"contracts": held["contracts"], "least": example["params"]["min_per_contract"]}
        return formula("tims", "tims.class", minimum, example["expected"], within(example))
    given["legs"] = [{"right": leg["type"], "strike": leg["strike"], "quantity": leg["qty"], "price": leg.get("price", "0")}
                     for leg in held.get("legs", [])]
    return formula("strategy", "strategy.requirement", given, example["expected"], within(example))


RULES = {"cboe-regt": strategy, "ib-regt": strategy, "lean": strategy}
