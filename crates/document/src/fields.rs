//! Every field a document may have: the one list that reader, writer's tests and schema share.

use crate::shape::Need::{Optional, Refused, Required, Unused};
use crate::shape::{Field, Key, Kind, Need, Range, Shape};

const ANY: Kind = Kind::Decimal(Range::Any);
const POSITIVE: Kind = Kind::Decimal(Range::Positive);
const AT_LEAST_ZERO: Kind = Kind::Decimal(Range::AtLeastZero);
const FRACTION: Kind = Kind::Decimal(Range::Fraction);
const VOL: Kind = Kind::Decimal(Range::Vol);

/// Collateral set apart, or left out of account, changes what the rest of an account must hold.
const NO_BUCKETS: Need = Refused("nothing: buckets are not margined yet");

const fn field(name: &'static str, kind: Kind, need: Need, about: &'static str) -> Field {
    Field { name, kind, need, about }
}

/// The whole document.
pub static REQUEST: Shape = Shape {
    name: "request",
    about: "a margin request: a market, instruments, accounts and parameters",
    fields: &[
        field("$schema", Kind::Text, Optional, "Address of this schema, for editors."),
        field("source", Kind::Text, Optional, "Where the figures come from, for people."),
        field("as_of", Kind::Instant, Required, "The instant of the market; expiries are measured from it."),
        field("currency", Kind::Name, Required, "The asset everything is valued in, worth one of itself: \"USD\"."),
        field("market", Kind::Object(&MARKET), Required, "Prices, volatilities and marks at `as_of`."),
        field(
            "instruments",
            Kind::List(&Kind::Object(&INSTRUMENT)),
            Optional,
            "Contracts. One that is not listed here is understood from its name, in Deribit's or ccxt's convention.",
        ),
        field(
            "accounts",
            Kind::List(&Kind::Object(&ACCOUNT)),
            Optional,
            "Accounts to margin; none in a market document.",
        ),
        field(
            "parameters",
            Kind::Map(Key::Text, &Kind::Tree),
            Optional,
            "Changes to a model's parameters, by model: {\"plimsoll@2026-11\": {\"price_range\": \"0.16\"}}.",
        ),
        field("venue", Kind::Object(&VENUE), Unused, "Figures of the venue as a whole."),
    ],
};

static VENUE: Shape = Shape {
    name: "venue",
    about: "figures of the venue as a whole",
    fields: &[
        field("insurance", Kind::Map(Key::Name, &AT_LEAST_ZERO), Optional, "Insurance fund, by asset."),
        field("interest_totals", Kind::Map(Key::Name, &ANY), Optional, "Interest owed to the venue, by asset."),
    ],
};

/// `market`.
pub static MARKET: Shape = Shape {
    name: "market",
    about: "prices of assets, underlyings and marks",
    fields: &[
        field("assets", Kind::Map(Key::Name, &Kind::Object(&ASSET)), Optional, "Prices of assets, by asset."),
        field(
            "underlyings",
            Kind::Map(Key::Name, &Kind::Object(&UNDERLYING)),
            Optional,
            "Index, forwards and volatilities, by underlying.",
        ),
        field("marks", Kind::Map(Key::Text, &Kind::Object(&MARK)), Optional, "What is quoted of instruments, by name."),
    ],
};

static SOURCE: Shape = Shape {
    name: "source",
    about: "one source of a price",
    fields: &[
        field("name", Kind::Text, Required, "Who quotes it."),
        field("price", POSITIVE, Required, "What it quotes."),
        field("weight", AT_LEAST_ZERO, Optional, "Its weight in the index."),
        field("observed_at", Kind::Instant, Optional, "When it was quoted."),
    ],
};
static SOURCES: Kind = Kind::List(&Kind::Object(&SOURCE));

/// `market.assets.*`.
pub static ASSET: Shape = Shape {
    name: "asset",
    about: "the price of an asset",
    fields: &[
        field(
            "price",
            POSITIVE,
            Required,
            "Price of one unit in `currency`. No stablecoin is assumed to be worth one.",
        ),
        field("confidence", FRACTION, Optional, "How far the sources agree, 0 to 1; 1 where absent."),
        field("trusted", Kind::Boolean, Optional, "False where the price is not to be relied on; true where absent."),
        field("redemption_value", POSITIVE, Optional, "What the issuer pays for one unit, in `currency`."),
        field("depth", AT_LEAST_ZERO, Optional, "Units a sale of which moves the price by one per cent."),
        field("observed_at", Kind::Instant, Unused, "When the price was observed."),
        field("sources", SOURCES, Unused, "What the price was made of."),
        field("slow_price", POSITIVE, Optional, "A price that follows slowly: `weights` takes the worse of the two."),
        field("debt_price", POSITIVE, Optional, "What a debt of one unit costs, where that is not the price."),
        field("redemption_delay_s", Kind::Count, Unused, "Seconds until a redemption pays."),
        field("total_deposits", AT_LEAST_ZERO, Unused, "Units deposited at the venue."),
        field("total_borrows", AT_LEAST_ZERO, Unused, "Units lent out by the venue."),
        field("borrow_rate", ANY, Unused, "Annual rate on debt; may be negative."),
        field("supply_index", POSITIVE, Unused, "Growth of one unit deposited."),
        field("borrow_index", POSITIVE, Unused, "Growth of one unit borrowed."),
    ],
};

/// `market.underlyings.*`.
pub static UNDERLYING: Shape = Shape {
    name: "underlying",
    about: "the index of an underlying, its forwards and volatilities",
    fields: &[
        field("index", POSITIVE, Required, "Index price, in `quote`."),
        field("quote", Kind::Name, Required, "What the index is counted in: \"USD\"."),
        field(
            "expiries",
            Kind::Map(Key::Instant, &Kind::Object(&EXPIRY)),
            Optional,
            "Forwards, rates and volatilities, by expiry.",
        ),
        field("confidence", FRACTION, Optional, "How far the sources of the index agree, 0 to 1; 1 where absent."),
        field("trusted", Kind::Boolean, Unused, "False where the index is not to be relied on."),
        field("observed_at", Kind::Instant, Unused, "When the index was observed."),
        field("sources", SOURCES, Unused, "What the index was made of."),
        field("slow_price", POSITIVE, Unused, "A rate-limited index, for when the index is not trusted."),
    ],
};

/// `market.underlyings.*.expiries.*`.
pub static EXPIRY: Shape = Shape {
    name: "expiry",
    about: "the forward, rate and volatilities of one expiry",
    fields: &[
        field("forward", POSITIVE, Optional, "Forward, in the index's quote; derived where absent."),
        field("rate", ANY, Optional, "Continuously compounded annual rate that discounts premiums; zero where absent."),
        field("vols", Kind::List(&Kind::Object(&STRIKE_VOL)), Optional, "Quoted volatilities, by strike."),
        field("svi", Kind::Object(&SVI), Optional, "A published raw SVI slice."),
        field("discount", POSITIVE, Unused, "Discount factor; never in place of `rate`, unless it is one."),
        field(
            "forward_fixed",
            AT_LEAST_ZERO,
            Optional,
            "Part of the forward already fixed by the settlement average; beside `forward` or `forward_variable`.",
        ),
        field(
            "forward_variable",
            AT_LEAST_ZERO,
            Optional,
            "Part of the forward still moving; with the fixed part it is the forward.",
        ),
        field(
            "forward_confidence",
            FRACTION,
            Optional,
            "How far the sources of the forward agree, 0 to 1; 1 where absent.",
        ),
        field(
            "vol_confidence",
            FRACTION,
            Optional,
            "How far the sources of the volatilities agree, 0 to 1; 1 where absent.",
        ),
        field("rate_confidence", FRACTION, Optional, "How far the sources of the rate agree, 0 to 1; 1 where absent."),
        field("settlement_average", POSITIVE, Unused, "Average so far of the settlement window."),
        field("seconds_to_expiry", AT_LEAST_ZERO, Unused, "Exact seconds to expiry, where a venue publishes them."),
    ],
};

/// `vols[*]`.
pub static STRIKE_VOL: Shape = Shape {
    name: "strike_vol",
    about: "the volatility quoted at a strike",
    fields: &[
        field("strike", POSITIVE, Required, "Strike, in the index's quote."),
        field("vol", VOL, Required, "Annual volatility: 0.6 is 60 %."),
    ],
};

/// `svi`.
pub static SVI: Shape = Shape {
    name: "svi",
    about: "raw SVI, total variance a + b(rho(k - m) + sqrt((k - m)^2 + sigma^2)) at k = ln(strike / forward)",
    fields: &[
        field("a", ANY, Required, "Level."),
        field("b", AT_LEAST_ZERO, Required, "Slope."),
        field("rho", Kind::Decimal(Range::Correlation), Required, "Tilt."),
        field("m", ANY, Required, "Shift."),
        field("sigma", POSITIVE, Required, "Smoothing."),
    ],
};

/// `market.marks.*`.
pub static MARK: Shape = Shape {
    name: "mark",
    about: "what is quoted of an instrument",
    fields: &[
        field(
            "price",
            AT_LEAST_ZERO,
            Optional,
            "Mark price as the instrument is quoted: an inverse option's in coin. Zero only for an option.",
        ),
        field("vol", VOL, Optional, "Mark volatility of an option, annual."),
        field("bid", AT_LEAST_ZERO, Optional, "Best bid, as the instrument is quoted."),
        field("ask", AT_LEAST_ZERO, Optional, "Best ask, as the instrument is quoted."),
        field("funding_rate", ANY, Optional, "Funding rate of the current period; positive means longs pay."),
        field("open_interest", AT_LEAST_ZERO, Optional, "Contracts open."),
        field("confidence", FRACTION, Optional, "How far the sources of the mark agree, 0 to 1; 1 where absent."),
        field("observed_at", Kind::Instant, Unused, "When the mark was observed."),
        field("impact_bid", AT_LEAST_ZERO, Unused, "Average price of selling the venue's impact size."),
        field("impact_ask", AT_LEAST_ZERO, Unused, "Average price of buying the venue's impact size."),
        field("funding_index", ANY, Unused, "Funding paid by one contract since it was listed."),
        field("delta", ANY, Unused, "Delta as the venue publishes it."),
        field(
            "risk_array",
            Kind::List(&ANY),
            Unused,
            "P&L of one contract in each of a clearing house's scenarios; gains positive.",
        ),
    ],
};

/// `instruments[*]`.
pub static INSTRUMENT: Shape = Shape {
    name: "instrument",
    about: "the terms of a contract, or its name alone where the name says them",
    fields: &[
        field("name", Kind::Text, Required, "Name, unique in the document."),
        field(
            "kind",
            Kind::Choice(crate::instruments::KINDS),
            Optional,
            "What it is; without it the name must say the terms.",
        ),
        field("underlying", Kind::Name, Optional, "What it is written on. Required with `kind`."),
        field("quote", Kind::Name, Optional, "What the underlying's price is counted in. Required with `kind`."),
        field(
            "settlement",
            Kind::Name,
            Optional,
            "What P&L and premium are paid in; the quote (linear) or the underlying (inverse) where absent.",
        ),
        field(
            "style",
            Kind::Choice(crate::instruments::STYLES),
            Optional,
            "How P&L turns into the settlement asset. Required with `kind`, but for spot.",
        ),
        field("right", Kind::Choice(&["call", "put"]), Optional, "Of an option."),
        field("strike", POSITIVE, Optional, "Of an option, in the quote."),
        field("expiry", Kind::Instant, Optional, "When a future or option settles."),
        field(
            "contract_size",
            POSITIVE,
            Optional,
            "Units of the underlying a contract stands for; of the quote for an inverse future. Required with `kind`, but for spot, where it is one.",
        ),
        field("lot_size", POSITIVE, Optional, "Smallest count of contracts that can be held. Required with `kind`."),
        field(
            "premium_style",
            Kind::Choice(&["paid", "futures"]),
            Optional,
            "When an option's price is paid: at the trade, or daily like a future's; \"paid\" where absent.",
        ),
        field("exercise", Kind::Choice(&["european"]), Optional, "How an option is exercised; European alone."),
        field("quanto_rate", POSITIVE, Optional, "Settlement asset paid per unit of quote, of a quanto contract."),
        field(
            "funding_interval_s",
            Kind::Count,
            Optional,
            "Seconds between fundings of a perpetual; 28800 where absent.",
        ),
        field(
            "funding_period_s",
            Kind::Count,
            Optional,
            "Seconds over which a perpetual option's mark less payoff is paid once; 86400 where absent.",
        ),
        field(
            "settlement_state",
            Kind::Choice(&["live", "unsettled"]),
            Optional,
            "\"unsettled\" for an expired contract that has not paid yet: it counts at what it will pay.",
        ),
        field("settlement_window_s", Kind::Count, Unused, "Seconds over which the settlement price is averaged."),
        field("margin_class", Kind::Text, Unused, "The venue's margin class."),
        field("product_group", Kind::Text, Unused, "The venue's product group."),
    ],
};

/// `accounts[*]`.
pub static ACCOUNT: Shape = Shape {
    name: "account",
    about: "an account: what it holds and how it is margined",
    fields: &[
        field("id", Kind::Text, Required, "Name of the account, unique in the document."),
        field("model", Kind::Text, Optional, "Margin model, with its date where there are several: \"plimsoll\"."),
        field(
            "mode",
            Kind::Choice(crate::accounts::MODES),
            Optional,
            "Which model margins it where `model` is absent. \"isolated\": `isolated`, each position with collateral of its own. \"cross\" and \"multi_currency\": `cross`, all collateral in one pool, positions charged one by one. \"portfolio\": `plimsoll`, positions offset each other.",
        ),
        field("collateral", Kind::List(&Kind::Object(&COLLATERAL)), Optional, "Balances, at most one an asset."),
        field("positions", Kind::List(&Kind::Object(&POSITION)), Optional, "Positions, at most one an instrument."),
        field("orders", Kind::List(&Kind::Object(&ORDER)), Optional, "Open orders."),
        field(
            "credit_line",
            AT_LEAST_ZERO,
            Optional,
            "Unsecured line that was agreed, in `currency`. It counts as margin equity: whole, or what the `credit` model grants of it.",
        ),
        field("rating", Kind::Text, Optional, "Credit rating of the owner, for the `credit` model: \"BBB\"."),
        field("fee_rates", Kind::Object(&FEE_RATES), Optional, "Trading fees; zero where absent."),
        field("leverage", POSITIVE, Optional, "The leverage the account chose. Not used by any model yet."),
        field(
            "subaccounts",
            Kind::List(&Kind::Object(&ACCOUNT)),
            Optional,
            "Accounts below this one, margined apart: `a` below `desk` is answered as `desk/a`, and has the model, mode, rating, fees and leverage of `desk` where it names none.",
        ),
        field("margin_group", Kind::Text, Unused, "Accounts of one legal entity margined together."),
        field("buckets", Kind::List(&Kind::Object(&BUCKET)), Unused, "Isolated buckets with collateral of their own."),
        field("trader_limits", Kind::Object(&TRADER_LIMITS), Unused, "Limits the venue set for this account."),
    ],
};

/// `fee_rates`.
pub static FEE_RATES: Shape = Shape {
    name: "fee_rates",
    about: "trading fees as shares of notional; a rebate is negative",
    fields: &[
        field("maker", ANY, Optional, "For an order that rested; zero where absent."),
        field("taker", ANY, Optional, "For an order that took; zero where absent."),
    ],
};

static BUCKET: Shape = Shape {
    name: "bucket",
    about: "an isolated bucket",
    fields: &[
        field("id", Kind::Text, Required, "Name of the bucket, unique in the account."),
        field("collateral", Kind::List(&Kind::Object(&COLLATERAL)), NO_BUCKETS, "Its own balances."),
        field("positions", Kind::List(&Kind::Object(&POSITION)), NO_BUCKETS, "Positions that stand in it."),
        field("top_up_limit", AT_LEAST_ZERO, Optional, "The most that is moved to it from the account."),
    ],
};

static TRADER_LIMITS: Shape = Shape {
    name: "trader_limits",
    about: "limits the venue set for an account",
    fields: &[
        field("position_notional", AT_LEAST_ZERO, Optional, "Largest notional of a position, in `currency`."),
        field("gross_notional", AT_LEAST_ZERO, Optional, "Largest notional of all positions, in `currency`."),
        field("order_count", Kind::Count, Optional, "Most open orders."),
    ],
};

/// `collateral[*]`.
pub static COLLATERAL: Shape = Shape {
    name: "collateral",
    about: "the balance of one asset",
    fields: &[
        field("asset", Kind::Name, Required, "Of what."),
        field("amount", ANY, Required, "Cash; negative is an overdraft."),
        field("borrowed", AT_LEAST_ZERO, Optional, "Debt; zero where absent."),
        field("accrued_interest", AT_LEAST_ZERO, Optional, "Interest owed on the debt; zero where absent."),
        field("reserved", AT_LEAST_ZERO, Optional, "Part of `amount` held back for something else; zero where absent."),
        field("spot_in_use", AT_LEAST_ZERO, Unused, "Part of `amount` that hedges derivatives, where a venue says so."),
    ],
};

/// `positions[*]`.
pub static POSITION: Shape = Shape {
    name: "position",
    about: "contracts of one instrument",
    fields: &[
        field("instrument", Kind::Text, Required, "Name of the instrument."),
        field("quantity", ANY, Required, "Contracts, a multiple of the lot size; short is negative."),
        field(
            "entry_price",
            AT_LEAST_ZERO,
            Optional,
            "Average price paid, as the instrument is quoted: an inverse option's in coin. Without it there is no unrealised P&L. Zero only for an option.",
        ),
        field(
            "unsettled_pnl",
            ANY,
            Optional,
            "P&L fixed but not yet paid to the balance, in the settlement asset; zero where absent.",
        ),
        field(
            "accrued_funding",
            ANY,
            Optional,
            "Funding accrued but not yet paid, in the settlement asset; received is positive; zero where absent.",
        ),
        field(
            "position_side",
            Kind::Choice(&["long", "short", "both"]),
            Optional,
            "Must agree with the sign of `quantity`.",
        ),
        field("bucket", Kind::Text, NO_BUCKETS, "The isolated bucket it stands in."),
        field(
            "cost",
            ANY,
            Unused,
            "Exact cost, in the asset the instrument is quoted in; never in place of `entry_price` where P&L is counted from that.",
        ),
    ],
};

/// `orders[*]`.
pub static ORDER: Shape = Shape {
    name: "order",
    about: "an open order",
    fields: &[
        field("instrument", Kind::Text, Required, "Name of the instrument."),
        field("side", Kind::Choice(&["buy", "sell"]), Required, "Which way."),
        field("quantity", POSITIVE, Required, "Contracts still open, a multiple of the lot size."),
        field("price", POSITIVE, Required, "Limit price, as the instrument is quoted."),
        field("reduce_only", Kind::Boolean, Optional, "Whether it may only shrink a position; false where absent."),
        field("bucket", Kind::Text, NO_BUCKETS, "The isolated bucket it stands in."),
        field("filled", AT_LEAST_ZERO, Unused, "Contracts already filled; not part of `quantity`."),
    ],
};
