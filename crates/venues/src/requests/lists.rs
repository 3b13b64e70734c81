//! How the answers to questions end, and what a purse of coins says: the same at every venue.

use alloc::collections::VecDeque;
use alloc::string::ToString;

use py_rt_types::{AccountReport, Money, Qty, Query};

use super::{Next, Outcome, Subject, VenueRequest};
use crate::error::Malformed;
use crate::session::VenueEvent;
use crate::symbols::{Listing, SymbolTable};

type Events = VecDeque<VenueEvent>;

/// What comes after an answer, when it could not be read.
pub(crate) fn or_quarantine(read: Result<Next, Malformed>, events: &mut Events) -> Next {
    read.unwrap_or_else(|malformed| {
        events.push_back(VenueEvent::Quarantined(malformed));
        Next::Outcome(Outcome::Unanswered)
    })
}

/// What comes of a refusal, once it was judged: that there is no such order is an answer too.
pub(crate) fn end_refused(outcome: Outcome, request: &VenueRequest, events: &mut Events) -> Next {
    match outcome {
        Outcome::NotFound if Subject::of(request).is_none() => end_lookup(request, events),
        outcome => Next::Outcome(outcome),
    }
}

/// Ends the answer to a question about one order by the venue's id.
pub(crate) fn end_lookup(request: &VenueRequest, events: &mut Events) -> Next {
    match *request {
        VenueRequest::Query(query @ Query::VenueOrder { .. }) => {
            events.push_back(VenueEvent::Account(AccountReport::Done(query)));
            Next::Done
        }
        _ => Next::Outcome(Outcome::Unanswered),
    }
}

/// Ends a list: as failed, when one of its rows could not be read.
pub(crate) fn finish_list(query: Query, wrong: Option<Malformed>, events: &mut Events) {
    let end = match wrong {
        None => AccountReport::Done(query),
        Some(malformed) => {
            let text = alloc::format!("a row of the venue's answer could not be read: {malformed}");
            events.push_back(VenueEvent::Quarantined(malformed));
            events.push_back(VenueEvent::Notice(text));
            AccountReport::Failed(query)
        }
    };
    events.push_back(VenueEvent::Account(end));
}

/// Ends a question for executions, which is done when every order was told.
pub(crate) fn finish_fills(query: Query, done: bool, events: &mut Events) {
    let end = if done {
        AccountReport::Done(query)
    } else {
        let text = "more was executed while the venue was asked: it is asked again";
        events.push_back(VenueEvent::Notice(text.to_string()));
        AccountReport::Failed(query)
    };
    events.push_back(VenueEvent::Account(end));
}

/// Answers the question for positions or for the account, from what is owned of each pair's asset
/// and of the currency of its prices, in 1e-18.
pub(crate) fn tell_purse(
    query: Query,
    symbols: &SymbolTable,
    (base, quote): (impl Fn(&Listing) -> i128, impl Fn(&Listing) -> i128),
    events: &mut Events,
) -> Result<(), Malformed> {
    if query == Query::Positions {
        tell_positions(symbols, base, events)?;
    } else {
        tell_cash(symbols, quote, events);
    }
    events.push_back(VenueEvent::Account(AccountReport::Done(query)));
    Ok(())
}

/// What is owned of the currency that all instruments are paid in; `quote` is in 1e-18.
fn tell_cash(symbols: &SymbolTable, quote: impl Fn(&Listing) -> i128, events: &mut Events) {
    if let Some(one) = symbols.listings().first() {
        let cash = AccountReport::Cash(Money(quote(one)));
        events.push_back(VenueEvent::Account(cash));
    }
}

/// What is owned of each pair's asset, rounded down to whole lots; `base` is in 1e-18.
fn tell_positions(
    symbols: &SymbolTable,
    base: impl Fn(&Listing) -> i128,
    events: &mut Events,
) -> Result<(), Malformed> {
    let too_large = Malformed {
        offset: 0,
        field: "balances",
    };
    for listing in symbols.listings() {
        let lot = listing.instrument().spec().lot_size.to_atto();
        let lot = lot.map_err(|_| too_large)?.max(1);
        let lots = base(listing).div_euclid(lot);
        let position = AccountReport::Position {
            instrument: listing.id(),
            qty: Qty(i64::try_from(lots).map_err(|_| too_large)?),
            // The venue keeps no account of what was paid.
            cost: Money::ZERO,
        };
        events.push_back(VenueEvent::Account(position));
    }
    Ok(())
}
