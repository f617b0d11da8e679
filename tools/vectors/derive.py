"""Derive: portfolio margin of both versions and the standard manager, as whole documents."""

from datetime import datetime, timezone
from decimal import Decimal

from .common import NoRule

CASH = "USD"
PLACEHOLDER = "X"
DAY = 86_400


def instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Document:
    """A document under way."""

    def __init__(self, model: str, market: dict):
        self.now = int(market.get("now", 0))
        self.model = model
        self.underlyings, self.marks, self.instruments = {}, {}, {}
        self.assets = {"USDC": {"price": market["stable_price"]}}
        self.account = {"id": "case", "model": model, "collateral": [], "positions": []}
        self.parameters = {}

    def underlying(self, name: str, of: dict):
        self.underlyings[name] = {
            "index": of["spot"], "quote": CASH, "confidence": of["spot_confidence"],
            "expiries": {self.expiry(each): expiry(each) for each in of["expiries"]},
        }

    def expiry(self, of: dict) -> str:
        return instant(self.now + int(of["seconds_to_expiry"]))

    def hold(self, name: str, of: dict, quote: dict):
        """Adds one line of a portfolio."""
        kind, amount = of["type"], of["amount"]
        if kind in ("cash", "base", "collateral"):
            asset = {"cash": CASH, "base": name, "collateral": of.get("asset")}[kind]
            self.account["collateral"].append({"asset": asset, "amount": amount})
            return
        terms = {"underlying": name, "quote": CASH, "settlement": CASH, "style": "linear", "contract_size": "1",
                 "lot_size": "0.000000000000000001"}
        position = {"quantity": amount}
        if kind == "perp":
            contract = f"{name}-PERPETUAL"
            terms["kind"] = "perpetual"
            self.marks[contract] = {"price": quote["perp_price"], "confidence": quote["perp_confidence"]}
            if of.get("unsettled_plus_unrealized_cash") is not None:
                position["unsettled_pnl"] = of["unsettled_plus_unrealized_cash"]
        elif kind == "option":
            contract = f"{name}-{of['seconds_to_expiry']}-{of['strike']}-{of['right']}"
            terms.update(kind="option", right=of["right"], strike=of["strike"], expiry=self.expiry(of))
        else:
            raise NoRule(f"no rule reads a holding of type {kind!r}")
        self.instruments[contract] = {"name": contract, **terms}
        self.account["positions"].append({"instrument": contract, **position})

    def ask(self) -> dict:
        return {"margin": {
            "as_of": instant(self.now), "currency": CASH,
            "market": {"assets": self.assets, "underlyings": self.underlyings, "marks": self.marks},
            "instruments": list(self.instruments.values()),
            "parameters": {self.model: self.parameters}, "accounts": [self.account],
        }}


def expiry(of: dict) -> dict:
    vols = {}
    for each in of["vols"]:
        vols.setdefault(each["strike"], {"strike": each["strike"], "vol": each["vol"]})
    fields = {"forward_confidence": of["forward_confidence"], "vol_confidence": of["vol_confidence"],
              "vols": list(vols.values())}
    if "forward" in of:
        return {"forward": of["forward"], **fields}
    return {"forward_fixed": of["forward_fixed"], "forward_variable": of["forward_variable"], "rate": of["rate"],
            "rate_confidence": of["rate_confidence"], **fields}


def scenarios(moves: list) -> str:
    def one(move: dict) -> str:
        damping = f" @{move['dampening']}" if "dampening" in move else ""
        return f"{move['spot_shock']} {move['vol_shock']}{damping}"
    return ", ".join(map(one, moves))


def parameters(params: dict) -> dict:
    """A portfolio margin's own names; the list of moves as the text it is written in."""
    named = {}
    for name, value in params.items():
        if name == "dte_floor_sec":
            # The first version counts in seconds what the second counts in days.
            named["dte_floor_days"] = str(Decimal(value) / DAY)
        else:
            named[name] = scenarios(value) if name == "scenarios" else value
    return named


def portfolio(model: str):
    def rule(example: dict) -> dict:
        params = parameters(example["params"])
        market = example.get("market")
        if not market:
            return refused(model, params)
        document = Document(model, market)
        document.parameters = params
        document.underlying(PLACEHOLDER, market)
        for of in market.get("collaterals", []):
            name = of["asset"]
            document.assets[name] = {"price": of["price"], "confidence": of["confidence"]}
            params[f"risk_cancelling.{name}"] = "1" if of["is_risk_cancelling"] else "0"
            params[f"mm_haircut.{name}"] = of["mm_haircut"]
            params[f"im_haircut_extra.{name}"] = of["im_haircut_extra"]
        for of in example["portfolio"]:
            document.hold(PLACEHOLDER, of, market)
        found = example["expected"]["executed"]
        expect = {"basis_pnl": found["basis_contingency"], "scenario_pnl": found["scenario_pnl"],
                  "maintenance_surplus": found["mm"], "initial_surplus": found["im"]}
        within = {"relative": "1e-8", "of_gross": "1e-4", "absolute": "1e-12"}
        return {"model": model, "ask": document.ask(), "expect": expect, "within": within}
    return rule


def refused(model: str, params: dict) -> dict:
    """Parameters that the venue itself does not take."""
    document = Document(model, {"stable_price": "1"})
    document.parameters = params
    return {"model": model, "ask": document.ask(), "expect": {"refused": f"parameters.{model}.scenarios"}}


def standard(example: dict) -> dict:
    model, market = "derive-standard", example["market"]
    document = Document(model, market)
    params = dict(example["params"])
    for name, own in params.pop("markets").items():
        for field, value in own.items():
            document.parameters[f"{field}.{name}"] = value
    document.parameters.update(params)
    quotes = {of["market"]: of for of in market["markets"]}
    for name, of in quotes.items():
        document.underlying(name, of)
    for of in example["portfolio"]:
        name = of.get("market", "")
        document.hold(name, of, quotes.get(name, {}))
    found = example["expected"]["executed"]
    expect = {"maintenance_surplus": found["mm"], "initial_surplus": found["im"]}
    return {"model": model, "ask": document.ask(), "expect": expect,
            "within": {"relative": "1e-9", "absolute": "1e-12"}}


RULES = {
    "derive.pmrm_2": portfolio("derive-pmrm2"),
    "derive.pmrm": portfolio("derive-pmrm"),
    "derive.standard_manager": standard,
}
