//! What the lease of the account allows: everything, reductions, nothing for a moment, or the end.

use py_rt_kernel::event::TradingState;
use py_rt_kernel::{Control, Input, Strategy};
use py_rt_types::UnixNanos;

use super::Driver;
use crate::error::LiveError;
use crate::journal::Tape;
use crate::net::Transport;
use crate::store::lease::Verdict;

impl<S: Strategy, T: Transport, J: Tape> Driver<'_, S, T, J> {
    /// Whether bytes may leave now. Asked after the journal has them, right before they go.
    #[inline]
    pub(super) fn may_send(&self) -> Result<bool, LiveError> {
        let Some(lease) = &self.lease else {
            return Ok(true);
        };
        match lease.verdict() {
            Verdict::Holds | Verdict::Silent | Verdict::Reduce => Ok(true),
            Verdict::Unsure => Ok(false),
            Verdict::Fenced => Err(lease.fenced_error()),
        }
    }

    /// Restrains the kernel while it is not sure that the account is ours, so that orders which
    /// wait are taken back instead of leaving late; lets it go on when it is.
    pub(super) fn look_at_lease(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        let Some(lease) = &self.lease else {
            return Ok(());
        };
        let state = self.kernel.trading_state();
        match lease.verdict() {
            Verdict::Fenced => return Err(lease.fenced_error()),
            Verdict::Unsure | Verdict::Reduce if state == TradingState::Active => {
                self.duty.restrained = true;
                self.hooks
                    .on_notice("the lease of the account has run out: reductions only");
                self.feed(now, Input::Control(Control::LeaseLost))?;
            }
            Verdict::Holds | Verdict::Silent if self.duty.restrained => {
                self.duty.restrained = false;
                if state == TradingState::ReduceOnly && !self.kill.is_latched() {
                    self.hooks.on_notice("the account is ours: trading goes on");
                    self.feed(now, Input::Control(Control::LeaseHeld))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
