"""Derive's Dutch auction."""

from decimal import Decimal

from .common import NoRule, formula, renamed, within

TERMS = {
    "start": "starting_fraction",
    "starting_mtm_percentage": "starting_fraction",
    "fast_cutoff": "cutoff_fraction",
    "fast_cutoff_percentage": "cutoff_fraction",
    "fast_seconds": "fast_seconds",
    "fast_length_sec": "fast_seconds",
    "slow_seconds": "slow_seconds",
    "slow_length_sec": "slow_seconds",
    "length_seconds": "insolvent_seconds",
    "insolvent_length_sec": "insolvent_seconds",
    "buffer": "buffer",
    "buffer_margin_percentage": "buffer",
    "mtm_cutoff": "value_cutoff",
    "elapsed": "elapsed_seconds",
    "elapsed_sec": "elapsed_seconds",
    "maintenance_margin": "maintenance_margin",
    "mark_to_market": "mark_to_market",
    "reserved_cash": "reserved_cash",
    "share": "share_wanted",
    "share_wanted": "share_wanted",
    "bid_percent": "share_wanted",
    "liquidator_fee_rate": None,
}
FIGURES = {
    "discount": "price_fraction",
    "price_fraction": "price_fraction",
    "buffer_margin": "buffer_margin",
    "max_share": "share_max",
    "max_proportion": "share_max",
    "bid_price": "asking_price",
    "share_taken": "share",
    "final_percentage": "share",
    "terminates": "ends",
}


def terms(fields: dict) -> dict:
    return renamed(fields, TERMS)


def price(example: dict) -> dict:
    """The price after a time."""
    fields, expected = parts(example)
    return formula("derive-auction", "auction.price", terms(fields), renamed(expected, FIGURES), within(example))


def solvent(example: dict) -> dict:
    """A bid for a solvent account."""
    fields, expected = parts(example)
    names = {**FIGURES, "cash_from_bidder": "price"}
    expect = renamed(expected, names)
    case = formula("derive-auction", "auction.bid", terms(fields), expect, tolerance(example))
    if "truncated" in str(example["expected"].get("tolerance", "")):
        cut = {"share_max": "3", "price": "0"}
        case["expect"] = {
            name: {"is": value, "within": {"truncated": cut[name]}} if name in cut else value
            for name, value in expect.items()
        }
    return case


def insolvent(example: dict) -> dict:
    """What a taker of an insolvent account is paid."""
    fields, expected = parts(example)
    names = {**FIGURES, "cash_to_bidder": "paid", "terminates": None, "final_percentage": None}
    return formula("derive-auction", "auction.insolvent", terms(fields), renamed(expected, names), tolerance(example))


def tolerance(example: dict) -> dict:
    said = example["expected"].get("tolerance", "")
    return {} if isinstance(said, str) and "truncated" in said else within(example)


def parts(example: dict) -> tuple[dict, dict]:
    """Inputs and expected figures of either shape."""
    if "inputs" in example:
        return example["inputs"], example["expected"]["asserted"]
    return {**example["params"], **example["market"], **example["portfolio"]}, example["expected"]


def by_sentence(example: dict) -> dict:
    expected = example["expected"]
    if "price_fraction" in expected:
        return price(example)
    if "cash_to_bidder" in expected:
        return insolvent(example)
    if "max_share" in expected:
        return solvent(example)
    raise NoRule("no rule reads an auction with other figures")


def sequence(example: dict) -> list:
    """Each bid of a row on one account; what earlier bidders paid is reserved."""
    own, reserved, cases = terms(example["params"]["auction"]), Decimal(0), []
    for action in example["actions"]:
        said = action["asserted"]
        given = {**own, "mark_to_market": said["pre_mtm"], "maintenance_margin": said["pre_mm"],
                 "reserved_cash": str(reserved), "elapsed_seconds": action["time"],
                 "share_wanted": action["bid"]["percent_of_current_portfolio"]}
        names = {"pre_bm": "buffer_margin", "pre_max_proportion": "share_max", "final_percentage": "share",
                 "cash_from_bidder": "price"}
        expect = {names[key]: value for key, value in said.items() if key in names}
        cases.append(formula("derive-auction", "auction.bid", given, expect, within(example)))
        reserved += Decimal(said["cash_from_bidder"])
    return cases


RULES = {
    "derive.dutch_auction+pmrm": sequence,
    "derive.auction_discount": price,
    "derive.auction_solvent": solvent,
    "derive.auction_insolvent": insolvent,
    "file:derive_auction": by_sentence,
}
