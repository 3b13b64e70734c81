//! What a plan makes of a session: its configuration, and the rules that the oracle holds it to.

use std::path::Path;

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::risk::{Guards, Pace, RiskLimits};
use py_rt_live::config::{Durability, JournalConfig, LiveConfig, Mode, VenueConfig};
use py_rt_live::{LiveError, Secret};
use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentSpec, Money};

use crate::oracle::Rules;
use crate::plan::{Dialect, GuardPlan, PacePlan, Plan};
use crate::run::{CANARY, QUIET_S};
use crate::venue::listing::{Listing, LISTINGS};
use crate::world::MS;

fn money(units: i128) -> Money {
    Money(units * Money::ONE.0)
}

pub(crate) fn rules(plan: &Plan) -> Rules {
    Rules {
        max_position_notional: money(6_000).0,
        max_order_notional: money(4_000).0,
        max_open_orders: plan.max_open_orders as usize,
        max_orders_per_second: plan.max_orders_per_second as usize,
        price_collar_bps: 10,
        shortable: plan.dialect == Dialect::Alpaca,
        guards: plan.guards,
    }
}

/// The guards as the kernel takes them.
fn guards(plan: &GuardPlan) -> Guards {
    let pace = |drawn: PacePlan| {
        drawn.map(|(most, window_ms)| Pace {
            most,
            window_ns: window_ms * MS,
        })
    };
    let units = |drawn: Option<i64>| drawn.map(|units| money(i128::from(units)));
    Guards {
        duplicates: pace(plan.duplicates),
        instrument_orders: pace(plan.instrument_orders),
        executions: pace(plan.executions),
        cancels: pace(plan.cancels),
        no_self_trade: plan.no_self_trade,
        max_net_notional: units(plan.max_net),
        max_daily_notional: units(plan.max_daily),
        ..Guards::default()
    }
}

fn decimal((number, scale): (i64, u32)) -> Decimal {
    Decimal::try_new(i128::from(number), scale).unwrap_or_default()
}

/// An instrument as the venue describes it; at Binance nothing can be sold that is not owned.
pub(crate) fn instrument(listing: &Listing, dialect: Dialect) -> Result<Instrument, LiveError> {
    Instrument::try_new(InstrumentSpec {
        symbol: listing.name(dialect).to_string(),
        venue: dialect.name().to_string(),
        tick_size: decimal(listing.tick),
        order_tick: None,
        lot_size: decimal(listing.lot),
        min_qty: decimal(listing.lot),
        min_notional: Decimal::ZERO,
        multiplier: decimal((1, 0)),
        currency: match dialect {
            Dialect::Alpaca => "USD",
            Dialect::Binance => "USDT",
        }
        .to_string(),
        asset_class: AssetClass::Crypto,
        shortable: dialect == Dialect::Alpaca,
        sessions: false,
    })
    .map_err(|error| LiveError::Config(error.to_string()))
}

fn venue(dialect: Dialect) -> VenueConfig {
    let (spoken, account, market) = match dialect {
        Dialect::Alpaca => (py_rt_live::Dialect::Alpaca, "stream", "v1beta3/crypto/us"),
        Dialect::Binance => (py_rt_live::Dialect::Binance, "ws-api/v3", "stream"),
    };
    VenueConfig {
        dialect: spoken,
        mode: Mode::Paper,
        trading_url: "http://127.0.0.1:1".to_string(),
        account_stream_url: format!("ws://127.0.0.1:1/{account}"),
        market_stream_url: format!("ws://127.0.0.1:1/{market}"),
        key: Secret::new("K".to_string()),
        secret: Secret::new(CANARY.to_string()),
        channels: None,
        fractional: false,
        order_connections: 1,
        answer_timeout_ns: 3_000 * MS,
        tier: py_rt_live::config::Tier::Starter,
    }
}

/// As large as in the field, and for every fourth seed so small that a session changes them.
const SEGMENTS: [u64; 4] = [256 << 20, 256 << 20, 256 << 10, 256 << 20];

pub(crate) fn config(plan: &Plan, state_dir: &Path) -> LiveConfig {
    let rules = rules(plan);
    let seconds = plan.trouble_ms as u64 / 1_000 + QUIET_S;
    LiveConfig {
        state_dir: state_dir.to_path_buf(),
        strategy: "gambler".to_string(),
        parameters: b"{}".to_vec(),
        config_hash: "config".to_string(),
        strategies: Vec::new(),
        code_hash: "code".to_string(),
        symbols: LISTINGS[..plan.instruments]
            .iter()
            .map(|listing| listing.name(plan.dialect).to_string())
            .collect(),
        venue: venue(plan.dialect),
        limits: RiskLimits {
            max_order_qty: decimal((1_000, 0)),
            max_order_notional: Money(rules.max_order_notional),
            max_position_notional: Money(rules.max_position_notional),
            max_gross_notional: money(1_000_000),
            max_open_orders: plan.max_open_orders,
            max_orders_per_second: plan.max_orders_per_second,
            price_collar_bps: 10,
            reference_age_ns_max: i64::MAX,
            max_daily_loss: money(50_000_000),
            max_drawdown_e9: 900_000_000,
            max_leverage_e9: 100_000_000_000,
            guards: guards(&plan.guards),
        },
        times: ExecutionTimes::default(),
        bar_interval_ns: 0,
        seconds,
        cancel_on_stop: true,
        durability: if plan.strict {
            Durability::Strict
        } else {
            Durability::Process
        },
        journal: JournalConfig {
            segment_bytes: SEGMENTS[(plan.seed % 4) as usize],
            retention_ns: None,
        },
        spin: false,
        store: false,
        database: None,
        account_locks: None,
        callback_limit: None,
        heartbeat: false,
    }
}
