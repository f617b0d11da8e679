#!/usr/bin/env python3
"""The demo's equity and requirement, derived again from the two demo files.

    tools/check_demo.py [PATH OF THE plimsoll BINARY]

Shares no code with the engine: numbers from the documents, formulas from the model's page
(crates/margin/src/models/plimsoll/README.md) and its table of parameters, Black's formula with
math.erf. Money is exact (fractions); what an option is worth is a float, rounded to grains as the
model says. Prints every figure beside the program's own and ends with 1 where one is off.
"""

import json
import math
import subprocess
import sys
from datetime import datetime
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = [ROOT / "crates/cli/demo/market.json", ROOT / "crates/cli/demo/book.json"]

# The model's parameters, from its page and `plimsoll models plimsoll`.
PRICE_RANGE = {"BTC": 0.16, "ETH": 0.18, "USDC": 0.25}
STEPS = 4
PRICED_IN_DOLLARS = {"BTC", "ETH"}  # Nothing of theirs in the demo is paid in a stablecoin.
VOL_UP, VOL_DOWN = 0.5, -0.25
POWER_SHORT, POWER_LONG = 0.30, 0.13
VOL_FLOOR_UP = 0.45
TAILS, TAIL_DAMPING = [-0.66, -0.33, 0.5, 1.0, 2.0], 0.9
BASIS_MINIMUM, BASIS_ANNUAL = 0.003, 0.04
VOL_TERM = 0.10
STABLE_DOWN, STABLE_UP = -0.02, 0.005
CREDIT_FLOOR = 0.6
MAINTENANCE_SHARE = 0.8
SHORT_MINIMUM = 0.01
DELTA_SPREAD = {"BTC": 0.0003, "ETH": 0.0004}
VEGA_SPREAD = 1.0
NEAR_STRIKE = 1.25
GRAIN = 1e-5
LOTS = {"BTC": Fraction(1, 1000), "ETH": Fraction(1, 100), "USDC": Fraction(10)}
HAIRCUT = {"BTC": Fraction(2, 1000), "ETH": Fraction(3, 1000), "USDC": Fraction(5, 10000)}
HAIRCUT_LARGEST = {"BTC": 0.03, "ETH": 0.03}
HAIRCUT_TIER_TOP = {"BTC": 50e6, "ETH": 30e6, "USDC": 100e6}
CONCENTRATION_FREE = {"BTC": 50e6, "ETH": 30e6}
FILL, CALL, LIQUIDATION_END, BACKSTOP = Fraction(3, 4), Fraction(1, 2), Fraction(1, 4), Fraction(1, 2)

YEAR_S = 365 * 86_400
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def black(right, forward, strike, vol, years):
    """Undiscounted: a coin premium is not discounted."""
    deviation = vol * math.sqrt(years)
    if deviation <= 0:
        return max(forward - strike if right == "C" else strike - forward, 0.0)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    d2 = d1 - deviation
    if right == "C":
        return forward * normal(d1) - strike * normal(d2)
    return strike * normal(-d2) - forward * normal(-d1)


class Scenario:
    """One joint move; what is not said does not move."""

    def __init__(self, price=0.0, vol=0.0, basis=0.0, days=0.0, damping=1.0, stable=None, floor=0.0):
        self.price, self.vol, self.basis, self.floor = price, vol, basis, floor
        self.days, self.damping, self.stable = days, damping, stable


def scanned(price, vol, damping=1.0):
    """A move of the grid or beyond it: there a rise of volatility has a floor."""
    return Scenario(price, vol, damping=damping, floor=VOL_FLOOR_UP if vol > 0 else 0.0)


class Market:
    def __init__(self, document):
        self.as_of = instant(document["as_of"])
        market = document["market"]
        self.marks = market["marks"]
        self.index = {name: Fraction(each["index"]) for name, each in market["underlyings"].items()}
        self.price = {"USD": Fraction(1), **self.index}
        self.price |= {name: Fraction(each["price"]) for name, each in market["assets"].items()}
        self.forwards = {}
        for name, each in market["underlyings"].items():
            for expiry, quote in each["expiries"].items():
                self.forwards[name, instant(expiry)] = float(quote["forward"])

    def years(self, expiry):
        seconds = (expiry - self.as_of).days * 86_400 + (expiry - self.as_of).seconds
        return (seconds + (expiry - self.as_of).microseconds / 1e6) / YEAR_S


class Contract:
    """What a Deribit name says: all inverse here, a contract one dollar of a future or one coin."""

    def __init__(self, name, market):
        parts = name.split("-")
        self.name, self.coin, self.market = name, parts[0], market
        self.is_option = len(parts) == 4
        self.expiry = None
        if parts[1] != "PERPETUAL":
            day, month, year = parts[1][:-5], parts[1][-5:-2], parts[1][-2:]
            self.expiry = instant(f"20{year}-{MONTHS.index(month) + 1:02}-{int(day):02}T08:00:00Z")
        self.years = market.years(self.expiry) if self.expiry else 0.0
        mark = market.marks[name]
        self.mark = Fraction(mark["price"])
        if self.is_option:
            self.strike, self.right = float(parts[2]), parts[3]
            self.vol = float(mark["vol"])
            self.forward = market.forwards[self.coin, self.expiry]
            self.lot = Fraction(1, 10) if self.coin == "BTC" else Fraction(1)
        else:
            self.forward = float(self.mark)
            self.lot = Fraction(10) if self.coin == "BTC" else Fraction(1)

    def coins(self, scenario):
        """Worth in coin of one contract: an option's value, a future's P&L from its mark."""
        basis = max(BASIS_MINIMUM, BASIS_ANNUAL * self.years) * scenario.basis
        growth = (1 + scenario.price) * (1 + basis)
        if not self.is_option:
            return (1 / self.forward) * (1 - 1 / growth)
        power = POWER_SHORT if self.years * 365 < 30 else POWER_LONG
        term = (30 / max(self.years * 365, 1)) ** power
        vol = max(self.vol * max(1 + scenario.vol * term, 0), scenario.floor)
        years = max(self.years - scenario.days / 365, 0)
        forward = self.forward * growth
        return black(self.right, forward, self.strike, vol, years) / forward

    def pnl_per_lot(self, scenario):
        """In dollars, the coin's own move included."""
        coins = self.coins(scenario) * (1 + scenario.price) - self.coins(Scenario())
        return coins * float(self.market.price[self.coin]) * float(self.lot) * scenario.damping

    def unrealised(self, quantity, entry):
        return quantity * (1 / entry - 1 / self.mark)


class Asset:
    """A balance as a row: it moves with its coin, or as a stablecoin."""

    def __init__(self, name, market):
        self.name, self.coin, self.market, self.expiry = name, name, market, None
        self.lot, self.is_option = LOTS[name], False

    def pnl_per_lot(self, scenario):
        move = scenario.price if self.name in self.market.index else 0.0
        if scenario.stable and scenario.stable[0] == self.name:
            move = scenario.stable[1]
        return move * float(self.market.price[self.name]) * float(self.lot) * scenario.damping


def grains(pnl):
    return round(pnl / GRAIN)


class Order:
    def __init__(self, order, market, fee_rate):
        self.contract = Contract(order["instrument"], market)
        self.quantity = Fraction(order["quantity"]) * (1 if order["side"] == "buy" else -1)
        self.lots = self.quantity / self.contract.lot
        price, mark = Fraction(order["price"]), self.contract.mark
        if self.contract.is_option:
            gain, notional = self.quantity * (mark - price), abs(self.quantity)
            self.paid = self.quantity * mark
        else:
            gain, notional = self.contract.unrealised(self.quantity, price), abs(self.quantity) / mark
            self.paid = Fraction(0)
        coin = market.price[self.contract.coin]
        # At the mark, fee paid; and the premium at the mark, which leaves the balance of the coin.
        self.filled = float((gain - fee_rate * notional) * coin)
        # What of a gain would not count as collateral.
        self.uncounted = max(0.0, float(gain * coin)) * HAIRCUT_LARGEST[self.contract.coin]
        self.start = self.filled - self.uncounted
        self.paid = float(self.paid * coin)

    def pnl(self, scenario, from_mark=False):
        """From its own price; or the move from the mark alone."""
        move = scenario.price * self.paid * scenario.damping
        held = float(self.lots) * grains(self.contract.pnl_per_lot(scenario)) * GRAIN
        filled = (self.filled * (1 + scenario.price) - self.uncounted) * scenario.damping
        return held - move + (0.0 if from_mark else filled)


class Stake:
    """All of one underlying: rows with their lots, and its orders."""

    def __init__(self, name):
        self.name, self.rows, self.orders = name, [], []

    def pnl(self, scenario, orders=True, of=lambda row: True, from_mark=False):
        held = sum(lots * grains(row.pnl_per_lot(scenario)) for row, lots in self.rows if of(row)) * GRAIN
        fills = sum(min(0.0, o.pnl(scenario, from_mark)) for o in self.orders if orders and of(o.contract))
        return float(held) + fills

    def node(self, row, step):
        return scanned(PRICE_RANGE[self.name] * step / STEPS, row)

    def node_pnl(self, row, step, orders):
        if row == 0 and step == 0:
            return sum(min(0.0, o.start) for o in self.orders) if orders else 0.0
        return self.pnl(self.node(row, step), orders)

    def node_loss(self, row, step, orders):
        """A grid cell: its own loss, what lies around it, and held strikes within a step of it."""
        here = self.node_pnl(row, step, orders)
        around = 0.0
        if abs(step) < STEPS:
            around = max(0.0, sum(self.node_pnl(row, s, orders) for s in (step - 1, step + 1)) - 2 * here) / 8
        one = PRICE_RANGE[self.name] / STEPS
        near = [move for move in self.near() if (step - 1) * one <= move <= (step + 1) * one]
        return max(-here + around, *(-self.pnl(scanned(move, row), orders) for move in near)) if near else -here + around

    def beyond(self, orders):
        """Losses of the extreme moves and of a day, in one order."""
        for move in TAILS:
            damping = min(1.0, TAIL_DAMPING * PRICE_RANGE[self.name] / abs(move))
            yield -self.pnl(scanned(move, VOL_UP, damping), orders)
        yield -self.pnl(Scenario(days=1.0), orders)

    def near(self):
        """Moves to the strikes of short-dated options held or ordered."""
        reach = NEAR_STRIKE * PRICE_RANGE[self.name] / STEPS
        moves = {}
        for row in [row for row, _ in self.rows] + [order.contract for order in self.orders]:
            deviation = row.vol * math.sqrt(row.years) if row.is_option else reach
            if deviation < reach:
                for j in (-2, -1, 0, 1, 2):
                    moves[round(row.strike / row.forward * (1 + j * deviation) - 1, 6)] = True
        return [move for move in moves if abs(move) <= PRICE_RANGE[self.name]]

    def own_worst(self, orders):
        losses = [self.node_loss(row, step, orders) for row in (VOL_DOWN, 0, VOL_UP) for step in range(-STEPS, STEPS + 1)]
        losses += self.beyond(orders)
        return max(losses)

    def by_expiry(self, orders, moves):
        """Every expiry on its own, at the worse of two moves."""
        expiries = {row.expiry for row, _ in self.rows} | {o.contract.expiry for o in self.orders}
        loss = lambda move, expiry: -self.pnl(move, orders, lambda row: row.expiry == expiry, from_mark=True)
        worst = lambda expiry: max(0.0, *(loss(move, expiry) for move in moves))
        return sum(worst(expiry) for expiry in expiries)

    def filled(self, orders):
        """Rows as they stand, and with all buys or all sells filled too."""
        yield self.rows
        if orders:
            for sign in (1, -1):
                yield self.rows + [(o.contract, o.lots) for o in self.orders if o.lots * sign > 0]

    def short_minimum(self, orders):
        def of(rows):
            net = {}
            for row, lots in rows:
                if row.is_option:
                    key = row.expiry, row.right
                    net[key] = net.get(key, 0.0) - float(lots * row.lot) * SHORT_MINIMUM * float(row.market.index[self.name])
            return sum(max(0.0, each) for each in net.values())
        return max(of(rows) for rows in self.filled(orders))

    def cost_to_close(self, orders):
        def of(row):
            if isinstance(row, Asset):
                return 0.0
            if not row.is_option:
                return DELTA_SPREAD[self.name]  # of one dollar
            deviation = row.vol * math.sqrt(row.years)
            log = math.log(row.forward / row.strike)
            d1 = log / deviation + deviation / 2
            delta = normal(d1) - (row.right == "P")
            vega = row.forward * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) * math.sqrt(row.years) / 100
            widening = 1 + 0.5 * min(abs(log) / deviation, 4.0)
            return abs(delta) * row.forward * DELTA_SPREAD[self.name] + vega * VEGA_SPREAD * widening
        net = lambda rows: {row.name: sum(l for r, l in rows if r.name == row.name) for row, _ in rows}
        contracts = {row.name: row for rows in self.filled(orders) for row, _ in rows}
        return max(
            sum(abs(float(lots * contracts[name].lot)) * of(contracts[name]) for name, lots in net(rows).items())
            for rows in self.filled(orders)
        )

    def exchanged(self):
        """What is sold fetches coins, of which the haircut is taken; the options that are owed for them have none."""
        return sum(max(0.0, -o.paid * float(HAIRCUT[o.contract.coin])) for o in self.orders)

    def rounding(self, orders):
        """Half a grain a lot of what was rounded, and two grains an order, in every sum they are in."""
        lots = sum(abs(lots) for row, lots in self.rows) + sum(abs(o.lots) for o in self.orders if orders)
        stable = self.name not in PRICED_IN_DOLLARS
        return (6 if stable else 5) * float(math.ceil(lots / 2) + 2 * (len(self.orders) if orders else 0)) * GRAIN


class Account:
    def __init__(self, book, market):
        self.market = market
        self.assets = {}
        self.stakes = {}
        for each in book["collateral"]:
            self.assets[each["asset"]] = [Fraction(each["amount"]), Fraction(0), Fraction(0)]
        positions = []
        for each in book["positions"]:
            contract, quantity = Contract(each["instrument"], market), Fraction(each["quantity"])
            net = self.assets.setdefault(contract.coin, [Fraction(0)] * 3)
            if contract.is_option:
                net[2] += quantity * contract.mark
            else:
                net[1] += contract.unrealised(quantity, Fraction(each["entry_price"]))
            positions.append((contract, quantity / contract.lot))
        self.part_lots = []
        for name, (cash, unrealised, _) in sorted(self.assets.items()):
            row = Asset(name, market)
            lots = int((cash + unrealised) / row.lot)
            self.stake(name).rows.append((row, lots))
            self.part_lots.append((row, cash + unrealised - lots * row.lot))
        for contract, lots in positions:
            self.stake(contract.coin).rows.append((contract, lots))
        fee_rate = Fraction(book["fee_rates"]["taker"])
        for each in book["orders"]:
            order = Order(each, market, fee_rate)
            self.stake(order.contract.coin).orders.append(order)
        self.list = [self.stakes[name] for name in sorted(self.stakes)]
        self.stables = [name for name in sorted(self.assets) if name not in market.index and name != "USD"]

    def stake(self, name):
        return self.stakes.setdefault(name, Stake(name))

    def equity(self, reading):
        """Exact: net value, margin equity, or what may be withdrawn."""
        total = Fraction(0)
        for name, (cash, unrealised, options) in self.assets.items():
            price = self.market.price[name]
            value = (cash + (min(unrealised, 0) if reading == "withdrawable" else unrealised)) * price
            assert 0 <= value < HAIRCUT_TIER_TOP[name], "the demo stays in the first tier and owes nothing"
            total += value * (1 - (0 if reading == "net_value" else HAIRCUT[name])) + options * price
        return total

    def net_risk(self, orders):
        moving = [stake for stake in self.list if stake.name in self.market.index]
        own = [max(0.0, stake.own_worst(orders)) for stake in moving]
        joint = [sum(losses) for losses in zip(*(stake.beyond(orders) for stake in moving))]
        for row in (VOL_DOWN, 0, VOL_UP):
            for step in range(-STEPS, STEPS + 1):
                joint.append(sum(stake.node_loss(row, step, orders) for stake in moving))
            for leader in moving:
                for one, rest in ((-2, -1), (2, 1), (-2, 1), (2, -1)):
                    nodes = [(s, (one if s is leader else rest) * STEPS // 2) for s in moving]
                    joint.append(sum(stake.node_loss(row, step, orders) for stake, step in nodes))
        return max(*own, *joint, CREDIT_FLOOR * sum(own))

    def stablecoins(self, orders):
        total = 0.0
        for name in self.stables:
            moves = [Scenario(stable=(name, by)) for by in (STABLE_DOWN, STABLE_UP)]
            total += max(0.0, *(-sum(stake.pnl(move, orders, from_mark=True) for stake in self.list) for move in moves))
        return total

    def requirement(self, orders):
        """The parts of the requirement, by the labels of the program's tree."""
        each = lambda figure: sum(figure(stake) for stake in self.list)
        moves = lambda **of: [Scenario(**{name: sign * by for name, by in of.items()}) for sign in (1, -1)]
        parts = {
            "net risk": self.net_risk(orders),
            "short option minimum": each(lambda s: s.short_minimum(orders)),
            "basis": each(lambda s: s.by_expiry(orders, moves(basis=1.0))),
            "volatility of single expiries": each(lambda s: s.by_expiry(orders, moves(vol=VOL_TERM))),
            "interest rate": 0.0,  # A coin premium is not discounted.
            "stablecoins": self.stablecoins(orders),
            "liquidity": each(lambda s: s.cost_to_close(orders)),
            "concentration": 0.0,
            "balances under one lot": sum(self.part_lot(row, rest) for row, rest in self.part_lots),
            "rounding of cells": each(lambda s: s.rounding(orders)),
        }
        if orders:
            parts["balances once exchanged"] = each(lambda s: s.exchanged())
        risks = ("net risk", "basis", "volatility of single expiries", "interest rate", "stablecoins")
        market = sum(parts[name] for name in risks)
        charges = sum(parts[name] for name in parts if name not in risks)
        return parts | {"market risk": market}, market * (1.0 if orders else MAINTENANCE_SHARE) + charges

    def part_lot(self, row, rest):
        extremes = [*TAILS, *(sign * PRICE_RANGE[row.coin] for sign in (1, -1))]
        scenarios = [Scenario(m, damping=min(1.0, TAIL_DAMPING * PRICE_RANGE[row.coin] / abs(m))) for m in TAILS]
        scenarios += [Scenario(move) for move in extremes[len(TAILS):]]
        scenarios += [Scenario(stable=(name, by)) for name in self.stables for by in (STABLE_DOWN, STABLE_UP)]
        sign = (rest > 0) - (rest < 0)
        worst = max(0, *(-sign * grains(row.pnl_per_lot(scenario)) for scenario in scenarios))
        return float(abs(rest) / row.lot) * (worst + 1) * GRAIN if rest else 0.0


def find(node, label):
    """The first node of a tree with this label."""
    if node["label"] == label:
        return node
    return next((found for found in (find(child, label) for child in node.get("of", [])) if found), None)


class Checks:
    def __init__(self):
        self.missed = 0

    def line(self, what, ours, theirs, tolerance):
        """`tolerance` in dollars, beside a millionth of the figure."""
        ours, theirs = float(ours), float(theirs)
        good = abs(ours - theirs) <= tolerance + 1e-6 * abs(theirs)
        self.missed += not good
        print(f"  {what:<34} {ours:>18.6f} {theirs:>18.6f} {ours - theirs:>14.6f}  {'ok' if good else 'OFF'}")


def answer(binary, *arguments):
    command = [binary, *arguments, "--format", "json", *map(str, FILES)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["accounts"][0]


def check_equity(checks, account, margin, binary):
    print("equity                                           derived            program     difference")
    readings = {"equity": "initial", "equity-maintenance": "maintenance", "withdrawable": "withdrawable", "net-value": "net_value"}
    for level, reading in readings.items():
        ours = account.equity(reading)
        checks.line(reading, ours, margin["equity"][reading], 1e-9)
        checks.line(f"{reading}, its tree", ours, answer(binary, "explain", "--level", level)["tree"]["amount"], 1e-9)


def check_requirement(checks, account, margin, binary):
    totals = []
    for level, orders in (("initial", True), ("maintenance", False)):
        print(f"{level} margin")
        tree = answer(binary, "explain", "--level", level)["tree"]
        parts, total = account.requirement(orders)
        # Sums of grains are exact in both; a cell on the edge of two grains may fall either way.
        edge = account.list and sum(stake.rounding(orders) for stake in account.list) / 100
        for name, ours in parts.items():
            checks.line(name, ours, find(tree, name)["amount"], edge)
        checks.line("total", total, tree["amount"], edge)
        checks.line("total, as margin says", total, margin["requirement"][level], edge)
        totals.append(Fraction(tree["amount"]))
    return totals


def check_levels(checks, account, margin, initial, maintenance):
    print("excess")
    between = lambda share: maintenance + max(initial - maintenance, 0) * share
    equity = account.equity("maintenance")
    excess = {
        "initial": account.equity("initial") - initial,
        "fill": equity - between(FILL),
        "call": equity - between(CALL),
        "liquidation-end": equity - between(LIQUIDATION_END),
        "maintenance": equity - maintenance,
        "backstop": equity - maintenance * BACKSTOP,
        "net value": account.equity("net_value"),
    }
    for level in margin["levels"]:
        checks.line(level["level"], excess[level["level"]], level["excess"], 1e-9)
    healthy = excess["initial"] >= 0
    print(f"  state {margin['state']}")
    checks.missed += healthy != (margin["state"] == "healthy")


def main():
    candidates = [Path(argument) for argument in sys.argv[1:2]]
    candidates += [ROOT / "target" / profile / "plimsoll" for profile in ("release", "debug")]
    binary = next((str(path) for path in candidates if path.exists()), None)
    if binary is None:
        sys.exit("no plimsoll binary: build one, or name its path")
    market, book = (json.loads(path.read_text()) for path in FILES)
    account = Account(book["accounts"][0], Market(market))
    margin = answer(binary, "margin")
    checks = Checks()
    check_equity(checks, account, margin, binary)
    initial, maintenance = check_requirement(checks, account, margin, binary)
    check_levels(checks, account, margin, initial, maintenance)
    print(f"{checks.missed} figures off" if checks.missed else "every figure agrees")
    sys.exit(1 if checks.missed else 0)


if __name__ == "__main__":
    main()
