//! Faults as they are asked for: read from JSON, every field known or refused.

use serde_json::{Map, Value};

use super::fields::{wrong, Fields};
use crate::answer::Refusal;
use crate::ids::Random;
use crate::listing::Dialect;

/// How many faults there are.
pub(crate) const FAULTS: usize = 12;

/// Before or after the request was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// What replaces a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// The dialect's own words for the status.
    Usual,
    Json(String),
    Text(String),
    Empty,
}

/// How long something takes, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wait {
    Fixed(u64),
    Between(u64, u64),
    Exponential(u64),
}

impl Wait {
    pub(crate) fn draw(self, random: &mut Random) -> u64 {
        match self {
            Self::Fixed(ms) => ms,
            Self::Between(low, high) => {
                let span = i64::try_from(high.saturating_sub(low) + 1).unwrap_or(1);
                low + random.below(span).unsigned_abs()
            }
            Self::Exponential(mean) => {
                let drawn = -(1.0 - random.uniform()).ln() * mean as f64;
                drawn.min(60_000.0) as u64
            }
        }
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    // F1, F2, F3: answers.
    Replace(When, u16, Body),
    Delay(When, Wait),
    Break(When, Kind),
    // F4: streams.
    Stream(Kind, StreamTerms),
    // F5: books of the Binance dialect.
    Book(Kind),
    // F6: orders.
    SplitFill(usize),
    RejectAfterAccept { after_fill: bool },
    FillOnCancel(When),
    UnsolicitedCancel,
    Bust,
    HoldCancel,
    // F10: members of messages.
    Member { name: String, kind: Kind },
    // F7, F8, F9, F11, F12 happen at once.
    Now(Kind),
}

/// The word that says what exactly happens.
pub(crate) type Kind = &'static str;

/// Numbers of a stream's fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StreamTerms {
    pub(crate) wait: Wait,
    pub(crate) bytes: usize,
}

/// Kinds of every fault that has some.
pub(super) const KINDS: [&[Kind]; FAULTS] = [
    &[],
    &[],
    &["reset", "hang", "half_body"],
    &[
        "cut",
        "mute",
        "delay",
        "duplicate",
        "reorder",
        "drop",
        "cut_after_bytes",
        "oversized",
    ],
    &["skip_update", "old_snapshot", "crossed", "zero_storm"],
    &[
        "split_fill",
        "reject_after_accept",
        "fill_on_cancel",
        "unsolicited_cancel",
        "bust",
        "hold_cancel",
    ],
    &[
        "halt",
        "resume",
        "limit_bands",
        "empty_book",
        "one_sided",
        "gap",
        "wide_spread",
        "normal",
    ],
    &["offset", "drift", "jump"],
    &["buckets", "ban", "connections", "normal"],
    &[
        "null",
        "missing",
        "extra",
        "unknown_enum",
        "type_swap",
        "exponent",
        "long_number",
        "nan",
        "duplicate_key",
    ],
    &["restart", "shutdown_notice", "disconnect", "expire_session"],
    &["split", "dividend", "rename"],
];

/// Fields of every rule, and of each fault beside them.
pub(super) const EVERYWHERE: [&str; 8] = [
    "fault",
    "kind",
    "dialect",
    "count",
    "skip",
    "probability",
    "seed",
    "symbol",
];
pub(super) const OWN: [&[&str]; FAULTS] = [
    &[
        "when",
        "status",
        "body",
        "path",
        "method",
        "client_order_id",
    ],
    &[
        "when",
        "delay_ms",
        "mean_ms",
        "path",
        "method",
        "client_order_id",
    ],
    &["when", "path", "method", "client_order_id"],
    &["channel", "delay_ms", "mean_ms", "bytes"],
    &[],
    &["client_order_id", "parts", "when", "after_fill"],
    &["percent", "side", "ticks"],
    &["ms", "ppm", "to"],
    &[
        "weight_per_minute",
        "orders_per_10s",
        "requests_per_minute",
        "seconds",
        "limit",
    ],
    &["member", "path", "method", "channel", "client_order_id"],
    &["state", "down_ms", "channel"],
    &["ratio", "amount", "to", "whole"],
];

/// What a rule is about; nothing written takes everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    pub(crate) dialect: Option<Dialect>,
    pub(crate) path: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) channel: Option<String>,
}

impl Filter {
    pub(crate) fn takes_dialect(&self, dialect: Dialect) -> bool {
        self.dialect.is_none_or(|wanted| wanted == dialect)
    }

    pub(crate) fn takes_symbol(&self, symbol: &str) -> bool {
        self.symbol.as_deref().is_none_or(|wanted| wanted == symbol)
    }

    pub(crate) fn takes_client(&self, id: &str) -> bool {
        self.client.as_deref().is_none_or(|wanted| wanted == id)
    }

    pub(crate) fn takes_channel(&self, channel: &str) -> bool {
        self.channel
            .as_deref()
            .is_none_or(|wanted| wanted == channel)
    }
}

/// A rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) number: u64,
    /// 1 for F1.
    pub(crate) fault: usize,
    pub(crate) deed: Deed,
    pub(crate) filter: Filter,
    pub(crate) seed: u64,
    pub(crate) random: Random,
    pub(crate) probability: f64,
    pub(crate) skip: u64,
    /// How often it may still strike; `None` for ever.
    pub(crate) left: Option<u64>,
    pub(crate) met: u64,
    pub(crate) struck: u64,
    /// The fields as they were written.
    pub(crate) written: Map<String, Value>,
}

impl Rule {
    /// The kind that was asked for; nothing where a fault has only one.
    pub(crate) fn kind(&self) -> Kind {
        match &self.deed {
            Deed::Break(_, kind)
            | Deed::Stream(kind, _)
            | Deed::Book(kind)
            | Deed::Member { kind, .. }
            | Deed::Now(kind) => kind,
            _ => "",
        }
    }

    /// It says at which messages it strikes, so it does not strike at once.
    pub(crate) fn waits_for_messages(&self) -> bool {
        let fields = ["skip", "count", "probability"];
        fields.iter().any(|name| self.written.contains_key(*name))
    }

    /// Counts a meeting; says whether the fault happens this time.
    pub(crate) fn meet(&mut self) -> bool {
        if self.left == Some(0) {
            return false;
        }
        self.met += 1;
        if self.met <= self.skip || self.random.uniform() >= self.probability {
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        self.struck += 1;
        true
    }

    pub(crate) fn parse(body: &[u8], number: u64, venue_seed: u64) -> Result<Self, Refusal> {
        let written: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| wrong("body", "is not a JSON object", "write {\"fault\": \"F1\"}"))?;
        let fields = Fields(&written);
        let fault = fields.fault()?;
        fields.check_names(fault)?;
        let kinds = KINDS[fault - 1];
        let kind = match fields.text("kind")? {
            Some(name) => Some(
                kinds
                    .iter()
                    .copied()
                    .find(|kind| *kind == name)
                    .ok_or_else(|| {
                        wrong(
                            "kind",
                            "is not known",
                            &format!("use one of {}", kinds.join(", ")),
                        )
                    })?,
            ),
            None if kinds.is_empty() => None,
            None => {
                let remedy = format!("use one of {}", kinds.join(", "));
                return Err(wrong("kind", "is missing", &remedy));
            }
        };
        let seed = fields.whole("seed")?.unwrap_or(venue_seed);
        let probability = fields.number("probability")?.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&probability) {
            return Err(wrong("probability", "is not within 0 to 1", "use 1"));
        }
        let left = match fields.whole("count")? {
            None => Some(1),
            Some(0) => None,
            count => count,
        };
        Ok(Self {
            number,
            fault,
            deed: fields.deed(fault, kind)?,
            filter: fields.filter()?,
            seed,
            random: Random::new(seed, &format!("fault {number}")),
            probability,
            skip: fields.whole("skip")?.unwrap_or(0),
            left,
            met: 0,
            struck: 0,
            written: written.clone(),
        })
    }
}
