//! Breakers latch on the event that crosses, and what runs for ever is stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::{Cause, Event, TradingState};
use py_rt_kernel::risk::Control as Limit;
use py_rt_kernel::{Control, Input, Interests, KernelConfig};
use py_rt_types::ReportKind;
use rig::limits::rig;
use rig::verdict::verdict;
use rig::{ada, buy, config, fill, instrument, loose, money, Rig, Script, Wish, FIRST, SECOND};

fn states(rig: &Rig) -> Vec<(TradingState, Cause)> {
    let state = |event: &Event| match event {
        Event::Trading { state, cause } => Some((*state, *cause)),
        _ => None,
    };
    rig.events.iter().filter_map(state).collect()
}

#[test]
fn the_daily_loss_latches_on_the_event_that_crosses() {
    let mut rig = rig(|l| l.max_daily_loss = money("1"));
    rig.hold(FIRST, 100);
    rig.book(FIRST, 9_998, 10_000);
    assert_eq!(
        rig.kernel.trading_state(),
        TradingState::Active,
        "a loss of 1 is within 1"
    );
    rig.forget();
    rig.book(FIRST, 9_997, 10_000);
    assert_eq!(states(&rig), [(TradingState::ReduceOnly, Cause::DailyLoss)]);
    rig.book(FIRST, 10_099, 10_101);
    assert_eq!(
        verdict(&mut rig, buy(1, 10_000)),
        Some(Limit::TradingState),
        "latched"
    );
    rig.now += 2 * 86_400 * SECOND;
    rig.book(FIRST, 10_099, 10_101);
    assert_eq!(
        rig.kernel.trading_state(),
        TradingState::ReduceOnly,
        "also over the night"
    );
    rig.control(Control::Resume { by: ada() });
    rig.book(FIRST, 10_098, 10_100);
    assert_eq!(
        rig.kernel.trading_state(),
        TradingState::Active,
        "counted anew"
    );
    rig.book(FIRST, 10_097, 10_100);
    assert_eq!(rig.kernel.trading_state(), TradingState::ReduceOnly);
}

#[test]
fn the_loss_of_the_very_first_fill_counts() {
    let mut rig = rig(|l| l.max_daily_loss = money("1"));
    rig.ask(&[buy(100, 10_100)]);
    rig.tell(1, fill(100, 100, 10_100));
    assert_eq!(
        rig.kernel.trading_state(),
        TradingState::ReduceOnly,
        "bought 100 above the mark"
    );
}

#[test]
fn the_first_event_of_a_day_counts_into_that_day() {
    let mut rig = rig(|l| l.max_daily_loss = money("1"));
    rig.hold(FIRST, 100);
    rig.now += 86_400 * SECOND;
    rig.book(FIRST, 9_989, 9_991);
    assert_eq!(
        rig.kernel.trading_state(),
        TradingState::ReduceOnly,
        "fell by 10 over night"
    );
}

#[test]
fn losses_of_two_days_are_not_added() {
    let mut rig = rig(|l| l.max_daily_loss = money("1"));
    rig.hold(FIRST, 100);
    for day in 0..5 {
        rig.book(FIRST, 9_998 - day, 10_000 - day);
        assert_eq!(
            rig.kernel.trading_state(),
            TradingState::Active,
            "day {day}"
        );
        rig.now += 86_400 * SECOND;
    }
}

#[test]
fn the_drawdown_halts_and_its_cancels_leave_with_the_event_that_crosses() {
    let mut limits = loose();
    limits.max_drawdown_e9 = 100_000_000;
    let config = KernelConfig {
        limits,
        cash: money("10000"),
        ..config(vec![instrument("AAA")])
    };
    let script = Script {
        interests: Some(Interests::TRADE),
        ..Script::default()
    };
    let mut rig = Rig::scripted(config, script);
    rig.hold(FIRST, 100);
    rig.ask(&[buy(1, 9_990)]);
    rig.tell(2, ReportKind::Accepted);
    rig.forget();
    rig.book(FIRST, 8_999, 9_001);
    assert_eq!(
        rig.kernel.trading_state(),
        TradingState::Active,
        "a tenth is within a tenth"
    );
    rig.book(FIRST, 8_998, 9_001);
    assert_eq!(states(&rig), [(TradingState::Halted, Cause::Drawdown)]);
    assert_eq!(rig.cancels().len(), 1);
    assert!(
        rig.kernel.poll_timeout().0 < i64::MAX,
        "and the cancel is looked after"
    );
}

#[test]
fn stop_never_loosens_a_halt() {
    let mut rig = Rig::one();
    rig.control(Control::Halt);
    rig.control(Control::Stop);
    assert_eq!(rig.kernel.trading_state(), TradingState::Halted);
    let mut rig = Rig::one();
    rig.control(Control::Stop);
    assert_eq!(rig.kernel.trading_state(), TradingState::ReduceOnly);
}

#[test]
fn starting_twice_starts_once() {
    let mut rig = Rig::one();
    rig.control(Control::Start);
    assert_eq!(rig.kernel.strategy().starts, 1);
    rig.control(Control::Stop);
    rig.control(Control::Start);
    assert_eq!(rig.kernel.strategy().starts, 2);
}

#[test]
fn a_strategy_that_answers_itself_for_ever_is_stopped() {
    let mut rig = Rig::one();
    rig.kernel.strategy_mut().at_timer = vec![Wish::Timer(1, 0, 0)];
    rig.ask(&[Wish::Timer(1, 0, 0)]);
    rig.pass(SECOND);
    assert!(rig.events.contains(&Event::StrategyFailed));
    assert_eq!(rig.kernel.trading_state(), TradingState::Halted);
    assert_eq!(rig.kernel.poll_timeout().0, i64::MAX);
    let mut rig = Rig::one();
    rig.ask(&[buy(1, 9_990), Wish::Fail, buy(1, 9_990)]);
    assert_eq!(rig.new_orders().len(), 1);
    assert!(!rig.kernel.is_running());
}

#[test]
fn a_timer_rings_when_it_is_due_and_repeats_without_catching_up() {
    let mut rig = Rig::one();
    let begin = rig.now;
    rig.ask(&[
        Wish::Timer(7, begin + SECOND, 2 * SECOND),
        Wish::Timer(8, begin + 3 * SECOND, 0),
    ]);
    rig.pass(6 * SECOND);
    let rung: Vec<(i64, u32)> = rig
        .kernel
        .strategy()
        .timers
        .iter()
        .map(|(at, id)| ((at - begin) / SECOND, *id))
        .collect();
    assert_eq!(rung, [(1, 7), (3, 7), (3, 8), (5, 7)]);
    rig.now += 10 * SECOND;
    rig.input(Input::Timer);
    assert_eq!(
        rig.kernel.strategy().timers.len(),
        5,
        "late rings are one ring"
    );
}
