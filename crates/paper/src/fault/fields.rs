//! The fields of a rule, read one by one.

use serde_json::{Map, Value};

use super::spec::{Body, Deed, Filter, Kind, StreamTerms, Wait, When, EVERYWHERE, FAULTS, OWN};
use crate::answer::Refusal;
use crate::civil;
use crate::listing::{plain_symbol, Dialect};

pub(crate) fn wrong(field: &str, problem: &str, remedy: &str) -> Refusal {
    Refusal::malformed(format!("{field} {problem}; {remedy}"))
}

/// The fields of a rule.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl Fields<'_> {
    pub(super) fn fault(&self) -> Result<usize, Refusal> {
        let text = self.text("fault")?.unwrap_or_default();
        let number = text
            .strip_prefix(['F', 'f'])
            .and_then(|n| n.parse::<usize>().ok());
        number
            .filter(|number| (1..=FAULTS).contains(number))
            .ok_or_else(|| wrong("fault", "is not known", "use F1 to F12"))
    }

    pub(super) fn check_names(&self, fault: usize) -> Result<(), Refusal> {
        let known = || EVERYWHERE.iter().chain(OWN[fault - 1]).copied();
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

    pub(super) fn when(&self) -> Result<When, Refusal> {
        match self.text("when")? {
            None | Some("after") => Ok(When::After),
            Some("before") => Ok(When::Before),
            Some(_) => Err(wrong("when", "is not known", "use before or after")),
        }
    }

    pub(super) fn wait(&self, default: u64) -> Result<Wait, Refusal> {
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

    pub(super) fn body(&self) -> Body {
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

    pub(super) fn deed(&self, fault: usize, kind: Option<Kind>) -> Result<Deed, Refusal> {
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

    pub(super) fn filter(&self) -> Result<Filter, Refusal> {
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
