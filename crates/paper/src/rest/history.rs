//! Market data over HTTP: what was seen since the venue started, in pages.

use py_rt_types::UnixNanos;

use super::orders::moment;
use super::Reply;
use crate::answer::{Answer, Refusal, Request};
use crate::civil;
use crate::engine::Engine;
use crate::listing::Class;
use crate::market::tape::MINUTE_NS;
use crate::node::{Name, Node};
use crate::stream::wire;

/// What a history is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    Trades,
    Quotes,
    Bars,
}

impl Series {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "trades" => Self::Trades,
            "quotes" => Self::Quotes,
            "bars" => Self::Bars,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::Bars => "bars",
        }
    }
}

/// Length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Fixed(i64),
    Days,
    Weeks,
    Months(i64),
}

impl Frame {
    /// `5Min`, `1Hour`, `1Day`, `1Week`, `3Month` and their short forms, in any case.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = text[..digits].parse().ok().filter(|count| *count > 0)?;
        let unit = &text[digits..];
        Some(match (unit.to_ascii_lowercase().as_str(), count) {
            // A single letter tells months from minutes by its case only.
            ("month", 1 | 2 | 3 | 4 | 6 | 12) => Self::Months(count),
            ("m", 1 | 2 | 3 | 4 | 6 | 12) if unit == "M" => Self::Months(count),
            ("min" | "t" | "m", 1..=59) => Self::Fixed(count * MINUTE_NS),
            ("hour" | "h", 1..=23) => Self::Fixed(count * 60 * MINUTE_NS),
            ("day" | "d", 1) => Self::Days,
            ("week" | "w", 1) => Self::Weeks,
            _ => return None,
        })
    }

    fn start_of(self, at: UnixNanos, class: Class) -> UnixNanos {
        let offset = match class {
            Class::Equity => civil::eastern_offset(at),
            Class::Crypto => 0,
        };
        let local = at.plus(offset);
        let day = match self {
            Self::Fixed(length) => return UnixNanos(at.0 - at.0.rem_euclid(length)),
            Self::Days => local.day(),
            Self::Weeks => local.day() - civil::weekday(local.day()),
            Self::Months(count) => {
                let (year, month, _) = civil::date_of(local.day());
                civil::day_of(year, (month - 1) / count * count + 1, 1)
            }
        };
        UnixNanos(day * UnixNanos::DAY_NS - offset)
    }
}

/// Where a daily bar begins: midnight in New York for shares, UTC for coins.
pub(super) fn day_start(class: Class) -> impl Fn(UnixNanos) -> UnixNanos {
    move |at| Frame::Days.start_of(at, class)
}

/// Which rows are asked for.
struct Page {
    start: UnixNanos,
    end: UnixNanos,
    limit: usize,
    skip: usize,
    descending: bool,
    frame: Frame,
}

impl Page {
    fn parse(request: &Request) -> Result<Self, Refusal> {
        let bad = |name: &str| Refusal::malformed(format!("invalid {name}"));
        let frame = request.param("timeframe").unwrap_or("1Min");
        Ok(Self {
            start: moment(request, "start")?.unwrap_or(UnixNanos::MIN),
            end: moment(request, "end")?.unwrap_or(UnixNanos::MAX),
            limit: match request.param("limit").map(str::parse::<usize>) {
                None => 1000,
                Some(Ok(limit @ 1..=10_000)) => limit,
                Some(_) => return Err(bad("limit")),
            },
            skip: match request.param("page_token") {
                None => 0,
                Some(token) => token.parse().map_err(|_| bad("page_token"))?,
            },
            descending: request.param("sort") == Some("desc"),
            frame: Frame::parse(frame).ok_or_else(|| bad("timeframe"))?,
        })
    }
}

impl Engine {
    /// One page over all symbols: by symbol, then by time.
    pub(super) fn history(&self, request: &Request, class: Class, path: &str) -> Reply {
        let unknown = || Refusal::not_found("endpoint not found");
        let series = Series::parse(path).ok_or_else(unknown)?;
        let page = Page::parse(request)?;
        let (mut skip, mut left) = (page.skip, page.limit);
        let (mut rows, mut more) = (Vec::new(), false);
        for place in self.places(request, class) {
            let mut all = self.rows(place, series, &page);
            if page.descending {
                all.reverse();
            }
            let begin = skip.min(all.len());
            skip -= begin;
            let end = all.len().min(begin + left);
            more |= end < all.len();
            left -= end - begin;
            let shown: Vec<Node> = all.drain(begin..end).collect();
            if !shown.is_empty() {
                let symbol = self.listings[place].symbol().to_owned();
                rows.push((Name::Owned(symbol), Node::List(shown)));
            }
        }
        let token = more.then(|| Node::text((page.skip + page.limit).to_string()));
        Ok(Answer::ok(Node::map([
            (series.name(), Node::Map(rows)),
            ("next_page_token", token.unwrap_or(Node::Null)),
        ])))
    }

    fn rows(&self, place: usize, series: Series, page: &Page) -> Vec<Node> {
        let (listing, tape) = (&self.listings[place], &self.tapes[place]);
        let within = |at: UnixNanos| (page.start..=page.end).contains(&at);
        match series {
            Series::Trades => {
                let prints = tape.prints.iter().filter(|print| within(print.at));
                prints
                    .map(|print| wire::trade(Vec::new(), listing, print))
                    .collect()
            }
            Series::Quotes => {
                let quotes = tape.quotes.iter().filter(|quote| within(quote.at));
                quotes
                    .map(|quote| wire::quote(Vec::new(), listing, quote))
                    .collect()
            }
            Series::Bars => {
                let bars = tape.bars(|at| page.frame.start_of(at, listing.class));
                let bars = bars.iter().filter(|bar| within(bar.opens));
                bars.map(|bar| wire::bar(Vec::new(), listing, bar))
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_begin_where_the_dialect_says() {
        let at = civil::parse_time("2026-11-20T15:07:30Z").unwrap();
        let cases = [
            ("5Min", Class::Equity, "2026-11-20T15:05:00Z"),
            ("1hour", Class::Crypto, "2026-11-20T15:00:00Z"),
            ("1Day", Class::Equity, "2026-11-20T05:00:00Z"),
            ("1D", Class::Crypto, "2026-11-20T00:00:00Z"),
            ("1Week", Class::Crypto, "2026-11-16T00:00:00Z"),
            ("3M", Class::Crypto, "2026-10-01T00:00:00Z"),
        ];
        for (text, class, start) in cases {
            let frame = Frame::parse(text).unwrap();
            assert_eq!(civil::rfc3339(frame.start_of(at, class)), start, "{text}");
        }
        for text in ["", "Min", "0Min", "60Min", "2Day", "5Month", "1Fortnight"] {
            assert_eq!(Frame::parse(text), None, "{text}");
        }
    }
}
