//! The way out of a stream, and what goes wrong on it.

use tokio::sync::mpsc::Sender;

use super::cut::{Breach, Cut};
use super::mutate::mutate;
use super::spec::{Deed, Kind, StreamTerms};
use super::Faults;
use crate::engine::Engine;
use crate::ids::Random;
use crate::listing::Dialect;
use crate::stream::Frame;

/// Size of a frame that nobody should accept.
const OVERSIZED: usize = 17 << 20;

/// Which kind of stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) dialect: Dialect,
    /// `trading` or `market`.
    pub(crate) name: &'static str,
}

/// The bounded way to a socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    sender: Sender<Frame>,
    cut: Cut,
    channel: Channel,
    faults: Faults,
}

/// The outbox is full, or nobody empties it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost;

impl Outbox {
    pub(crate) const fn new(
        sender: Sender<Frame>,
        cut: Cut,
        channel: Channel,
        faults: Faults,
    ) -> Self {
        Self {
            sender,
            cut,
            channel,
            faults,
        }
    }

    /// Sends a frame on its way.
    pub(crate) fn try_send(&self, frame: Frame) -> Result<(), Lost> {
        if !self.faults.is_armed() {
            return self.push(frame);
        }
        let channel = self.channel;
        let found = self.faults.strike(|rule| {
            let here = match rule.deed {
                Deed::Stream(..) => true,
                Deed::Member { .. } => rule.filter.channel.is_some(),
                _ => false,
            };
            here && rule.filter.takes_dialect(channel.dialect)
                && rule.filter.takes_channel(channel.name)
        });
        match found {
            None => self.push(frame),
            Some((Deed::Member { name, kind }, _)) => self.push(match frame {
                Frame::Text(text) => {
                    let bytes = mutate(text.as_bytes(), &name, kind);
                    Frame::Text(String::from_utf8(bytes).unwrap_or(text))
                }
                Frame::Binary(bytes) => Frame::Binary(mutate(&bytes, &name, kind)),
                other => other,
            }),
            Some((Deed::Stream(kind, terms), mut random)) => {
                self.spoil(kind, terms, &mut random, frame)
            }
            Some(_) => self.push(frame),
        }
    }

    fn push(&self, frame: Frame) -> Result<(), Lost> {
        self.sender.try_send(frame).map_err(|_| Lost)
    }

    fn spoil(
        &self,
        kind: Kind,
        terms: StreamTerms,
        random: &mut Random,
        frame: Frame,
    ) -> Result<(), Lost> {
        match kind {
            "drop" => Ok(()),
            "duplicate" => {
                self.push(frame.clone())?;
                self.push(frame)
            }
            "delay" => self.push(Frame::Late(terms.wait.draw(random), Box::new(frame))),
            // Each on its own way: the one may overtake the other.
            "reorder" => {
                let most = i64::try_from(terms.wait.draw(random)).unwrap_or(200);
                let wait = random.below(most.max(1)).unsigned_abs();
                self.push(Frame::Loose(wait, Box::new(frame)))
            }
            "oversized" => {
                let padding = "x".repeat(OVERSIZED);
                self.push(Frame::Text(format!("{{\"padding\":\"{padding}\"}}")))?;
                self.push(frame)
            }
            _ => {
                self.break_off(kind, terms.bytes);
                self.push(frame)
            }
        }
    }

    /// Breaks the connection itself.
    fn break_off(&self, kind: Kind, bytes: usize) {
        self.cut.set(match kind {
            "mute" => Breach::Mute,
            "cut_after_bytes" => Breach::After(bytes),
            _ => Breach::Reset,
        });
    }
}

impl Engine {
    /// Breaks all connections of a channel now; returns how many.
    pub(super) fn break_streams(
        &self,
        kind: Kind,
        bytes: usize,
        wanted: impl Fn(Channel) -> bool,
    ) -> u64 {
        let outboxes = self.hub.outboxes().chain(self.desk.outboxes());
        let mut count = 0;
        for outbox in outboxes.filter(|outbox| wanted(outbox.channel)) {
            outbox.break_off(kind, bytes);
            count += 1;
        }
        count
    }

    /// An outbox of a connection.
    pub(crate) fn outbox(&self, sender: Sender<Frame>, cut: Cut, channel: Channel) -> Outbox {
        Outbox::new(sender, cut, channel, self.faults.clone())
    }
}
