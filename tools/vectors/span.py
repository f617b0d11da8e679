"""SPAN: risk arrays, given or made of a price scan range, and the scan of a portfolio of them."""

from .common import formula, within

FIGURES = ["pnl", "scan_risk", "worst_scenario"]


def scan(example: dict) -> dict:
    params, arrays = example["params"], (example.get("market") or {}).get("arrays") or {}
    given = {key: params.get(key) for key in ("price_scan_range", "extreme_multiple", "extreme_cover")}
    given["legs"] = [{"quantity": leg["qty"], **({"array": arrays[leg["instrument"]]} if leg["instrument"] in arrays else {})}
                     for leg in example["portfolio"]["legs"]]
    expect = example["expected"]
    expect = {key: expect[key] for key in [*FIGURES, *(key for key in expect if key not in FIGURES)] if key in expect}
    return formula("span", "span.scan", given, expect, within(example))


RULES = {"span": scan}
