//! Prices, quantities, amounts and rates: one type each, so that the compiler checks dimensions.
//!
//! | operation | gives | rounding |
//! |---|---|---|
//! | `price.times(quantity)` | amount of the quote asset | named |
//! | `amount.at(price)` | the amount's worth in the quote asset | named |
//! | `amount.plus(amount)` | amount; an error across assets | exact |
//! | `amount.scaled(decimal)` | amount | named |
//! | `quantity.times(contract size)` | quantity | named |

use std::fmt;
use std::str::FromStr;

use crate::{Asset, Decimal, NumberError, Rounding};

/// What one unit of something costs in its quote asset.
///
/// A price that an account is margined at is positive; an option's premium may be zero, and a
/// spread's negative, so the sign is checked where a price enters and not here.
///
/// ```
/// use plimsoll_core::{Price, Rounding};
/// let mark = Price::new("2405.1".parse()?, "USD".parse()?);
/// let notional = mark.times("-40".parse()?, Rounding::Down)?;
/// assert_eq!(notional.to_string(), "-96204 USD");
/// assert_eq!(format!("{mark:.2}"), "2405.10 USD");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    /// Units of `quote` per unit.
    pub value: Decimal,
    /// The asset it is counted in. `USD` and `USDC` are different assets.
    pub quote: Asset,
}

/// An amount of an asset: a balance, a gain (positive), a requirement (positive).
///
/// ```
/// use plimsoll_core::{Amount, NumberError};
/// let usd = Amount::new(5.into(), "USD".parse()?);
/// let usdc = Amount::new(5.into(), "USDC".parse()?);
/// assert_eq!(usd.plus(usd)?.to_string(), "10 USD");
/// assert!(matches!(usd.plus(usdc), Err(NumberError::AssetMismatch { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    /// How much.
    pub value: Decimal,
    /// Of what.
    pub asset: Asset,
}

impl Price {
    /// A price of `value` units of `quote`.
    #[must_use]
    pub const fn new(value: Decimal, quote: Asset) -> Self {
        Self { value, quote }
    }

    /// The cost of `quantity` at this price, in the quote asset.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn times(self, quantity: Quantity, rounding: Rounding) -> Result<Amount, NumberError> {
        Ok(Amount::new(self.value.times(quantity.0, rounding)?, self.quote))
    }

    /// How far this price stands above `other`, in the quote asset.
    ///
    /// # Errors
    /// [`NumberError::AssetMismatch`], [`NumberError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, NumberError> {
        self.same_quote(other)?;
        Ok(Self::new(self.value.minus(other.value)?, self.quote))
    }

    pub(crate) fn same_quote(self, other: Self) -> Result<(), NumberError> {
        same(self.quote, other.quote)
    }
}

impl Amount {
    /// `value` units of `asset`.
    #[must_use]
    pub const fn new(value: Decimal, asset: Asset) -> Self {
        Self { value, asset }
    }

    /// None of `asset`.
    #[must_use]
    pub const fn zero(asset: Asset) -> Self {
        Self::new(Decimal::ZERO, asset)
    }

    /// The sum of two amounts of one asset.
    ///
    /// # Errors
    /// [`NumberError::AssetMismatch`], [`NumberError::Overflow`].
    pub fn plus(self, right: Self) -> Result<Self, NumberError> {
        same(self.asset, right.asset)?;
        Ok(Self::new(self.value.plus(right.value)?, self.asset))
    }

    /// The difference of two amounts of one asset.
    ///
    /// # Errors
    /// [`NumberError::AssetMismatch`], [`NumberError::Overflow`].
    pub fn minus(self, right: Self) -> Result<Self, NumberError> {
        same(self.asset, right.asset)?;
        Ok(Self::new(self.value.minus(right.value)?, self.asset))
    }

    /// With the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self::new(self.value.negated(), self.asset)
    }

    /// This amount × `factor`.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn scaled(self, factor: Decimal, rounding: Rounding) -> Result<Self, NumberError> {
        Ok(Self::new(self.value.times(factor, rounding)?, self.asset))
    }

    /// What this amount is worth at `price`, the price of one unit of its asset.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn at(self, price: Price, rounding: Rounding) -> Result<Self, NumberError> {
        Ok(Self::new(self.value.times(price.value, rounding)?, price.quote))
    }
}

fn same(left: Asset, right: Asset) -> Result<(), NumberError> {
    if left == right { Ok(()) } else { Err(NumberError::AssetMismatch { left, right }) }
}

macro_rules! plain {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub Decimal);

        impl $name {
            /// None.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// The sum.
            ///
            /// # Errors
            /// [`NumberError::Overflow`].
            pub fn plus(self, right: Self) -> Result<Self, NumberError> {
                self.0.plus(right.0).map(Self)
            }

            /// The difference.
            ///
            /// # Errors
            /// [`NumberError::Overflow`].
            pub fn minus(self, right: Self) -> Result<Self, NumberError> {
                self.0.minus(right.0).map(Self)
            }

            /// The product, rounded as said.
            ///
            /// # Errors
            /// [`NumberError::Overflow`].
            pub fn times(self, right: Self, rounding: Rounding) -> Result<Self, NumberError> {
                self.0.times(right.0, rounding).map(Self)
            }

            /// With the other sign.
            #[must_use]
            pub const fn negated(self) -> Self {
                Self(self.0.negated())
            }

            /// Without its sign.
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.abs())
            }
        }

        impl FromStr for $name {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, out)
            }
        }
    };
}

plain! {
    /// A count of contracts or coins; long is positive.
    ///
    /// ```
    /// use plimsoll_core::{Quantity, Rounding};
    /// let contracts: Quantity = "-40".parse()?;
    /// let coins = contracts.times("0.1".parse()?, Rounding::Down)?;
    /// assert_eq!(coins.abs().to_string(), "4");
    /// # Ok::<(), plimsoll_core::NumberError>(())
    /// ```
    Quantity
}

plain! {
    /// A fraction: a haircut, a margin rate, a volatility, a funding rate. 0.05 is five per cent.
    ///
    /// ```
    /// use plimsoll_core::{Decimal, Rate};
    /// let haircut: Rate = "0.05".parse()?;
    /// assert_eq!(Rate(Decimal::ONE).minus(haircut)?.to_string(), "0.95");
    /// # Ok::<(), plimsoll_core::NumberError>(())
    /// ```
    Rate
}

impl fmt::Display for Price {
    /// The value and its quote; width, precision and sign are the value's alone, so that a column
    /// of prices lines up by its digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, out)?;
        write!(out, " {}", self.quote)
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Amount {
    /// The value and its asset; width, precision and sign are the value's alone.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, out)?;
        write!(out, " {}", self.asset)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
