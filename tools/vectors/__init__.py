"""Rules that turn published examples into cases, one module a family.

A rule is a function from an example (numbers are text) to a case, or several: `model`, `ask`, `expect`, and `within`
where its source states a tolerance. A module lists its rules in `RULES` by the example's `model`, or as `file:NAME`
where that is a sentence.
"""

from .common import NoRule
from . import auction, brackets, collateral, deribit, derive, health, options, paradex, perpetuals, sizes, span, strategy, weights

RULES = {}
for module in (auction, brackets, collateral, deribit, derive, health, options, paradex, perpetuals, sizes, span, strategy, weights):
    RULES.update(module.RULES)

__all__ = ["RULES", "NoRule"]
