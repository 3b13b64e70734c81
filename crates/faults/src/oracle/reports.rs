//! What the venue reported, booked the plain way.

use py_rt_types::{ClientOrderId, FeeAsset, OrderStatus, Report, ReportKind, UnixNanos};

use super::{Known, Oracle};
use crate::venue::listing::LISTINGS;

impl Oracle {
    pub(super) fn handle_report(&mut self, now: UnixNanos, report: &Report) {
        let mut sequence = report.client_order_id.sequence;
        if report.client_order_id == ClientOrderId::FOREIGN {
            match self.at_venue.get(&report.venue_order_id) {
                Some(known) => sequence = *known,
                None => return,
            }
        } else if report.venue_order_id.0 != 0 {
            self.at_venue.insert(report.venue_order_id, sequence);
        }
        let instrument = report.instrument.index();
        let adopted = Known {
            instrument,
            side: report.side.sign(),
            qty: 0,
            revision: 0,
            asked: 0,
            cum: 0,
            over: false,
            gone: false,
            market: false,
            reduce_only: false,
            price: None,
        };
        match report.kind {
            ReportKind::Fill {
                last_qty,
                cum_qty,
                last_price,
                fee,
                fee_asset,
                ..
            } => {
                // A list names them by the venue's id alone, which the kernel may learn later.
                let named = report.client_order_id != ClientOrderId::FOREIGN;
                let fee = (fee.0, fee_asset == FeeAsset::Base);
                let told = (last_qty.0, cum_qty.0, last_price.0);
                self.book(now, sequence, told, fee, named);
            }
            ReportKind::Snapshot {
                status, order_qty, ..
            } => {
                let known = self.orders.entry(sequence).or_insert(adopted);
                if known.qty == 0 {
                    known.qty = order_qty.0;
                }
                known.gone = false;
                // The refusal of a replace says nothing about the order.
                let refused = status == OrderStatus::Rejected
                    && report.client_order_id.revision > known.revision;
                known.over |= status.is_terminal() && !refused;
            }
            ReportKind::Replaced { order_qty, .. } => {
                let revision = report.client_order_id.revision;
                let known = self.orders.get_mut(&sequence);
                if let Some(known) = known.filter(|known| revision > known.revision) {
                    known.qty = order_qty.0;
                    known.revision = revision;
                }
            }
            ReportKind::Canceled { .. }
            | ReportKind::Expired { .. }
            | ReportKind::DoneForDay { .. }
            | ReportKind::Rejected { .. } => self.end(sequence),
            ReportKind::NotFound => {
                if let Some(known) = self.orders.get_mut(&sequence) {
                    known.gone = true;
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, sequence: u64) {
        if let Some(known) = self.orders.get_mut(&sequence) {
            known.over = true;
        }
    }

    fn book(
        &mut self,
        now: UnixNanos,
        sequence: u64,
        (last, cum, price): (i64, i64, i64),
        (fee, in_kind): (i128, bool),
        named: bool,
    ) {
        let Some(known) = self.orders.get_mut(&sequence) else {
            return;
        };
        if self.booked.contains_key(&(sequence, cum)) {
            return;
        }
        self.booked.insert((sequence, cum), (last, price));
        known.cum += last;
        let signed = last * known.side;
        let listing = &LISTINGS[known.instrument];
        let (in_kind, in_cash) = if in_kind { (fee, 0) } else { (0, fee) };
        self.owned[known.instrument] += i128::from(signed) * listing.lot_atto() - in_kind;
        let lots = self.owned[known.instrument].div_euclid(listing.lot_atto());
        self.held[known.instrument] = lots as i64;
        let value = listing.value(price, signed);
        self.paid += value + in_cash;
        let (instrument, first) = (known.instrument, named && cum == last);
        self.guarded
            .book(now, instrument, value.abs(), first, &self.rules.guards);
    }
}
