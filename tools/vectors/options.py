"""Option formulas."""

from .common import formula


def black(example: dict) -> dict:
    expect = {"price": example["price"], "delta": example["delta_forward"], "gamma": example["gamma_forward"],
              "vega": example["vega"], "theta": example["theta"]}
    given = {"right": example["type"], "forward": example["forward"], "strike": example["strike"],
             "vol": example["sigma"], "years": example["t"], "rate": example["r"]}
    case = formula("black76", "black76", given, expect, {"relative": "1e-9", "absolute": "1e-12"})
    case["source"] = case["provenance"] = example["file"]["provenance"]
    return case


RULES = {"file:black76": black}
