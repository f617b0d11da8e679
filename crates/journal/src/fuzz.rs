//! The fuzz target of logs: a plain function, run by `cargo test` over a corpus and by `cargo fuzz` over whatever it
//! finds.

use plimsoll_core::Timestamp;

use crate::error::LogError;
use crate::files::{FileError, Files as _, Memory};
use crate::log::{Entry, Log as _, Record, Sequence};
use crate::segment::{self, FRAME_HEADER, GENESIS, HEADER, Header};
use crate::segments::{Options, Segments};
use crate::verify::verify;

const OPTIONS: Options = Options { segment_bytes: 512 };

/// Takes arbitrary bytes for a log. The first byte says how: as a segment's file; as the frames behind a header that is
/// right; or as changes to a log that is right, three bytes each. Opening must not panic, what opens must verify clean
/// and read to its end, and a changed log must never give a record that was not written.
///
/// # Panics
/// When one of these does not hold, which is what a fuzzer looks for.
pub fn fuzz_journal(bytes: &[u8]) {
    let Some((how, bytes)) = bytes.split_first() else { return };
    let files = Memory::new();
    let made = match how % 4 {
        0 => put(&files, bytes),
        1 => put(&files, &behind_a_header(bytes, false)),
        2 => put(&files, &behind_a_header(bytes, true)),
        _ => return changed(bytes),
    };
    assert!(made.is_ok(), "{made:?}");
    check(&files);
}

/// Opens what must either open whole or be refused, and returns its records.
fn check(files: &Memory) -> Option<Vec<Entry>> {
    let (log, opened) = match Segments::open(files.clone(), OPTIONS) {
        Ok(found) => found,
        Err(error) => {
            assert!(matches!(error, LogError::Damaged(_)), "{error}");
            return None;
        }
    };
    let verified = verify(files);
    let clean = verified.as_ref().is_ok_and(|found| found.is_clean() && found.chain == opened.chain);
    assert!(clean, "opened as {opened:?}, but verified as {verified:?}");
    let entries = log.read(Sequence(1)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let whole = entries.as_ref().is_ok_and(|entries| entries.len() as u64 == opened.last.0);
    assert!(whole, "opened as {opened:?}, but read as {entries:?}");
    entries.ok()
}

fn put(files: &Memory, segment: &[u8]) -> Result<(), FileError> {
    let name = segment::name(Sequence(1));
    files.create(&name)?;
    files.write(&name, 0, segment)
}

/// A segment with `bytes` for frames; when `sealed`, the first frame's header gets the checksum it needs.
fn behind_a_header(bytes: &[u8], sealed: bool) -> Vec<u8> {
    let length = (HEADER + bytes.len()) as u64;
    let mut segment = Header { length, first: Sequence(1), chain: GENESIS }.encoded();
    segment.extend_from_slice(bytes);
    if let Some(header) = segment.get_mut(HEADER..HEADER + FRAME_HEADER).filter(|_| sealed) {
        let crc = crc32fast::hash(&header[..FRAME_HEADER - 4]);
        header[FRAME_HEADER - 4..].copy_from_slice(&crc.to_be_bytes());
    }
    segment
}

/// A small log over two segments, changed at places that `bytes` name: a byte of the place, one of the file, one to add.
fn changed(bytes: &[u8]) {
    let files = Memory::new();
    let written = small(&files);
    assert!(written.is_ok(), "{written:?}");
    let Ok(written) = written else { return };
    let names = files.list().unwrap_or_default();
    assert!(names.len() > 1, "{names:?}");
    for change in bytes.chunks_exact(3).take(64) {
        let name = &names[usize::from(change[1] & 1) % names.len()];
        let offset = u64::from(change[0]) + 256 * u64::from(change[1] >> 1 & 1);
        let mut byte = [0];
        let changed =
            files.read(name, offset, &mut byte).and_then(|()| files.write(name, offset, &[byte[0] ^ change[2]]));
        assert!(changed.is_ok(), "{changed:?}");
    }
    if let Some(found) = check(&files) {
        assert!(written.starts_with(&found), "records that were never written: {found:?}");
    }
}

fn small(files: &Memory) -> Result<Vec<Entry>, LogError> {
    let (mut log, _) = Segments::open(files.clone(), OPTIONS)?;
    for number in 1..=6_u8 {
        let payload = [number; 40];
        let records = [Record { kind: number, payload: &payload }, Record { kind: 0, payload: &payload[..7] }];
        log.append(Timestamp::from_nanos(number.into()), &records)?;
    }
    log.read(Sequence(1))?.collect()
}
