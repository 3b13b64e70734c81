//! Several currencies: rates of exchange, and what everything is worth at them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use py_rt_types::{InstrumentId, Money, TypeError};

use super::Kernel;
use crate::currency::{Currencies, CurrencyId, CurrencySpec, ExchangeRate};
use crate::event::{Cause, TradingState};
use crate::portfolio::{rate_of_mark, Purse};
use crate::signal::Strategy;

/// Where rates are read, and whether equity was ever known.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    currencies: Currencies,
    /// Whether everything could be valued once: only then is there an equity to watch.
    valued: bool,
}

impl<S: Strategy> Kernel<S> {
    /// Keeps cash by currency. Instruments pay in their own; one whose currency is not listed
    /// cannot be traded.
    pub(super) fn with_currencies(mut self, currencies: Currencies) -> Self {
        let mut currencies = currencies;
        for instrument in &self.instruments {
            let code = &instrument.spec().currency;
            let known = currencies.others.iter().any(|other| other.code == *code);
            if *code != currencies.base && !known {
                currencies.others.push(CurrencySpec {
                    code: code.clone(),
                    cash: Money::ZERO,
                    market: None,
                });
            }
        }
        let listed = currencies.others.iter().map(|other| &other.code);
        let codes: Vec<&String> = core::iter::once(&currencies.base).chain(listed).collect();
        let place = |code: &String| {
            let place = codes.iter().position(|listed| *listed == code);
            CurrencyId(u8::try_from(place.unwrap_or(0)).unwrap_or(u8::MAX))
        };
        let of = self
            .instruments
            .iter()
            .map(|one| place(&one.spec().currency));
        let (of, codes): (Vec<CurrencyId>, Vec<String>) = (
            of.collect(),
            codes.iter().map(|code| code.to_string()).collect(),
        );
        let books = &mut self.books;
        let own = books.own.iter_mut().map(|own| &mut own.portfolio);
        for portfolio in own.chain(core::iter::once(&mut books.account)) {
            let cash = core::iter::once(portfolio.cash());
            let cash: Vec<Money> = cash
                .chain(currencies.others.iter().map(|other| other.cash))
                .collect();
            let purse = Purse::new(codes.clone(), &cash, of.clone());
            *portfolio = portfolio.clone().with_purse(purse);
        }
        self.exchange = Some(alloc::boxed::Box::new(Exchange {
            currencies,
            valued: false,
        }));
        self.refresh_watch();
        self
    }

    #[cold]
    #[inline(never)]
    pub(super) fn handle_rate(&mut self, told: &ExchangeRate) {
        if told.rate.numerator() <= 0 {
            return;
        }
        let books = &mut self.books;
        let own = books.own.iter_mut().map(|own| &mut own.portfolio);
        let mut all = own.chain(core::iter::once(&mut books.account));
        let taken = all.try_for_each(|portfolio| portfolio.handle_rate(told.currency, told.rate));
        if taken.is_err() {
            self.restrict(TradingState::Halted, Cause::Overflow);
        }
        self.watch_money();
    }

    /// What a new mark means where there are several currencies: a rate of exchange, the worth of
    /// a position, or both.
    #[cold]
    #[inline(never)]
    pub(super) fn mark_money(&mut self, id: InstrumentId) {
        let mark = self.market.instrument(id).and_then(|market| market.mark());
        let (Some((mark, _)), Some(instrument)) = (mark, self.instruments.get(id.index())) else {
            return;
        };
        let exchange = self.exchange.iter();
        let others = exchange.flat_map(|exchange| exchange.currencies.others.iter().zip(1u8..));
        let read = others.filter_map(|(other, place)| {
            let market = other.market.filter(|market| market.instrument == id)?;
            Some((CurrencyId(place), market.inverse))
        });
        let read: Vec<(CurrencyId, bool)> = read.collect();
        let mut fits = true;
        let books = &mut self.books;
        let own = books.own.iter_mut().map(|own| &mut own.portfolio);
        for portfolio in own.chain(core::iter::once(&mut books.account)) {
            for (currency, inverse) in &read {
                let rate = rate_of_mark(instrument, mark, *inverse);
                let taken = rate.and_then(|rate| {
                    rate.map_or(Ok(()), |rate| portfolio.handle_rate(*currency, rate))
                });
                fits &= taken.is_ok();
            }
            fits &= portfolio.remark(instrument, id, mark).is_ok();
        }
        if !fits {
            self.restrict(TradingState::Halted, Cause::Overflow);
        }
        self.watch_money();
    }

    /// Looks at the breakers, of the account and of each strategy, in whichever currencies: not
    /// before everything has a worth, and then from there.
    #[cold]
    #[inline(never)]
    pub(super) fn watch_money(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            if !self.books.account.is_valued() {
                return;
            }
            if !exchange.valued {
                exchange.valued = true;
                let account = self.books.account.equity();
                self.risk.breaker.begin(account);
                for own in &mut self.books.own {
                    own.risk.breaker.begin(own.portfolio.equity());
                }
            }
            self.watch_own();
        }
        self.watch_equity();
    }

    /// A value in the currency of an instrument without its sign, in the base currency; 0 where
    /// that is not known.
    pub(super) fn in_base(&self, id: InstrumentId, value: Result<Money, TypeError>) -> Money {
        let portfolio = &self.books.account;
        let worth = value.and_then(|value| portfolio.in_base(id, value));
        worth.ok().flatten().unwrap_or_default().abs()
    }

    /// Takes it that equity was known in an earlier session: the breakers go on from there.
    pub(super) fn continue_exchange(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            exchange.valued = true;
        }
    }
}
