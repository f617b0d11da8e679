//! Cash, orders, trades, and what passes with time.

use plimsoll_core::{AccountId, Amount, Price, Quantity, Side};
use plimsoll_document::reader::{At, Record};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::{Command, ContractId, House, OpenOrder, OrderId};

use super::Reading;

impl Reading<'_> {
    /// The account called what stands in `name`.
    pub(super) fn account(&self, record: &Record<'_>, name: &str) -> Option<AccountId> {
        record.with(name, |at| self.known_account(at))
    }

    fn known_account(&self, at: At<'_>) -> Option<AccountId> {
        let found = self.state.account_names.get(at.text()?).copied();
        if found.is_none() {
            at.wrong("the name of an account that was opened");
        }
        found
    }

    /// The contract called what stands in `contract`.
    pub(super) fn contract(&self, record: &Record<'_>) -> Option<ContractId> {
        record.with("contract", |at| {
            let found = self.state.contract_names.get(at.text()?).copied();
            if found.is_none() {
                at.wrong("the name of a contract that was listed");
            }
            found
        })
    }

    pub(super) fn freeze(&self, record: &Record<'_>, frozen: bool) -> Option<Command> {
        let (account, reason) = (self.account(record, "account"), record.text("reason"));
        Some(Command::Freeze { account: account?, frozen, reason: reason?.into() })
    }

    pub(super) fn pay(&self, record: &Record<'_>) -> Option<(AccountId, Amount)> {
        let (account, amount) = (self.account(record, "account"), record.with("amount", amount));
        Some((account?, amount?))
    }

    pub(super) fn transfer(&self, record: &Record<'_>) -> Option<Command> {
        let (from, to) = (self.account(record, "from"), self.account(record, "to"));
        let amount = record.with("amount", amount);
        Some(Command::Transfer { from: from?, to: to?, amount: amount? })
    }

    pub(super) fn fund(&self, record: &Record<'_>) -> Option<Command> {
        let (house, amount) = (record.choice("house"), record.with("amount", amount));
        let house = House::ALL.into_iter().find(|known| Some(known.name()) == house);
        Some(Command::FundHouse { house: house?, amount: amount? })
    }

    pub(super) fn place(&self, record: &Record<'_>) -> Option<Command> {
        let (account, order) = (self.account(record, "account"), order(record, "order"));
        let (contract, side) = (self.contract(record), record.choice("side").map(side));
        let (quantity, price) = (record.decimal("quantity"), record.decimal("price"));
        let reduce_only = record.boolean("reduce_only").unwrap_or(false);
        let contract = contract?;
        let terms = OpenOrder {
            contract,
            side: side?,
            quantity: Quantity(quantity?),
            price: self.price(contract, price?),
            reduce_only,
        };
        Some(Command::Place { account: account?, order: order?, terms })
    }

    pub(super) fn cancel(&self, record: &Record<'_>) -> Option<Command> {
        let (account, order) = (self.account(record, "account"), order(record, "order"));
        Some(Command::Cancel { account: account?, order: order? })
    }

    pub(super) fn trade(&self, record: &Record<'_>) -> Option<Command> {
        let contract = self.contract(record);
        let (quantity, price) = (record.decimal("quantity"), record.decimal("price"));
        let (buyer, seller) = (self.account(record, "buyer"), self.account(record, "seller"));
        let (of_buyer, of_seller) = (order(record, "buyer_order"), order(record, "seller_order"));
        let taker = record.choice("taker").map_or(Side::Buy, side);
        let contract = contract?;
        Some(Command::Trade {
            contract,
            quantity: Quantity(quantity?),
            price: self.price(contract, price?),
            buyer: TradeSide { account: buyer?, order: of_buyer },
            seller: TradeSide { account: seller?, order: of_seller },
            taker,
        })
    }

    pub(super) fn funding(&self, record: &Record<'_>) -> Option<Command> {
        let (contract, rate) = (self.contract(record), record.decimal("rate"));
        Some(Command::PayFunding { contract: contract?, rate: rate? })
    }

    pub(super) fn settle(&self, record: &Record<'_>) -> Option<Command> {
        let (underlying, expiry) = (record.name("underlying"), record.instant("expiry"));
        let (price, quote) = (record.decimal("price"), record.name("quote"));
        let price = Price::new(price?, quote?);
        Some(Command::Settle { underlying: underlying?, expiry: expiry?, price })
    }

    /// A price as `contract` is quoted.
    fn price(&self, contract: ContractId, value: plimsoll_core::Decimal) -> Price {
        Price::new(value, self.state.contracts[contract.index()].instrument.price_asset())
    }
}

fn order(record: &Record<'_>, name: &str) -> Option<OrderId> {
    record.with(name, |at| {
        let number = at.value().scalar().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            at.wrong("a whole number from 1 to 2^64 - 1");
        }
        number.map(OrderId)
    })
}

fn side(word: &str) -> Side {
    if word == "buy" { Side::Buy } else { Side::Sell }
}

/// `5 BTC`.
pub(super) fn amount(at: At<'_>) -> Option<Amount> {
    let text = at.text()?;
    let read = || {
        let (value, asset) = text.split_once(' ')?;
        Some(Amount::new(value.parse().ok()?, asset.trim().parse().ok()?))
    };
    let amount = read();
    if amount.is_none() {
        at.wrong("an amount and its asset, such as \"5 BTC\"");
    }
    amount
}
