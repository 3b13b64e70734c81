//! Every record survives a round trip; no bytes can make the reader panic or guess.
#![allow(clippy::unwrap_used)]

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use py_rt_types::{
    AccountReport, AssetClass, Bar, CancelOrder, ClientOrderId, Decimal, ExecId, Instrument,
    InstrumentId, InstrumentSpec, Liquidity, MarketEvent, Money, NewOrder, OrderStatus, OrderType,
    Price, Qty, Query, Ratio, RejectReason, ReplaceOrder, Report, ReportKind, Side, TimeInForce,
    UnixNanos, VenueOrderId,
};

use super::*;
use crate::actions::{ActionKind, CorporateAction, Split};
use crate::charges::{Charge, ChargeKind};
use crate::currency::{CurrencyId, ExchangeRate};
use crate::execution::ExecutionTimes;
use crate::input::{Person, Phase};
use crate::kernel::KernelConfig;
use crate::margin::{Margin, MarginRate, MarginRates};
use crate::risk::{Guards, RiskLimits};

/// splitmix64 with a printed seed: the values of the property tests.
struct Values(u64);

impl Values {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.word() % end
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Small, extreme or anything.
    fn signed(&mut self) -> i64 {
        match self.below(4) {
            0 => self.below(100) as i64,
            1 => i64::MIN,
            2 => i64::MAX,
            _ => self.word() as i64,
        }
    }

    fn wide(&mut self) -> u128 {
        u128::from(self.word()) << 64 | u128::from(self.word())
    }

    fn time(&mut self) -> UnixNanos {
        UnixNanos(self.signed())
    }

    fn id(&mut self) -> ClientOrderId {
        ClientOrderId {
            sequence: self.word(),
            revision: self.word() as u16,
        }
    }

    fn instrument(&mut self) -> InstrumentId {
        InstrumentId(self.word() as u32)
    }

    fn qty(&mut self) -> Qty {
        Qty(self.signed())
    }

    fn price(&mut self) -> Option<Price> {
        let price = Price(self.signed());
        self.flag().then_some(price)
    }

    fn side(&mut self) -> Side {
        [Side::Buy, Side::Sell][self.below(2) as usize]
    }

    fn order_type(&mut self) -> OrderType {
        [OrderType::Market, OrderType::Limit, OrderType::Stop][self.below(3) as usize]
    }

    fn tif(&mut self) -> TimeInForce {
        use TimeInForce::{Day, Fok, Gtc, Ioc};
        [Day, Gtc, Ioc, Fok][self.below(4) as usize]
    }

    fn reason(&mut self) -> RejectReason {
        use RejectReason::{BadQty, NeverAccepted, Risk, Venue};
        [Venue, BadQty, NeverAccepted, Risk][self.below(4) as usize]
    }

    fn query(&mut self) -> Query {
        match self.below(5) {
            0 => Query::Order {
                client_order_id: self.id(),
                instrument: self.instrument(),
            },
            1 => Query::OpenOrders,
            2 => Query::Fills { since: self.time() },
            3 => Query::Positions,
            _ => Query::Account,
        }
    }

    fn charge(&mut self) -> Charge {
        let (instrument, rate) = (self.instrument(), self.ratio());
        let kind = match self.below(3) {
            0 => ChargeKind::Borrow { rate },
            1 => ChargeKind::Interest { rate },
            _ => {
                let mark = self.flag().then(|| self.ratio());
                ChargeKind::Funding { rate, mark }
            }
        };
        Charge { instrument, kind }
    }

    fn ratio(&mut self) -> Ratio {
        let by = self.below(1 << 40) as i64 + 1;
        Ratio::try_new(self.signed() >> 1, by).unwrap()
    }

    fn kind(&mut self) -> ReportKind {
        let (cum_qty, order_qty, limit_price) = (self.qty(), self.qty(), self.price());
        let reason = self.reason();
        match self.below(17) {
            0 => ReportKind::Accepted,
            1 => ReportKind::Fill {
                exec_id: ExecId(self.wide()),
                last_qty: self.qty(),
                last_price: Price(self.signed()),
                cum_qty,
                fee: Money(self.wide() as i128),
                fee_asset: py_rt_types::FeeAsset::Quote,
                liquidity: [Liquidity::Maker, Liquidity::Taker][self.below(2) as usize],
            },
            2 => ReportKind::Canceled { cum_qty },
            3 => ReportKind::Expired { cum_qty },
            4 => ReportKind::DoneForDay { cum_qty },
            5 => ReportKind::Rejected { reason },
            6 => ReportKind::Replaced {
                order_qty,
                limit_price,
            },
            7 => ReportKind::PendingCancel,
            8 => ReportKind::PendingReplace,
            9 => ReportKind::CancelRejected { reason },
            10 => ReportKind::ReplaceRejected { reason },
            11 => ReportKind::Snapshot {
                status: OrderStatus::PartiallyFilled,
                order_qty,
                cum_qty,
                order_type: self.order_type(),
                tif: self.tif(),
                limit_price,
            },
            12 => ReportKind::NotFound,
            13 => ReportKind::NewUnanswered,
            14 => ReportKind::CancelUnanswered,
            15 => ReportKind::ReplaceUnanswered,
            _ => ReportKind::QueryUnanswered,
        }
    }

    fn input(&mut self) -> OwnedInput {
        match self.below(11) {
            0 => OwnedInput::Market(MarketEvent {
                ts_event: self.time(),
                ts_recv: self.time(),
                instrument: self.instrument(),
                kind: self.word() as u8,
                side: self.word() as i8,
                flags: self.word() as u16,
                price: Price(self.signed()),
                qty: self.qty(),
                order_id: self.word(),
            }),
            1 => OwnedInput::Bar(Bar {
                ts_open: self.time(),
                ts_close: self.time(),
                instrument: self.instrument(),
                flags: 0,
                open: Price(self.signed()),
                high: Price(self.signed()),
                low: Price(self.signed()),
                close: Price(self.signed()),
                volume: self.below(1 << 52) as f64 / 1024.0,
            }),
            2 => OwnedInput::Report(Report {
                ts_event: self.time(),
                client_order_id: self.id(),
                venue_order_id: VenueOrderId(self.wide()),
                instrument: self.instrument(),
                side: self.side(),
                kind: self.kind(),
            }),
            3 => OwnedInput::Account(match self.below(4) {
                0 => AccountReport::Position {
                    instrument: self.instrument(),
                    qty: self.qty(),
                    cost: Money(self.wide() as i128),
                },
                1 => AccountReport::Cash(Money(self.wide() as i128)),
                2 => AccountReport::Done(self.query()),
                _ => AccountReport::Failed(self.query()),
            }),
            4 => OwnedInput::Session(match self.below(3) {
                0 => Session::Connected,
                1 => Session::Disconnected,
                _ => Session::Restarted {
                    next_sequence: self.word(),
                },
            }),
            5 => OwnedInput::Control(self.control()),
            6 => OwnedInput::Action(CorporateAction {
                instrument: self.instrument(),
                kind: if self.flag() {
                    ActionKind::Split(Split { to: 4, from: 1 })
                } else {
                    ActionKind::Dividend {
                        per_unit: Money(self.wide() as i128 / 3),
                    }
                },
            }),
            7 => OwnedInput::Phase(
                self.instrument(),
                [Phase::Open, Phase::Auction, Phase::Halted, Phase::Closed][self.below(4) as usize],
            ),
            8 => OwnedInput::Charge(self.charge()),
            9 => OwnedInput::Rate(ExchangeRate {
                currency: CurrencyId(self.below(256) as u8),
                rate: self.ratio(),
            }),
            _ => OwnedInput::Timer,
        }
    }

    fn control(&mut self) -> Control {
        [
            Control::Start,
            Control::Stop,
            Control::Halt,
            Control::ReduceOnly,
            Control::Resume {
                by: Person::parse("ada").unwrap(),
            },
            Control::Flatten,
            Control::Loosen {
                by: Person::parse("a.b-c_d@e+f").unwrap(),
            },
            Control::CancelAll,
            Control::LeaseLost,
            Control::LeaseHeld,
        ][self.below(10) as usize]
    }

    fn decision(&mut self) -> Decision {
        match self.below(4) {
            0 => Decision::New(NewOrder {
                client_order_id: self.id(),
                instrument: self.instrument(),
                side: self.side(),
                order_type: self.order_type(),
                tif: self.tif(),
                order_qty: self.qty(),
                limit_price: self.price(),
                stop_price: self.price(),
                post_only: self.flag(),
                reduce_only: self.flag(),
            }),
            1 => Decision::Replace(ReplaceOrder {
                client_order_id: self.id(),
                venue_order_id: VenueOrderId(self.wide()),
                instrument: self.instrument(),
                order_qty: self.qty(),
                limit_price: self.price(),
            }),
            2 => Decision::Cancel(CancelOrder {
                client_order_id: self.id(),
                venue_order_id: VenueOrderId(self.wide()),
                instrument: self.instrument(),
            }),
            _ => Decision::Query(self.query()),
        }
    }
}

pub(crate) fn config() -> KernelConfig {
    let decimal = |text| Decimal::parse(text).unwrap();
    let instrument = |symbol: &str| {
        Instrument::try_new(InstrumentSpec {
            symbol: symbol.to_string(),
            venue: "ALPACA".to_string(),
            tick_size: decimal("0.01"),
            order_tick: None,
            lot_size: decimal("0.0001"),
            min_qty: decimal("0.001"),
            min_notional: Decimal::ZERO,
            multiplier: decimal("1"),
            currency: "USD".to_string(),
            asset_class: AssetClass::Crypto,
            shortable: false,
            sessions: false,
        })
        .unwrap()
    };
    KernelConfig {
        instruments: vec![instrument("BTC/USD"), instrument("ETH/USD")],
        limits: RiskLimits {
            max_order_qty: decimal("1000"),
            max_order_notional: Money(1_000_000 * Money::ONE.0),
            max_position_notional: Money(1_000_000 * Money::ONE.0),
            max_gross_notional: Money(1_000_000 * Money::ONE.0),
            max_open_orders: 50,
            max_orders_per_second: 100,
            price_collar_bps: 500,
            reference_age_ns_max: i64::MAX,
            max_daily_loss: Money(10_000 * Money::ONE.0),
            max_drawdown_e9: 100_000_000,
            max_leverage_e9: 4_000_000_000,
            guards: Guards::default(),
        },
        times: ExecutionTimes::default(),
        cash: Money(100_000 * Money::ONE.0),
        reconciled: true,
        cancel_on_stop: true,
        bar_interval_ns: 60_000_000_000,
        strategies: Vec::new(),
        opens_at: UnixNanos::MIN,
        currencies: None,
        margin: Some(Margin {
            rates: vec![
                MarginRates {
                    initial: MarginRate {
                        long: Ratio::try_new(1, 2).unwrap(),
                        short: Ratio::ONE,
                    },
                    maintenance: MarginRate {
                        long: Ratio::try_new(1, 4).unwrap(),
                        short: Ratio::try_new(3, 10).unwrap(),
                    },
                };
                4
            ],
            grace_ns: 86_400_000_000_000,
        }),
    }
}

fn header() -> Header {
    Header {
        lineage: "abcdefgh".to_string(),
        session: 3,
        ts_start: UnixNanos(1_700_000_000_000_000_000),
        first_sequence: 2049,
        strategy: "market_maker".to_string(),
        parameters: b"{\"order_qty\":0.01}".to_vec(),
        config_hash: "c0ffee".to_string(),
        code_hash: "beef".to_string(),
        strict: true,
        totals_before: Totals::default(),
        kernel: config(),
    }
}

fn bytes_of(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    entry.encode(&mut out);
    out
}

fn some_entries(seed: u64) -> Vec<Entry> {
    let mut values = Values(seed);
    let mut entries = vec![
        Entry::Header(Box::new(header())),
        Entry::Snapshot(vec![1, 2, 3]),
        Entry::IdBlock { end: 1025 },
        Entry::Synced { offset: 4_096 },
        Entry::End(End {
            now: UnixNanos(7),
            order_hash: 1 << 100,
            decisions: 12,
            totals: Totals {
                orders: 5,
                fills: 4,
                rejected: 3,
            },
        }),
    ];
    for _ in 0..500 {
        let now = values.time();
        entries.push(Entry::Input(now, values.input()));
        entries.push(Entry::Decision(now, values.decision()));
    }
    entries
}

#[test]
fn every_record_survives() {
    for seed in 0..20 {
        for entry in some_entries(seed) {
            let bytes = bytes_of(&entry);
            let back = Entry::decode(&bytes).unwrap();
            assert_eq!(bytes_of(&back), bytes, "seed {seed}: {entry:?}");
            match (entry, back) {
                (Entry::Input(now, a), Entry::Input(then, b)) => assert_eq!((now, a), (then, b)),
                (Entry::Decision(now, a), Entry::Decision(then, b)) => {
                    assert_eq!((now, a), (then, b));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn rows_have_the_promised_length() {
    for seed in 0..50 {
        let input = Values(seed).input();
        let mut out = Vec::new();
        encode_input(UnixNanos(0), &input.as_input(), &mut out);
        match input {
            OwnedInput::Market(_) => assert_eq!(out.len(), 1 + 8 + 48),
            OwnedInput::Bar(_) => assert_eq!(out.len(), 1 + 8 + 64),
            _ => {}
        }
    }
}

#[test]
fn a_record_that_is_cut_or_too_long_is_malformed() {
    for entry in some_entries(1) {
        let bytes = bytes_of(&entry);
        for length in 0..bytes.len() {
            let cut = Entry::decode(&bytes[..length]);
            assert!(
                cut.unwrap_err().offset <= length,
                "{entry:?} cut at {length}"
            );
        }
        let mut longer = bytes.clone();
        longer.push(0);
        let error = Entry::decode(&longer).unwrap_err();
        assert_eq!(
            (error.field, error.offset),
            ("end", bytes.len()),
            "{entry:?}"
        );
    }
}

#[test]
fn no_bytes_can_panic_the_reader() {
    let mut values = Values(5);
    for entry in some_entries(2) {
        let mut bytes = bytes_of(&entry);
        for _ in 0..20 {
            let at = values.below(bytes.len() as u64) as usize;
            bytes[at] = values.word() as u8;
            if let Ok(read) = Entry::decode(&bytes) {
                assert_eq!(
                    bytes_of(&read).len(),
                    bytes.len(),
                    "read back as it was written"
                );
            }
        }
    }
    assert_eq!(
        Entry::decode(&[99]).unwrap_err(),
        Malformed {
            offset: 0,
            field: "kind"
        }
    );
    let mut other = bytes_of(&Entry::Header(Box::new(header())));
    other[1] = 9;
    assert_eq!(Entry::decode(&other).unwrap_err().field, "format");
}
