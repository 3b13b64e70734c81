//! The disk: a file that a dying process leaves torn, and that a loss of power leaves without what
//! was not synced, in part, in any order; and the fuse that kills.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::rc::Rc;

use py_rt_live::journal::segment::{sibling, Preamble, PREAMBLE};
use py_rt_live::journal::{FileTape, Tape};
use py_rt_types::UnixNanos;

use crate::dice::Dice;
use crate::wire::Referee;
use crate::world::World;

/// What a disk writes whole, or not.
const SECTOR: usize = 512;

/// Blows after so many steps; whoever burns it then is dead.
#[derive(Debug, Clone)]
pub(crate) struct Fuse(Rc<Cell<u64>>);

impl Fuse {
    pub(crate) fn of(steps: u64) -> Self {
        Self(Rc::new(Cell::new(steps)))
    }

    pub(crate) fn is_blown(&self) -> bool {
        self.0.get() == 0
    }

    pub(crate) fn burn(&self) -> io::Result<()> {
        match self.0.get().checked_sub(1) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(io::Error::other("the process is dead")),
        }
    }
}

/// How a process dies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Death {
    /// The last write gets so far.
    pub(crate) torn_at: Option<usize>,
    /// The power goes too.
    pub(crate) power: Option<PowerLoss>,
}

/// What a loss of power does to what was not synced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PowerLoss {
    pub(crate) seed: u64,
    /// What was written before that was synced in the background.
    pub(crate) behind_ns: i64,
    /// Sectors got to the disk in any order.
    pub(crate) swapped: bool,
}

impl PowerLoss {
    /// What is left of a file of which `synced` bytes were synced.
    fn leave(self, bytes: &mut Vec<u8>, synced: usize) {
        let mut dice = Dice::new(self.seed);
        let length = bytes.len();
        if synced >= length {
            return;
        }
        let cut = dice.between(synced as i64, length as i64) as usize;
        let sector_end = (cut.div_ceil(SECTOR) * SECTOR).min(length);
        if self.swapped {
            for start in (synced / SECTOR * SECTOR..length).step_by(SECTOR) {
                if dice.falls(500) {
                    bytes[start.max(synced)..(start + SECTOR).min(length)].fill(0);
                }
            }
            if dice.falls(500) {
                bytes.truncate(sector_end);
            }
        } else if dice.falls(500) {
            // The file had its new length already, the end of the sector was never written.
            bytes[cut..sector_end].fill(0);
            bytes.truncate(sector_end);
        } else {
            bytes.truncate(cut);
        }
    }
}

type Shared<T> = Rc<RefCell<T>>;

/// A file that takes nothing more once the fuse has blown.
#[derive(Debug)]
pub(crate) struct SimTape {
    file: FileTape,
    fuse: Fuse,
    death: Death,
    length: u64,
    synced: u64,
    /// Lengths that were reached and are not synced yet.
    written: VecDeque<(UnixNanos, u64)>,
    world: Shared<World>,
    referee: Shared<Referee>,
}

impl SimTape {
    pub(crate) fn new(
        file: FileTape,
        (fuse, death): (Fuse, Death),
        world: Shared<World>,
        referee: Shared<Referee>,
    ) -> Self {
        let length = fs::metadata(file.path()).map_or(0, |data| data.len());
        Self {
            file,
            fuse,
            death,
            length,
            synced: length,
            written: VecDeque::new(),
            world,
            referee,
        }
    }

    /// Syncs in the background what is old enough.
    fn age(&mut self) {
        let behind_ns = self.death.power.map_or(0, |power| power.behind_ns);
        let old = self.world.borrow().now().plus(-behind_ns);
        while self.written.front().is_some_and(|&(at, _)| at <= old) {
            let length = self.written.pop_front().map_or(0, |(_, length)| length);
            self.synced = self.synced.max(length);
        }
    }

    fn lose(&mut self, power: PowerLoss) -> io::Result<()> {
        self.age();
        let mut bytes = fs::read(self.file.path())?;
        power.leave(&mut bytes, self.synced as usize);
        fs::write(self.file.path(), bytes)
    }
}

impl Drop for SimTape {
    fn drop(&mut self) {
        let Some(power) = self.death.power.filter(|_| self.fuse.is_blown()) else {
            return;
        };
        if let Err(error) = self.lose(power) {
            let what = format!("the disk cannot lose its power: {error}");
            self.referee.borrow_mut().breach("harness", what);
        }
    }
}

impl Tape for SimTape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.fuse.burn() {
            if let Some(at) = self.death.torn_at.take() {
                self.file.append(&bytes[..at.min(bytes.len())])?;
            }
            return Err(error);
        }
        self.age();
        self.length += bytes.len() as u64;
        self.file.append(bytes)?;
        let now = self.world.borrow().now();
        self.written.push_back((now, self.length));
        self.referee.borrow_mut().handle_written(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.fuse.burn()?;
        self.synced = self.length;
        self.written.clear();
        Ok(())
    }

    fn rotate(&mut self, preamble: &Preamble) -> io::Result<()> {
        if let Err(error) = self.fuse.burn() {
            // The new segment is not there yet, in part, or whole and empty.
            if let Some(at) = self.death.torn_at.take() {
                let head = preamble.encode();
                let path = sibling(self.file.path(), preamble.segment);
                fs::write(path, &head[..at.min(PREAMBLE)])?;
            }
            return Err(error);
        }
        self.file.rotate(preamble)?;
        self.length = PREAMBLE as u64;
        self.synced = self.length;
        self.written.clear();
        Ok(())
    }

    fn synced(&self) -> u64 {
        self.synced
    }
}
