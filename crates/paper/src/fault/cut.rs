//! A handle on a connection, to break it: reset, mute, or after some more bytes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Breach {
    #[default]
    None,
    /// It fails on the next byte either way.
    Reset,
    /// It takes everything and says nothing.
    Mute,
    /// It ends after so many more bytes.
    After(usize),
    /// It ends in the middle of the body that is written next.
    HalfBody,
}

#[derive(Default)]
struct State {
    breach: Breach,
    sleepers: Vec<Waker>,
}

/// The handle; all copies break the same connection.
#[derive(Clone, Default)]
pub(crate) struct Cut(Arc<Mutex<State>>);

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cut({:?})", self.lock().breach)
    }
}

impl Cut {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody else holds it: its connection is gone.
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    pub(crate) fn set(&self, breach: Breach) {
        let mut state = self.lock();
        state.breach = breach;
        state.sleepers.drain(..).for_each(Waker::wake);
    }

    pub(crate) fn breach(&self) -> Breach {
        self.lock().breach
    }

    /// Wakes `waker` when the connection is broken.
    pub(crate) fn watch(&self, waker: &Waker) {
        let mut state = self.lock();
        if !state
            .sleepers
            .iter()
            .any(|sleeper| sleeper.will_wake(waker))
        {
            state.sleepers.push(waker.clone());
        }
    }

    /// How many of the bytes at hand may still be written; `None` when the connection is over.
    pub(crate) fn allowance(&self, bytes: &[u8]) -> Option<usize> {
        let mut state = self.lock();
        match state.breach {
            Breach::None | Breach::Mute => Some(bytes.len()),
            Breach::Reset => None,
            Breach::After(left) => {
                let now = left.min(bytes.len());
                state.breach = match left - now {
                    0 => Breach::Reset,
                    rest => Breach::After(rest),
                };
                Some(now).filter(|now| *now > 0)
            }
            Breach::HalfBody => {
                let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
                let head = head.map_or(0, |at| at + 4);
                state.breach = Breach::Reset;
                Some(head + (bytes.len() - head) / 2).filter(|now| *now > 0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_ends_where_it_was_told_to() {
        let cut = Cut::default();
        assert_eq!(cut.allowance(b"abc"), Some(3));
        cut.set(Breach::After(5));
        assert_eq!(cut.allowance(b"abc"), Some(3));
        assert_eq!(cut.allowance(b"abc"), Some(2));
        assert_eq!(cut.allowance(b"abc"), None);
        cut.set(Breach::HalfBody);
        assert_eq!(cut.allowance(b"HTTP\r\n\r\n12345678"), Some(12));
        assert_eq!(cut.breach(), Breach::Reset);
    }
}
