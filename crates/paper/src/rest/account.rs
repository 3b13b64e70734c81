//! The account over HTTP.

use py_rt_types::{Decimal, Money};

use super::{money, Reply};
use crate::answer::{Answer, Refusal, Request};
use crate::civil;
use crate::engine::Engine;
use crate::node::Node;
use crate::ticket::Fields;

const ZERO: &str = "0";

impl Engine {
    pub(super) fn show_account(&self, place: usize) -> Answer {
        let account = &self.accounts[place];
        let values = self.values(place);
        let buying_power = self.buying_power(place, None);
        let spendable = self.spendable_cash(place, None);
        let (equity, long, short) = (
            Money(values.equity),
            Money(values.long),
            Money(values.short),
        );
        let gross = Money(values.long - values.coins - values.short);
        let margin = Money(gross.0 / i128::from(self.margin_multiplier));
        let number: String = account
            .id
            .to_string()
            .chars()
            .filter(|c| *c != '-')
            .collect();
        let number = format!("PA{}", number[..10].to_ascii_uppercase());
        let multiplier = Node::text(self.margin_multiplier.to_string());
        Answer::ok(Node::map([
            ("id", Node::text(account.id.to_string())),
            ("account_number", Node::text(number)),
            ("status", "ACTIVE".into()),
            ("crypto_status", "ACTIVE".into()),
            ("currency", "USD".into()),
            ("buying_power", money(buying_power)),
            ("regt_buying_power", money(buying_power)),
            ("non_marginable_buying_power", money(spendable)),
            ("options_buying_power", ZERO.into()),
            ("cash", money(account.cash)),
            ("accrued_fees", ZERO.into()),
            ("pending_transfer_in", ZERO.into()),
            ("pending_transfer_out", ZERO.into()),
            ("portfolio_value", money(equity)),
            ("equity", money(equity)),
            ("last_equity", money(account.initial_cash)),
            ("long_market_value", money(long)),
            ("short_market_value", money(short)),
            ("position_market_value", money(Money(long.0 + short.0))),
            ("initial_margin", money(margin)),
            ("maintenance_margin", money(margin)),
            ("last_maintenance_margin", ZERO.into()),
            ("sma", ZERO.into()),
            ("multiplier", multiplier),
            ("shorting_enabled", Node::Bool(!account.no_shorting)),
            ("trading_blocked", Node::Bool(false)),
            ("transfers_blocked", Node::Bool(false)),
            ("account_blocked", Node::Bool(false)),
            ("trade_suspended_by_user", Node::Bool(account.suspended)),
            ("created_at", Node::Time(self.started_at)),
            (
                "balance_asof",
                Node::text(civil::date_text(civil::eastern_day(self.started_at))),
            ),
            ("intraday_adjustments", ZERO.into()),
            ("pending_reg_taf_fees", ZERO.into()),
            ("options_approved_level", Node::Int(0)),
            ("options_trading_level", Node::Int(0)),
        ]))
    }

    pub(super) fn show_configurations(&self, place: usize) -> Answer {
        let account = &self.accounts[place];
        Answer::ok(Node::map([
            ("disable_overnight_trading", Node::Bool(false)),
            ("dtbp_check", "entry".into()),
            ("fractional_trading", Node::Bool(true)),
            (
                "max_margin_multiplier",
                Node::text(self.margin_multiplier.to_string()),
            ),
            ("max_options_trading_level", Node::Int(0)),
            ("no_shorting", Node::Bool(account.no_shorting)),
            ("pdt_check", "entry".into()),
            ("ptp_no_exception_entry", Node::Bool(false)),
            ("suspend_trade", Node::Bool(account.suspended)),
            ("trade_confirm_email", "all".into()),
        ]))
    }

    /// Two settings act here, the others are accepted and stay as they are.
    pub(super) fn configure(&mut self, place: usize, request: &Request) -> Reply {
        let fields = Fields::parse(&request.body)?;
        let account = &mut self.accounts[place];
        if fields.text("suspend_trade")?.is_some() {
            account.suspended = fields.flag("suspend_trade")?;
        }
        if fields.text("no_shorting")?.is_some() {
            account.no_shorting = fields.flag("no_shorting")?;
        }
        Ok(self.show_configurations(place))
    }

    /// Two points: the start of the venue and now.
    pub(super) fn portfolio_history(&self, place: usize) -> Answer {
        let account = &self.accounts[place];
        let (base, equity) = (account.initial_cash.0, self.values(place).equity);
        let seconds = |at: py_rt_types::UnixNanos| Node::Int(at.0.div_euclid(1_000_000_000));
        let amount = |atto: i128| Node::Number(Decimal::from_atto(atto));
        let share = super::positions::ratio(equity - base, base);
        let day = civil::eastern_day(self.started_at);
        Answer::ok(Node::map([
            (
                "timestamp",
                Node::List(vec![seconds(self.started_at), seconds(self.now)]),
            ),
            ("equity", Node::List(vec![amount(base), amount(equity)])),
            (
                "profit_loss",
                Node::List(vec![amount(0), amount(equity - base)]),
            ),
            (
                "profit_loss_pct",
                Node::List(vec![amount(0), Node::Number(share)]),
            ),
            ("base_value", amount(base)),
            ("base_value_asof", Node::text(civil::date_text(day))),
            ("timeframe", "1D".into()),
            ("cashflow", Node::Map(Vec::new())),
        ]))
    }

    pub(super) fn show_clock(&self) -> Answer {
        let now = self.said_now();
        let next = civil::current_or_next(now);
        let is_open = next.open <= now;
        let opens = if is_open {
            civil::next_trading_day(next.day + 1).open
        } else {
            next.open
        };
        let eastern = |at| Node::text(civil::eastern_text(at));
        Answer::ok(Node::map([
            ("timestamp", eastern(now)),
            ("is_open", Node::Bool(is_open)),
            ("next_open", eastern(opens)),
            ("next_close", eastern(next.close)),
        ]))
    }

    pub(super) fn calendar(&self, request: &Request) -> Reply {
        let bad = |name: &str| Refusal::malformed(format!("invalid {name}: use YYYY-MM-DD"));
        let day = |name: &str| match request.param(name) {
            Some(text) => civil::parse_date(text.get(..10).unwrap_or(text))
                .map(Some)
                .ok_or_else(|| bad(name)),
            None => Ok(None),
        };
        let today = civil::eastern_day(self.now);
        let start = day("start")?.unwrap_or(today);
        let end = day("end")?.unwrap_or(start + 365).min(start + 36_525);
        let rows = (start..=end).filter_map(civil::trading_day).map(|session| {
            let early = session.early_close;
            Node::map([
                ("date", Node::text(civil::date_text(session.day))),
                ("open", "09:30".into()),
                ("close", if early { "13:00" } else { "16:00" }.into()),
                ("session_open", "0400".into()),
                ("session_close", if early { "1700" } else { "2000" }.into()),
                (
                    "settlement_date",
                    Node::text(civil::date_text(
                        civil::next_trading_day(session.day + 1).day,
                    )),
                ),
            ])
        });
        Ok(Answer::ok(Node::List(rows.collect())))
    }
}
