"""What the rules share."""

import re


class NoRule(Exception):
    """An example that no rule reads, and why."""


def formula(model: str, name: str, given: dict, expect: dict, within: dict | None = None) -> dict:
    """A case that asks a formula; what is None is not given."""
    case = {"model": model, "ask": {"formula": name, "given": some(given)}, "expect": expect}
    if within:
        case["within"] = within
    return case


def pieces(tiers: list) -> str:
    """Rates by pieces of an amount; a bound of null is the rest."""
    return ", ".join(f"{'rest' if bound is None else bound}:{rate}" for bound, rate in tiers)


def some(fields: dict) -> dict:
    return {key: value for key, value in fields.items() if value is not None}


def within(example: dict) -> dict:
    """The tolerance an example states, as `{"abs", "rel"}` or in words."""
    said = example.get("tolerance") or example["expected"].get("tolerance") or {}
    if isinstance(said, dict):
        if "kind" in said:
            return {said["kind"]: said["value"]}
        return some({"absolute": said.get("abs"), "relative": said.get("rel")})
    if said == "trunc_to_integer":
        return {"truncated": "0"}
    if said.startswith("exact"):
        return {}
    found = re.match(r"truncated to ([0-9]+) decimals", said)
    if found:
        return {"truncated": found[1]}
    found = re.match(r"(absolute|relative) ([0-9.e-]+)", said)
    if found:
        return {found[1]: found[2]}
    raise NoRule(f"no rule reads the tolerance {said!r}")


def renamed(fields: dict, names: dict) -> dict:
    """The fields that `names` knows, under their new names; one that it does not know is an error."""
    unknown = [key for key in fields if key not in names]
    if unknown:
        raise NoRule(f"no rule reads the figure {unknown[0]!r}")
    return {names[key]: value for key, value in fields.items() if names[key]}
