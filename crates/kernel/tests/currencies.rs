//! Several currencies and charges in the kernel: against a naive ledger, in the journal and in a
//! snapshot, and what is refused before a rate is known.

#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

use py_rt_kernel::actions::{ActionKind, CorporateAction, Split};
use py_rt_kernel::charges::{Charge, ChargeKind};
use py_rt_kernel::currency::{Currencies, CurrencyId, CurrencySpec, ExchangeRate, RateMarket};
use py_rt_kernel::event::{Cause, Event, TradingState};
use py_rt_kernel::journal::{encode_input, Entry};
use py_rt_kernel::kernel::Snapshot;
use py_rt_kernel::risk::{Control as Limit, RiskLimits};
use py_rt_kernel::signal::OrderRequest;
use py_rt_kernel::{Control, Input, Kernel, KernelConfig};
use py_rt_types::number::divide_half_even;
use py_rt_types::{Instrument, InstrumentId, Money, Qty, Ratio, Side};
use rig::{config, fill, instrument, loose, money, spec, told, Dice, Rig, Script, Wish};

const DOLLARS: InstrumentId = InstrumentId(0);
const EUROS: InstrumentId = InstrumentId(1);
const YEN: InstrumentId = InstrumentId(2);
const PAIR: InstrumentId = InstrumentId(3);
const JPY: CurrencyId = CurrencyId(2);

fn in_currency(symbol: &str, currency: &str) -> Instrument {
    let mut spec = spec(symbol);
    spec.currency = currency.into();
    Instrument::try_new(spec).unwrap()
}

/// Dollars as base; euros by the market of the pair, yen as they are told.
fn several(limits: RiskLimits) -> KernelConfig {
    let euros = RateMarket {
        instrument: PAIR,
        inverse: false,
    };
    let other = |code: &str, cash: &str, market| CurrencySpec {
        code: code.into(),
        cash: money(cash),
        market,
    };
    let instruments = vec![
        instrument("AAA"),
        in_currency("EEE", "EUR"),
        in_currency("JJJ", "JPY"),
        instrument("EUR/USD"),
    ];
    KernelConfig {
        limits,
        cash: money("100000"),
        currencies: Some(Currencies {
            base: "USD".into(),
            others: vec![other("EUR", "50000", Some(euros)), other("JPY", "0", None)],
        }),
        ..config(instruments)
    }
}

fn rate(numerator: i64, denominator: i64) -> ExchangeRate {
    let rate = Ratio::try_new(numerator, denominator).unwrap();
    ExchangeRate {
        currency: JPY,
        rate,
    }
}

/// The same books, kept as anybody would: positions in lots, prices in ticks, cash by currency.
struct Ledger {
    cash: [i128; 3],
    held: [i64; 4],
    mids: [i64; 4],
    yen: (i64, i64),
}

impl Ledger {
    fn equity(&self) -> i128 {
        let tick = rig::TICK_VALUE;
        let rates = [
            (1, 1),
            (i128::from(self.mids[3]), 200),
            (i128::from(self.yen.0), i128::from(self.yen.1)),
        ];
        let value =
            |place: usize| i128::from(self.held[place]) * i128::from(self.mids[place]) * tick / 2;
        let values = [value(0) + value(3), value(1), value(2)];
        let part = |amount: i128, (times, by): (i128, i128)| divide_half_even(amount * times, by);
        (0..3)
            .map(|at| part(self.cash[at], rates[at]) + part(values[at], rates[at]))
            .sum()
    }
}

fn trade(rig: &mut Rig, ledger: &mut Ledger, id: InstrumentId, qty: i64, price: i64, fee: i128) {
    let side = if qty > 0 { Side::Buy } else { Side::Sell };
    let request = OrderRequest::market(id, side, Qty(qty.abs()));
    rig.ask(&[Wish::Submit(request)]);
    let sequence = rig.kernel.next_sequence() - 1;
    let mut kind = fill(qty.abs(), qty.abs(), price);
    if let py_rt_types::ReportKind::Fill { fee: paid, .. } = &mut kind {
        *paid = Money(fee);
    }
    let mut report = told(sequence, rig.now, kind);
    (report.side, report.instrument) = (side, id);
    rig.report(&report);
    let place = [0, 1, 2, 0][id.index()];
    ledger.cash[place] -= i128::from(qty) * i128::from(price) * rig::TICK_VALUE + fee;
    ledger.held[id.index()] += qty;
}

#[test]
fn books_equal_a_naive_ledger_whatever_happens() {
    for seed in 1..40 {
        let mut dice = Dice(seed);
        let mut rig = Rig::new(several(loose()));
        rig.input(Input::Rate(rate(66, 10_000)));
        let mut ledger = Ledger {
            cash: [money("100000").0, money("50000").0, 0],
            held: [0; 4],
            mids: [20_000; 4],
            yen: (66, 10_000),
        };
        for _ in 0..200 {
            rig.now += dice.between(1, rig::SECOND);
            let id = InstrumentId(dice.between(0, 3) as u32);
            match dice.between(0, 4) {
                0 | 1 => {
                    let bid = dice.between(9_000, 11_000);
                    rig.book(id, bid, bid + 2);
                    ledger.mids[id.index()] = 2 * bid + 2;
                }
                2 => {
                    ledger.yen = (dice.between(50, 90), 10_000);
                    rig.input(Input::Rate(rate(ledger.yen.0, ledger.yen.1)));
                }
                _ => {
                    let qty = dice.between(1, 9) * [-1, 1][dice.between(0, 1) as usize];
                    let price = dice.between(9_500, 10_500);
                    let fee = i128::from(dice.between(0, 1 << 40));
                    trade(&mut rig, &mut ledger, id, qty, price, fee);
                }
            }
            // What is traded is seen at its book, whichever book that is.
            let mark = |id: usize| {
                rig.kernel
                    .market()
                    .instrument(InstrumentId(id as u32))
                    .unwrap()
                    .mark()
            };
            (0..4).for_each(|id| ledger.mids[id] = mark(id).unwrap().0);
            let books = rig.kernel.portfolio();
            let cash: Vec<i128> = books.pockets().iter().map(|pocket| pocket.cash.0).collect();
            assert_eq!(cash, ledger.cash, "seed {seed}");
            assert_eq!(books.equity().0, ledger.equity(), "seed {seed}");
            assert!(books.is_valued());
        }
    }
}

#[test]
fn a_journal_and_a_snapshot_lead_to_the_same_books() {
    let script = || Script {
        at_trade: vec![Wish::Submit(OrderRequest::market(EUROS, Side::Buy, Qty(7)))],
        ..Script::default()
    };
    let mut kernel = Kernel::new(several(loose()), script());
    let mut again = Kernel::new(several(loose()), script());
    let first = kernel.next_sequence();
    let rate_of_yen = rate(1, 150);
    let charge = Charge {
        instrument: EUROS,
        kind: ChargeKind::Funding {
            rate: Ratio::try_new(-3, 10_000).unwrap(),
            mark: Some(Ratio::try_new(200_001, 20).unwrap()),
        },
    };
    let split = CorporateAction {
        instrument: EUROS,
        kind: ActionKind::Split(Split { to: 3, from: 2 }),
    };
    let dividend = CorporateAction {
        instrument: EUROS,
        kind: ActionKind::Dividend {
            per_unit: money("0.25"),
        },
    };
    let mut rows = Vec::new();
    for id in [DOLLARS, EUROS, YEN, PAIR] {
        let mut bid = rig::row(id, 1, 0, 1, 9_999, 50);
        bid.flags = 0;
        rows.extend([bid, rig::row(id, 1, 0, -1, 10_001, 50)]);
    }
    let trade = rig::row(DOLLARS, 9, 1, 1, 10_000, 1);
    let mut bought = told(first, 10, fill(7, 7, 10_000));
    bought.instrument = EUROS;
    let mut inputs: Vec<Input<'_>> = rows.iter().map(Input::Market).collect();
    inputs.extend([
        Input::Rate(rate_of_yen),
        Input::Control(Control::Start),
        Input::Market(&trade),
        Input::Report(&bought),
        Input::Charge(&charge),
        Input::Action(&split),
        Input::Action(&dividend),
    ]);
    for (now, input) in inputs.into_iter().enumerate() {
        let now = py_rt_types::UnixNanos(now as i64);
        let mut bytes = Vec::new();
        encode_input(now, &input, &mut bytes);
        kernel.handle_input(now, input);
        let Ok(Entry::Input(at, read)) = Entry::decode(&bytes) else {
            panic!("an input");
        };
        again.handle_input(at, read.as_input());
    }
    assert_eq!(again.snapshot(), kernel.snapshot());
    assert_eq!(kernel.portfolio().position(EUROS).qty, Qty(10));
    let snapshot = Snapshot::decode(&kernel.snapshot().encode()).unwrap();
    let mut next = Kernel::new(several(loose()), Script::default());
    next.restore(&snapshot).unwrap();
    assert_eq!(next.snapshot(), kernel.snapshot());
    assert_eq!(next.portfolio().equity(), kernel.portfolio().equity());
    assert_eq!(next.portfolio().gross(), kernel.portfolio().gross());
    let plain = KernelConfig {
        currencies: None,
        ..several(loose())
    };
    let mut other = Kernel::new(plain, Script::default());
    assert_eq!(other.restore(&snapshot).unwrap_err().field, "pockets");
}

#[test]
fn what_has_no_known_worth_is_not_ordered() {
    let mut rig = Rig::new(several(loose()));
    let order = |id| Wish::Submit(OrderRequest::market(id, Side::Buy, Qty(1)));
    rig.ask(&[order(YEN)]);
    assert_eq!(rig.denial(), Some(Limit::ExchangeRate));
    rig.input(Input::Rate(rate(0, 1)));
    rig.ask(&[order(YEN)]);
    assert_eq!(rig.denial(), Some(Limit::ExchangeRate));
    rig.input(Input::Rate(rate(1, 150)));
    rig.forget();
    rig.ask(&[order(YEN)]);
    assert_eq!((rig.denial(), rig.new_orders().len()), (None, 1));

    // Euros that are held and cannot be valued: nobody knows the leverage of any order.
    let mut rig = Rig::silent(several(loose()), Script::default());
    rig.book(DOLLARS, 9_999, 10_001);
    rig.control(Control::Start);
    rig.ask(&[order(DOLLARS)]);
    assert_eq!(rig.denial(), Some(Limit::ExchangeRate));
    rig.book(PAIR, 109, 111);
    rig.forget();
    rig.ask(&[order(DOLLARS)]);
    assert_eq!((rig.denial(), rig.new_orders().len()), (None, 1));
    assert_eq!(rig.kernel.portfolio().equity(), money("155000"));
}

#[test]
fn limits_and_breakers_are_in_the_base_currency() {
    let limits = RiskLimits {
        max_order_notional: money("200"),
        max_daily_loss: money("1000"),
        ..loose()
    };
    let mut rig = Rig::new(several(limits));
    rig.input(Input::Rate(rate(1, 100)));
    let order = |qty| Wish::Submit(OrderRequest::market(YEN, Side::Buy, Qty(qty)));
    rig.ask(&[order(201)]);
    assert_eq!(rig.denial(), Some(Limit::MaxOrderNotional));
    rig.forget();
    rig.ask(&[order(200)]);
    assert_eq!(rig.denial(), None);
    assert_eq!(rig.kernel.trading_state(), TradingState::Active);
    // 50,000 euros fall from 100 to 99.97 dollars: 1,500 of loss.
    rig.book(PAIR, 9_996, 9_998);
    let halted = |event: &Event| {
        matches!(
            event,
            Event::Trading {
                cause: Cause::DailyLoss,
                ..
            }
        )
    };
    assert!(rig.events.iter().any(halted));
}

#[test]
fn charges_are_cash_and_nothing_else() {
    let mut rig = Rig::new(several(loose()));
    rig.hold(EUROS, -30);
    let before = rig.kernel.portfolio().clone();
    let borrow = Charge {
        instrument: EUROS,
        kind: ChargeKind::Borrow {
            rate: Ratio::try_new(1, 1_000).unwrap(),
        },
    };
    rig.input(Input::Charge(&borrow));
    // 30 at 100.00 euros, a thousandth of it.
    let after = rig.kernel.portfolio();
    assert_eq!(
        after.pockets()[1].cash.0 - before.pockets()[1].cash.0,
        -money("3").0
    );
    assert_eq!(after.equity().0 - before.equity().0, -money("300").0);
    assert_eq!(after.position(EUROS), before.position(EUROS));
    assert_eq!(after.fees(), before.fees());
    let told: Vec<_> = rig
        .events
        .iter()
        .filter(|event| matches!(event, Event::Charge(_)))
        .collect();
    assert_eq!(told.len(), 1);
    let nothing = Charge {
        instrument: InstrumentId(9),
        ..borrow
    };
    let longs = Charge {
        instrument: DOLLARS,
        ..borrow
    };
    rig.forget();
    rig.hold(DOLLARS, 5);
    let before = rig.kernel.snapshot();
    rig.input(Input::Charge(&nothing));
    rig.input(Input::Charge(&longs));
    assert_eq!(rig.kernel.snapshot(), before);
}
