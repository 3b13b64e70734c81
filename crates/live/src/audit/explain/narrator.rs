//! Looks on while a session is replayed, and writes down what concerns one order.

use std::collections::VecDeque;

use py_rt_kernel::event::{Event, FillEvent, OrderEvent};
use py_rt_kernel::journal::{Decision, Entry, Header, OwnedInput};
use py_rt_kernel::risk::Review;
use py_rt_kernel::signal::StrategyId;
use py_rt_kernel::{Kernel, Strategy};
use py_rt_types::{InstrumentId, UnixNanos, VenueOrderId};

use super::{concerns, Moment, Story};
use crate::audit::fields::{fields, kind, liquidity_name, of_decision, of_report, Field, Value};
use crate::audit::spelling::{money, side, Spelling};
use crate::audit::witness::{Call, Calls, Witness};
use crate::journal::{JournalReader, Record};
use crate::recovery::Watcher;

/// Market inputs of the instrument that are told from before the order.
const BEFORE: usize = 5;

#[derive(Debug, Clone, Copy)]
struct Fed {
    record: u64,
    now: UnixNanos,
    input: OwnedInput,
}

impl Fed {
    /// The instrument whose market it is about.
    const fn market(&self) -> Option<InstrumentId> {
        match &self.input {
            OwnedInput::Market(row) => Some(row.instrument),
            OwnedInput::Bar(bar) => Some(bar.instrument),
            _ => None,
        }
    }
}

/// Writes down what concerns one order.
pub(super) struct Narrator {
    sequence: u64,
    calls: Calls,
    spelling: Option<Spelling>,
    moments: Vec<Moment>,
    /// The last market inputs, by instrument.
    seen: Vec<VecDeque<Fed>>,
    current: Option<Fed>,
    events: Vec<Event>,
    venue_order_id: VenueOrderId,
    last: Option<OrderEvent>,
}

impl Narrator {
    pub(super) fn new(sequence: u64, calls: Calls) -> Self {
        Self {
            sequence,
            calls,
            spelling: None,
            moments: Vec::new(),
            seen: Vec::new(),
            current: None,
            events: Vec::new(),
            venue_order_id: VenueOrderId(0),
            last: None,
        }
    }

    /// Adds what was written down to the story.
    pub(super) fn tell(self, story: &mut Story) {
        story.moments.extend(self.moments);
        if self.venue_order_id.0 != 0 {
            let spelling = self.spelling.as_ref();
            story.venue_order_id = spelling.map(|s| s.venue_id_text(self.venue_order_id));
        }
        if let Some(last) = self.last {
            story.status = Some(last.order.status.name());
            story.is_closed = last.order.status.is_terminal();
        }
    }

    fn push(&mut self, fed: &Fed, what: &'static str, fields: Vec<Field>) {
        self.moments.push(Moment {
            sequence: fed.record,
            time: fed.now.0,
            what,
            fields,
        });
    }

    /// The market inputs before the one that led to the order, and the book as it was then.
    fn push_market<S>(&mut self, kernel: &Kernel<S>, fed: &Fed, id: InstrumentId) {
        let before = self.seen.get(id.index()).cloned().unwrap_or_default();
        for one in &before {
            self.push_input(one, "market");
        }
        let (Some(market), Some(spelling)) = (kernel.market().instrument(id), &self.spelling)
        else {
            return;
        };
        let top = market.top();
        let mut book = vec![("symbol", spelling.symbol(id))];
        if top.bid_qty.0 > 0 {
            book.push(("bid_price", spelling.price(id, top.bid_price)));
            book.push(("bid_qty", spelling.qty(id, top.bid_qty)));
        }
        if top.ask_qty.0 > 0 {
            book.push(("ask_price", spelling.price(id, top.ask_price)));
            book.push(("ask_qty", spelling.qty(id, top.ask_qty)));
        }
        book.push(("valid", Value::Flag(market.valid())));
        let held = kernel.portfolio().position(id).qty;
        book.push(("position", spelling.qty(id, held)));
        self.push(fed, "book", book);
    }

    fn push_input(&mut self, fed: &Fed, what: &'static str) {
        let Some(spelling) = &self.spelling else {
            return;
        };
        let entry = Entry::Input(fed.now, fed.input);
        let mut told = vec![("input", Value::Word(kind(&entry)))];
        told.extend(fields(spelling, &entry));
        self.push(fed, what, told);
    }

    /// Whether an input is what the venue said about the order.
    fn is_about(&self, input: &OwnedInput) -> bool {
        let OwnedInput::Report(report) = input else {
            return false;
        };
        let by_venue = report.venue_order_id == self.venue_order_id && self.venue_order_id.0 != 0;
        report.client_order_id.sequence == self.sequence || by_venue
    }

    fn push_received(&mut self, fed: &Fed) {
        if let (OwnedInput::Report(report), Some(spelling)) = (&fed.input, &self.spelling) {
            let mut told = Vec::new();
            of_report(spelling, report, &mut told);
            self.push(fed, "received", told);
        }
    }

    /// The callbacks of an input: those that asked for the order by its id, or else all of them.
    fn push_calls(&mut self, fed: &Fed) {
        let calls = self.calls.take();
        let asked = |call: &&Call| call.asked.contains(&self.sequence);
        let mut told: Vec<&Call> = calls.iter().filter(asked).collect();
        if told.is_empty() {
            told = calls.iter().collect();
        }
        let lines: Vec<Vec<Field>> = told.iter().map(|call| self.of_call(call)).collect();
        for line in lines {
            self.push(fed, "callback", line);
        }
    }

    fn of_call(&self, call: &Call) -> Vec<Field> {
        let mut told = vec![("callback", Value::Word(call.name))];
        told.extend(
            call.timer
                .map(|timer| ("timer", Value::Count(u64::from(timer)))),
        );
        if let (Some(bar), Some(spelling)) = (&call.bar, &self.spelling) {
            told.push(("symbol", spelling.symbol(bar.instrument)));
            told.push(("ts_event", Value::Int(bar.ts_close.0)));
            told.push(("close", spelling.price(bar.instrument, bar.close)));
        }
        let by_id = call.asked.contains(&self.sequence);
        told.push(("asked_for_it", Value::Flag(by_id)));
        told
    }

    fn push_review(&mut self, fed: &Fed, review: &Review) {
        for check in &review.checks {
            let found = &check.found;
            let whose = match found.strategy {
                StrategyId::ACCOUNT => "account",
                _ => "strategy",
            };
            self.push(
                fed,
                "check",
                vec![
                    ("check", Value::Word(found.control.name())),
                    ("holds", Value::Flag(check.holds)),
                    ("limit", Value::Text(found.limit.to_string())),
                    ("value", Value::Text(found.value.to_string())),
                    ("whose", Value::Word(whose)),
                ],
            );
        }
    }

    fn push_event(&mut self, fed: &Fed, event: &Event) {
        let Some(spelling) = &self.spelling else {
            return;
        };
        match event {
            Event::Order(event) => {
                let told = of_state(spelling, event);
                self.push(fed, "state", told);
            }
            Event::Fill(fill) => {
                let told = of_fill(spelling, fill);
                self.push(fed, "execution", told);
            }
            _ => {}
        }
    }
}

impl<S: Strategy> Watcher<Witness<S>> for Narrator {
    fn handle_start(&mut self, header: &Header, kernel: &mut Kernel<Witness<S>>) {
        self.spelling = Some(Spelling::new(header));
        self.seen = vec![VecDeque::new(); header.kernel.instruments.len()];
        kernel.review_orders();
    }

    fn handle_record(&mut self, _reader: &JournalReader, record: &Record) {
        if let Some(fed) = self.current.take() {
            let seen = fed.market().and_then(|id| self.seen.get_mut(id.index()));
            if let Some(seen) = seen {
                if seen.len() == BEFORE {
                    seen.pop_front();
                }
                seen.push_back(fed);
            }
        }
        match &record.entry {
            Entry::Input(now, input) => {
                self.calls.borrow_mut().clear();
                self.current = Some(Fed {
                    record: record.number,
                    now: *now,
                    input: *input,
                });
            }
            Entry::Decision(now, decision) if concerns(decision, self.sequence) => {
                self.push_sent(record.number, *now, decision);
            }
            _ => {}
        }
    }

    fn handle_event(&mut self, event: &Event) {
        match event {
            Event::Order(found) if found.order.client_order_id.sequence == self.sequence => {
                if found.order.venue_order_id.0 != 0 {
                    self.venue_order_id = found.order.venue_order_id;
                }
                self.last = Some(*found);
                self.events.push(*event);
            }
            Event::Fill(fill) if fill.client_order_id.sequence == self.sequence => {
                self.events.push(*event);
            }
            _ => {}
        }
    }

    fn handle_settled(&mut self, kernel: &mut Kernel<Witness<S>>) {
        let mut reviews = kernel.take_reviews();
        reviews.retain(|review| review.client_order_id.sequence == self.sequence);
        let events = std::mem::take(&mut self.events);
        let Some(fed) = self.current else {
            return;
        };
        let received = self.is_about(&fed.input);
        if reviews.is_empty() && events.is_empty() && !received {
            return;
        }
        let instrument = events.iter().find_map(|event| match event {
            Event::Order(event) => Some(event.order.instrument),
            _ => None,
        });
        if let (true, Some(id)) = (self.moments.is_empty(), instrument) {
            self.push_market(kernel, &fed, id);
        }
        if received {
            self.push_received(&fed);
        } else {
            self.push_input(&fed, "input");
        }
        self.push_calls(&fed);
        for review in &reviews {
            self.push_review(&fed, review);
        }
        for event in &events {
            self.push_event(&fed, event);
        }
    }
}

impl Narrator {
    fn push_sent(&mut self, record: u64, now: UnixNanos, decision: &Decision) {
        let Some(spelling) = &self.spelling else {
            return;
        };
        let entry = Entry::Decision(now, *decision);
        let mut told = vec![("message", Value::Word(kind(&entry)))];
        of_decision(spelling, decision, &mut told);
        self.moments.push(Moment {
            sequence: record,
            time: now.0,
            what: "sent",
            fields: told,
        });
    }
}

fn of_state(spelling: &Spelling, event: &OrderEvent) -> Vec<Field> {
    let (order, id) = (&event.order, event.order.instrument);
    let mut told = vec![
        ("status", Value::Word(order.status.name())),
        ("order_qty", spelling.qty(id, order.order_qty)),
        ("cum_qty", spelling.qty(id, order.cum_qty)),
        ("leaves_qty", spelling.qty(id, order.leaves_qty())),
    ];
    told.extend(
        order
            .limit_price
            .map(|p| ("limit_price", spelling.price(id, p))),
    );
    told.extend(
        order
            .reason
            .map(|reason| ("reason", Value::Word(reason.name()))),
    );
    if let Some(denial) = &event.denial {
        told.push(("refused_by", Value::Word(denial.control.name())));
        told.push(("limit", Value::Text(denial.limit.to_string())));
        told.push(("value", Value::Text(denial.value.to_string())));
    }
    if order.target {
        told.push(("works_a_target", Value::Flag(true)));
    }
    told
}

fn of_fill(spelling: &Spelling, fill: &FillEvent) -> Vec<Field> {
    let id = fill.instrument;
    vec![
        ("exec_id", spelling.exec_id(id, fill.exec_id)),
        ("side", side(fill.side)),
        ("last_qty", spelling.qty(id, fill.last_qty)),
        ("last_price", spelling.price(id, fill.last_price)),
        ("cum_qty", spelling.qty(id, fill.cum_qty)),
        ("fee", money(fill.fee)),
        ("liquidity", Value::Word(liquidity_name(fill.liquidity))),
        ("ts_event", Value::Int(fill.ts_event.0)),
        ("position", spelling.qty(id, fill.position_qty)),
    ]
}
