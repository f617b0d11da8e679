//! What goes wrong, when its time has come.

use plimsoll_core::Timestamp;
use plimsoll_engine::{Book, Command};

use super::{Happening, Run, SECOND};
use crate::faults::Trouble;
use crate::faults::image::{self, Held};
use crate::world::prices::Oddity;

impl Run {
    pub(super) fn trouble(&mut self, trouble: Trouble) {
        self.went_wrong(trouble.name());
        match trouble {
            Trouble::Crash if self.chances.faults.below(4) == 0 => self.crash(),
            Trouble::Crash => {
                let (left, arrives) = (self.chances.faults.below(8), self.chances.faults.below(4_096));
                self.disk.mood().dies_after = Some((left as u64, arrives));
            }
            Trouble::FullDisk => {
                self.disk.mood().full = true;
                let wait = self.chances.faults.between(1, 8) * SECOND;
                self.after(wait, Happening::Freed);
            }
            Trouble::FailedSync => self.disk.mood().fails_sync = true,
            Trouble::ShortWrite => {
                let arrives = self.chances.faults.below(2_048);
                self.disk.mood().cuts_write = Some(arrives);
            }
            Trouble::FailedSnapshot => {
                self.disk.mood().fails_snapshots = true;
                self.save_snapshot();
                self.disk.mood().fails_snapshots = false;
            }
            Trouble::FlippedBits => self.flip(),
            Trouble::DroppedBook => {
                if let Some(node) = &mut self.node {
                    *node.book().1 = Book::new();
                }
            }
            Trouble::Gap => {
                let per_cent = *self.chances.faults.pick(&[-90, -60, -35, -20, -10, -6, 6, 10, 20, 45, 90]);
                let (coin, all) = (self.chances.faults.below(3), self.chances.faults.below(3) == 0);
                self.markets.jump(coin, per_cent, all);
            }
            Trouble::Silence => {
                let until = self.clock().nanos() + self.chances.faults.between(2, 40) * SECOND;
                let coin = self.chances.faults.below(3);
                self.markets.hush(coin, until);
            }
            Trouble::OddPrices => {
                let odd = [Oddity::Absurd, Oddity::NoConfidence, Oddity::Stale, Oddity::Outlier];
                self.clients.odd = Some(*self.chances.faults.pick(&odd));
            }
            Trouble::ClockAhead => self.ahead += self.chances.faults.between(1, 40) * SECOND,
            Trouble::ClockBack => self.command_from_before(),
        }
    }

    /// A command is handed in at a time before the last: it is refused, and the next is not.
    fn command_from_before(&mut self) {
        let back = self.chances.faults.between(1, 60) * SECOND;
        let request = self.numbered("laggard", Command::Tick);
        let at = Timestamp::from_nanos(self.clock().nanos() - back);
        self.arrives_at(&request, at);
    }

    /// Bits of a copy of the disk flip: opening it finds them.
    fn flip(&mut self) {
        // What a commit is about to write is not part of what was acknowledged.
        let held = Held { last: self.watch.log_last, last_frame: self.watch.last_frame, chain: self.watch.chain };
        let wrong = image::flipped(self.disk.memory(), self.log_options, held, &mut self.chances.faults);
        self.looked(image::DAMAGE, wrong);
    }
}
