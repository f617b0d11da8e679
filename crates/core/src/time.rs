//! Time as data: an instant handed in, never read from a clock.

use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp as Instant, civil};
use thiserror::Error;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, from 1678 to 2262.
///
/// ```
/// use plimsoll_core::Timestamp;
/// let expiry: Timestamp = "2024-12-27T08:00:00Z".parse()?;
/// assert_eq!(Timestamp::from_millis(1_735_286_400_000), Some(expiry));
/// assert_eq!(expiry, Timestamp::from_date(2024, 12, 27, 8)?);
/// assert_eq!(expiry.date(), (2024, 12, 27));
/// # Ok::<(), plimsoll_core::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text or a date is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not an instant: expected like 2024-12-27T08:00:00Z, between 1678 and 2262")]
pub struct TimeError(pub String);

impl Timestamp {
    /// Nanoseconds in a second.
    pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
    /// Seconds in the year that every rate and volatility is quoted for: 365 days.
    pub const SECONDS_PER_YEAR: i64 = 365 * 86_400;

    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since 1970, as venues print them; `None` outside 1678 to 2262.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        match millis.checked_mul(1_000_000) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// Midnight UTC plus `hour` hours of a civil date.
    ///
    /// # Errors
    /// [`TimeError`] when there is no such date.
    pub fn from_date(year: i16, month: i8, day: i8, hour: i8) -> Result<Self, TimeError> {
        let wrong = || TimeError(format!("{year:04}-{month:02}-{day:02} {hour:02}:00"));
        let date = civil::DateTime::new(year, month, day, hour, 0, 0, 0).map_err(|_| wrong())?;
        let instant = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?.timestamp();
        i64::try_from(instant.as_nanosecond()).map(Self).map_err(|_| wrong())
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The UTC calendar date: year, month, day.
    #[must_use]
    pub fn date(self) -> (i16, i8, i8) {
        let date = self.instant().to_zoned(jiff::tz::TimeZone::UTC).date();
        (date.year(), date.month(), date.day())
    }

    /// Nanoseconds from `self` to `later`; negative when `later` came before. Saturates.
    #[must_use]
    pub const fn nanos_until(self, later: Self) -> i64 {
        later.0.saturating_sub(self.0)
    }

    /// This instant moved by `seconds`; `None` outside the range.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "compared with the range first; try_from is not const")]
    pub const fn plus_seconds(self, seconds: i64) -> Option<Self> {
        // In 128 bits: from a late instant back to an early one is more than an i64 of nanoseconds.
        let nanos = self.0 as i128 + seconds as i128 * Self::NANOS_PER_SECOND as i128;
        if nanos < i64::MIN as i128 || nanos > i64::MAX as i128 { None } else { Some(Self(nanos as i64)) }
    }

    fn instant(self) -> Instant {
        // Every i64 of nanoseconds lies inside jiff's range of years −9999 to 9999.
        Instant::from_nanosecond(i128::from(self.0)).unwrap_or(Instant::UNIX_EPOCH)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339: `2024-12-27T08:00:00Z`, with at most nine decimals and an offset where there
    /// are any; a leap second is the second before it.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError(text.chars().take(60).collect());
        if !is_rfc_3339(text.as_bytes()) {
            return Err(wrong());
        }
        let instant: Instant = text.parse().map_err(|_| wrong())?;
        i64::try_from(instant.as_nanosecond()).map(Self).map_err(|_| wrong())
    }
}

/// Whether the separators stand where RFC 3339 has them: the parser also reads shorter ISO 8601 and
/// zone names, which would make one instant of texts that other readers refuse.
fn is_rfc_3339(text: &[u8]) -> bool {
    let stands = |at: usize, any: &[u8]| text.get(at).is_some_and(|byte| any.contains(byte));
    let offset = |at: usize| stands(at, b"+-") && stands(at + 3, b":");
    let separated = stands(4, b"-") && stands(7, b"-") && stands(10, b"Tt ") && stands(13, b":") && stands(16, b":");
    let zoned = text.last().is_some_and(|byte| b"Zz".contains(byte)) || text.len().checked_sub(6).is_some_and(offset);
    separated && zoned && !text.contains(&b',')
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.instant().to_string())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
