//! One suite for the request connection and the reports of every dialect: what is never sent twice,
//! what is unknown, what is refused for certain, and that an execution is one whatever told of it.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/binance.rs"]
mod binance_support;
#[path = "../support/coinbase.rs"]
mod coinbase_support;
#[path = "../support/kraken.rs"]
mod kraken_support;
mod scripts;
#[path = "../support/mod.rs"]
mod support;

use py_rt_types::{
    AccountReport, ClientOrderId, NewOrder, Price, Qty, Query, RejectReason, Report, ReportKind,
    VenueOrderId,
};
use py_rt_venues::{Requests, VenueEvent, VenueRequest};
use scripts::{scripts, Script};
use support::requests::{cancel_of, limit_order};
use support::T0;

const SECOND: i64 = 1_000_000_000;

impl Script {
    fn new_order(&self) -> NewOrder {
        if self.name == "alpaca" {
            return support::rest::new_order();
        }
        limit_order(self.instrument, Qty(10_000), Price(8_900_000))
    }

    fn order(&self) -> VenueRequest {
        VenueRequest::New(self.new_order())
    }

    fn cancel(&self) -> VenueRequest {
        cancel_of(self.instrument, VenueOrderId(7))
    }

    fn lookup(&self) -> VenueRequest {
        VenueRequest::Query(Query::Order {
            client_order_id: ClientOrderId::new(5),
            instrument: self.instrument,
        })
    }

    /// What comes of a request that is answered so.
    fn ask(&self, request: VenueRequest, status: u16, body: &str) -> Vec<VenueEvent> {
        let mut session = (self.make)();
        session.handle_request(T0, request);
        assert_eq!(
            sent(session.as_mut(), 0).len(),
            1,
            "{}: {request:?}",
            self.name
        );
        answer(session.as_mut(), 0, status, body);
        everything(session.as_mut())
    }

    /// What comes of a request that takes these answers, and no more.
    fn told(&self, request: VenueRequest, answers: &[String]) -> Vec<VenueEvent> {
        let mut session = (self.make)();
        session.handle_request(T0, request);
        for body in answers {
            assert_eq!(sent(session.as_mut(), 0).len(), 1, "{}", self.name);
            answer(session.as_mut(), 0, 200, body);
        }
        assert!(sent(session.as_mut(), 0).is_empty(), "{}", self.name);
        everything(session.as_mut())
    }

    fn kind(&self, request: VenueRequest, status: u16, body: &str) -> ReportKind {
        let all = self.ask(request, status, body);
        let mut reports = all.iter().filter_map(|event| match event {
            VenueEvent::Report(report) => Some(report.kind),
            _ => None,
        });
        let kind = reports.next();
        kind.unwrap_or_else(|| panic!("{}: {all:?}", self.name))
    }
}

fn everything(session: &mut dyn Requests) -> Vec<VenueEvent> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn sent(session: &mut dyn Requests, after_ns: i64) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(transmit) = session.poll_transmit(T0.plus(after_ns)) {
        if let py_rt_venues::Transmit::Bytes(bytes) = transmit {
            all.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
    }
    all
}

fn answer(session: &mut dyn Requests, after_ns: i64, status: u16, body: &str) {
    answer_with(session, after_ns, status, "", body);
}

fn answer_with(session: &mut dyn Requests, after_ns: i64, status: u16, head: &str, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{head}\r\n{body}");
    session.handle_input(T0.plus(after_ns), text.as_bytes());
}

#[test]
fn silence_and_nonsense_are_unknown_and_nothing_is_sent_twice() {
    for script in scripts() {
        for (status, body) in [
            (
                500,
                r#"{"code":-1007,"msg":"Timeout waiting for response"}"#,
            ),
            (502, "<html>bad gateway</html>"),
            (503, ""),
            (504, "<html>gateway timeout</html>"),
            (403, "<html>forbidden</html>"),
            (302, ""),
            (200, ""),
            (200, "{}"),
            (200, "<html>"),
            (400, r#"{"code":-1000,"msg":"An unknown error occurred"}"#),
            (400, r#"{"code":-4999,"msg":"a code of tomorrow"}"#),
            (422, r#"{"code":1,"message":"a code of tomorrow"}"#),
        ] {
            let kind = script.kind(script.order(), status, body);
            assert_eq!(
                kind,
                ReportKind::NewUnanswered,
                "{} {status} {body}",
                script.name
            );
        }
        let mut session = (script.make)();
        session.handle_request(T0, script.order());
        assert_eq!(sent(session.as_mut(), 0).len(), 1);
        let late = T0.plus(6 * SECOND);
        session.handle_timeout(late);
        let all = everything(session.as_mut());
        let unanswered = |event: &VenueEvent| {
            matches!(
                event,
                VenueEvent::Report(Report {
                    kind: ReportKind::NewUnanswered,
                    ..
                })
            )
        };
        assert_eq!(
            all.iter().filter(|one| unanswered(one)).count(),
            1,
            "{all:?}"
        );
        session.handle_timeout(late);
        session.handle_connected(late);
        assert!(
            sent(session.as_mut(), 7 * SECOND).is_empty(),
            "{}",
            script.name
        );
        let mut session = (script.make)();
        session.handle_request(T0, script.order());
        assert_eq!(sent(session.as_mut(), 0).len(), 1);
        session.handle_disconnected(T0);
        let all = everything(session.as_mut());
        assert!(all.iter().any(unanswered), "{}: {all:?}", script.name);
    }
}

#[test]
fn what_the_venue_says_for_certain_is_believed() {
    for script in scripts() {
        assert_eq!(
            script.kind(script.order(), 200, &script.accepted),
            ReportKind::Accepted
        );
        let (status, body) = script.refused;
        let reason = RejectReason::InsufficientFunds;
        assert_eq!(
            script.kind(script.order(), status, body),
            ReportKind::Rejected { reason },
            "{}",
            script.name
        );
        let (status, body) = script.no_such_order;
        assert_eq!(
            script.kind(script.lookup(), status, body),
            ReportKind::NotFound
        );
        // "No such order" is no answer to a new one.
        assert_eq!(
            script.kind(script.order(), status, body),
            ReportKind::NewUnanswered
        );
        assert!(matches!(
            script.kind(script.lookup(), 200, &script.found),
            ReportKind::Snapshot { .. }
        ));
    }
}

#[test]
fn a_refused_key_is_the_end() {
    for script in scripts() {
        let (status, body) = script.refused_key;
        let all = script.ask(script.order(), status, body);
        assert!(matches!(all[0], VenueEvent::Fatal(_)), "{all:?}");
        let VenueEvent::Report(report) = &all[1] else {
            panic!("{all:?}");
        };
        let reason = RejectReason::NotAuthorized;
        assert_eq!(report.kind, ReportKind::Rejected { reason });
    }
}

#[test]
fn a_full_quota_refuses_orders_and_lets_cancels_wait() {
    for script in scripts() {
        let mut session = (script.make)();
        session.handle_request(T0, script.order());
        session.handle_request(T0, script.cancel());
        assert_eq!(sent(session.as_mut(), 0).len(), 1);
        let body = r#"{"code":-1003,"msg":"Too much request weight used"}"#;
        answer_with(session.as_mut(), 0, 429, "Retry-After: 3\r\n", body);
        let all = everything(session.as_mut());
        let retry_at = T0.plus(3 * SECOND);
        assert!(all.contains(&VenueEvent::Limited { retry_at }), "{all:?}");
        let reason = RejectReason::Venue;
        let refused = |event: &VenueEvent| {
            matches!(event, VenueEvent::Report(report)
                if report.kind == ReportKind::Rejected { reason })
        };
        assert!(all.iter().any(refused), "{}: {all:?}", script.name);
        assert!(sent(session.as_mut(), 2 * SECOND).is_empty());
        session.handle_timeout(T0.plus(3 * SECOND));
        assert_eq!(
            sent(session.as_mut(), 3 * SECOND).len(),
            1,
            "{}",
            script.name
        );
    }
}

#[test]
fn what_was_not_sent_is_refused_for_certain() {
    for script in scripts() {
        let mut session = (script.make)();
        session.handle_request(T0, script.lookup());
        assert_eq!(sent(session.as_mut(), 0).len(), 1);
        session.handle_request(T0, script.order());
        session.withdraw(T0);
        let all = everything(session.as_mut());
        let reason = RejectReason::NeverAccepted;
        let refused = |event: &VenueEvent| {
            matches!(event, VenueEvent::Report(report)
                if report.kind == ReportKind::Rejected { reason })
        };
        assert!(all.iter().any(refused), "{}: {all:?}", script.name);
    }
}

#[test]
fn lists_end_as_done_or_failed() {
    for script in scripts() {
        let query = Query::OpenOrders;
        let all = script.told(VenueRequest::Query(query), &script.open_orders);
        assert!(matches!(
            &all[0],
            VenueEvent::Report(Report {
                kind: ReportKind::Snapshot { .. },
                ..
            })
        ));
        assert_eq!(all[1], VenueEvent::Account(AccountReport::Done(query)));
        for body in ["", "{}", "[{]", "[1]"] {
            let all = script.ask(VenueRequest::Query(query), 200, body);
            let failed = VenueEvent::Account(AccountReport::Failed(query));
            assert!(all.contains(&failed), "{} {body}: {all:?}", script.name);
        }
    }
}

/// The executions among some events, by what makes each of them one.
fn executions(all: &[VenueEvent]) -> Vec<(VenueOrderId, i64, i64)> {
    let mut found = Vec::new();
    for event in all {
        if let VenueEvent::Report(report) = event {
            if let ReportKind::Fill {
                last_qty, cum_qty, ..
            } = report.kind
            {
                found.push((report.venue_order_id, last_qty.0, cum_qty.0));
            }
        }
    }
    found
}

#[test]
fn an_execution_is_one_whatever_tells_of_it() {
    for script in scripts() {
        let mut stream = (script.account)();
        stream.handle_timeout(T0);
        stream.handle_connected(T0);
        for text in script.greeting {
            stream.handle_input(T0, text.as_bytes());
        }
        stream.handle_input(T0, script.fill.as_bytes());
        let said: Vec<VenueEvent> = std::iter::from_fn(|| stream.poll_event()).collect();
        assert!(said.contains(&VenueEvent::Up), "{}: {said:?}", script.name);
        let mut by_stream = executions(&said);
        let asked = said.iter().find_map(|event| match event {
            VenueEvent::Ask(query) => Some(VenueRequest::Query(*query)),
            _ => None,
        });
        assert_eq!(asked.is_some(), !script.asked.is_empty(), "{}", script.name);
        if let Some(request) = asked {
            by_stream = executions(&script.told(request, &script.asked));
        }
        let (last, total) = script.executed;
        assert_eq!((by_stream[0].1, by_stream[0].2), (last, total));
        if script.fills.is_empty() {
            continue;
        }
        let query = Query::Fills {
            since: T0.plus(-SECOND),
        };
        let listed = script.told(VenueRequest::Query(query), &script.fills);
        assert_eq!(
            executions(&listed),
            by_stream,
            "{}: {listed:?}",
            script.name
        );
        let done = VenueEvent::Account(AccountReport::Done(query));
        assert_eq!(listed.last(), Some(&done));
    }
}
