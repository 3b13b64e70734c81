//! Where decoders write: levels in units, grouped to messages, whole or not at all.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use py_rt_types::{TypeError, UnixNanos};

use crate::error::Malformed;
use crate::feed::grid::{Axis, Grid, LearntGrid};

/// A price level, an order or a trade of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Price in ticks.
    pub price: i64,
    /// Quantity in lots.
    pub qty: i64,
    /// The venue's order id in by-order feeds, else 0.
    pub order_id: u64,
    /// +1 buy or bid, -1 sell or ask, 0 unknown.
    pub side: i8,
    /// With how many decimals the price was written.
    pub price_decimals: u8,
    /// With how many decimals the quantity was written.
    pub qty_decimals: u8,
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageKind {
    /// A whole book.
    Snapshot,
    /// Absolute quantities of some levels (or orders); 0 removes.
    Change,
    /// Trades; the side is the aggressor's.
    Trade,
    /// Best bid and ask, in this order.
    Quote,
    /// A sum over a book that is to be checked now.
    Check,
    /// Nothing but a number of the connection's sequence.
    #[default]
    Beat,
    /// The connection was opened anew: what stands came over an older one.
    Opened,
}

/// No instrument.
pub const NOWHERE: u32 = u32::MAX;

/// The head of a message; its levels lie in the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Message {
    /// What it says.
    pub kind: MessageKind,
    /// Place of the instrument, or [`NOWHERE`].
    pub place: u32,
    /// Number of the connection.
    pub conn: u32,
    /// When the venue says it happened; 0 where it does not say.
    pub ts_event: UnixNanos,
    /// When it was received.
    pub ts_recv: UnixNanos,
    /// First of its levels.
    pub begin: usize,
    /// Behind the last of its levels.
    pub end: usize,
    /// First update id that it holds.
    pub first_id: u64,
    /// Last update id that it holds.
    pub last_id: u64,
    /// The update id that it follows.
    pub previous_id: Option<u64>,
    /// Its number in the connection's sequence.
    pub sequence: Option<u64>,
    /// The sum over the book behind it.
    pub checksum: Option<u32>,
    /// How many levels a side the subscription holds; 0 for all.
    pub depth: u32,
    /// Whether its levels are orders by id.
    pub by_order: bool,
    /// Whether it sums up trades that may come one by one as well.
    pub aggregate: bool,
}

impl Message {
    /// A message without levels yet.
    #[must_use]
    pub fn new(kind: MessageKind, place: u32, context: &Context<'_>) -> Self {
        Self {
            kind,
            place,
            conn: context.conn,
            ts_recv: context.ts_recv,
            ..Self::default()
        }
    }

    /// Where its levels lie.
    #[must_use]
    pub const fn levels(&self) -> Range<usize> {
        self.begin..self.end
    }
}

/// What is known of a message before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// When it was received; 0 when nobody noted it.
    pub ts_recv: UnixNanos,
    /// Number of the connection.
    pub conn: u32,
    /// The address that was asked, for the answer of a request.
    pub url: Option<&'a [u8]>,
}

/// Whose book a message that cannot be read may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suspect {
    /// Nobody knows.
    #[default]
    Any,
    /// This one's.
    One(u32),
    /// Surely none.
    None,
}

/// Levels and messages, as they were decoded.
#[derive(Debug, Clone, Default)]
pub struct Sheet<G> {
    /// Symbols and scales.
    pub grid: G,
    /// Levels of all messages.
    pub levels: Vec<Level>,
    /// Messages, in the order they came.
    pub messages: Vec<Message>,
    /// What was left out, by its name.
    pub skipped: BTreeMap<String, u64>,
    /// Whose book the message at hand concerns.
    pub suspect: Suspect,
    /// Whether quotes are wanted.
    pub quotes: bool,
}

/// A text and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Digits<'a> {
    /// The decimal text.
    pub text: &'a [u8],
    /// Its first byte, counted from the start of the message.
    pub offset: usize,
    /// The name of its member.
    pub field: &'static str,
}

impl Digits<'_> {
    const fn malformed(&self) -> Malformed {
        Malformed {
            offset: self.offset,
            field: self.field,
        }
    }
}

impl<G: Grid> Sheet<G> {
    /// An empty sheet.
    #[must_use]
    pub fn new(grid: G) -> Self {
        Self {
            grid,
            levels: Vec::new(),
            messages: Vec::new(),
            skipped: BTreeMap::new(),
            suspect: Suspect::Any,
            quotes: false,
        }
    }

    /// Forgets levels and messages, not the grid.
    pub fn clear(&mut self) {
        self.levels.clear();
        self.messages.clear();
    }

    /// Counts something that is left out.
    pub fn skip(&mut self, name: &[u8]) {
        if let Some(name) = core::str::from_utf8(name)
            .ok()
            .filter(|n| n.len() <= 64 && (self.skipped.len() < 64 || self.skipped.contains_key(*n)))
        {
            match self.skipped.get_mut(name) {
                Some(count) => *count += 1,
                None => {
                    self.skipped.insert(String::from(name), 1);
                }
            }
        }
    }

    /// The place of a symbol; whoever reads a message names its symbol here.
    pub fn place(&mut self, symbol: &[u8]) -> Option<u32> {
        let place = self.grid.place(symbol);
        if self.suspect != Suspect::None {
            self.suspect = place.map_or(Suspect::None, Suspect::One);
        }
        place
    }

    /// Reads a decimal as units.
    ///
    /// # Errors
    /// [`Malformed`] naming the member; the field says so when only digits were too many.
    #[inline]
    pub fn units(
        &mut self,
        place: u32,
        axis: Axis,
        digits: Digits<'_>,
    ) -> Result<(i64, u8), Malformed> {
        match self.grid.units(place, axis, digits.text) {
            Ok(units) => {
                if let Some(growth) = self.grid.take_growth() {
                    self.grow(growth.place, growth.axis, growth.factor)
                        .ok_or(too_long(&digits))?;
                }
                Ok((units.count, units.decimals))
            }
            Err(TypeError::Overflow) => Err(too_long(&digits)),
            Err(_) => Err(digits.malformed()),
        }
    }

    /// Appends a level; neither its price nor its quantity may be negative.
    ///
    /// # Errors
    /// [`Malformed`] naming the member that is none.
    #[inline]
    pub fn push(
        &mut self,
        place: u32,
        side: i8,
        price: Digits<'_>,
        qty: Digits<'_>,
    ) -> Result<&mut Level, Malformed> {
        let before = self.levels.len();
        let (ticks, price_decimals) = self.units(place, Axis::Price, price)?;
        let (lots, qty_decimals) = self.units(place, Axis::Qty, qty)?;
        if lots < 0 {
            return Err(qty.malformed());
        }
        if ticks < 0 {
            return Err(price.malformed());
        }
        self.levels.push(Level {
            price: ticks,
            qty: lots,
            order_id: 0,
            side,
            price_decimals,
            qty_decimals,
        });
        self.levels.get_mut(before).ok_or(price.malformed())
    }

    /// Adds a message whose levels are all that came since `begin`.
    pub fn finish(&mut self, begin: usize, message: Message) {
        self.messages.push(Message {
            begin,
            end: self.levels.len(),
            ..message
        });
    }

    /// Forgets what came since a message began to be read.
    pub fn roll_back(&mut self, levels: usize, messages: usize) {
        self.levels.truncate(levels);
        self.messages.truncate(messages);
    }

    /// Multiplies every number of one axis; levels that belong to no message yet are of `place`.
    #[cold]
    fn grow(&mut self, place: u32, axis: Axis, factor: i64) -> Option<()> {
        let open = self.messages.last().map_or(0, |last| last.end);
        let own = self.messages.iter().filter(|one| one.place == place);
        let ranges = own.map(Message::levels).chain([open..self.levels.len()]);
        for range in ranges {
            grow_levels(self.levels.get_mut(range)?, axis, factor)?;
        }
        Some(())
    }
}

impl Sheet<LearntGrid> {
    /// Makes the units of one axis of an instrument finer.
    pub(crate) fn refine(&mut self, place: u32, axis: Axis, scale: u32) -> Option<()> {
        let factor = self.grid.refine(place, axis, scale)?;
        let own = self.messages.iter().filter(|one| one.place == place);
        for range in own.map(Message::levels) {
            grow_levels(self.levels.get_mut(range)?, axis, factor)?;
        }
        Some(())
    }
}

fn grow_levels(levels: &mut [Level], axis: Axis, factor: i64) -> Option<()> {
    for level in levels {
        let number = match axis {
            Axis::Price => &mut level.price,
            Axis::Qty => &mut level.qty,
        };
        *number = number.checked_mul(factor)?;
    }
    Some(())
}

/// The name under which a number that needs more than 18 digits is refused.
pub const TOO_LONG: &str = "more than 18 digits";

const fn too_long(digits: &Digits<'_>) -> Malformed {
    Malformed {
        offset: digits.offset,
        field: TOO_LONG,
    }
}
