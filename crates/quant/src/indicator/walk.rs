//! Windows over stretches: the same folds as `Window::push`, four blocks side by side.

use super::column::{Rows, Slots};
use super::window::{Fold, Parts, Window};

/// Blocks that are walked side by side: the sums of one do not wait for those of another.
const ABREAST: usize = 4;

/// What is made of rows, and what is told of windows.
#[derive(Clone, Copy)]
pub(super) struct Told<I, T> {
    /// The item of a row.
    pub(super) item: I,
    /// The numbers of a window.
    pub(super) told: T,
}

impl<F: Fold> Window<F> {
    /// Takes the rows of a stretch in, and writes what is told of the window after each; returns
    /// how many of the first rows have no full window.
    #[inline(always)]
    pub(super) fn walk<'a, const W: usize, const K: usize>(
        &mut self,
        columns: [&'a [f64]; W],
        mut lines: [&mut [f64]; K],
        by: Told<
            impl Fn([f64; W]) -> F::Item + Copy,
            impl Fn(Parts<F::State, F::Item>) -> [f64; K] + Copy,
        >,
    ) -> usize
    where
        [&'a [f64]; W]: Rows<W>,
        for<'b> [&'b mut [f64]; K]: Slots<K>,
    {
        let (n, rows) = (self.block.len(), columns[0].len());
        let mut spare = None;
        let (mut at, mut untold) = (0, 0);
        while at < rows {
            if self.full && self.head_len == 0 && rows - at >= ABREAST * n {
                let spare = spare.get_or_insert_with(|| {
                    core::array::from_fn::<_, ABREAST, _>(|_| vec![F::EMPTY; n])
                });
                let len = ABREAST * n;
                self.pass_blocks(columns.part(at, len), lines.part(at, len), spare, by);
                at += len;
            } else {
                let len = (rows - at).min(n - self.head_len);
                untold += self.pass_part(columns.part(at, len), lines.part(at, len), by);
                at += len;
            }
        }
        untold
    }

    /// Rows of one block, up to its end at most.
    #[inline(always)]
    fn pass_part<'a, const W: usize, const K: usize>(
        &mut self,
        columns: [&'a [f64]; W],
        mut lines: [&mut [f64]; K],
        by: Told<impl Fn([f64; W]) -> F::Item, impl Fn(Parts<F::State, F::Item>) -> [f64; K]>,
    ) -> usize
    where
        [&'a [f64]; W]: Rows<W>,
        for<'b> [&'b mut [f64]; K]: Slots<K>,
    {
        let (n, begun, was_full) = (self.block.len(), self.head_len, self.full);
        let len = columns[0].len();
        let closes = begun + len == n;
        let heads = len - usize::from(closes);
        let block = &mut self.block[begun..][..len];
        columns.each(len, |i, row| block[i] = (by.item)(row));
        if was_full {
            let (mut head, anchor) = (self.head, self.anchor);
            let (block, tails) = (&block[..heads], &self.tails[begun + 1..][..heads]);
            let mut lines = lines.part(0, heads);
            for i in 0..heads {
                let head_len = begun + i + 1;
                head = F::behind(head, block[i], anchor, head_len as f64);
                let parts = Parts {
                    tail: tails[i],
                    head,
                    head_len,
                    anchor,
                };
                lines.put(i, (by.told)(parts));
            }
            self.head = head;
        }
        self.head_len = begun + heads;
        if closes {
            self.turn(self.block[n - 1]);
            let whole = Parts::whole::<F>(self.tails[0], self.anchor);
            lines.put(len - 1, (by.told)(whole));
        }
        if was_full {
            0
        } else {
            heads
        }
    }

    /// Whole blocks, side by side; `spare` holds their tails.
    #[inline(always)]
    fn pass_blocks<'a, const W: usize, const K: usize>(
        &mut self,
        columns: [&'a [f64]; W],
        mut lines: [&mut [f64]; K],
        spare: &mut [Vec<F::State>; ABREAST],
        by: Told<impl Fn([f64; W]) -> F::Item, impl Fn(Parts<F::State, F::Item>) -> [f64; K]>,
    ) where
        [&'a [f64]; W]: Rows<W>,
        for<'b> [&'b mut [f64]; K]: Slots<K>,
    {
        let (n, heads) = (self.block.len(), self.block.len() - 1);
        let [a, b, c, d] = [0, 1, 2, 3].map(|block| columns.part(block * n, n));
        let item = |column: [&'a [f64]; W], k: usize| (by.item)(column.row(k));
        let anchors = [a, b, c, d].map(|block| item(block, heads));
        {
            let [one, two, three, four] = spare;
            let (one, two) = (&mut one[..n], &mut two[..n]);
            let (three, four) = (&mut three[..n], &mut four[..n]);
            let (mut p, mut q, mut r, mut s) = (F::EMPTY, F::EMPTY, F::EMPTY, F::EMPTY);
            for k in (0..n).rev() {
                p = F::before(p, item(a, k), anchors[0]);
                q = F::before(q, item(b, k), anchors[1]);
                r = F::before(r, item(c, k), anchors[2]);
                s = F::before(s, item(d, k), anchors[3]);
                (one[k], two[k], three[k], four[k]) = (p, q, r, s);
            }
        }
        for (block, (tails, anchor)) in spare.iter().zip(anchors).enumerate() {
            let whole = Parts::whole::<F>(tails[0], anchor);
            lines.put(block * n + heads, (by.told)(whole));
        }
        let [one, two, three, _] = &*spare;
        let tails = [&self.tails, one, two, three].map(|tails| &tails[1..][..heads]);
        let starts = [self.anchor, anchors[0], anchors[1], anchors[2]];
        let parts = |tail, head, head_len, anchor| Parts {
            tail,
            head,
            head_len,
            anchor,
        };
        // Two at a time: the sums of four, and what is told of them, do not fit into registers.
        for (pair, columns) in [[a, b], [c, d]].into_iter().enumerate() {
            let (mut left, rest) = lines.part(2 * pair * n, 2 * n).split(n);
            let (mut right, _) = rest.split(heads);
            let mut left = left.part(0, heads);
            let [a, b] = columns.map(|column| column.part(0, heads));
            let (tails, starts) = (&tails[2 * pair..][..2], &starts[2 * pair..][..2]);
            let (left_tails, right_tails) = (&tails[0][..heads], &tails[1][..heads]);
            let (left_start, right_start) = (starts[0], starts[1]);
            let (mut p, mut q) = (F::EMPTY, F::EMPTY);
            for k in 0..heads {
                let (len, place) = (k + 1, (k + 1) as f64);
                p = F::behind(p, item(a, k), left_start, place);
                q = F::behind(q, item(b, k), right_start, place);
                left.put(k, (by.told)(parts(left_tails[k], p, len, left_start)));
                right.put(k, (by.told)(parts(right_tails[k], q, len, right_start)));
            }
        }
        core::mem::swap(&mut self.tails, &mut spare[ABREAST - 1]);
        self.anchor = anchors[ABREAST - 1];
        self.head = F::EMPTY;
    }
}
