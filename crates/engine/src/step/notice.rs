//! Rules that are announced, recalled, and carried out when their time has come.

use plimsoll_core::Timestamp;

use super::Decision;
use crate::command::Command;
use crate::event::Event;
use crate::notice::Rule;
use crate::refusal::Refusal;

/// Announcements that may wait at a time.
const WAITING_MAX: usize = 1_000;

impl Decision<'_> {
    /// Whether a command that sets a rule was told early enough.
    pub(super) fn was_told(&self, command: &Command) -> Result<(), Refusal> {
        let notice_s = self.state.notices.seconds;
        if notice_s == 0 {
            return Ok(());
        }
        let earliest = self.at.plus_seconds(notice_s.into()).unwrap_or(Timestamp::from_nanos(i64::MAX));
        if self.state.asks_for_notice(command, earliest) { Err(Refusal::Notice { notice_s, earliest }) } else { Ok(()) }
    }

    pub(super) fn set_notice(&mut self, seconds: u32) {
        self.emit(Event::NoticeSet { seconds });
    }

    pub(super) fn announce(&mut self, rule: &Rule, from: Timestamp) -> Result<(), Refusal> {
        if self.state.notices.announced.len() >= WAITING_MAX {
            let why = "a thousand announcements wait already: one of them is carried out or recalled first";
            return Err(Refusal::NotAllowed { what: rule.word().into(), why });
        }
        let number = self.state.notices.told;
        self.emit(Event::Announced { number, rule: rule.clone(), from: from.max(self.at) });
        Ok(())
    }

    pub(super) fn recall(&mut self, number: u64) -> Result<(), Refusal> {
        if !self.state.notices.announced.contains_key(&number) {
            return Err(Refusal::UnknownAnnouncement(number));
        }
        self.emit(Event::Recalled { number });
        Ok(())
    }

    /// Carries out what was announced for now. What cannot be, as things are, is said and forgotten.
    pub(super) fn carry_out(&mut self) {
        let due = self.state.notices.announced.iter().filter(|(_, it)| it.from <= self.at);
        let due: Vec<(u64, Rule)> = due.map(|(number, it)| (*number, it.rule.clone())).collect();
        for (number, rule) in due {
            let refused = self.decide(rule.command()).err().map(|refusal| refusal.to_string().into());
            self.emit(Event::CarriedOut { number, refused });
        }
    }
}
