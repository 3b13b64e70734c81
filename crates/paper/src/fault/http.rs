//! Answers that are late, changed, cut off or never come.

use super::cut::Breach;
use super::mutate::mutate;
use super::spec::{Body, Deed, Rule, When};
use crate::answer::{Answer, Request};
use crate::engine::Engine;
use crate::listing::Dialect;

/// How an exchange ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With the answer, after so many milliseconds.
    Answer(u64),
    /// The request shall come again in so many milliseconds: it was not applied.
    Again(u64),
    /// Never.
    Hang,
    /// With a broken connection.
    Broken(Breach),
}

/// What goes out.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Nothing is written of it when there is no body.
    pub(crate) content_type: &'static str,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) ending: Ending,
}

const JSON: &str = "application/json; charset=UTF-8";

impl From<Answer> for Served {
    fn from(answer: Answer) -> Self {
        Self {
            status: answer.status,
            headers: answer.headers,
            content_type: JSON,
            body: answer.body.map(|node| node.to_json()),
            ending: Ending::Answer(0),
        }
    }
}

impl Served {
    const fn ending(ending: Ending) -> Self {
        Self {
            status: 503,
            headers: Vec::new(),
            content_type: JSON,
            body: None,
            ending,
        }
    }

    fn replaced(dialect: Dialect, status: u16, body: Body) -> Self {
        let (content_type, body) = match body {
            Body::Usual if status == 403 => ("text/html", Some("<html>Forbidden</html>".into())),
            Body::Usual => (JSON, Some(usual(dialect, status))),
            Body::Json(text) => (JSON, Some(text)),
            Body::Text(text) => ("text/html", Some(text)),
            Body::Empty => (JSON, None),
        };
        let late = matches!(status, 418 | 429);
        Self {
            status,
            headers: match late {
                true => vec![("retry-after", "1".to_owned())],
                false => Vec::new(),
            },
            content_type,
            body: body.map(String::into_bytes),
            ending: Ending::Answer(0),
        }
    }
}

/// What the dialect writes into an answer of a status.
fn usual(dialect: Dialect, status: u16) -> String {
    match (dialect, status) {
        (Dialect::Alpaca, 429) => r#"{"code":42910000,"message":"rate limit exceeded"}"#.into(),
        (Dialect::Alpaca, _) => format!(r#"{{"message":"status {status} on request"}}"#),
        (Dialect::Binance, 418 | 429) => {
            r#"{"code":-1003,"msg":"Too much request weight used."}"#.into()
        }
        (Dialect::Binance, 503) => concat!(
            r#"{"code":-1008,"msg":"Server is currently overloaded with other requests. "#,
            r#"Please try again in a few minutes."}"#
        )
        .into(),
        (Dialect::Binance, 500..=599) => concat!(
            r#"{"code":-1007,"msg":"Timeout waiting for response from backend server. "#,
            r#"Send status unknown; execution status unknown."}"#
        )
        .into(),
        (Dialect::Binance, _) => {
            r#"{"code":-1000,"msg":"An unknown error occurred while processing the request."}"#
                .into()
        }
    }
}

impl Rule {
    fn meets_request(&self, dialect: Dialect, request: &Request) -> bool {
        let filter = &self.filter;
        let path = request.path.as_str();
        let body = || String::from_utf8_lossy(&request.body);
        let names = |id: &String| request.raw_query.contains(id) || body().contains(id.as_str());
        filter.takes_dialect(dialect)
            && filter
                .path
                .as_deref()
                .is_none_or(|wanted| path.starts_with(wanted))
            && filter
                .method
                .as_deref()
                .is_none_or(|wanted| request.method == wanted)
            && filter.client.as_ref().is_none_or(names)
    }
}

impl Engine {
    /// Answers a request of a dialect, and lets go wrong what was asked for.
    pub(crate) fn serve(&mut self, dialect: Dialect, request: &Request) -> Served {
        if !request.came_again {
            if let Some(served) = self.fault_before(dialect, request) {
                return served;
            }
        }
        let answer = match dialect {
            Dialect::Alpaca => self.handle_request(request),
            Dialect::Binance => self.handle_binance(request),
        };
        let served = Served::from(answer);
        self.fault_after(dialect, request, served)
    }

    fn fault_before(&self, dialect: Dialect, request: &Request) -> Option<Served> {
        let found = self.faults.strike(|rule| {
            let before = matches!(
                rule.deed,
                Deed::Replace(When::Before, ..)
                    | Deed::Delay(When::Before, _)
                    | Deed::Break(When::Before, _)
            );
            before && rule.meets_request(dialect, request)
        });
        let (deed, mut random) = found?;
        Some(match deed {
            Deed::Replace(_, status, body) => Served::replaced(dialect, status, body),
            Deed::Delay(_, wait) => Served::ending(Ending::Again(wait.draw(&mut random))),
            Deed::Break(_, "hang") => Served::ending(Ending::Hang),
            _ => Served::ending(Ending::Broken(Breach::Reset)),
        })
    }

    fn fault_after(&self, dialect: Dialect, request: &Request, mut served: Served) -> Served {
        let found = self.faults.strike(|rule| {
            let after = matches!(
                rule.deed,
                Deed::Replace(When::After, ..)
                    | Deed::Delay(When::After, _)
                    | Deed::Break(When::After, _)
                    | Deed::Member { .. }
            );
            // Members of stream messages are changed where those go out.
            let here = rule.filter.channel.is_none();
            after && here && rule.meets_request(dialect, request)
        });
        let Some((deed, mut random)) = found else {
            return served;
        };
        match deed {
            Deed::Replace(_, status, body) => served = Served::replaced(dialect, status, body),
            Deed::Delay(_, wait) => served.ending = Ending::Answer(wait.draw(&mut random)),
            Deed::Break(_, "hang") => served.ending = Ending::Hang,
            Deed::Break(_, "half_body") => served.ending = Ending::Broken(Breach::HalfBody),
            Deed::Break(..) => served.ending = Ending::Broken(Breach::Reset),
            Deed::Member { name, kind } => {
                served.body = served.body.map(|body| mutate(&body, &name, kind));
            }
            _ => {}
        }
        served
    }
}
