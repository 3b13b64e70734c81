//! Messages are applied whole, changes are told once, a replay begins again later.

use py_rt_types::{AssetClass, Decimal, InstrumentId, UnixNanos, END};

use super::*;
use crate::proto::StreamMarketDataResponse;

fn listing() -> InstrumentSpec {
    InstrumentSpec {
        symbol: "BTC/USD".to_owned(),
        venue: "KRAKEN".to_owned(),
        tick_size: Decimal::parse("0.1").unwrap(),
        order_tick: None,
        lot_size: Decimal::parse("0.001").unwrap(),
        min_qty: Decimal::parse("0").unwrap(),
        min_notional: Decimal::parse("0").unwrap(),
        multiplier: Decimal::parse("1").unwrap(),
        currency: "USD".to_owned(),
        asset_class: AssetClass::Crypto,
        shortable: true,
        sessions: false,
    }
}

fn row(ts: i64, kind: u8, side: i8, price: i64, qty: i64, flags: u16) -> MarketEvent {
    MarketEvent {
        ts_event: UnixNanos(ts),
        ts_recv: UnixNanos(ts),
        instrument: InstrumentId(0),
        kind,
        side,
        flags,
        price: Price(price),
        qty: Qty(qty),
        order_id: 0,
    }
}

fn book(board: &Board) -> GetOrderBookResponse {
    let request = GetOrderBookRequest {
        symbol: "btc-usd".to_owned(),
        exchange: "Kraken".to_owned(),
        depth: Some(2),
    };
    board.order_book(&request).unwrap()
}

fn ticks(reader: &mut Reader) -> Vec<StreamMarketDataResponse> {
    let mut found = Vec::new();
    while let Look::Change(tick) = reader.look() {
        found.push(tick);
    }
    found
}

#[test]
fn half_a_message_is_not_shown() {
    let board = Arc::new(Board::new(vec![listing()]));
    let mut reader = Reader::new(&board, &StreamMarketDataRequest::default()).unwrap();
    board.handle_rows(&[row(1, 0, 1, 100, 5, 0)]);
    assert!(book(&board).bids.is_empty());
    assert!(matches!(reader.look(), Look::Nothing));
    board.handle_rows(&[row(2, 0, -1, 103, 7, END)]);
    let shown = book(&board);
    assert_eq!((shown.bids[0].price, shown.asks[0].price), (10.0, 10.3));
    assert_eq!(
        (shown.bids[0].quantity, shown.asks[0].quantity),
        (0.005, 0.007)
    );
    let told = ticks(&mut reader);
    assert_eq!((told.len(), told[0].mid, told[0].timestamp), (1, 10.15, 2));
}

#[test]
fn a_change_is_told_once_and_trades_count() {
    let board = Arc::new(Board::new(vec![listing()]));
    board.handle_rows(&[row(1, 0, 1, 100, 5, 0), row(1, 0, -1, 103, 7, END)]);
    let mut reader = Reader::new(&board, &StreamMarketDataRequest::default()).unwrap();
    assert_eq!(ticks(&mut reader).len(), 1, "what is known is told first");
    board.handle_rows(&[row(2, 0, 1, 90, 5, END)]);
    assert!(ticks(&mut reader).is_empty(), "the touch did not move");
    board.handle_rows(&[row(3, 1, 1, 103, 2000, 0), row(4, 1, 1, 103, 500, 0)]);
    let volumes: Vec<f64> = ticks(&mut reader).iter().map(|t| t.volume).collect();
    assert_eq!(volumes, [2.0, 2.5]);
    board.end();
    assert!(matches!(reader.look(), Look::End));
}

#[test]
fn a_thin_stream_keeps_its_distance() {
    let request = StreamMarketDataRequest {
        interval_ms: 1,
        ..StreamMarketDataRequest::default()
    };
    let mut teller = Teller::new(vec![true], &request);
    let mut at = |ts_event| {
        teller.picks(&Touch {
            instrument: 0,
            ts_event,
            bid: Price(1),
            ask: Price(2),
            volume: 0,
        })
    };
    let picked = [0, 999_999, 1_000_000, 1_500_000, 2_000_000].map(&mut at);
    assert_eq!(picked, [true, false, true, false, true]);
}

#[test]
fn changes_that_go_together_are_those_that_go_alone() {
    let other = InstrumentSpec {
        symbol: "ETH/USD".to_owned(),
        ..listing()
    };
    let board = Arc::new(Board::new(vec![listing(), other]));
    let reader = |batch| {
        let request = StreamMarketDataRequest {
            batch,
            ..StreamMarketDataRequest::default()
        };
        Reader::new(&board, &request).unwrap()
    };
    let (mut alone, mut three, mut many) = (reader(0), reader(3), reader(u32::MAX));
    for ts in 0..4 {
        for instrument in [1, 0] {
            let mut rows = [
                row(ts, 0, 1, 100 + ts, 5, 0),
                row(ts, 0, -1, 110 + ts, 7, END),
            ];
            rows.iter_mut()
                .for_each(|row| row.instrument = InstrumentId(instrument));
            board.handle_rows(&rows);
        }
    }
    let alone = ticks(&mut alone);
    assert_eq!(alone.len(), 8);
    let (three, many) = (ticks(&mut three), ticks(&mut many));
    let sizes = |messages: &[StreamMarketDataResponse]| -> Vec<usize> {
        let size = |m: &StreamMarketDataResponse| m.ticks.as_ref().map_or(0, |t| t.bid.len());
        messages.iter().map(size).collect()
    };
    assert_eq!((sizes(&three), sizes(&many)), (vec![3, 3, 2], vec![8]));
    for messages in [three, many] {
        let apart = messages.into_iter().flat_map(|message| {
            assert!(message.symbol.is_empty());
            let ticks = message.ticks.unwrap();
            (0..ticks.bid.len()).map(move |at| StreamMarketDataResponse {
                symbol: ticks.symbols[ticks.symbol_index[at] as usize].clone(),
                timestamp: ticks.timestamp[at],
                bid: ticks.bid[at],
                ask: ticks.ask[at],
                mid: 0.5 * (ticks.bid[at] + ticks.ask[at]),
                volume: ticks.volume[at],
                ticks: None,
            })
        });
        assert_eq!(apart.collect::<Vec<_>>(), alone);
    }
}

#[test]
fn a_slow_reader_misses_the_oldest_and_goes_on() {
    let board = Arc::new(Board::new(vec![listing()]));
    board.handle_rows(&[row(1, 0, 1, 100, 5, 0), row(1, 0, -1, 103, 7, END)]);
    let mut reader = Reader::new(&board, &StreamMarketDataRequest::default()).unwrap();
    let more = RING as i64 + 10;
    for ts in 0..more {
        board.handle_rows(&[row(ts + 2, 1, 1, 103, 1, 0)]);
    }
    let told = ticks(&mut reader);
    assert_eq!(told.len(), RING + 1, "what was known, and the newest");
    assert_eq!(told.last().map(|t| t.timestamp), Some(more + 1));
}

#[test]
fn a_replay_that_repeats_goes_on_with_later_times() {
    let board = Arc::new(Board::new(vec![listing()]));
    let rows = vec![
        row(10, 0, 1, 100, 5, 0),
        row(10, 0, -1, 103, 7, END),
        row(20, 1, 1, 103, 1, 0),
    ];
    let replay = Replay {
        rows,
        speed: 0.0,
        repeat: true,
    };
    let mut reader = Reader::new(&board, &StreamMarketDataRequest::default()).unwrap();
    let feed = Feed::replay(&board, replay).unwrap();
    let mut told = Vec::new();
    while told.len() < 10 {
        told.extend(ticks(&mut reader));
        std::thread::yield_now();
    }
    drop(feed);
    let times: Vec<i64> = told.iter().map(|t| t.timestamp).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
    assert!(times.last() > Some(&1_000_000_000));
    assert!(*board.subscribe().ended.borrow());
}
