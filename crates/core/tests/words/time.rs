//! Instants: read, printed, and where they end.

use plimsoll_core::Timestamp;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_read() {
    // Seconds since 1970 as `date -u -d TEXT +%s` prints them.
    let table = [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-12-27T08:00:00Z", 1_735_286_400_000_000_000),
        ("2024-12-27T08:00:00.000000001Z", 1_735_286_400_000_000_001),
        ("2024-12-27T13:30:00+05:30", 1_735_286_400_000_000_000),
        ("2024-02-29T23:59:59.5Z", 1_709_251_199_500_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000_000),
        ("2024-12-27t08:00:00-00:00", 1_735_286_400_000_000_000),
        ("2024-12-27 08:00:00z", 1_735_286_400_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000_000_000),
    ];
    for (text, nanos) in table {
        assert_eq!(at(text).nanos(), nanos, "{text}");
    }
}

#[test]
fn what_is_refused() {
    let wrong = [
        "",
        "now",
        "2024-12-27",
        "2024-12-27T08:00:00",
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-12-27T25:00:00Z",
        "2024-12-27T08:00:00.0000000001Z",
        "1735286400",
        "1677-01-01T00:00:00Z",
        "2262-12-31T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2024-12-27T08Z",
        "2024-12-27T08:00Z",
        "20241227T080000Z",
        "2024-12-27T08:00:00,5Z",
        "2024-12-27T08:00:00+05",
        "2024-12-27T08:00:00+05:30:15",
        "2024-12-27T08:00:00Z[UTC]",
        "2024-12-27T13:30:00+05:30[Asia/Kolkata]",
        "+002024-12-27T08:00:00Z",
        "٢٠٢٤-12-27T08:00:00Z",
        "2024-12-27T08:00:00Z ",
    ];
    for text in wrong {
        assert_eq!(text.parse::<Timestamp>(), Err(plimsoll_core::TimeError(text.to_owned())));
    }
    let long = "9".repeat(1 << 20);
    assert!(long.parse::<Timestamp>().unwrap_err().to_string().len() < 200);
}

#[test]
fn the_limits() {
    assert_eq!(Timestamp::from_nanos(i64::MIN).to_string(), "1677-09-21T00:12:43.145224192Z");
    assert_eq!(Timestamp::from_nanos(i64::MAX).to_string(), "2262-04-11T23:47:16.854775807Z");
    assert_eq!(at("2262-04-11T23:47:16.854775807Z").nanos(), i64::MAX);
    assert!("2262-04-11T23:47:16.854775808Z".parse::<Timestamp>().is_err());
    assert!("1677-09-21T00:12:43.145224191Z".parse::<Timestamp>().is_err());
    assert_eq!(Timestamp::from_nanos(i64::MAX).plus_seconds(1), None);
    assert_eq!(Timestamp::from_nanos(0).plus_seconds(i64::MAX), None);
    assert_eq!(Timestamp::from_nanos(i64::MIN).plus_seconds(-1), None);
    let (late, early) = (at("2262-01-01T00:00:00Z"), at("1678-01-01T00:00:00Z"));
    assert_eq!(late.plus_seconds(-584 * 365 * 86_400 - 141 * 86_400), Some(early));
    assert_eq!(Timestamp::from_millis(i64::MAX), None);
    assert_eq!(Timestamp::from_millis(9_223_372_036_854).map(Timestamp::nanos), Some(9_223_372_036_854_000_000));
    let (first, last) = (Timestamp::from_nanos(i64::MIN), Timestamp::from_nanos(i64::MAX));
    assert_eq!((first.nanos_until(last), last.nanos_until(first)), (i64::MAX, i64::MIN));
}

#[test]
fn dates() {
    assert_eq!(Timestamp::from_date(2024, 2, 29, 8), Ok(at("2024-02-29T08:00:00Z")));
    let wrong =
        [(2023, 2, 29, 8), (2024, 0, 1, 0), (2024, 1, 32, 0), (2024, 1, 1, 24), (2024, 1, 1, -1), (1600, 1, 1, 0)];
    for (year, month, day, hour) in wrong {
        assert!(Timestamp::from_date(year, month, day, hour).is_err(), "{year} {month} {day} {hour}");
    }
    assert!(Timestamp::from_date(i16::MIN, i8::MIN, i8::MAX, i8::MAX).is_err());
    assert_eq!(Timestamp::from_nanos(-1).date(), (1969, 12, 31));
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(nanos in any::<i64>(), bits in 0_u32..63) {
        let instant = Timestamp::from_nanos(nanos >> bits);
        prop_assert_eq!(instant.to_string().parse(), Ok(instant));
    }

    #[test]
    fn seconds_add_up(nanos in any::<i64>(), seconds in -10_000_000_000_i64..10_000_000_000) {
        let moved = Timestamp::from_nanos(nanos).plus_seconds(seconds);
        let exact = i128::from(nanos) + i128::from(seconds) * 1_000_000_000;
        prop_assert_eq!(moved.map(|moved| i128::from(moved.nanos())), i64::try_from(exact).ok().map(i128::from));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", like in "[0-9T:.Z+-]{0,40}") {
        for text in [text, like] {
            if let Ok(instant) = text.parse::<Timestamp>() {
                prop_assert_eq!(instant.to_string().parse(), Ok(instant));
            }
        }
    }
}
