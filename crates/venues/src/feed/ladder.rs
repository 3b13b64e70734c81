//! One side of a session's own book: a sorted list in short pieces, best last.
//!
//! Keys are ticks, negated on the ask side, so "better" is "greater". Costs: near the touch a few
//! steps from the end; elsewhere a search over pieces and one within a piece, and a shift of at
//! most one piece. Emptied pieces are kept for later, so nothing is allocated after warm-up.

use alloc::vec::Vec;

/// A level of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Ticks, negated on the ask side.
    pub key: i64,
    /// Lots.
    pub qty: i64,
    /// With how many decimals the price and the quantity were written.
    pub decimals: (u8, u8),
}

/// One side.
#[derive(Debug, Clone, Default)]
pub struct Ladder {
    /// Pieces by rising key, none of them empty.
    pieces: Vec<Vec<Step>>,
    spare: Vec<Vec<Step>>,
    staged: Vec<Step>,
    len: usize,
}

/// How many levels a piece holds at most.
const PIECE: usize = 64;
/// How many levels are looked at one by one.
const NEAR: usize = 8;

/// Where a level is or would be: its piece, and its place there.
type Place = (usize, Result<usize, usize>);

impl Ladder {
    /// The best key.
    #[inline]
    #[must_use]
    pub fn best(&self) -> Option<i64> {
        self.pieces.last()?.last().map(|step| step.key)
    }

    /// How many levels there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Levels from the best on.
    pub fn from_best(&self) -> impl Iterator<Item = &Step> {
        self.pieces
            .iter()
            .rev()
            .flat_map(|piece| piece.iter().rev())
    }

    /// Removes every level.
    pub fn clear(&mut self) {
        for mut piece in self.pieces.drain(..) {
            piece.clear();
            self.spare.push(piece);
        }
        self.staged.clear();
        self.len = 0;
    }

    /// Adds a level of a snapshot, in any order; [`settle`](Self::settle) comes behind the last.
    #[inline]
    pub fn add(&mut self, step: Step) {
        self.staged.push(step);
    }

    /// Makes what was added the whole ladder; of levels that came twice the last one counts, 0 is
    /// no level.
    pub fn settle(&mut self) {
        let mut staged = core::mem::take(&mut self.staged);
        self.clear();
        // Reversed first, so that of equal keys the one that came last stands first after the sort.
        staged.reverse();
        staged.sort_by_key(|step| step.key);
        staged.dedup_by_key(|step| step.key);
        staged.retain(|step| step.qty != 0);
        for part in staged.chunks(PIECE / 2) {
            let mut piece = self.fresh_piece();
            piece.extend_from_slice(part);
            self.pieces.push(piece);
        }
        self.len = staged.len();
        staged.clear();
        self.staged = staged;
    }

    fn fresh_piece(&mut self) -> Vec<Step> {
        let kept = self.spare.pop();
        kept.unwrap_or_else(|| Vec::with_capacity(PIECE + 1))
    }

    #[inline]
    fn find(&self, key: i64) -> Place {
        let last = self.pieces.len().saturating_sub(1);
        let near = self.pieces.last().and_then(|piece| piece.first());
        let at = match near {
            Some(first) if first.key <= key => last,
            _ => self
                .pieces
                .partition_point(|piece| piece.first().is_some_and(|first| first.key <= key))
                .saturating_sub(1),
        };
        let piece = self.pieces.get(at).map_or(&[][..], Vec::as_slice);
        (at, find_in(piece, key))
    }

    /// Sets the quantity of a level, 0 removes it; returns what was there before.
    #[inline]
    pub fn set(&mut self, step: Step) -> i64 {
        let (at, place) = self.find(step.key);
        match place {
            Ok(place) if step.qty != 0 => {
                let held = self
                    .pieces
                    .get_mut(at)
                    .and_then(|piece| piece.get_mut(place));
                held.map_or(0, |held| core::mem::replace(held, step).qty)
            }
            Ok(place) => self.remove(at, place),
            Err(_) if step.qty == 0 => 0,
            Err(place) => {
                self.insert(at, place, step);
                0
            }
        }
    }

    fn insert(&mut self, at: usize, place: usize, step: Step) {
        self.len += 1;
        if self.pieces.is_empty() {
            let mut piece = self.fresh_piece();
            piece.push(step);
            self.pieces.push(piece);
            return;
        }
        let Some(piece) = self.pieces.get_mut(at) else {
            return;
        };
        piece.insert(place, step);
        if piece.len() > PIECE {
            let mut better = self.fresh_piece();
            if let Some(piece) = self.pieces.get_mut(at) {
                better.extend(piece.drain(PIECE / 2..));
            }
            self.pieces.insert(at + 1, better);
        }
    }

    fn remove(&mut self, at: usize, place: usize) -> i64 {
        let Some(piece) = self.pieces.get_mut(at) else {
            return 0;
        };
        let removed = piece.remove(place).qty;
        self.len -= 1;
        if piece.is_empty() {
            let piece = self.pieces.remove(at);
            self.spare.push(piece);
        }
        removed
    }

    /// Quantity at `key`, 0 where there is no level.
    #[must_use]
    pub fn qty_at(&self, key: i64) -> i64 {
        let (at, place) = self.find(key);
        let piece = self.pieces.get(at);
        let found = piece.and_then(|piece| piece.get(place.ok()?));
        found.map_or(0, |step| step.qty)
    }

    /// Removes the worst level when there are more than `most`.
    pub fn drop_worst(&mut self, most: usize) -> Option<Step> {
        if self.len <= most {
            return None;
        }
        let worst = self.pieces.first()?.first().copied();
        self.remove(0, 0);
        worst
    }
}

#[inline]
fn find_in(piece: &[Step], key: i64) -> Result<usize, usize> {
    let len = piece.len();
    for (back, step) in piece.iter().rev().take(NEAR).enumerate() {
        if step.key <= key {
            let at = len - 1 - back;
            return if step.key == key { Ok(at) } else { Err(at + 1) };
        }
    }
    let rest = piece.get(..len.saturating_sub(NEAR)).unwrap_or_default();
    rest.binary_search_by_key(&key, |step| step.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// A seeded walk beside a map that does the same.
    #[test]
    fn a_ladder_is_a_sorted_map() {
        for seed in 1..=20u64 {
            let (mut ladder, mut twin) = (Ladder::default(), BTreeMap::new());
            let mut state = seed;
            for round in 0..4000 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let (key, draw) = ((state >> 33) as i64 % 700, (state >> 20) as i64 % 3);
                let qty = if draw == 0 { 0 } else { draw * 7 };
                let step = Step {
                    key,
                    qty,
                    decimals: (0, 0),
                };
                let before = match qty {
                    0 => twin.remove(&key),
                    qty => twin.insert(key, qty),
                };
                assert_eq!(ladder.set(step), before.unwrap_or(0), "seed {seed}");
                if round % 97 == 0 {
                    let most = 300;
                    while let Some(worst) = ladder.drop_worst(most) {
                        assert_eq!(twin.pop_first().map(|(key, _)| key), Some(worst.key));
                    }
                }
                assert_eq!(ladder.best(), twin.keys().last().copied());
                assert_eq!(ladder.len(), twin.len());
            }
            let levels = ladder.from_best().map(|step| (step.key, step.qty));
            let expected = twin.iter().rev().map(|(&key, &qty)| (key, qty));
            assert!(levels.eq(expected), "seed {seed}");
        }
    }

    #[test]
    fn a_snapshot_is_settled_whatever_its_order() {
        let mut ladder = Ladder::default();
        for (key, qty) in [(5, 1), (9, 2), (7, 3), (9, 4), (1, 0)] {
            let decimals = (0, 0);
            ladder.add(Step { key, qty, decimals });
        }
        ladder.settle();
        let levels: Vec<(i64, i64)> = ladder.from_best().map(|s| (s.key, s.qty)).collect();
        assert_eq!(levels, [(9, 4), (7, 3), (5, 1)]);
    }
}
