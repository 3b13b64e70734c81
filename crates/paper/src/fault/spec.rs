//! Faults as they are asked for: read from JSON, every field known or refused.

use serde_json::{Map, Value};

use crate::answer::Refusal;
use crate::civil;
use crate::ids::Random;
use crate::listing::{plain_symbol, Dialect};

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
const KINDS: [&[Kind]; FAULTS] = [
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
const COMMON: [&str; 8] = [
    "fault",
    "kind",
    "dialect",
    "count",
    "skip",
    "probability",
    "seed",
    "symbol",
];
const OWN: [&[&str]; FAULTS] = [
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

pub(crate) fn wrong(field: &str, problem: &str, remedy: &str) -> Refusal {
    Refusal::malformed(format!("{field} {problem}; {remedy}"))
}

/// The fields of a rule.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl Fields<'_> {
    fn fault(&self) -> Result<usize, Refusal> {
        let text = self.text("fault")?.unwrap_or_default();
        let number = text
            .strip_prefix(['F', 'f'])
            .and_then(|n| n.parse::<usize>().ok());
        number
            .filter(|number| (1..=FAULTS).contains(number))
            .ok_or_else(|| wrong("fault", "is not known", "use F1 to F12"))
    }

    fn check_names(&self, fault: usize) -> Result<(), Refusal> {
        let known = || COMMON.iter().chain(OWN[fault - 1]).copied();
        for name in self.0.keys() {
            if !known().any(|other| other == name) {
                let all: Vec<&str> = known().collect();
                let near = known().min_by_key(|other| distance(name, other));
                let remedy = format!(
                    "did you mean {}? Known: {}",
                    near.unwrap_or_default(),
                    all.join(", ")
                );
                return Err(wrong(name, "is not a field of this fault", &remedy));
            }
        }
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "is not a text", "write it in quotes")),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_f64()
                .map(Some)
                .ok_or_else(|| wrong(name, "is not a number", "write it without quotes")),
        }
    }

    pub(crate) fn whole(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| wrong(name, "is not a whole number from 0 on", "use 1")),
        }
    }

    pub(crate) fn signed(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| wrong(name, "is not a whole number", "use 1")),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(wrong(name, "is neither true nor false", "write true")),
        }
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<py_rt_types::UnixNanos>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let bad = || {
            wrong(
                name,
                "is not a time with a zone",
                "use 2026-11-27T12:59:00-05:00",
            )
        };
        civil::parse_time(text).map(Some).ok_or_else(bad)
    }

    fn when(&self) -> Result<When, Refusal> {
        match self.text("when")? {
            None | Some("after") => Ok(When::After),
            Some("before") => Ok(When::Before),
            Some(_) => Err(wrong("when", "is not known", "use before or after")),
        }
    }

    fn wait(&self, default: u64) -> Result<Wait, Refusal> {
        if let Some(mean) = self.whole("mean_ms")? {
            return Ok(Wait::Exponential(mean));
        }
        match self.0.get("delay_ms") {
            Some(Value::Array(ends)) => {
                let ends: Option<Vec<u64>> = ends.iter().map(Value::as_u64).collect();
                match ends.as_deref() {
                    Some([low, high]) if low <= high => Ok(Wait::Between(*low, *high)),
                    _ => Err(wrong("delay_ms", "is not a range", "write [100, 500]")),
                }
            }
            _ => Ok(Wait::Fixed(self.whole("delay_ms")?.unwrap_or(default))),
        }
    }

    fn body(&self) -> Body {
        match self.0.get("body") {
            None | Some(Value::Null) => Body::Usual,
            Some(Value::String(word)) if word == "json" => Body::Usual,
            Some(Value::String(word)) if word == "empty" => Body::Empty,
            Some(Value::String(word)) if word == "html" => {
                let page = "<html><head><title>502 Bad Gateway</title></head><body></body></html>";
                Body::Text(page.to_owned())
            }
            Some(Value::String(text)) => Body::Text(text.clone()),
            Some(value) => Body::Json(value.to_string()),
        }
    }

    fn deed(&self, fault: usize, kind: Option<Kind>) -> Result<Deed, Refusal> {
        let kind = kind.unwrap_or_default();
        Ok(match fault {
            1 => {
                let status = self.whole("status")?.unwrap_or(504);
                let status = u16::try_from(status)
                    .ok()
                    .filter(|s| (200..600).contains(s));
                let bad = || wrong("status", "is no status", "use 200 to 599");
                Deed::Replace(self.when()?, status.ok_or_else(bad)?, self.body())
            }
            2 => Deed::Delay(self.when()?, self.wait(1000)?),
            3 => Deed::Break(self.when()?, kind),
            4 => {
                let bytes = self.whole("bytes")?.unwrap_or(1000);
                Deed::Stream(
                    kind,
                    StreamTerms {
                        wait: self.wait(200)?,
                        bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
                    },
                )
            }
            5 => Deed::Book(kind),
            6 => match kind {
                "split_fill" => {
                    let parts = self.whole("parts")?.unwrap_or(3);
                    Deed::SplitFill(usize::try_from(parts).unwrap_or(1).clamp(1, 100))
                }
                "reject_after_accept" => Deed::RejectAfterAccept {
                    after_fill: self.flag("after_fill")?.unwrap_or(false),
                },
                "fill_on_cancel" => Deed::FillOnCancel(self.when()?),
                "unsolicited_cancel" => Deed::UnsolicitedCancel,
                "bust" => Deed::Bust,
                _ => Deed::HoldCancel,
            },
            10 => {
                let missing = || wrong("member", "is missing", "name a member, such as qty");
                Deed::Member {
                    name: self.text("member")?.ok_or_else(missing)?.to_owned(),
                    kind,
                }
            }
            _ => Deed::Now(kind),
        })
    }

    fn filter(&self) -> Result<Filter, Refusal> {
        let text = |name: &str| Ok::<_, Refusal>(self.text(name)?.map(str::to_owned));
        Ok(Filter {
            dialect: match self.text("dialect")? {
                None => None,
                Some("alpaca") => Some(Dialect::Alpaca),
                Some("binance") => Some(Dialect::Binance),
                Some(_) => return Err(wrong("dialect", "is not known", "use alpaca or binance")),
            },
            path: text("path")?,
            method: text("method")?.map(|method| method.to_ascii_uppercase()),
            client: text("client_order_id")?,
            symbol: text("symbol")?.map(|symbol| plain_symbol(&symbol)),
            channel: match self.text("channel")? {
                None | Some("all") => None,
                Some(name @ ("trading" | "market")) => Some(name.to_owned()),
                Some(_) => return Err(wrong("channel", "is not known", "use trading or market")),
            },
        })
    }
}

/// How many letters two words differ in (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let changed = corner + usize::from(left != *right);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
