//! Canonical bytes of commands, events and the state.

use std::num::NonZeroUsize;

use plimsoll_book::threads::each;
use plimsoll_core::{Decode, DecodeError, Encode, encode_fields, encode_variants};

use crate::account::{
    Account, AccountTerms, ContractId, Funds, Holding, Kind, Mode, OpenOrder, OrderId, Standing, TopUp, TraderLimits,
};
use crate::breakers::{Breaker, Installed, LiftRule, Range, Restricted, Scope, Subject, Sums, Trip, Watched, Windows};
use crate::command::{Command, TradeSide};
use crate::event::{Cancelled, Charge, Event, Figures, Filled, Overdraft};
use crate::ledger::{Holder, House, Leg};
use crate::liquidation::{Auction, Budgets, Cover, Liquidation, LiquidationRules, MarketDepth, Share, Spent};
use crate::market::{Feed, FeedFacts, MarketFacts, PriceBatch, Quality, Reading, TrustRule, Window};
use crate::state::{AssetRules, Contract, Lines, ModelRules, PendingRules, State, Totals, UnderlyingRules, Versions};

encode_variants! { Kind { 0 Client, 1 House, 2 Outside } }
encode_variants! { Mode { 0 Isolated, 1 Cross { asset }, 2 MultiCurrency, 3 Portfolio } }
encode_variants! { Holder { 0 Account(account), 1 House(house) } }
encode_variants! { House { 0 Outside, 1 Clearing, 2 Fees, 3 Insurance, 4 Lending, 5 Rounding, 6 BadDebt } }
encode_variants! { Feed { 0 Asset(asset), 1 Index(underlying) } }
encode_variants! { Quality { 0 Trusted, 1 Disputed, 2 Thin, 3 Dead } }
encode_variants! { Cancelled { 0 Asked, 1 Frozen, 2 Expired, 3 Liquidation, 4 Cured, 5 Matched }
}
encode_variants! { Restricted { 0 Opening, 1 Placing, 2 Withdrawing, 3 Borrowing, 4 Gains, 5 Liquidating } }
encode_variants! { Scope { 0 Everything, 1 EachUnderlying, 2 Underlying(underlying), 3 Asset(asset), 4 Owner(owner) } }
encode_variants! {
    Subject {
        0 Everything,
        1 Underlying(underlying),
        2 Asset(asset),
        3 Owner(owner),
        4 Holder { owner, underlying },
    }
}
encode_variants! {
    Watched {
        0 PriceBand { share },
        1 Velocity { share, window_s },
        2 Quorum { sources },
        3 WithdrawalRate { value, window_s },
        4 FundDrawdown { share, window_s },
        5 OpenInterest { notional },
        6 OwnerConcentration { share, above },
        7 LiquidationRate { notional, window_s },
    }
}
encode_variants! { LiftRule { 0 Manual, 1 After { seconds, within } } }
encode_variants! { Cover { 0 Collateral, 1 Fund, 3 BadDebt } }

encode_fields! {
    ContractId { 0 }
    OrderId { 0 }
    AccountTerms {
        name, owner, kind, parent, group, mode, model, credit_line, maker_fee_rate, taker_fee_rate, limits, top_up
    }
    TraderLimits { leverage_max, loss_max, reduce_only }
    TopUp { asset, limit }
    Holding { quantity, cost }
    OpenOrder { contract, side, quantity, price, reduce_only }
    Funds { cash, borrowed, interest, principal, charged_until }
    Charge { account, interest, until }
    Overdraft { account, interest }
    Standing { state, since, deadline }
    Account { terms, funds, holdings, orders, standing, frozen, topped_up, loss_from, liquidation, shared }
    Leg { holder, amount }
    Filled { account, order, after, realised, fee, penalty }
    MarketDepth { spread, depth }
    LiquidationRules {
        policy, band, share_of_depth, cooldown_s, waves_max, fee_rate, depth, depths, budgets, shared_max, auction
    }
    Budgets { event, day, markets, matched, haircut }
    Liquidation { waves, last, auction, markets }
    Auction { begun, since, is_insolvent }
    Share { account, contract, amount }
    Spent { day, fund, markets, matched, haircut }
    Breaker { watches, scope, restricts, lifts }
    Trip { since, inside_since, waived }
    Installed { rules, trips, windows }
    Windows { sums, paid_in, ranges }
    Sums { parts }
    Range { last, parts }
    Figures { equity_initial, initial, equity, maintenance, net_value, version }
    TradeSide { account, order }
    TrustRule { index, slow_per_hour, band, decay }
    Reading { price, quality, confidence, trusted, trusted_at, slow }
    FeedFacts { quotes, reading }
    MarketFacts { as_of, feeds, surfaces, marks, marked, windows }
    Window { opens, sum, covered_ms, until, readings }
    PriceBatch { quotes, marks, surfaces }
    AssetRules { trust, borrow_rate, cap }
    UnderlyingRules { quote, trust, settlement_window_s }
    Contract { instrument, settled_at }
    Lines { policy, call_s }
    ModelRules { model, parameters, lines, version, pending }
    PendingRules { rules, from, ramp_s, begun, steps }
    Versions { listing, models, market }
    Totals { cash, cost, held, deposited, overdrawn, owed, principal }
}

encode_variants! {
    Command {
        0 ListAsset { asset, rules },
        1 ListUnderlying { underlying, rules },
        2 ListContract { instrument },
        3 SetModel { name, model, parameters, lines, from, ramp_s },
        4 OpenAccount { terms },
        5 AmendAccount { account, terms },
        6 Freeze { account, frozen, reason },
        7 Deposit { account, amount },
        8 Withdraw { account, amount },
        9 Transfer { from, to, amount },
        10 FundHouse { house, amount },
        11 Borrow { account, amount },
        12 Repay { account, amount },
        13 Place { account, order, terms },
        14 Cancel { account, order },
        15 Trade { contract, quantity, price, buyer, seller, taker },
        16 Prices(batch),
        17 PayFunding { contract, rate },
        18 Settle { underlying, expiry, price },
        19 Tick,
        20 SetLiquidation(rules),
        21 Bid { account, bidder, share, bonus_min },
        22 SetBreaker { name, breaker },
        23 LiftBreaker { name },
        24 TripBreaker { name },
        25 SetNotice { seconds },
        26 Announce { rule, from },
        27 Recall { number },
    }
}

encode_variants! {
    Event {
        0 AssetListed { asset, rules },
        1 UnderlyingListed { underlying, rules },
        2 ContractListed { contract, instrument },
        3 ModelInForce { name, rules },
        4 ModelAnnounced { name, pending },
        5 AccountOpened { account, terms },
        6 AccountAmended { account, terms, loss_from },
        7 Frozen { account, frozen, reason },
        8 Deposited { account, amount, worth, legs },
        9 Withdrawn { account, amount, worth, gains, legs },
        10 Transferred { from, to, amount, worth, principal, top_up, legs },
        11 HouseFunded { house, amount, legs },
        12 Borrowed { account, amount, legs },
        13 Repaid { account, amount, interest, legs },
        14 InterestCharged { asset, rate, charges },
        15 OrderPlaced { account, order, terms },
        16 OrderCancelled { account, order, why },
        17 Traded { contract, quantity, price, buyer, seller, taker, closes, legs },
        18 Priced { batch, readings },
        19 FundingPaid { contract, rate, price, legs },
        20 Settled { contract, price, readings, holders, legs },
        21 LevelChanged { account, from, to, deadline, figures },
        22 CallExpired { account, figures },
        23 LiquidationRulesSet { rules },
        24 LiquidationWave { account, wave, orders, cost, excess },
        25 Covered { account, by, amount, lost, markets, legs },
        26 AuctionBegun { account, is_insolvent },
        27 AuctionBid { account, bidder, share, bonus },
        28 AuctionUnsold { account },
        29 BreakerSet { name, breaker },
        30 BreakerTripped { name, subject, found, bound },
        31 BreakerEased { name, subject, found, since },
        32 BreakerLifted { name, subject, waived },
        33 Deleveraged { account, holder, contract, quantity, value },
        34 Haircut { account, holder, amount, value },
        35 OverdraftCharged { asset, rate, hours, charges },
        36 LossShared { amount, lost, markets, shares, legs },
        37 NoticeSet { seconds },
        38 Announced { number, rule, from },
        39 Recalled { number },
        40 CarriedOut { number, refused },
    }
}

/// The state is its accounts and the rest; names are found again.
macro_rules! rest {
    ($($field:ident),*) => {
        impl State {
            /// Appends everything that is no account.
            pub fn rest_encoded(&self, out: &mut Vec<u8>) {
                $(self.$field.encode(out);)*
            }

            /// What [`Self::rest_encoded`] wrote, with nobody in it yet.
            fn rest_decoded(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
                $(let $field = Decode::decode(bytes)?;)*
                Ok(Self {
                    $($field,)*
                    accounts: Vec::new(),
                    contract_names: std::collections::BTreeMap::new(),
                    account_names: std::collections::BTreeMap::new(),
                    under: std::collections::BTreeSet::new(),
                    groups: std::collections::BTreeMap::new(),
                    stakes: None,
                })
            }
        }
    };
}

rest! { currency, clock, assets, underlyings, contracts, models, house, market, liquidation, closing_orders, spent, breakers, notices, totals, versions }

impl Encode for State {
    fn encode(&self, out: &mut Vec<u8>) {
        self.rest_encoded(out);
        self.accounts.encode(out);
    }
}

impl Decode for State {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let rest = Self::rest_decoded(bytes)?;
        rest.with_accounts(Decode::decode(bytes)?)
    }
}

/// Accounts that stand together, for one thread to read.
const AT_ONCE: usize = 4_096;

impl State {
    /// Appends what [`Self::decode_in_parts`] reads on several threads: the same bytes as its encoding, the accounts in
    /// parts, each with its length before it.
    pub fn encode_in_parts(&self, out: &mut Vec<u8>) {
        self.rest_encoded(out);
        let parts = self.accounts.chunks(AT_ONCE);
        (parts.len() as u64).encode(out);
        for part in parts {
            let start = out.len();
            0_u64.encode(out);
            part.encode(out);
            let length = (out.len() - start - size_of::<u64>()) as u64;
            out[start..start + size_of::<u64>()].copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Takes what [`Self::encode_in_parts`] wrote off the front of `bytes`, on at most so many threads.
    ///
    /// # Errors
    /// [`DecodeError`] when they are not of a sound state.
    pub fn decode_in_parts(bytes: &mut &[u8], threads: NonZeroUsize) -> Result<Self, DecodeError> {
        let rest = Self::rest_decoded(bytes)?;
        let mut parts = Vec::new();
        for _ in 0..u64::decode(bytes)? {
            let length = usize::try_from(u64::decode(bytes)?).unwrap_or(usize::MAX);
            let (part, left) = bytes.split_at_checked(length).ok_or(DecodeError::Short("accounts"))?;
            parts.push(part);
            *bytes = left;
        }
        let read: Vec<Vec<Account>> =
            each(&parts, threads, |part| part_of(part)).into_iter().collect::<Result<_, _>>()?;
        let mut accounts = Vec::with_capacity(read.iter().map(Vec::len).sum());
        read.into_iter().for_each(|part| accounts.extend(part));
        rest.with_accounts(accounts)
    }

    /// The same with everybody in it.
    fn with_accounts(mut self, accounts: Vec<Account>) -> Result<Self, DecodeError> {
        self.accounts = accounts;
        self.find_names();
        if self.is_sound() { Ok(self) } else { Err(DecodeError::Invalid("a state whose sums agree")) }
    }
}

/// The accounts of one part.
fn part_of(mut bytes: &[u8]) -> Result<Vec<Account>, DecodeError> {
    let count = u32::decode(&mut bytes)? as usize;
    let mut accounts = Vec::with_capacity(count.min(AT_ONCE));
    for _ in 0..count {
        accounts.push(Account::decode(&mut bytes)?);
    }
    if bytes.is_empty() { Ok(accounts) } else { Err(DecodeError::LeftOver(bytes.len())) }
}
