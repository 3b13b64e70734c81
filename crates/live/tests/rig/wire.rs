//! The transport to the world: bytes take time, connections die with their process.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use py_rt_live::net::{Arrival, LaneId, Transport};
use py_rt_types::UnixNanos;
use py_rt_venues::Transmit;

use super::venue::{Delivery, World};
use super::Fuse;

/// Order lane, query lane, account stream, market stream.
pub const ACCOUNT: LaneId = 2;
pub const MARKET: LaneId = 3;

pub struct FakeTransport {
    world: Rc<RefCell<World>>,
    fuse: Fuse,
    bytes: Vec<u8>,
}

impl FakeTransport {
    pub fn new(world: Rc<RefCell<World>>, fuse: Fuse) -> Self {
        Self {
            world,
            fuse,
            bytes: Vec::new(),
        }
    }
}

impl Transport for FakeTransport {
    fn now(&mut self) -> UnixNanos {
        self.world.borrow().now
    }

    fn open(&mut self, lane: LaneId) -> io::Result<()> {
        self.fuse.burn()?;
        self.world.borrow_mut().open(lane);
        Ok(())
    }

    fn close(&mut self, lane: LaneId) -> io::Result<()> {
        self.fuse.burn()?;
        self.world.borrow_mut().close(lane);
        Ok(())
    }

    fn send(&mut self, lane: LaneId, transmit: Transmit<'_>) -> io::Result<()> {
        self.fuse.burn()?;
        let mut world = self.world.borrow_mut();
        match transmit {
            Transmit::Bytes(bytes) | Transmit::Text(bytes) => world.send(lane, bytes),
            Transmit::Ping => world.send(lane, b""),
        }
        Ok(())
    }

    fn poll(&mut self, until: UnixNanos) -> io::Result<Option<(UnixNanos, Arrival<'_>)>> {
        self.fuse.burn()?;
        let (now, delivery) = {
            let mut world = self.world.borrow_mut();
            let delivery = world.advance(until);
            (world.now, delivery)
        };
        Ok(delivery.map(|delivery| {
            let arrival = match delivery {
                Delivery::Opened(lane) => Arrival::Opened(lane),
                Delivery::Closed(lane) => Arrival::Closed(lane, "cut"),
                Delivery::Pong(lane) => Arrival::Pong(lane),
                Delivery::Bytes(lane, bytes) => {
                    self.bytes = bytes;
                    Arrival::Bytes(lane, &self.bytes)
                }
            };
            (now, arrival)
        }))
    }
}
