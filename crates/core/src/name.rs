//! Names of assets and underlyings: short, `Copy`, ordered.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

const LONGEST: usize = 16;

/// Why a text is not a name.
///
/// ```
/// use plimsoll_core::{Asset, NameError};
/// assert_eq!("US DC".parse::<Asset>(), Err(NameError("US DC".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a name: 1 to 16 letters, digits, '.', '-' or '_'")]
pub struct NameError(pub String);

/// The text kept in place, so that a name is copied and compared like a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Symbol([u8; LONGEST]);

impl Symbol {
    fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(LONGEST);
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

impl FromStr for Symbol {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        let good = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
        if bytes.is_empty() || bytes.len() > LONGEST || !bytes.iter().all(good) {
            return Err(NameError(text.chars().take(60).collect()));
        }
        let mut symbol = [0; LONGEST];
        symbol[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(symbol))
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Symbol);

        impl $name {
            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }
    };
}

named! {
    /// Something an account can hold a balance of: `USDC`, `ETH`, `stETH`. Case counts.
    ///
    /// ```
    /// use plimsoll_core::Asset;
    /// let asset: Asset = "stETH".parse()?;
    /// assert_eq!(asset.as_str(), "stETH");
    /// # Ok::<(), plimsoll_core::NameError>(())
    /// ```
    Asset
}

named! {
    /// What instruments are written on and an index is published for: `ETH`, `SOL`.
    ///
    /// ```
    /// use plimsoll_core::Underlying;
    /// let underlying: Underlying = "ETH".parse()?;
    /// assert_eq!(underlying.asset().underlying(), underlying);
    /// # Ok::<(), plimsoll_core::NameError>(())
    /// ```
    Underlying
}

impl Underlying {
    /// The asset of the same name: what a spot trade of this underlying moves.
    #[must_use]
    pub fn asset(self) -> Asset {
        Asset(self.0)
    }
}

impl Asset {
    /// The underlying of the same name.
    #[must_use]
    pub fn underlying(self) -> Underlying {
        Underlying(self.0)
    }
}
