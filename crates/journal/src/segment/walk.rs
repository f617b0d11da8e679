//! Walking a segment frame by frame, checking everything.

use std::ops::Range;

use plimsoll_core::{Digest, planted};

use super::{FRAME_HEADER, FrameHeader, HEADER, Header, check_records, first_of};
use crate::error::{Damage, Flaw, LogError};
use crate::files::{FileError, Files, STRIDE};
use crate::log::Sequence;

/// A walk over one segment. What stands before `position` was found whole.
pub(crate) struct Walk<'f, F: ?Sized> {
    files: &'f F,
    pub(crate) name: String,
    pub(crate) header: Header,
    /// Bytes read ahead, and where they begin.
    window: Vec<u8>,
    start: u64,
    pub(crate) position: u64,
    /// The sequence that comes next, and the chain before it.
    pub(crate) next: Sequence,
    pub(crate) chain: Digest,
}

/// A frame that was found whole.
pub(crate) struct Frame<'w> {
    pub(crate) header: FrameHeader,
    pub(crate) records: &'w [u8],
}

impl<'f, F: Files + ?Sized> Walk<'f, F> {
    /// Begins with the segment called `name`.
    ///
    /// # Errors
    /// [`LogError::Damaged`] when its header is not whole, or does not fit its name and length; [`LogError::File`].
    pub(crate) fn open(files: &'f F, name: &str) -> Result<Self, LogError> {
        let flawed = |flaw| LogError::Damaged(Damage { file: name.to_owned(), offset: 0, flaw });
        let found = files.len(name)?;
        if found < HEADER as u64 {
            return Err(flawed(Flaw::Header));
        }
        let mut bytes = vec![0; HEADER];
        files.read(name, 0, &mut bytes)?;
        let header = Header::decode(&bytes).map_err(flawed)?;
        if header.length != found {
            return Err(flawed(Flaw::Length { expected: header.length, found }));
        }
        if let Some(expected) = first_of(name).filter(|named| *named != header.first) {
            return Err(flawed(Flaw::Sequence { expected, found: header.first }));
        }
        let (next, chain) = (header.first, header.chain);
        let position = HEADER as u64;
        Ok(Self { files, name: name.to_owned(), header, window: Vec::new(), start: 0, position, next, chain })
    }

    /// The next frame, or `None` at the segment's end.
    ///
    /// # Errors
    /// [`LogError::Damaged`] with what is wrong at `position`, where the walk stays; [`LogError::File`].
    pub(crate) fn frame(&mut self) -> Result<Option<Frame<'_>>, LogError> {
        let left = self.header.length - self.position;
        let head = self.load(self.position, left.min(FRAME_HEADER as u64))?;
        let head = &self.window[head];
        if head.len() < FRAME_HEADER || head.iter().all(|byte| *byte == 0) {
            return match self.first_after_zeros()? {
                None => Ok(None),
                Some(offset) => Err(self.damaged(offset, Flaw::NotZero)),
            };
        }
        let header = FrameHeader::decode(head).map_err(|flaw| self.damaged(self.position, flaw))?;
        let end = header.first.0.checked_add(u64::from(header.count));
        let (true, Some(end)) = (header.first == self.next, end) else {
            return Err(self.damaged(self.position, Flaw::Sequence { expected: self.next, found: header.first }));
        };
        if header.whole() > left {
            return Err(self.damaged(self.position, Flaw::FrameLength));
        }
        let body = self.position + FRAME_HEADER as u64;
        let records = self.load(body, u64::from(header.length))?;
        if let Err((at, flaw)) = check_records(&header, &self.window[records.clone()], self.chain)
            && !planted!(TornFrame)
        {
            return Err(self.damaged(body + at as u64, flaw));
        }
        self.position += header.whole();
        (self.next, self.chain) = (Sequence(end), header.chain);
        Ok(Some(Frame { header, records: &self.window[records] }))
    }

    /// Where a frame that comes after the next one begins, looked for behind what is damaged at `position`.
    ///
    /// Records may hold any bytes, those of a frame too, so the records of a frame whose header is whole are passed over.
    pub(crate) fn later_frame(&mut self) -> Result<Option<u64>, LogError> {
        let left = self.header.length - self.position;
        let head = self.load(self.position, left.min(FRAME_HEADER as u64))?;
        let whole = FrameHeader::decode_checked(&self.window[head]).map(|header| header.whole());
        let mut from = self.position + whole.unwrap_or(1);
        while from + FRAME_HEADER as u64 <= self.header.length {
            let window = self.load(from, (self.header.length - from).min(STRIDE as u64))?;
            let window = &self.window[window];
            let later =
                |bytes: &[u8]| FrameHeader::decode_checked(bytes).is_some_and(|header| header.first > self.next);
            if let Some(at) = window.windows(FRAME_HEADER).position(later) {
                return Ok(Some(from + at as u64));
            }
            from += (window.len() - FRAME_HEADER + 1) as u64;
        }
        Ok(None)
    }

    /// Where the last byte that is not zero ends, from `position` on; `position` when all are zero.
    pub(crate) fn end_of_content(&mut self) -> Result<u64, LogError> {
        let (mut end, mut from) = (self.position, self.position);
        while from < self.header.length {
            let window = self.load(from, (self.header.length - from).min(STRIDE as u64))?;
            let window = &self.window[window];
            if let Some(last) = window.iter().rposition(|byte| *byte != 0) {
                end = from + last as u64 + 1;
            }
            from += window.len() as u64;
        }
        Ok(end)
    }

    /// The first byte from `position` on that is not zero.
    fn first_after_zeros(&mut self) -> Result<Option<u64>, LogError> {
        let mut from = self.position;
        while from < self.header.length {
            let window = self.load(from, (self.header.length - from).min(STRIDE as u64))?;
            let window = &self.window[window];
            if let Some(at) = window.iter().position(|byte| *byte != 0) {
                return Ok(Some(from + at as u64));
            }
            from += window.len() as u64;
        }
        Ok(None)
    }

    pub(crate) fn damaged(&self, offset: u64, flaw: Flaw) -> LogError {
        LogError::Damaged(Damage { file: self.name.clone(), offset, flaw })
    }

    /// Where in the window `count` bytes from `offset` on lie, read when they are not there yet.
    fn load(&mut self, offset: u64, count: u64) -> Result<Range<usize>, FileError> {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        if offset < self.start || offset + count > self.start + self.window.len() as u64 {
            let ahead = count.max(STRIDE as u64).min(self.header.length - offset);
            self.window.resize(place(ahead), 0);
            self.start = offset;
            let read = self.files.read(&self.name, offset, &mut self.window);
            // A window half read is none.
            read.inspect_err(|_| self.window.clear())?;
        }
        let from = place(offset - self.start);
        Ok(from..from + place(count))
    }
}

impl FrameHeader {
    /// The header at the front of any bytes, if there is one.
    fn decode_checked(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < FRAME_HEADER { None } else { Self::decode(bytes).ok() }
    }
}
