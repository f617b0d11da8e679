//! The format of a segment, byte by byte. The crate's README shows the same tables.
//!
//! A segment is a file named after its first sequence, in twenty digits: `00000000000000000001.log`. It has its whole
//! length from the start, filled with zeros, and is a header, frames one after the other, and zeros to its end. All
//! integers are big-endian; CRC is CRC-32 as in IEEE 802.3; a chain is a SHA-256.
//!
//! | header: 64 bytes | |
//! |---|---|
//! | 0..8 | `plimslog` |
//! | 8..12 | format version, `u32`: 1 |
//! | 12..20 | length of the file in bytes, `u64` |
//! | 20..28 | sequence of the first record, `u64`, from 1 |
//! | 28..60 | chain after the segment before; zeros in the first |
//! | 60..64 | CRC of bytes 0..60 |
//!
//! A frame is one group commit: it is durable as a whole or not at all, and lies in one segment.
//!
//! | frame: 64 bytes, then its records | |
//! |---|---|
//! | 0..4 | `PLFR` |
//! | 4..8 | length of the records in bytes, `u32` |
//! | 8..16 | sequence of its first record, `u64` |
//! | 16..20 | count of its records, `u32`, from 1 |
//! | 20..28 | time of the commit, nanoseconds since 1970 UTC, `i64` |
//! | 28..60 | chain: SHA-256 of the chain before, bytes 20..28 and the records' bytes |
//! | 60..64 | CRC of bytes 0..60 |
//!
//! | record: 17 bytes, then its payload | |
//! |---|---|
//! | 0..4 | length of the payload in bytes, `u32`, at most 64 MiB |
//! | 4..12 | sequence, `u64` |
//! | 12 | kind, `u8`: the caller's |
//! | 13..17 | CRC of bytes 0..13 and the payload |
//!
//! 64 zeros where a frame would start, or fewer where the file ends, are the end of the segment, and nothing but zeros
//! follows. The header says the file's length so that a file cut short is never taken for a log that ends there.

mod walk;

use plimsoll_core::{Decode, Digest, Encode as _, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::error::{Flaw, LogError};
use crate::log::{PAYLOAD_MAX, Record, Sequence};

pub(crate) use walk::Walk;

/// The chain before the first record.
pub(crate) const GENESIS: Digest = Digest([0; 32]);

pub(crate) const HEADER: usize = 64;
pub(crate) const FRAME_HEADER: usize = 64;
pub(crate) const RECORD_HEADER: usize = 17;

/// The most bytes a frame's records take: four of the longest, or millions of small ones.
const FRAME_MAX: usize = 4 * (PAYLOAD_MAX + RECORD_HEADER);

const MAGIC: [u8; 8] = *b"plimslog";
const VERSION: u32 = 1;
const FRAME_MARK: [u8; 4] = *b"PLFR";

/// Where the CRC of either header stands: it covers all before it.
const CRC_AT: usize = 60;

/// The name of the segment that begins with `first`.
pub(crate) fn name(first: Sequence) -> String {
    format!("{:020}.log", first.0)
}

/// The sequence a segment is named after.
pub(crate) fn first_of(name: &str) -> Option<Sequence> {
    sequence_of(name, ".log")
}

/// The sequence in a name of twenty digits and an ending.
pub(crate) fn sequence_of(name: &str, ending: &str) -> Option<Sequence> {
    let digits = name.strip_suffix(ending)?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).map(Sequence)
}

/// Takes an integer, or a digest's bytes, off the front. What is read was measured before, so nothing is missing.
pub(crate) fn take<T: Decode + Default>(bytes: &mut &[u8]) -> T {
    T::decode(bytes).unwrap_or_default()
}

pub(crate) fn take_digest(bytes: &mut &[u8]) -> Digest {
    let mut digest = GENESIS;
    for (place, byte) in digest.0.iter_mut().zip(*bytes) {
        *place = *byte;
    }
    *bytes = bytes.get(32..).unwrap_or_default();
    digest
}

/// Ends a header: the CRC of what stands from `start` on.
pub(crate) fn seal(out: &mut Vec<u8>, start: usize) {
    crc32fast::hash(&out[start..]).encode(out);
}

/// Whether the last four bytes are the CRC of those before.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    let Some((covered, mut crc)) = bytes.split_last_chunk::<4>().map(|(covered, crc)| (covered, &crc[..])) else {
        return false;
    };
    take::<u32>(&mut crc) == crc32fast::hash(covered)
}

/// What a segment says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) length: u64,
    pub(crate) first: Sequence,
    pub(crate) chain: Digest,
}

impl Header {
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        VERSION.encode(&mut out);
        self.length.encode(&mut out);
        self.first.0.encode(&mut out);
        out.extend_from_slice(&self.chain.0);
        seal(&mut out, 0);
        out
    }

    /// Reads the header at the front of `bytes`, which are at least [`HEADER`] long.
    fn decode(mut bytes: &[u8]) -> Result<Self, Flaw> {
        if !bytes.starts_with(&MAGIC) {
            return Err(Flaw::NotASegment);
        }
        if !is_sealed(&bytes[..HEADER]) {
            return Err(Flaw::Header);
        }
        bytes = &bytes[MAGIC.len()..];
        match take(&mut bytes) {
            VERSION => {}
            other => return Err(Flaw::Version(other)),
        }
        Ok(Self { length: take(&mut bytes), first: Sequence(take(&mut bytes)), chain: take_digest(&mut bytes) })
    }
}

/// What stands before a frame's records.
#[derive(Clone, Debug)]
pub(crate) struct FrameHeader {
    pub(crate) length: u32,
    pub(crate) first: Sequence,
    pub(crate) count: u32,
    pub(crate) at: Timestamp,
    pub(crate) chain: Digest,
}

impl FrameHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&FRAME_MARK);
        self.length.encode(out);
        self.first.0.encode(out);
        self.count.encode(out);
        self.at.encode(out);
        out.extend_from_slice(&self.chain.0);
        seal(out, start);
    }

    /// Reads the header at the front of `bytes`, which are at least [`FRAME_HEADER`] long.
    fn decode(mut bytes: &[u8]) -> Result<Self, Flaw> {
        if !bytes.starts_with(&FRAME_MARK) || !is_sealed(&bytes[..CRC_AT + 4]) {
            return Err(Flaw::FrameHeader);
        }
        bytes = &bytes[FRAME_MARK.len()..];
        let (length, first, count) = (take(&mut bytes), Sequence(take(&mut bytes)), take(&mut bytes));
        let at = Timestamp::from_nanos(take(&mut bytes));
        Ok(Self { length, first, count, at, chain: take_digest(&mut bytes) })
    }

    /// The frame with its header.
    pub(crate) fn whole(&self) -> u64 {
        FRAME_HEADER as u64 + u64::from(self.length)
    }
}

/// How many bytes the frame of `records` takes.
///
/// # Errors
/// [`LogError::Empty`], [`LogError::PayloadTooLong`], [`LogError::FrameTooLong`].
pub(crate) fn frame_length(records: &[Record<'_>]) -> Result<u64, LogError> {
    if records.is_empty() {
        return Err(LogError::Empty);
    }
    if let Some(index) = records.iter().position(|record| record.payload.len() > PAYLOAD_MAX) {
        return Err(LogError::PayloadTooLong { index, bytes: records[index].payload.len() });
    }
    let bytes = records.iter().map(|record| record.payload.len() + RECORD_HEADER).sum();
    if bytes > FRAME_MAX {
        return Err(LogError::FrameTooLong { bytes });
    }
    Ok((FRAME_HEADER + bytes) as u64)
}

/// The chain after a frame: its time and its records are what a replay is made of, and both are in it.
fn chain_after(before: Digest, at: Timestamp, records: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update(before.0).chain_update(at.nanos().to_be_bytes());
    Digest(hash.chain_update(records).finalize().into())
}

/// Puts the frame of `records`, whose [`frame_length`] was asked before, into `out`, and returns the chain after it.
pub(crate) fn encode_frame(
    out: &mut Vec<u8>,
    first: Sequence,
    at: Timestamp,
    before: Digest,
    records: &[Record<'_>],
) -> Digest {
    out.clear();
    out.resize(FRAME_HEADER, 0);
    for (record, sequence) in records.iter().zip(first.0..) {
        let start = out.len();
        length_word(record.payload.len()).encode(out);
        sequence.encode(out);
        out.push(record.kind);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&out[start..]);
        crc.update(record.payload);
        crc.finalize().encode(out);
        out.extend_from_slice(record.payload);
    }
    let body = &out[FRAME_HEADER..];
    let (length, count) = (length_word(body.len()), length_word(records.len()));
    let chain = chain_after(before, at, body);
    let mut header = Vec::with_capacity(FRAME_HEADER);
    FrameHeader { length, first, count, at, chain }.encode(&mut header);
    out[..FRAME_HEADER].copy_from_slice(&header);
    chain
}

/// A length that [`frame_length`] found to fit.
fn length_word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A record where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) sequence: Sequence,
    pub(crate) kind: u8,
    pub(crate) payload: &'a [u8],
}

/// The records of a frame; ends where the bytes end or a record is damaged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Stored<'a>;

    fn next(&mut self) -> Option<Stored<'a>> {
        let (header, rest) = self.0.split_at_checked(RECORD_HEADER)?;
        let mut fields = header;
        let length = take::<u32>(&mut fields) as usize;
        let (sequence, kind) = (Sequence(take(&mut fields)), take(&mut fields));
        let (payload, rest) = rest.split_at_checked(length)?;
        let mut crc = crc32fast::Hasher::new();
        crc.update(&header[..RECORD_HEADER - 4]);
        crc.update(payload);
        if crc.finalize() != take::<u32>(&mut fields) {
            return None;
        }
        self.0 = rest;
        Some(Stored { sequence, kind, payload })
    }
}

/// Checks a frame's records against its header and the chain before it. Says where, from the first record on, and what.
fn check_records(header: &FrameHeader, records: &[u8], before: Digest) -> Result<(), (usize, Flaw)> {
    let mut left = Records(records);
    for sequence in (header.first.0..).take(header.count as usize) {
        let at = records.len() - left.0.len();
        let record = left.next().ok_or((at, Flaw::Record))?;
        if record.sequence.0 != sequence {
            return Err((at, Flaw::Sequence { expected: Sequence(sequence), found: record.sequence }));
        }
    }
    if header.count == 0 || !left.0.is_empty() {
        return Err((records.len() - left.0.len(), Flaw::Count));
    }
    if chain_after(before, header.at, records) != header.chain {
        return Err((0, Flaw::Chain));
    }
    Ok(())
}
