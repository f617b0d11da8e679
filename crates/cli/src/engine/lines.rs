//! Lines of a stream, as they come.

use std::io::{BufRead as _, BufReader, Read};

use crate::outcome::Failure;

/// The longest line, in bytes: what is longer is no command, and is not taken in.
const LINE_MAX: usize = 16 << 20;
/// Bytes read at once, at most: what came together is made durable together.
const READ_AT_ONCE: usize = 1 << 20;

/// Lines one after the other, counted from one.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    name: String,
    text: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Of `from`, which messages call `name`.
    pub(super) fn of(name: &str, from: R) -> Self {
        let from = BufReader::with_capacity(READ_AT_ONCE, from);
        Self { from, name: name.to_owned(), text: Vec::new(), number: 0 }
    }

    /// The next line with its number; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &str)>, Failure> {
        self.text.clear();
        self.number += 1;
        let (name, number) = (&self.name, self.number);
        let most = LINE_MAX as u64 + 1;
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut self.text);
        if read.map_err(|error| Failure::usage(format!("{name}: {error}")))? == 0 {
            return Ok(None);
        }
        if self.text.len() > LINE_MAX {
            return Err(Failure::usage(format!(
                "{name} line {number}: longer than {LINE_MAX} bytes: expected a command"
            )));
        }
        let wrong = |error: std::str::Utf8Error| {
            let column = error.valid_up_to() + 1;
            Failure::usage(format!("{name} line {number} column {column}: a byte that is no UTF-8: expected text"))
        };
        std::str::from_utf8(&self.text).map(|text| Some((number, text.trim()))).map_err(wrong)
    }

    /// Whether another line came with the one before: the beginning of one is waited for, and nothing waits for it.
    pub(super) fn is_another_there(&self) -> bool {
        self.from.buffer().contains(&b'\n')
    }
}
