#!/usr/bin/env python3
"""Turns a folder of published examples into conformance cases.

    tools/convert_vectors.py FROM TO

FROM is a folder shaped like the project's shared vectors, or a part of one: JSON files, each with one case, a list of
cases, or a record that holds a list under `vectors` or `cases`. TO gets a file of cases for each file that has any;
`plimsoll conformance TO` runs them. Nothing is computed here: fields are renamed and regrouped, numbers keep their
text. What no rule reads is named, with how many there are.

Each kind is read by a module of `vectors/`, which registers its rules by the case's `model` (or, where that is a
sentence, by the file's name).
"""

import json
import sys
from collections import Counter
from pathlib import Path

from vectors import RULES, NoRule


# Where a file keeps its examples.
LISTS = ("vectors", "cases", "futures", "ssvi", "rejects")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__.strip().splitlines()[2].strip(), file=sys.stderr)
        return 2
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    if not source.is_dir():
        print(f"{source}: expected a folder", file=sys.stderr)
        return 2
    converted, left = 0, Counter()
    for path in sorted(source.rglob("*.json")):
        cases = []
        for place, example in enumerate(examples(path)):
            where = path.relative_to(source).with_suffix("")
            try:
                cases += convert(example, where, place)
            except NoRule as why:
                left[str(why)] += 1
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                name = example.get("name", place) if isinstance(example, dict) else place
                print(f"{path}: {name}: {type(error).__name__}: {error}", file=sys.stderr)
                left["does not read"] += 1
        if cases:
            out = target / path.relative_to(source)
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps({"cases": cases}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            converted += len(cases)
    print(f"{converted} cases")
    for why, count in sorted(left.items()):
        print(f"left out: {count} × {why}")
    return 0


def examples(path: Path) -> list:
    """The examples of a file, numbers as text."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return []
    if isinstance(whole, list):
        return whole
    lists = [key for key in LISTS if isinstance(whole.get(key), list)]
    if not lists:
        return [whole]
    # What holds for the whole file, an example may need.
    file = {key: value for key, value in whole.items() if key not in lists}
    return [{"file": file, "list": key, **each} for key in lists for each in whole[key]]


def convert(example: dict, where: Path, place: int) -> list:
    """The cases of one example."""
    model = str(example.get("model", ""))
    stem = where.name
    rule = RULES.get(model) or RULES.get(f"file:{stem}") or RULES.get(f"file:{stem.rsplit('-', 1)[0]}")
    if rule is None:
        raise NoRule(f"no rule reads {model or stem!r}"[:100])
    made = rule(example)
    name = where.as_posix()
    if "name" in example and not name.endswith(str(example["name"])) and "file" in example or place:
        name = f"{name}/{example.get('name', place)}"
    elif "file" in example:
        name = f"{name}/{example.get('name', place)}"
    many = made if isinstance(made, list) else [made]
    for number, case in enumerate(many):
        case["id"] = name if len(many) == 1 else f"{name}/{number}"
        case.setdefault("source", example.get("source") or example.get("source_path") or "")
        case.setdefault("provenance", example.get("provenance") or "")
        if example.get("note"):
            case.setdefault("note", example["note"])
    order = ["id", "model", "source", "provenance", "note", "ask", "expect", "within"]
    return [{key: case[key] for key in order if key in case} for case in many]


if __name__ == "__main__":
    sys.exit(main())
