//! What a person is told, and what the venue's clock says about its sessions.

use py_rt_kernel::input::{Input, Phase};
use py_rt_kernel::{Control, Event, Strategy};
use py_rt_types::{InstrumentId, UnixNanos};
use py_rt_venues::VenueRequest;

use super::{Driver, SECOND_NS};
use crate::error::LiveError;
use crate::journal::Tape;
use crate::net::Transport;

/// How often the venue is asked whether its session is open.
const CLOCK_NS: i64 = 30 * SECOND_NS;

impl<S: Strategy, T: Transport, J: Tape> Driver<'_, S, T, J> {
    /// Says what a person answers for, and what flattening came to.
    pub(super) fn say(&mut self, event: &Event) {
        let text = match event {
            Event::Command(Control::Resume { by }) => format!("{by:?} resumed trading"),
            Event::Command(Control::Loosen { by }) => format!("{by:?} allowed looser limits"),
            Event::Command(Control::Flatten) => "flattening: cancelling, then closing".to_string(),
            Event::LeftOver { instrument, qty } => {
                let one = self.kernel.instruments().get(instrument.index());
                let symbol = one.map_or("?", |one| one.symbol());
                let held = one.and_then(|one| one.qty_decimal(*qty).ok());
                let held = held.map_or_else(|| qty.0.to_string(), |held| held.to_string());
                format!("could not be closed: {held} {symbol}")
            }
            Event::Flattened { left: 0 } => "flat: no order works, nothing is held".to_string(),
            Event::Flattened { left } => format!("flattening ended, {left} positions remain"),
            _ => return,
        };
        self.hooks.on_notice(&text);
    }

    /// Asks the venue for its clock from time to time, where instruments have sessions.
    pub(super) fn ask_clock(&mut self, now: UnixNanos) {
        let listed = self.kernel.instruments().iter();
        if now < self.duty.clock_at || !self.duty.account_up {
            return;
        }
        self.duty.clock_at = now.plus(CLOCK_NS);
        if listed.clone().any(|one| one.spec().sessions) {
            self.lanes.ask(now, VenueRequest::Clock);
        }
    }

    /// Tells the kernel when the venue's session opened or closed.
    pub(super) fn handle_clock(&mut self, now: UnixNanos, open: bool) -> Result<(), LiveError> {
        if self.duty.market_open == Some(open) {
            return Ok(());
        }
        self.duty.market_open = Some(open);
        let phase = if open { Phase::Open } else { Phase::Closed };
        for place in 0..self.kernel.instruments().len() {
            if self.kernel.instruments()[place].spec().sessions {
                let id = InstrumentId(place as u32);
                self.feed(now, Input::Phase(id, phase))?;
            }
        }
        Ok(())
    }
}
