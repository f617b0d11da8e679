//! Every field a line of the command stream may have.

use plimsoll_document::fields::{EXPIRY, INSTRUMENT, MARK};
use plimsoll_document::shape::Need::{Optional, Required};
use plimsoll_document::shape::{Field, Key, Kind, Need, Range, Shape};

const ANY: Kind = Kind::Decimal(Range::Any);
const POSITIVE: Kind = Kind::Decimal(Range::Positive);
const AT_LEAST_ZERO: Kind = Kind::Decimal(Range::AtLeastZero);
const FRACTION: Kind = Kind::Decimal(Range::Fraction);
const SIDE: Kind = Kind::Choice(&["buy", "sell"]);

const fn field(name: &'static str, kind: Kind, need: Need, about: &'static str) -> Field {
    Field { name, kind, need, about }
}

const DO: Field = field("do", Kind::Text, Required, "What is asked.");
const AT: Field = field("at", Kind::Instant, Optional, "When; without it, the time of the line before.");
const AFTER: Field = field("after_s", Kind::Count, Optional, "When: seconds after the line before.");
const EXPECT: Field = field("expect", Kind::Tree, Optional, "In a story: what must be so afterwards.");
const SAY: Field = field("say", Kind::Text, Optional, "What this is, for people.");
const RULE: Field =
    field("rule", Kind::Choice(&["on", "off"]), Optional, "In a story: told only with its protecting rule on, or off.");
const CLIENT: Field = field("client", Kind::Text, Optional, "Who says so; the reader's own name without it.");
const NUMBER: Field =
    field("number", Kind::Count, Optional, "Counts the client's commands; the line's number without it.");
const ACCOUNT: Field = field("account", Kind::Text, Required, "The account's name.");
const AMOUNT: Field = field("amount", Kind::Text, Required, "How much of what: \"5 BTC\".");
const CONTRACT: Field = field("contract", Kind::Text, Required, "The contract's name.");

macro_rules! command {
    ($name:ident, $word:literal, $about:literal, [$($field:expr),* $(,)?]) => {
        pub(super) static $name: Shape = Shape {
            name: $word,
            about: $about,
            fields: &[DO, AT, AFTER, CLIENT, NUMBER, SAY, EXPECT, RULE, $($field),*],
        };
    };
}

pub(super) static TRUST: Shape = Shape {
    name: "trust",
    about: "how quotes become a price, and what stands in for one that is not trusted",
    fields: &[
        field("age_s", Kind::Count, Optional, "The oldest a quote may be."),
        field("ahead_s", Kind::Count, Optional, "How far ahead of us a source's clock may be."),
        field("outlier_fraction", POSITIVE, Optional, "How far from the median a quote may be."),
        field("band", FRACTION, Optional, "Within it sources agree."),
        field("sources_min", Kind::Count, Optional, "Sources needed for a trusted price."),
        field("confidence_min", FRACTION, Optional, "Agreement needed for a trusted price."),
        field("slow_per_hour", POSITIVE, Optional, "The most the slow price moves in an hour, as a share."),
        field("untrusted_band", FRACTION, Optional, "How far an untrusted price may be off in an account's favour."),
        field("decay", Kind::List(&DECAY), Optional, "What still counts: [[0, 1], [3600, 0.5], [86400, 0]]."),
    ],
};
static DECAY: Kind = Kind::List(&ANY);
const TRUSTED: Field = field("trust", Kind::Object(&TRUST), Optional, "How its price is made.");

pub(super) static LINES: Shape = Shape {
    name: "lines",
    about: "where the lines between initial and maintenance margin are",
    fields: &[
        field("fill", FRACTION, Optional, "Fill line: maintenance + share × (initial − maintenance)."),
        field("call", FRACTION, Optional, "Margin-call line, likewise."),
        field("liquidation_end", FRACTION, Optional, "Where a liquidation ends, likewise."),
        field("backstop", FRACTION, Optional, "Backstop line, as a share of maintenance."),
        field("call_s", Kind::Count, Optional, "Seconds a called account is given; an hour without it."),
    ],
};

const GROUP: Field =
    field("group", Kind::Text, Optional, "Margined together with the owner's accounts of this group; \"\" is none.");
const MODE: Field =
    field("mode", Kind::Choice(&["isolated", "cross", "multi_currency", "portfolio"]), Optional, "What it may hold.");
const CROSS_ASSET: Field = field("asset", Kind::Name, Optional, "The asset of mode cross.");
const MODEL: Field = field("model", Kind::Text, Optional, "The model's name; of a new account `plimsoll` without it.");
const CREDIT_LINE: Field = field("credit_line", AT_LEAST_ZERO, Optional, "The unsecured line agreed.");
const MAKER_FEE_RATE: Field = field("maker_fee_rate", ANY, Optional, "As a fraction of notional; a rebate below zero.");
const TAKER_FEE_RATE: Field = field("taker_fee_rate", AT_LEAST_ZERO, Optional, "As a fraction of notional.");
const LIMITED: Field = field("limits", Kind::Object(&LIMITS), Optional, "What its owner allows themselves.");
const TOP_UP: Field = field("top_up", Kind::Text, Optional, "What a bucket may draw by itself: \"500 USDC\".");

pub(super) static LIMITS: Shape = Shape {
    name: "limits",
    about: "limits that a trader sets on themselves",
    fields: &[
        field("leverage_max", AT_LEAST_ZERO, Optional, "Gross notional ÷ margin equity."),
        field("loss_max", AT_LEAST_ZERO, Optional, "How far net value may fall, in the currency."),
        field("reduce_only", Kind::Boolean, Optional, "Only orders that reduce a position."),
    ],
};

pub(super) static QUOTE: Shape = Shape {
    name: "quote",
    about: "what one source says",
    fields: &[
        field("asset", Kind::Name, Optional, "Of an asset, in the currency."),
        field("index", Kind::Name, Optional, "Of an underlying, in its quote."),
        field("name", Kind::Text, Required, "Who says it."),
        field("price", POSITIVE, Required, "What it says."),
        field("weight", POSITIVE, Optional, "Its weight against the others; one without it."),
        field("observed_at", Kind::Instant, Optional, "When it saw that price; now without it."),
        field("confidence", FRACTION, Optional, "How sure it is; one without it."),
    ],
};
static SURFACES: Kind = Kind::Map(Key::Instant, &Kind::Object(&EXPIRY));

command!(
    LIST_ASSET,
    "list_asset",
    "lets an asset be held",
    [
        field("asset", Kind::Name, Required, "Which."),
        field("borrow_rate", AT_LEAST_ZERO, Optional, "Interest on loans of it and on cash below zero, a year."),
        field("cap", AT_LEAST_ZERO, Optional, "The most accounts may hold together."),
        TRUSTED,
    ]
);
command!(
    LIST_UNDERLYING,
    "list_underlying",
    "makes an underlying known",
    [
        field("underlying", Kind::Name, Required, "Which."),
        field("quote", Kind::Name, Required, "What its index is counted in."),
        field("settlement_window_s", Kind::Count, Optional, "Averaging window before expiry; half an hour without it."),
        TRUSTED,
    ]
);
command!(
    LIST_CONTRACT,
    "list_contract",
    "lets a contract be traded",
    [field("contract", Kind::Object(&INSTRUMENT), Required, "Its terms, or a name that says them."),]
);
command!(
    SET_MODEL,
    "set_model",
    "sets a margin model up, or changes it",
    [
        field("name", Kind::Text, Required, "The name accounts refer to."),
        field("model", Kind::Text, Optional, "The model; of the same name without it."),
        field("parameters", Kind::Map(Key::Text, &Kind::Tree), Optional, "What differs from its own."),
        field("lines", Kind::Object(&LINES), Optional, "Where the lines are."),
        field("from", Kind::Instant, Optional, "When a change comes into force; now without it."),
        field("ramp_s", Kind::Count, Optional, "Seconds over which numbers change, in ten steps; at once without it."),
    ]
);
pub(super) static DEPTH: Shape = Shape {
    name: "depth",
    about: "what trading contracts on an underlying costs",
    fields: &[
        field("spread", FRACTION, Optional, "Half the spread, as a fraction of notional."),
        field("depth", POSITIVE, Optional, "Notional, in the currency, that moves a price by one hundredth."),
    ],
};
pub(super) static BUDGETS: Shape = Shape {
    name: "budgets",
    about: "what the insurance fund may lose, and what may be taken from others, in the currency",
    fields: &[
        field("event", AT_LEAST_ZERO, Optional, "Of the fund, on one account."),
        field("day", AT_LEAST_ZERO, Optional, "Of the fund, in a day of UTC."),
        field("markets", Kind::Map(Key::Name, &AT_LEAST_ZERO), Optional, "Of the fund, in a day, by underlying."),
        field("matched", AT_LEAST_ZERO, Optional, "Notional that is matched by force in a day; what is beyond waits."),
        field("haircut", AT_LEAST_ZERO, Optional, "What holders in gain bear in a day; what is beyond is bad debt."),
    ],
};
pub(super) static AUCTION: Shape = Shape {
    name: "auction",
    about: "how positions are offered that no wave could close; what is not said is as Derive had it in 2025",
    fields: &[
        field("off", Kind::Boolean, Optional, "Whether they are matched at once instead."),
        field("starting_fraction", FRACTION, Optional, "The share of its value that a solvent account keeps at first."),
        field("cutoff_fraction", FRACTION, Optional, "The share that it keeps when the fast phase ends."),
        field("fast_s", Kind::Count, Optional, "Seconds of the fast phase."),
        field("slow_s", Kind::Count, Optional, "Seconds from there to nothing."),
        field("insolvent_s", Kind::Count, Optional, "Seconds in which an insolvent account's bonus rises."),
        field("buffer", FRACTION, Optional, "How much more is sold, as a share of what is asked."),
        field("value_cutoff", AT_LEAST_ZERO, Optional, "Value under which all may be taken at once."),
    ],
};
command!(
    BID,
    "bid",
    "takes over positions on offer, at the marks and what the auction adds",
    [
        ACCOUNT,
        field("bidder", Kind::Text, Required, "Who takes them."),
        field(
            "share",
            FRACTION,
            Optional,
            "What share of each; all without it. No more is taken than cures the account."
        ),
        field("bonus_min", AT_LEAST_ZERO, Optional, "The least that is to be had for it, in the currency."),
    ]
);
command!(
    SET_LIQUIDATION,
    "set_liquidation",
    "sets how accounts below maintenance margin are closed; what is not said stays as it is",
    [
        field(
            "policy",
            Kind::Choice(&["least_cost", "largest_loss_first", "pro_rata", "full_close"]),
            Optional,
            "What trades a plan is made of.",
        ),
        field("band", POSITIVE, Optional, "How far from the mark limit prices are, as a share of it."),
        field("share_of_depth", POSITIVE, Optional, "What a wave trades of one contract, as a share of its depth."),
        field("cooldown_s", Kind::Count, Optional, "Seconds from one wave to the next."),
        field("waves_max", Kind::Count, Optional, "Waves after which what is left is matched."),
        field(
            "fee_rate",
            AT_LEAST_ZERO,
            Optional,
            "What the insurance fund takes of a fill, as a fraction of notional."
        ),
        field(
            "shared_max",
            FRACTION,
            Optional,
            "The most of their gains that holders in gain share of losses in a day."
        ),
        field("depth", Kind::Object(&DEPTH), Optional, "Where an underlying is not named."),
        field("depths", Kind::Map(Key::Name, &Kind::Object(&DEPTH)), Optional, "By underlying."),
        field(
            "budgets",
            Kind::Object(&BUDGETS),
            Optional,
            "What the insurance fund may lose, and what may be taken from others."
        ),
        field("auction", Kind::Object(&AUCTION), Optional, "How positions are offered that no wave could close."),
    ]
);
command!(
    SET_NOTICE,
    "set_notice",
    "says how long rules are told before they hold",
    [field("seconds", Kind::Count, Required, "Seconds; 0 for no notice.")]
);
command!(
    ANNOUNCE,
    "announce",
    "tells a rule that is to hold from a time on",
    [
        field("what", Kind::Tree, Required, "What sets it: a line as it would be said then."),
        field("from", Kind::Instant, Optional, "From when."),
        field("in_s", Kind::Count, Optional, "From when: seconds from now."),
    ]
);
command!(
    RECALL,
    "recall",
    "takes an announcement back",
    [field("announcement", Kind::Count, Required, "Its number, as `announced` says it.")]
);
static RESTRICTS: Kind = Kind::Choice(super::breakers::RESTRICTED);
command!(
    SET_BREAKER,
    "set_breaker",
    "sets a breaker, or changes it",
    [
        field("name", Kind::Text, Required, "Its name."),
        field(
            "watches",
            Kind::Choice(&[
                "price_band",
                "velocity",
                "quorum",
                "withdrawal_rate",
                "fund_drawdown",
                "open_interest",
                "owner_concentration",
                "liquidation_rate",
            ]),
            Required,
            "What it watches.",
        ),
        field("share", POSITIVE, Optional, "The bound of what is a share."),
        field("window_s", Kind::Count, Optional, "The window of what happens over time, in seconds."),
        field("sources", Kind::Count, Optional, "The fewest sources."),
        field("value", POSITIVE, Optional, "The most withdrawn: in units of `asset`, else in the currency."),
        field("notional", POSITIVE, Optional, "The most open or closed, in the currency."),
        field("above", AT_LEAST_ZERO, Optional, "Owners with less notional are not looked at."),
        field("underlying", Kind::Name, Optional, "Where it watches and restricts; everywhere without any of these."),
        field("asset", Kind::Name, Optional, "Where, likewise."),
        field("owner", Kind::Text, Optional, "Whose accounts, likewise."),
        field("each_underlying", Kind::Boolean, Optional, "Whether each underlying counts by itself."),
        field("restricts", Kind::List(&RESTRICTS), Required, "What is stopped while it is tripped."),
        field(
            "lift_s",
            Kind::Count,
            Optional,
            "Seconds inside its bound after which it lifts; by hand only without it."
        ),
        field("within", AT_LEAST_ZERO, Optional, "A narrower bound to lift at."),
    ]
);
command!(BREAKER, "breaker", "names a breaker", [field("name", Kind::Text, Required, "Its name.")]);
command!(
    OPEN_ACCOUNT,
    "open_account",
    "opens an account",
    [
        ACCOUNT,
        field("owner", Kind::Text, Optional, "The legal entity; of the account's name without it."),
        field("kind", Kind::Choice(&["client", "house", "outside"]), Optional, "Whose money it holds."),
        field("parent", Kind::Text, Optional, "The account it is a part of."),
        GROUP,
        MODE,
        CROSS_ASSET,
        MODEL,
        CREDIT_LINE,
        MAKER_FEE_RATE,
        TAKER_FEE_RATE,
        LIMITED,
        TOP_UP,
    ]
);
command!(
    AMEND_ACCOUNT,
    "amend_account",
    "changes an account's terms",
    [ACCOUNT, GROUP, MODE, CROSS_ASSET, MODEL, CREDIT_LINE, MAKER_FEE_RATE, TAKER_FEE_RATE, LIMITED, TOP_UP,]
);
command!(
    FREEZE,
    "freeze",
    "freezes an account, or thaws it",
    [ACCOUNT, field("reason", Kind::Text, Required, "Why."),]
);
command!(PAY, "deposit", "moves cash of one account", [ACCOUNT, AMOUNT]);
command!(
    TRANSFER,
    "transfer",
    "moves cash between accounts",
    [
        field("from", Kind::Text, Required, "From which account."),
        field("to", Kind::Text, Required, "To which."),
        AMOUNT,
    ]
);
command!(
    FUND,
    "fund",
    "adds to the house's own means",
    [field("house", Kind::Choice(&["insurance", "lending", "fees", "bad_debt"]), Required, "Which."), AMOUNT,]
);
command!(
    PLACE,
    "place",
    "asks whether an order may be placed, and places it",
    [
        ACCOUNT,
        field("order", AT_LEAST_ZERO, Required, "Its number."),
        CONTRACT,
        field("side", SIDE, Required, "Which way."),
        field("quantity", POSITIVE, Required, "Contracts."),
        field("price", POSITIVE, Required, "Limit price, as quoted."),
        field("reduce_only", Kind::Boolean, Optional, "Whether it may only shrink a position."),
    ]
);
command!(CANCEL, "cancel", "takes an order back", [ACCOUNT, field("order", AT_LEAST_ZERO, Required, "Its number.")]);
command!(
    TRADE,
    "trade",
    "brings a trade that a matching engine made",
    [
        CONTRACT,
        field("quantity", POSITIVE, Required, "Contracts."),
        field("price", POSITIVE, Required, "As quoted."),
        field("buyer", Kind::Text, Required, "Who bought."),
        field("seller", Kind::Text, Required, "Who sold."),
        field("buyer_order", AT_LEAST_ZERO, Optional, "The buyer's order."),
        field("seller_order", AT_LEAST_ZERO, Optional, "The seller's order."),
        field("taker", SIDE, Optional, "The side that took; the buyer without it."),
    ]
);
command!(
    PRICES,
    "prices",
    "brings prices",
    [
        field("indices", Kind::Map(Key::Name, &POSITIVE), Optional, "Indices of one source, by underlying."),
        field("assets", Kind::Map(Key::Name, &POSITIVE), Optional, "Prices of one source, by asset."),
        field("quotes", Kind::List(&Kind::Object(&QUOTE)), Optional, "What several sources say."),
        field("marks", Kind::Map(Key::Text, &Kind::Object(&MARK)), Optional, "By contract."),
        field("surfaces", Kind::Map(Key::Name, &SURFACES), Optional, "By underlying, then expiry."),
    ]
);
command!(
    FUNDING,
    "funding",
    "pays a perpetual's funding",
    [CONTRACT, field("rate", ANY, Required, "For the period; longs pay where it is above zero."),]
);
command!(
    SETTLE,
    "settle",
    "settles an expiry at a published price",
    [
        field("underlying", Kind::Name, Required, "On what."),
        field("expiry", Kind::Instant, Required, "Which."),
        field("price", POSITIVE, Required, "At what, in the contracts' quote."),
        field("quote", Kind::Name, Required, "What that is counted in."),
    ]
);
command!(TICK, "tick", "lets time pass", []);
