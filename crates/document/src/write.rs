//! A document from what was read, in one canonical order, so that the same facts are the same text.

use std::fmt::Write;
use std::sync::Arc;

use plimsoll_core::{Balance, Decimal, Order, Position, Rate, Side};
use plimsoll_pricing::instruments::Listing;
use plimsoll_pricing::market::{AssetQuote, ExpiryQuote, MarkQuote, Snapshot, UnderlyingQuote};

use crate::accounts::{Account, FeeRates};
use crate::instruments;
use crate::request::Request;
use crate::value::Value;

/// Fields of an object under construction.
#[derive(Default)]
pub(crate) struct Fields(Vec<(std::borrow::Cow<'static, str>, Value<'static>)>);

impl Fields {
    pub(crate) fn put(&mut self, name: &str, value: Value<'static>) {
        self.0.push((name.to_owned().into(), value));
    }

    pub(crate) fn put_some(&mut self, name: &str, value: Option<Value<'static>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// A decimal, where there is one.
    fn decimal(&mut self, name: &str, value: Option<Decimal>) {
        self.put_some(name, value.map(decimal));
    }

    /// A decimal, where it is not zero.
    fn unless_zero(&mut self, name: &str, value: Decimal) {
        self.decimal(name, (!value.is_zero()).then_some(value));
    }

    fn unless_empty(&mut self, name: &str, items: Vec<Value<'static>>) {
        self.put_some(name, (!items.is_empty()).then_some(Value::List(items)));
    }

    pub(crate) fn into_value(self) -> Value<'static> {
        Value::Object(self.0)
    }
}

pub(crate) fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}

/// Decimals are written as text, so that no other reader rounds them.
pub(crate) fn decimal(value: Decimal) -> Value<'static> {
    Value::Text(value.to_string().into())
}

/// A market document in JSON: what an importer writes, and `--market` reads.
#[must_use]
pub fn write_market(source: Option<&str>, market: &Snapshot, listing: &Listing) -> String {
    let contracts = listing.iter().map(|(_, instrument)| instruments::write(instrument, false)).collect();
    to_json(&head(source, market, contracts).into_value())
}

/// A request in JSON. What is read from it again is equal to `request`, warnings aside.
#[must_use]
pub fn write_request(request: &Request) -> String {
    let contracts = request
        .listing
        .iter()
        .map(|(id, instrument)| instruments::write(instrument, request.unsettled.contains(&id)))
        .collect();
    let mut fields = head(request.source.as_deref(), &request.market, contracts);
    fields.unless_empty("accounts", request.accounts.iter().map(|one| account(one, &request.listing)).collect());
    if !request.parameters.is_empty() {
        let mut models = Fields::default();
        for (model, changes) in &request.parameters {
            let mut one = Fields::default();
            changes.iter().for_each(|(path, value)| one.put(path, text(value)));
            models.put(model, one.into_value());
        }
        fields.put("parameters", models.into_value());
    }
    to_json(&fields.into_value())
}

fn head(source: Option<&str>, market: &Snapshot, contracts: Vec<Value<'static>>) -> Fields {
    let mut fields = Fields::default();
    fields.put_some("source", source.map(text));
    fields.put("as_of", text(&market.as_of.to_string()));
    fields.put("currency", text(market.currency.as_str()));
    let mut sections = Fields::default();
    sections.put("assets", map(&market.assets, ToString::to_string, asset));
    sections.put("underlyings", map(&market.underlyings, ToString::to_string, underlying));
    sections.put("marks", map(&market.marks, |name: &Arc<str>| name.to_string(), mark));
    fields.put("market", sections.into_value());
    fields.unless_empty("instruments", contracts);
    fields
}

fn map<K, T>(
    map: &std::collections::BTreeMap<K, T>,
    name: impl Fn(&K) -> String,
    value: impl Fn(&T) -> Value<'static>,
) -> Value<'static> {
    Value::Object(map.iter().map(|(key, item)| (name(key).into(), value(item))).collect())
}

fn asset(quote: &AssetQuote) -> Value<'static> {
    let mut fields = Fields::default();
    fields.put("price", decimal(quote.price));
    fields.decimal("confidence", quote.confidence);
    fields.put_some("trusted", (!quote.trusted).then_some(Value::Bool(false)));
    fields.decimal("redemption_value", quote.redemption_value);
    fields.decimal("depth", quote.depth);
    fields.decimal("slow_price", quote.slow_price);
    fields.decimal("debt_price", quote.debt_price);
    fields.into_value()
}

fn underlying(quote: &UnderlyingQuote) -> Value<'static> {
    let mut fields = Fields::default();
    fields.put("index", decimal(quote.index));
    fields.put("quote", text(quote.quote.as_str()));
    fields.decimal("confidence", quote.confidence);
    if !quote.expiries.is_empty() {
        fields.put("expiries", map(&quote.expiries, ToString::to_string, expiry));
    }
    fields.into_value()
}

fn expiry(quote: &ExpiryQuote) -> Value<'static> {
    let mut fields = Fields::default();
    fields.decimal("forward", quote.forward);
    fields.decimal("forward_fixed", quote.forward_fixed);
    fields.decimal("forward_confidence", quote.confidence.forward);
    fields.decimal("rate_confidence", quote.confidence.rate);
    fields.decimal("vol_confidence", quote.confidence.vol);
    fields.decimal("rate", quote.rate);
    let vols = quote.vols.iter().map(|quoted| {
        let mut fields = Fields::default();
        fields.put("strike", decimal(quoted.strike));
        fields.put("vol", decimal(quoted.vol));
        fields.into_value()
    });
    fields.unless_empty("vols", vols.collect());
    fields.put_some(
        "svi",
        quote.svi.map(|svi| {
            let mut fields = Fields::default();
            for (name, value) in [("a", svi.a), ("b", svi.b), ("rho", svi.rho), ("m", svi.m), ("sigma", svi.sigma)] {
                fields.put(name, decimal(value));
            }
            fields.into_value()
        }),
    );
    fields.into_value()
}

fn mark(quote: &MarkQuote) -> Value<'static> {
    let mut fields = Fields::default();
    fields.decimal("price", quote.price);
    fields.decimal("vol", quote.vol);
    fields.decimal("bid", quote.bid);
    fields.decimal("ask", quote.ask);
    fields.decimal("funding_rate", quote.funding_rate);
    fields.decimal("open_interest", quote.open_interest);
    fields.decimal("confidence", quote.confidence);
    fields.into_value()
}

fn account(account: &Account, listing: &Listing) -> Value<'static> {
    let mut fields = Fields::default();
    fields.put("id", text(&account.id));
    fields.put_some("model", account.model.as_deref().map(text));
    fields.put_some("mode", account.mode.map(|mode| text(mode.word())));
    fields.unless_empty("collateral", account.portfolio.balances.iter().map(balance).collect());
    fields.unless_empty("positions", account.portfolio.positions.iter().map(|one| position(one, listing)).collect());
    fields.unless_empty("orders", account.portfolio.orders.iter().map(|one| order(one, listing)).collect());
    fields.decimal("credit_line", account.credit_line);
    fields.put_some("rating", account.rating.as_deref().map(text));
    if account.fee_rates != FeeRates::default() {
        let mut rates = Fields::default();
        let Rate(maker) = account.fee_rates.maker;
        let Rate(taker) = account.fee_rates.taker;
        rates.put("maker", decimal(maker));
        rates.put("taker", decimal(taker));
        fields.put("fee_rates", rates.into_value());
    }
    fields.decimal("leverage", account.leverage);
    fields.into_value()
}

fn balance(balance: &Balance) -> Value<'static> {
    let mut fields = Fields::default();
    fields.put("asset", text(balance.asset.as_str()));
    fields.put("amount", decimal(balance.cash));
    fields.unless_zero("borrowed", balance.borrowed);
    fields.unless_zero("accrued_interest", balance.accrued_interest);
    fields.unless_zero("reserved", balance.reserved);
    fields.into_value()
}

fn position(position: &Position, listing: &Listing) -> Value<'static> {
    let mut fields = Fields::default();
    fields.put_some("instrument", listing.get(position.instrument).map(|instrument| text(instrument.name())));
    fields.put("quantity", decimal(position.quantity.0));
    fields.decimal("entry_price", position.entry_price.map(|price| price.value));
    fields.unless_zero("unsettled_pnl", position.unsettled_pnl);
    fields.unless_zero("accrued_funding", position.accrued_funding);
    fields.into_value()
}

fn order(order: &Order, listing: &Listing) -> Value<'static> {
    let mut fields = Fields::default();
    fields.put_some("instrument", listing.get(order.instrument).map(|instrument| text(instrument.name())));
    fields.put("side", text(if order.side == Side::Buy { "buy" } else { "sell" }));
    fields.put("quantity", decimal(order.quantity.0));
    fields.put("price", decimal(order.price.value));
    fields.put_some("reduce_only", order.reduce_only.then_some(Value::Bool(true)));
    fields.into_value()
}

/// The JSON of a tree: two spaces an indent, what holds only scalars on one line.
#[must_use]
pub fn to_json(value: &Value<'_>) -> String {
    let mut out = String::new();
    json(value, 0, &mut out);
    out.push('\n');
    out
}

fn json(value: &Value<'_>, indent: usize, out: &mut String) {
    let flat = |value: &Value<'_>| !matches!(value, Value::List(_) | Value::Object(_));
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) | Value::Number(_) => out.push_str(value.scalar().unwrap_or_default()),
        Value::Text(text) => quoted(text, out),
        Value::List(items) => {
            let lines = !items.iter().all(flat);
            enclosed(['[', ']'], items.iter(), lines, indent, out, |item, indent, out| json(item, indent, out));
        }
        Value::Object(fields) => {
            let lines = indent == 0 || !fields.iter().all(|(_, value)| flat(value));
            enclosed(['{', '}'], fields.iter(), lines, indent, out, |(name, value), indent, out| {
                quoted(name, out);
                out.push_str(": ");
                json(value, indent, out);
            });
        }
    }
}

fn enclosed<T>(
    [open, close]: [char; 2],
    items: impl ExactSizeIterator<Item = T>,
    lines: bool,
    indent: usize,
    out: &mut String,
    write: impl Fn(T, usize, &mut String),
) {
    let lines = lines && items.len() > 0;
    let line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", indent));
    };
    out.push(open);
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push_str(if lines { "," } else { ", " });
        }
        if lines {
            line(out, indent + 1);
        }
        write(item, indent + 1, out);
    }
    if lines {
        line(out, indent);
    }
    out.push(close);
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
