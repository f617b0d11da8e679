//! What if: changes as they are written on the command line.

use plimsoll::core::{InstrumentId, Order, Side};
use plimsoll::margin::answers::whatif::Changes;
use plimsoll::pricing::float::float;
use plimsoll::pricing::instruments::Instrument;
use plimsoll::pricing::market::MarketMove;
use plimsoll::{Amount, Decimal, Desk, Price, Quantity, Underlying};

use crate::args::WhatIf;
use crate::outcome::Failure;

/// A trade or an order, before its instrument is looked up.
struct Deal<'a> {
    /// As written, to name it in an error.
    written: String,
    name: &'a str,
    quantity: Decimal,
    price: Option<Decimal>,
}

/// Instruments that the changes name, which a document need not mention.
pub(crate) fn instruments(asked: &WhatIf) -> Result<Vec<String>, Failure> {
    let trades = asked.trade.iter().map(|text| trade(text).map(|deal| deal.name.to_owned()));
    let orders = asked.order.iter().map(|text| order(text).map(|(_, deal)| deal.name.to_owned()));
    let mut names = trades.chain(orders).collect::<Result<Vec<_>, _>>()?;
    // A name that says nothing must be in the document; the desk says so if it is not.
    names.retain(|name| Instrument::from_name(name).is_ok());
    Ok(names)
}

/// Reads every change against the desk's market.
pub(crate) fn read(asked: &WhatIf, desk: &Desk) -> Result<Changes, Failure> {
    let mut changes = Changes::default();
    for text in &asked.deposit {
        changes.deposits.push(deposit(text)?);
    }
    for text in &asked.trade {
        let deal = trade(text)?;
        let id = deal.instrument(desk)?;
        changes.trades.push((id, Quantity(deal.quantity), deal.price(desk, id)));
    }
    for text in &asked.order {
        let (side, deal) = order(text)?;
        let instrument = deal.instrument(desk)?;
        let price = deal.price(desk, instrument).ok_or_else(|| deal.wrong("a price"))?;
        changes.orders.push(Order { instrument, side, quantity: Quantity(deal.quantity), price, reduce_only: false });
    }
    for text in &asked.moves {
        changes.moves.push(price_move(text, desk)?);
    }
    for text in &asked.vol {
        changes.moves.push(vol_move(text, desk)?);
    }
    if changes == Changes::default() {
        return Err(Failure::usage("nothing changes: give --trade, --order, --deposit, --move or --vol"));
    }
    Ok(changes)
}

impl Deal<'_> {
    fn wrong(&self, expected: &str) -> Failure {
        Failure::usage(format!("{}: expected {expected}", self.written))
    }

    fn instrument(&self, desk: &Desk) -> Result<InstrumentId, Failure> {
        let expected = "an instrument of the document, or a Deribit or ccxt name";
        desk.market().listing().id(self.name).ok_or_else(|| self.wrong(expected))
    }

    fn price(&self, desk: &Desk, id: InstrumentId) -> Option<Price> {
        let instrument = desk.market().listing().get(id)?;
        self.price.map(|price| Price::new(price, instrument.price_asset()))
    }
}

/// `BTC-PERPETUAL=-5000@60000`.
fn trade(text: &str) -> Result<Deal<'_>, Failure> {
    let written = format!("--trade {text}");
    let wrong = || Failure::usage(format!("{written}: expected NAME=QUANTITY or NAME=QUANTITY@PRICE"));
    let (name, rest) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (quantity, price) = rest.split_once('@').map_or((rest, None), |(quantity, price)| (quantity, Some(price)));
    let quantity = decimal(quantity).ok_or_else(wrong)?;
    let price = price.map(|price| above_zero(price).ok_or_else(wrong)).transpose()?;
    Ok(Deal { written, name: name.trim(), quantity, price })
}

/// `buy BTC-PERPETUAL 10 @ 60000`.
fn order(text: &str) -> Result<(Side, Deal<'_>), Failure> {
    let written = format!("--order '{text}'");
    let wrong = || Failure::usage(format!("{written}: expected 'buy NAME QUANTITY @ PRICE', or sell"));
    let (rest, price) = text.rsplit_once('@').ok_or_else(wrong)?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [side, name, quantity] = words[..] else { return Err(wrong()) };
    let side = match side {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(wrong()),
    };
    let quantity = above_zero(quantity).ok_or_else(wrong)?;
    let price = Some(above_zero(price).ok_or_else(wrong)?);
    Ok((side, Deal { written, name, quantity, price }))
}

/// `USDC=-5000`.
fn deposit(text: &str) -> Result<Amount, Failure> {
    let wrong = || Failure::usage(format!("--deposit {text}: expected ASSET=AMOUNT, like USDC=-5000"));
    let (asset, amount) = text.split_once('=').ok_or_else(wrong)?;
    let asset = asset.trim().parse().map_err(|_| wrong())?;
    Ok(Amount::new(decimal(amount).ok_or_else(wrong)?, asset))
}

/// `BTC=-10%` or `-10%`.
fn price_move(text: &str, desk: &Desk) -> Result<MarketMove, Failure> {
    let wrong = || Failure::usage(format!("--move {text}: expected a change above -100%, like BTC=-10% or -10%"));
    let (underlying, change) = target(text, desk, "--move")?;
    let share = percent(change).filter(|share| *share > Decimal::ONE.negated()).ok_or_else(wrong)?;
    Ok(MarketMove::price(underlying, 1.0 + float(share)))
}

/// `BTC=+10%`, `+10%`, or `+5pt`.
fn vol_move(text: &str, desk: &Desk) -> Result<MarketMove, Failure> {
    let wrong = || Failure::usage(format!("--vol {text}: expected a change like BTC=+10%, -20% or +5pt"));
    let (underlying, change) = target(text, desk, "--vol")?;
    if let Some(vol_points) = change.strip_suffix("pt") {
        let shift = float(decimal(vol_points).ok_or_else(wrong)?) / 100.0;
        return Ok(MarketMove { underlying, vol_shift: shift, ..MarketMove::NONE });
    }
    let share = percent(change).filter(|share| *share >= Decimal::ONE.negated()).ok_or_else(wrong)?;
    Ok(MarketMove { underlying, vol_scale: 1.0 + float(share), ..MarketMove::NONE })
}

/// What moves, and how.
fn target<'a>(text: &'a str, desk: &Desk, option: &str) -> Result<(Option<Underlying>, &'a str), Failure> {
    let Some((name, change)) = text.split_once('=') else { return Ok((None, text)) };
    let known = &desk.market().snapshot().underlyings;
    match name.trim().parse::<Underlying>().ok().filter(|underlying| known.contains_key(underlying)) {
        Some(underlying) => Ok((Some(underlying), change)),
        None => {
            let known: Vec<&str> = known.keys().map(Underlying::as_str).collect();
            Err(Failure::usage(format!(
                "{option} {text}: expected one of the market's underlyings, {}",
                known.join(", ")
            )))
        }
    }
}

fn percent(text: &str) -> Option<Decimal> {
    decimal(text.trim().strip_suffix('%')?)?.times(Decimal::new(1, 2), plimsoll::core::Rounding::HalfEven).ok()
}

fn decimal(text: &str) -> Option<Decimal> {
    text.trim().parse().ok()
}

fn above_zero(text: &str) -> Option<Decimal> {
    decimal(text).filter(|value| value.signum() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_and_orders_are_read_as_they_are_written() {
        let deal = trade("BTC/USD:BTC=-5@60000.5").unwrap();
        assert_eq!((deal.name, deal.quantity, deal.price), ("BTC/USD:BTC", (-5).into(), "60000.5".parse().ok()));
        let (side, deal) = order("sell  ETH-PERPETUAL 10 @2400").unwrap();
        assert_eq!((side, deal.name, deal.quantity), (Side::Sell, "ETH-PERPETUAL", 10.into()));
        for wrong in ["", "BTC", "BTC=", "BTC=x", "BTC=1@", "BTC=1@-5", "BTC=1@0"] {
            assert!(trade(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "buy", "buy X 1", "hold X 1 @ 2", "buy X -1 @ 2", "buy X 1 2 @ 3", "buy X 1 @ x"] {
            assert!(order(wrong).is_err(), "{wrong}");
        }
        assert!(deposit("USDC").is_err() && deposit("U S=1").is_err() && deposit("USDC=-5").is_ok());
    }
}
