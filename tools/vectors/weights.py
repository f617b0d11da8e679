"""Drift: weights of assets, debts and gains."""

from .common import NoRule, formula, within


def drift(example: dict) -> list:
    params, market, held = example["params"], example["market"], example["portfolio"]
    expected, cases = example["expected"], []
    def case(name: str, given: dict, figure: str):
        cases.append(formula("weights", name, given, {"weight": expected[figure]}, within(example)))
    for figure in expected:
        if figure == "asset_weight":
            case("weights.asset", {
                "initial": params.get("initial_asset_weight"), "maintenance": params.get("maintenance_asset_weight"),
                "imf": params.get("imf"), "size": held.get("size"), "level": params.get("type"),
                "deposit_cap": params.get("scale_start_value"), "deposits": market.get("total_deposits"),
                "price": market.get("price"),
            }, figure)
        elif figure == "liability_weight":
            weight = params.get("initial_liability_weight") or params.get("maintenance_liability_weight")
            case("weights.liability", {"weight": weight, "imf": params["imf"], "size": held["size"]}, figure)
        elif figure == "weight" and "unrealized_pnl" in held:
            case("weights.gain", {"weight": params["upnl_weight_initial"], "imf": params["upnl_imf"],
                                  "gain": held["unrealized_pnl"]}, figure)
        else:
            raise NoRule(f"no rule reads the figure {figure!r}")
    return cases


RULES = {"file:drift_margin": drift}
