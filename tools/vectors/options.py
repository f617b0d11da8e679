"""Options: prices, volatilities, coin-settled contracts, slices of a surface."""

from .common import NoRule, formula, renamed, within

CLOSE = {"relative": "1e-9", "absolute": "1e-12"}


def analytic(rule):
    """A rule for a file of figures computed at high precision, whose source is the file's."""
    def made(example: dict) -> dict:
        case = rule(example)
        case["source"] = case["provenance"] = example["file"]["provenance"]
        return case
    return made


@analytic
def black(example: dict) -> dict:
    expect = {"price": example["price"], "delta": example["delta_forward"], "gamma": example["gamma_forward"],
              "vega": example["vega"], "theta": example["theta"]}
    given = {"right": example["type"], "forward": example["forward"], "strike": example["strike"],
             "vol": example["sigma"], "years": example["t"], "rate": example["r"]}
    return formula("black76", "black76", given, expect, CLOSE)


@analytic
def implied(example: dict) -> dict:
    given = {"right": example["type"], "forward": example["forward"], "strike": example["strike"],
             "years": example["t"], "price": example["price"]}
    if example["list"] == "rejects":
        if example["expect"] not in REFUSALS:
            raise NoRule(f"no rule reads the refusal {example['expect']!r}")
        return formula("black76", "black76.implied-vol", given, {"refused": REFUSALS[example["expect"]]})
    # Where a price says little of the volatility, a double's last digit is all that can be asked.
    return formula("black76", "black76.implied-vol", given, {"vol": example["sigma_str"]}, {"relative": "1e-12"})


REFUSALS = {
    "below intrinsic": "below the intrinsic value",
    "at or above forward": "at or above",
    "at or above strike": "at or above",
    "no time": "time",
    "price missing / not a number": "given.price",
}


@analytic
def inverse(example: dict) -> dict:
    if example["list"] == "futures":
        given = {"side": example["side"], "contracts": example["contracts_usd"], "entry": example["entry"],
                 "mark": example["mark"]}
        return formula("inverse", "inverse.future", given,
                       {"pnl": example["pnl_coin_str"], "pnl_slope": example["dpnl_coin_dmark"]}, CLOSE)
    given = {"right": example["type"], "forward": example["forward"], "strike": example["strike"],
             "vol": example["sigma"], "years": example["t"]}
    names = {"price_usd": "price_quote", "price_coin_str": "price", "delta_usd": "delta", "delta_net": "delta_net",
             "dcoin_dF": "slope", "d2coin_dF2": "curvature", "vega_coin": "vega", "expected_intrinsic_coin": "payoff"}
    expect = {name: example[key] for key, name in names.items() if key in example}
    return formula("inverse", "inverse.option", given, expect, CLOSE)


@analytic
def slices(example: dict) -> dict:
    if example["list"] == "ssvi":
        given = {key: example[key] for key in ("rho", "eta", "gamma", "theta")}
        sizes = [example["theta_phi_1p_abs_rho"], example["theta_phi2_1p_abs_rho"]]
        expect = {"phi": example["phi"], "variances": example["w"], "butterfly_sizes": sizes,
                  "is_butterfly_free": example["butterfly_sufficient"],
                  "theta_phi_slope": example["d_theta_phi"], "is_calendar_free": example["calendar_free"]}
        return formula("svi", "svi.surface", {**given, "log_strikes": example["k"]}, expect, CLOSE)
    given = {key: example[key] for key in ("a", "b", "rho", "m", "sigma")}
    expect = {"variances": example["w"], "variance_min": example["w_min"], "within_lee_bound": example["lee_ok"]}
    years, wings = "1", example.get("jump_wings")
    if example.get("g"):
        expect["durrleman"] = example["g"]
    if wings:
        years = wings["t"]
        expect["jump_wings"] = [wings[key] for key in ("v", "psi", "p", "c", "v_min")]
    return formula("svi", "svi", {**given, "years": years, "log_strikes": example["k"]}, expect, CLOSE)


def derive(name: str, model: str, inputs: dict, figures: dict, fixed: dict | None = None):
    """A rule for a unit formula of Derive."""
    def rule(example: dict) -> dict:
        given = {**renamed(example["inputs"], inputs), **(fixed or {})}
        return formula(model, name, given, renamed(example["expected"]["asserted"], figures), within(example))
    return rule


def short_option(example: dict) -> dict:
    given = dict(example["inputs"])
    rates = {key: given.pop(key) for key in list(given) if key.endswith("_req") or key == "mm_offset_scale"}
    given = renamed(given, {"spot": "index", "forward": "forward", "vol": "vol", "seconds_to_expiry": "seconds",
                            "right": "right", "strike": "strike", "amount": "size"})
    expect = {}
    for key, value in example["expected"]["asserted"].items():
        # Published as what the account is short of.
        if not value.startswith("-") and float(value):
            raise NoRule(f"no rule reads a margin of {value}")
        expect[{"im": "initial", "mm": "maintenance"}[key]] = value.removeprefix("-")
    return formula("derive-standard", "derive-standard.short-option", {**given, "rates": rates}, expect,
                   within(example))


SLICE = {key: key for key in ("a", "b", "rho", "m", "sigma", "forward", "strike")}
OPTION = {"seconds_to_expiry": "seconds", "vol": "vol", "forward": "forward", "strike": "strike",
          "discount": "discount"}
BOTH = {"call": "call", "put": "put", "call_delta_undiscounted": "call_delta_undiscounted"}

RULES = {
    "file:black76": black,
    "file:implied_vol": implied,
    "file:inverse": inverse,
    "file:svi": slices,
    "derive.black76": derive("black76.discounted", "black76", OPTION, BOTH),
    "derive.annualise": derive("years", "black76", {"seconds": "seconds"}, {"years": "years"}),
    "derive.svi": derive("svi.vol", "svi", {**SLICE, "ref_tau": "years"}, {"vol": "vol"}),
    "derive.standard_isolated": short_option,
}
