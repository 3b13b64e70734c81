//! Positions of the owners out of their own executions, and their orders that may only reduce.
//!
//! Idea: accounts stand in one array, in the order in which they came; an open-addressing table
//! (Fibonacci hash, linear probing at no more than half load) leads from an owner to its place.
//! Nothing is ever removed. Costs: O(1); an owner's reduce-only orders are a list in order of time.

use py_rt_types::Side;

const BITS_MIN: u32 = 6;

#[derive(Debug, Clone)]
struct Account {
    owner: u32,
    /// Bought less sold, in lots: 2^64 trades of 2^63 lots would fit.
    position: i128,
    /// Resting orders that may only reduce, by the time they came to rest.
    reducing: Vec<u64>,
}

/// Accounts by owner.
#[derive(Debug, Clone)]
pub(super) struct Owners {
    /// One more than the place of an account; 0 for none.
    places: Vec<u32>,
    bits: u32,
    accounts: Vec<Account>,
    reducing: usize,
}

impl Default for Owners {
    fn default() -> Self {
        Self {
            places: vec![0; 1 << BITS_MIN],
            bits: BITS_MIN,
            accounts: Vec::new(),
            reducing: 0,
        }
    }
}

impl Owners {
    #[inline]
    fn find(&self, owner: u32) -> Result<usize, usize> {
        let mask = self.places.len() - 1;
        let mut at = (owner.wrapping_mul(0x9e37_79b1) >> (32 - self.bits)) as usize & mask;
        loop {
            match self.places[at] as usize {
                0 => return Err(at),
                place if self.accounts[place - 1].owner == owner => return Ok(place - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    #[inline]
    fn account(&mut self, owner: u32) -> &mut Account {
        let place = match self.find(owner) {
            Ok(place) => place,
            Err(_) => self.open(owner),
        };
        &mut self.accounts[place]
    }

    #[cold]
    fn open(&mut self, owner: u32) -> usize {
        if self.accounts.len() * 2 >= self.places.len() {
            self.bits += 1;
            self.places = vec![0; self.places.len() * 2];
            for place in 0..self.accounts.len() {
                self.put(place);
            }
        }
        self.accounts.push(Account {
            owner,
            position: 0,
            reducing: Vec::new(),
        });
        self.put(self.accounts.len() - 1);
        self.accounts.len() - 1
    }

    fn put(&mut self, place: usize) {
        if let Err(at) = self.find(self.accounts[place].owner) {
            self.places[at] = (place + 1) as u32;
        }
    }

    /// Books `qty` lots bought or sold.
    #[inline]
    pub(super) fn book(&mut self, owner: u32, side: Side, qty: i64) {
        self.account(owner).position += i128::from(qty) * i128::from(side as i8);
    }

    pub(super) fn position(&self, owner: u32) -> i128 {
        let found = self.find(owner);
        found.map_or(0, |place| self.accounts[place].position)
    }

    /// What an order of `side` may trade without opening or turning a position.
    pub(super) fn reducible(&self, owner: u32, side: Side) -> i64 {
        reducible(self.position(owner), side)
    }

    /// Whether any order that rests may only reduce.
    #[inline]
    pub(super) const fn any_reducing(&self) -> bool {
        self.reducing > 0
    }

    /// The reduce-only order of an owner that stands at `at` in order of time.
    pub(super) fn reducing(&self, owner: u32, at: usize) -> Option<u64> {
        let place = self.find(owner).ok()?;
        self.accounts[place].reducing.get(at).copied()
    }

    /// Owners with reduce-only orders, by number.
    pub(super) fn with_reducing(&self) -> Vec<u32> {
        let with = self.accounts.iter().filter(|a| !a.reducing.is_empty());
        let mut owners: Vec<u32> = with.map(|account| account.owner).collect();
        owners.sort_unstable();
        owners
    }

    pub(super) fn remember(&mut self, owner: u32, order_id: u64) {
        self.account(owner).reducing.push(order_id);
        self.reducing += 1;
    }

    pub(super) fn forget(&mut self, owner: u32, order_id: u64) {
        let reducing = &mut self.account(owner).reducing;
        if let Some(at) = reducing.iter().position(|&id| id == order_id) {
            reducing.remove(at);
            self.reducing -= 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.reducing = 0;
        for account in &mut self.accounts {
            account.position = 0;
            account.reducing.clear();
        }
    }
}

/// What an order of `side` may trade at a position without opening or turning it.
pub(super) fn reducible(position: i128, side: Side) -> i64 {
    let open = -position * i128::from(side as i8);
    i64::try_from(open.max(0)).unwrap_or(i64::MAX)
}
