//! What a stream has to send: texts in their order, then a ping.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::session::Transmit;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    texts: VecDeque<Vec<u8>>,
    /// The text that was handed over last.
    out: Vec<u8>,
    ping_due: bool,
}

impl Outbox {
    /// Sends a text after those that wait.
    pub(crate) fn push(&mut self, text: Vec<u8>) {
        self.texts.push_back(text);
    }

    /// Sends a ping when no text waits.
    pub(crate) const fn ping(&mut self) {
        self.ping_due = true;
    }

    /// The connection is gone, and what waited for it.
    pub(crate) fn clear(&mut self) {
        self.texts.clear();
        self.ping_due = false;
    }

    /// The next thing to send.
    pub(crate) fn poll(&mut self) -> Option<Transmit<'_>> {
        if let Some(text) = self.texts.pop_front() {
            self.out = text;
            return Some(Transmit::Text(&self.out));
        }
        core::mem::take(&mut self.ping_due).then_some(Transmit::Ping)
    }
}
