//! What requests weigh, and the count of a minute.

use py_rt_types::UnixNanos;

use super::call::Call;
use crate::world::MS;

/// What may be asked in a minute.
const MINUTE: u32 = 6_000;
const MINUTE_NS: i64 = 60_000 * MS;

/// The count of one address.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weights {
    minute: i64,
    used: u32,
}

impl Weights {
    /// Counts a request; the seconds until the minute is over when it was too many.
    pub(crate) fn count(&mut self, clock: UnixNanos, call: &Call) -> Option<i64> {
        let minute = clock.0 / MINUTE_NS;
        if minute != self.minute {
            (self.minute, self.used) = (minute, 0);
        }
        self.used += weight(call);
        let left_ns = (minute + 1) * MINUTE_NS - clock.0;
        (self.used > MINUTE).then_some(left_ns / (1_000 * MS) + 1)
    }

    /// The header that tells it.
    pub(crate) fn header(&self) -> String {
        format!("X-MBX-USED-WEIGHT-1M: {}\r\n", self.used)
    }
}

fn weight(call: &Call) -> u32 {
    let of = |name: &str| call.parameter(name).is_some();
    match (call.verb.as_str(), call.path.as_str()) {
        ("GET", "/api/v3/order") => 4,
        ("GET", "/api/v3/openOrders") if of("symbol") => 6,
        ("GET", "/api/v3/openOrders") => 80,
        ("GET", "/api/v3/myTrades") if of("orderId") => 5,
        ("GET", "/api/v3/myTrades" | "/api/v3/allOrders" | "/api/v3/account") => 20,
        ("GET", "/api/v3/depth") => 50,
        _ => 1,
    }
}
