//! A request as Binance hears it: everything stands in the query, signed and stamped.

use py_rt_types::UnixNanos;

use crate::venue::listing::LISTINGS;
use crate::world::MS;

/// A stamp may lie so far ahead of the venue's clock, in milliseconds.
const AHEAD_MS: i64 = 1_000;
/// The longest window that may be asked for, and the one that is meant where none is.
const WINDOW_MS_MAX: i64 = 60_000;
const WINDOW_MS: i64 = 5_000;

/// A request, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) verb: String,
    pub(crate) path: String,
    /// Whether the key stands in its header.
    keyed: bool,
    parameters: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8(bytes.to_vec()).ok()?;
        let (head, _) = text.split_once("\r\n\r\n")?;
        let mut words = head.lines().next()?.split(' ');
        let (verb, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let key = |line: &str| line.eq_ignore_ascii_case("X-MBX-APIKEY: K");
        Some(Self {
            verb: verb.to_string(),
            path: path.to_string(),
            keyed: head.lines().any(key),
            parameters: pairs.map(|(n, v)| (n.to_string(), v.to_string())).collect(),
        })
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.parameters.iter();
        let found = pairs.find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.parse().ok()
    }

    /// The instrument that `symbol` names.
    pub(crate) fn instrument(&self, instruments: usize) -> Option<usize> {
        let symbol = self.parameter("symbol")?;
        let mut listed = LISTINGS[..instruments].iter();
        listed.position(|one| one.pair == symbol)
    }

    pub(crate) fn is_order_call(&self) -> bool {
        self.verb != "GET"
    }

    pub(crate) fn is_new(&self) -> bool {
        self.verb == "POST" && self.path == "/api/v3/order"
    }

    pub(crate) fn is_replace(&self) -> bool {
        self.path == "/api/v3/order/cancelReplace"
    }

    pub(crate) fn new_order(&self) -> Option<(usize, bool, i64)> {
        let instrument = self.instrument(LISTINGS.len()).filter(|_| self.is_new())?;
        let qty = LISTINGS[instrument].lots(self.parameter("quantity")?)?;
        Some((instrument, self.parameter("side") == Some("BUY"), qty))
    }

    /// What is wrong with the key, the signature or the stamp: a code and its words.
    pub(crate) fn refusal(&self, clock: UnixNanos) -> Option<(i64, &'static str)> {
        let open = ["/api/v3/time", "/api/v3/depth"];
        if open.contains(&self.path.as_str()) {
            return None;
        }
        if !self.keyed {
            return Some((-2015, "Invalid API-key, IP, or permissions for action."));
        }
        let last = self.parameters.last().filter(|(n, _)| n == "signature");
        let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !last.is_some_and(|(_, text)| text.len() == 64 && hexadecimal(text)) {
            return Some((-1022, "Signature for this request is not valid."));
        }
        let stamp_ms = self.number("timestamp");
        let window_ms = self.number("recvWindow").unwrap_or(WINDOW_MS);
        refuse_stamp(clock, stamp_ms, window_ms)
    }
}

/// What is wrong with a stamp.
pub(crate) fn refuse_stamp(
    clock: UnixNanos,
    stamp_ms: Option<i64>,
    window_ms: i64,
) -> Option<(i64, &'static str)> {
    let Some(stamp_ms) = stamp_ms else {
        return Some((-1102, "Mandatory parameter 'timestamp' was not sent."));
    };
    if window_ms > WINDOW_MS_MAX {
        return Some((-1131, "recvWindow must be less than 60000."));
    }
    let now_ms = clock.0 / MS;
    if stamp_ms >= now_ms + AHEAD_MS {
        let text = "Timestamp for this request was 1000ms ahead of the server's time.";
        return Some((WRONG_TIME, text));
    }
    let text = "Timestamp for this request is outside of the recvWindow.";
    (now_ms - stamp_ms > window_ms).then_some((WRONG_TIME, text))
}

/// The code of a request that was not looked at, because of its stamp.
pub(crate) const WRONG_TIME: i64 = -1021;
