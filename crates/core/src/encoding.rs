//! The one canonical encoding: the same bytes for a log, a state hash, a contract and a proof.
//!
//! Integers are big-endian at their full width, a decimal is its 16 bytes of units, text and
//! sequences carry a `u32` length, an option one byte of 0 or 1. There is one encoding of a value
//! and one value of an encoding. A type is encoded in the crate that defines it.

mod requirement;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::requirement::{Group, Origin};
use crate::{
    AccountId, Amount, Asset, Balance, Decimal, InstrumentId, Order, Portfolio, Position, Price, Quantity, Rate,
    Requirement, Side, Timestamp, Underlying,
};

/// The SHA-256 of an encoding; shown in hexadecimal.
///
/// ```
/// use plimsoll_core::{Decimal, hash};
/// assert!(hash(&Decimal::ONE).to_string().starts_with("b51e5c46"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Why bytes are not an encoding.
///
/// ```
/// use plimsoll_core::{Decode as _, DecodeError};
/// assert_eq!(u8::decode_all(&[7, 8]), Err(DecodeError::LeftOver(1)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the bytes end inside {0}")]
    Short(&'static str),
    /// The bytes do not name a value of this type.
    #[error("not an encoding of {0}")]
    Invalid(&'static str),
    /// Bytes are left after the value.
    #[error("{0} bytes are left over")]
    LeftOver(usize),
}

/// A value with canonical bytes.
///
/// ```
/// use plimsoll_core::{Decode as _, Encode as _, Side};
/// assert_eq!(Side::Sell.encoded(), [1]);
/// assert_eq!(Side::decode_all(&[1]), Ok(Side::Sell));
/// ```
pub trait Encode {
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// The bytes alone.
    fn encoded(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// A value that can be read back from its canonical bytes.
pub trait Decode: Sized {
    /// Takes the value's bytes off the front of `bytes`.
    ///
    /// # Errors
    /// [`DecodeError`] when they are not an encoding.
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError>;

    /// Reads a value that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`DecodeError`], also when bytes are left over.
    fn decode_all(mut bytes: &[u8]) -> Result<Self, DecodeError> {
        let value = Self::decode(&mut bytes)?;
        if bytes.is_empty() { Ok(value) } else { Err(DecodeError::LeftOver(bytes.len())) }
    }
}

/// The SHA-256 of a value's canonical bytes.
#[must_use]
pub fn hash(value: &impl Encode) -> Digest {
    hash_bytes(&value.encoded())
}

/// The SHA-256 of bytes that were encoded already.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn take<'a>(bytes: &mut &'a [u8], count: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
    let (head, tail) = bytes.split_at_checked(count).ok_or(DecodeError::Short(what))?;
    *bytes = tail;
    Ok(head)
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Encode for $integer {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
        }

        impl Decode for $integer {
            fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
                let head = take(bytes, size_of::<Self>(), stringify!($integer))?;
                head.try_into().map(Self::from_be_bytes).map_err(|_| DecodeError::Short(stringify!($integer)))
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i32, i64, i128);

impl Encode for Digest {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Decode for Digest {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = take(bytes, 32, "a digest")?;
        head.try_into().map(Self).map_err(|_| DecodeError::Short("a digest"))
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Decode for bool {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        match u8::decode(bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Invalid("bool")),
        }
    }
}

impl Encode for str {
    fn encode(&self, out: &mut Vec<u8>) {
        length(self.len()).encode(out);
        out.extend_from_slice(self.as_bytes());
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_str().encode(out);
    }
}

impl Decode for String {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let count = u32::decode(bytes)? as usize;
        let text = take(bytes, count, "text")?;
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| DecodeError::Invalid("text"))
    }
}

/// A sequence's length as it is encoded. One of 2³² or more, which nothing here reaches, has no
/// encoding: the length stops at the most a `u32` holds, and the decoder finds the rest left over.
fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Vec<u8>) {
        length(self.len()).encode(out);
        self.iter().for_each(|value| value.encode(out));
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_slice().encode(out);
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let count = u32::decode(bytes)?;
        // No capacity is taken on a length's word: the values must be there.
        (0..count).map(|_| T::decode(bytes)).collect()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        self.iter().for_each(|value| value.encode(out));
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        if bool::decode(bytes)? { T::decode(bytes).map(Some) } else { Ok(None) }
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_ref().encode(out);
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        T::decode(bytes).map(Self::new)
    }
}

impl<T: Encode + ?Sized> Encode for Arc<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_ref().encode(out);
    }
}

impl<T: Decode> Decode for Arc<T> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        T::decode(bytes).map(Self::new)
    }
}

impl Decode for Arc<str> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        String::decode(bytes).map(Self::from)
    }
}

impl<A: Encode, B: Encode> Encode for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
}

impl<A: Decode, B: Decode> Decode for (A, B) {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok((A::decode(bytes)?, B::decode(bytes)?))
    }
}

impl<K: Encode, V: Encode> Encode for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        length(self.len()).encode(out);
        self.iter().for_each(|(key, value)| {
            key.encode(out);
            value.encode(out);
        });
    }
}

impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let count = u32::decode(bytes)?;
        // Not all the capacity that a length's word asks for: the values must be there.
        let mut all: Vec<(K, V)> = Vec::with_capacity(count.min(32) as usize);
        for _ in 0..count {
            let (key, value) = Decode::decode(bytes)?;
            // One value has one encoding: keys ascend.
            if all.last().is_some_and(|(last, _)| *last >= key) {
                return Err(DecodeError::Invalid("a map with ascending keys"));
            }
            all.push((key, value));
        }
        // From what is in order a map is made at once, its nodes full.
        Ok(all.into_iter().collect())
    }
}

impl<T: Encode> Encode for BTreeSet<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        length(self.len()).encode(out);
        self.iter().for_each(|value| value.encode(out));
    }
}

impl<T: Decode + Ord> Decode for BTreeSet<T> {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut set = Self::new();
        for _ in 0..u32::decode(bytes)? {
            let value = T::decode(bytes)?;
            if set.last().is_some_and(|last| *last >= value) {
                return Err(DecodeError::Invalid("a set that ascends"));
            }
            set.insert(value);
        }
        Ok(set)
    }
}

impl Encode for Decimal {
    fn encode(&self, out: &mut Vec<u8>) {
        self.units().encode(out);
    }
}

impl Decode for Decimal {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Self::from_units(i128::decode(bytes)?).ok_or(DecodeError::Invalid("a decimal"))
    }
}

impl Encode for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.nanos().encode(out);
    }
}

impl Decode for Timestamp {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        i64::decode(bytes).map(Self::from_nanos)
    }
}

macro_rules! names {
    ($($name:ident),*) => {$(
        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.as_str().encode(out);
            }
        }

        impl Decode for $name {
            fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
                String::decode(bytes)?.parse().map_err(|_| DecodeError::Invalid(stringify!($name)))
            }
        }
    )*};
}

names!(Asset, Underlying);

impl Encode for Side {
    fn encode(&self, out: &mut Vec<u8>) {
        matches!(self, Self::Sell).encode(out);
    }
}

impl Decode for Side {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(if bool::decode(bytes)? { Self::Sell } else { Self::Buy })
    }
}

/// Canonical bytes for structs: their fields in the order written.
///
/// ```
/// use plimsoll_core::{Decode as _, Encode as _};
/// #[derive(Debug, PartialEq)]
/// struct Pair { left: u8, right: bool }
/// plimsoll_core::encode_fields! { Pair { left, right } }
/// assert_eq!(Pair::decode_all(&Pair { left: 7, right: true }.encoded()), Ok(Pair { left: 7, right: true }));
/// ```
#[macro_export]
macro_rules! encode_fields {
    ($($name:ident { $($field:tt),* $(,)? })*) => {$(
        impl $crate::Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $($crate::Encode::encode(&self.$field, out);)*
            }
        }

        impl $crate::Decode for $name {
            fn decode(bytes: &mut &[u8]) -> Result<Self, $crate::DecodeError> {
                Ok(Self { $($field: $crate::Decode::decode(bytes)?),* })
            }
        }
    )*};
}

/// Canonical bytes for enums: the number of the variant, which never changes its meaning, and what it holds.
///
/// ```
/// use plimsoll_core::{Decode as _, Encode as _};
/// #[derive(Debug, PartialEq)]
/// enum Shape { Point, Disc(u8), Box { wide: u8, high: u8 } }
/// plimsoll_core::encode_variants! { Shape { 0 Point, 1 Disc(radius), 2 Box { wide, high } } }
/// assert_eq!(Shape::Box { wide: 3, high: 4 }.encoded(), [2, 3, 4]);
/// assert_eq!(Shape::decode_all(&[1, 9]), Ok(Shape::Disc(9)));
/// assert!(Shape::decode_all(&[3]).is_err());
/// ```
#[macro_export]
macro_rules! encode_variants {
    ($name:ident { $($tag:literal $variant:ident $(($inner:ident))? $({ $($field:ident),* $(,)? })?),* $(,)? }) => {
        impl $crate::Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => {
                        out.push($tag);
                        $($crate::Encode::encode($inner, out);)?
                        $($($crate::Encode::encode($field, out);)*)?
                    })*
                }
            }
        }

        impl $crate::Decode for $name {
            fn decode(bytes: &mut &[u8]) -> Result<Self, $crate::DecodeError> {
                Ok(match <u8 as $crate::Decode>::decode(bytes)? {
                    $($tag => Self::$variant
                        $(({ let $inner = $crate::Decode::decode(bytes)?; $inner }))?
                        $({ $($field: $crate::Decode::decode(bytes)?),* })?,)*
                    _ => return Err($crate::DecodeError::Invalid(stringify!($name))),
                })
            }
        }
    };
}

encode_fields! {
    AccountId { 0 }
    Quantity { 0 }
    Rate { 0 }
    InstrumentId { 0 }
    Price { value, quote }
    Amount { value, asset }
    Position { instrument, quantity, entry_price, unsettled_pnl, accrued_funding }
    Balance { asset, cash, borrowed, accrued_interest, reserved }
    Order { instrument, side, quantity, price, reduce_only }
    Portfolio { positions, balances, orders }
    Group { underlying, expiry, positions }
    Origin { scenario, group, position }
    Requirement { asset, initial, maintenance }
}
