//! What a seed means: how long, how many, and how often each thing goes wrong.

use crate::dice::Dice;

/// Whose words the venue of a run speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Alpaca: what is asked for happens later, and the stream tells.
    #[default]
    Alpaca,
    /// Binance spot: what is asked for has happened when it is answered.
    Binance,
}

impl Dialect {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Alpaca, Self::Binance];

    /// The word for it, as in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alpaca => "alpaca",
            Self::Binance => "binance",
        }
    }

    /// The dialect of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == word)
    }
}

/// The kinds of faults. Each has a rate of its own and is counted where it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Fault {
    /// A request never reaches the venue; its connection is reset.
    RequestLost,
    /// A request is applied, and its connection is reset instead of an answer.
    AnswerReset,
    /// A request is applied and its answer is a page of the gateway.
    GatewayPage,
    /// A request is refused by the gateway before it is applied.
    GatewayRefusal,
    /// An answer takes seconds.
    AnswerLate,
    /// An answer never comes, the connection stays open.
    AnswerMute,
    /// An answer is cut in its middle.
    AnswerHalf,
    /// The venue's quota is used up: 429 with a time to wait.
    RateLimited,
    /// A new order cannot be found for a while after it was taken.
    HiddenOrder,
    /// A new order is refused by a rule of the venue.
    OrderRejected,
    /// An order is rejected after it was accepted.
    RejectedLater,
    /// An order ends by itself.
    UnsolicitedCancel,
    /// An execution happens between the cancel's 204 and the end of the order.
    FillWhileCanceling,
    /// An execution is told after the order was told to be cancelled.
    FillAfterCancel,
    /// A replace is refused after it was answered with 200.
    ReplaceRejected,
    /// The account stream is cut.
    StreamCut,
    /// The account stream says nothing any more, the connection stays open.
    StreamMute,
    /// A report is told twice.
    ReportTwice,
    /// A report waits while later ones pass.
    ReportLate,
    /// Another program trades on the same account.
    ForeignOrder,
    /// The market stream is cut.
    MarketCut,
    /// A crossed book is told.
    CrossedBook,
    /// The process is killed.
    Kill,
    /// The last write of a killed process is torn.
    TornWrite,
    /// The power goes: what was not synced is lost.
    PowerLoss,
    /// A person writes a word into the kill file.
    KillWord,
    /// A report is never told, and the connection holds.
    ReportLost,
    /// Of what was not synced when the power went, a later sector is there and an earlier is not.
    SectorsSwapped,
    /// A new order is under way for seconds, longer than anybody believes in it.
    RequestLate,
    /// A replace that was answered with 200 is decided seconds later.
    ReplaceLate,
    /// The venue's clock goes on while ours stands still, as in a machine that sleeps.
    ClockJump,
    /// The venue ends the account's stream, and the connection holds; or says that it will end.
    StreamEnded,
    /// A change of a book is never told.
    ChangeLost,
    /// Of a replace, the cancel is done and the new order is refused.
    HalfReplaced,
}

impl Fault {
    /// Whether it can happen at a venue that speaks so.
    #[must_use]
    pub const fn is_of(self, dialect: Dialect) -> bool {
        let binance = matches!(
            self,
            Self::ClockJump | Self::StreamEnded | Self::ChangeLost | Self::HalfReplaced
        );
        !binance || matches!(dialect, Dialect::Binance)
    }
}

/// All of them, in order.
pub const FAULTS: [Fault; 34] = [
    Fault::RequestLost,
    Fault::AnswerReset,
    Fault::GatewayPage,
    Fault::GatewayRefusal,
    Fault::AnswerLate,
    Fault::AnswerMute,
    Fault::AnswerHalf,
    Fault::RateLimited,
    Fault::HiddenOrder,
    Fault::OrderRejected,
    Fault::RejectedLater,
    Fault::UnsolicitedCancel,
    Fault::FillWhileCanceling,
    Fault::FillAfterCancel,
    Fault::ReplaceRejected,
    Fault::StreamCut,
    Fault::StreamMute,
    Fault::ReportTwice,
    Fault::ReportLate,
    Fault::ForeignOrder,
    Fault::MarketCut,
    Fault::CrossedBook,
    Fault::Kill,
    Fault::TornWrite,
    Fault::PowerLoss,
    Fault::KillWord,
    Fault::ReportLost,
    Fault::SectorsSwapped,
    Fault::RequestLate,
    Fault::ReplaceLate,
    Fault::ClockJump,
    Fault::StreamEnded,
    Fault::ChangeLost,
    Fault::HalfReplaced,
];
/// How many of them there were when the first seeds failed; those seeds keep their meaning.
const FIRST_FAULTS: usize = 26;

fn draw_rate(dice: &mut Dice) -> u32 {
    let often = dice.between(1, 3);
    match dice.between(0, 3) {
        0 | 1 => 0,
        2 => dice.between(5, 40) as u32,
        _ => (often * dice.between(20, 100)) as u32,
    }
}

/// Everything that a run is made from. Equal plans give equal runs, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Whose words the venue speaks.
    pub dialect: Dialect,
    /// Instruments that are traded.
    pub instruments: usize,
    /// Length of the time with faults, in milliseconds.
    pub trouble_ms: i64,
    /// How often each fault happens, in a thousand occasions.
    pub rates: [u32; FAULTS.len()],
    /// How often the strategy wants something, in a thousand callbacks.
    pub wishes: u32,
    /// How many times the process is killed at the most.
    pub deaths: u32,
    /// Whether decisions are synced before they leave.
    pub strict: bool,
    /// Whether the strategy asks for parent orders and stops too.
    pub parents: bool,
    /// Most open orders.
    pub max_open_orders: u32,
    /// Most orders and replaces in a second.
    pub max_orders_per_second: u32,
    /// The limits beyond those, each on or off.
    pub guards: GuardPlan,
    /// The venue's clock less ours at the start, in milliseconds.
    pub skew_ms: i64,
    /// What executions cost of what is received, in 1e-6.
    pub fee_millionths: u32,
    /// Whether that is paid in an asset that is not traded.
    pub third_asset_fees: bool,
    /// Whether others traded so much just before that lists take several pages.
    pub crowded: bool,
}

/// How many, in how many milliseconds.
pub type PacePlan = Option<(u32, i64)>;

/// The guards of a run; what is `None` is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GuardPlan {
    /// Equal orders.
    pub duplicates: PacePlan,
    /// Orders and replaces of one instrument.
    pub instrument_orders: PacePlan,
    /// Executed orders of one instrument.
    pub executions: PacePlan,
    /// Cancels.
    pub cancels: PacePlan,
    /// Whether an order may not meet our own.
    pub no_self_trade: bool,
    /// Largest net value.
    pub max_net: Option<i64>,
    /// Most value executed in a day.
    pub max_daily: Option<i64>,
}

impl GuardPlan {
    fn draw(dice: &mut Dice) -> Self {
        let mut pace = |least, most, short, long| {
            let drawn = (dice.between(least, most) as u32, dice.between(short, long));
            dice.falls(400).then_some(drawn)
        };
        Self {
            duplicates: pace(1, 3, 200, 3_000),
            instrument_orders: pace(2, 15, 300, 2_000),
            executions: pace(3, 25, 1_000, 10_000),
            cancels: pace(2, 10, 300, 2_000),
            no_self_trade: dice.falls(500),
            max_net: dice.falls(400).then(|| dice.between(1_000, 8_000)),
            max_daily: dice.falls(400).then(|| dice.between(10_000, 200_000)),
        }
    }
}

impl Plan {
    /// The plan of a seed at a venue that speaks so. Seeds of each dialect are counted apart.
    #[must_use]
    pub fn draw_for(dialect: Dialect, seed: u64) -> Self {
        match dialect {
            Dialect::Alpaca => Self::draw(seed),
            Dialect::Binance => Self::draw_binance(seed),
        }
    }

    /// The same swarm, with what there is at Binance and not at Alpaca.
    fn draw_binance(seed: u64) -> Self {
        let mut plan = Self::draw(seed);
        let mut dice = Dice::new(seed).fork(12);
        for fault in FAULTS.into_iter().filter(|one| !one.is_of(Dialect::Alpaca)) {
            plan.rates[fault as usize] = draw_rate(&mut dice);
        }
        plan.dialect = Dialect::Binance;
        if plan.rate(Fault::ClockJump) > 0 {
            plan.skew_ms = dice.between(-3_000, 3_000);
        }
        plan.fee_millionths = [0, 750, 1_000, 30_000][dice.between(0, 3) as usize];
        plan.third_asset_fees = dice.falls(100);
        plan.crowded = dice.falls(25);
        plan
    }

    /// The plan of a seed at Alpaca: a swarm, in which each kind of fault is switched on or off
    /// first, so that rare combinations come up too.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut plan = Self::draw_second(seed);
        plan.rates[Fault::ReplaceLate as usize] = draw_rate(&mut Dice::new(seed).fork(11));
        plan
    }

    /// What a seed meant before replaces were decided late.
    #[must_use]
    pub fn draw_second(seed: u64) -> Self {
        let mut plan = Self::draw_first(seed);
        let mut dice = Dice::new(seed).fork(5);
        for fault in [Fault::ReportLost, Fault::SectorsSwapped] {
            plan.rates[fault as usize] = draw_rate(&mut dice);
        }
        plan.strict &= plan.rate(Fault::PowerLoss) == 0 || dice.falls(400);
        plan.rates[Fault::RequestLate as usize] = draw_rate(&mut dice);
        plan.guards = GuardPlan::draw(&mut Dice::new(seed).fork(9));
        plan.parents = Dice::new(seed).fork(10).falls(500);
        plan
    }

    /// What a seed meant when there were fewer kinds of faults, and power was lost in the strict
    /// grade only: so the failures of that time are repeated.
    #[must_use]
    pub fn draw_first(seed: u64) -> Self {
        let mut dice = Dice::new(seed).fork(1);
        let mut rates = [0; FAULTS.len()];
        for rate in &mut rates[..FIRST_FAULTS] {
            *rate = draw_rate(&mut dice);
        }
        let power = rates[Fault::PowerLoss as usize] > 0;
        Self {
            seed,
            dialect: Dialect::Alpaca,
            instruments: dice.between(1, 3) as usize,
            trouble_ms: dice.between(1_500, 12_000),
            rates,
            wishes: dice.between(50, 600) as u32,
            deaths: dice.between(0, 4) as u32,
            strict: power || dice.falls(250),
            parents: false,
            max_open_orders: dice.between(2, 12) as u32,
            max_orders_per_second: dice.between(3, 40) as u32,
            guards: GuardPlan::default(),
            skew_ms: 0,
            fee_millionths: 0,
            third_asset_fees: false,
            crowded: false,
        }
    }

    /// How often a fault happens, in a thousand occasions.
    #[must_use]
    pub const fn rate(&self, fault: Fault) -> u32 {
        self.rates[fault as usize]
    }

    /// Whether a new order may arrive after the venue has said for seconds that it has none. At
    /// Binance it is refused then: it says until when it is good.
    pub(crate) const fn may_arrive_too_late(&self) -> bool {
        self.rate(Fault::RequestLate) > 0 && matches!(self.dialect, Dialect::Alpaca)
    }

    /// Whether an order may be executed after the venue has said that it ended. At Binance the end
    /// says what was executed, and only that may be told later.
    pub(crate) const fn executes_ended(&self) -> bool {
        self.rate(Fault::FillAfterCancel) > 0 && matches!(self.dialect, Dialect::Alpaca)
    }

    /// The plans that are a little smaller than this one: each without one kind of fault, with
    /// fewer deaths, or shorter.
    #[must_use]
    pub fn smaller(&self) -> Vec<Self> {
        let without = |place: usize| {
            let mut plan = self.clone();
            plan.rates[place] = 0;
            plan
        };
        let mut plans: Vec<Self> = (0..FAULTS.len())
            .filter(|&place| self.rates[place] > 0)
            .map(without)
            .collect();
        let mut push = |change: &dyn Fn(&mut Self)| {
            let mut plan = self.clone();
            change(&mut plan);
            if plan != *self {
                plans.push(plan);
            }
        };
        push(&|plan| plan.deaths = plan.deaths.saturating_sub(1));
        push(&|plan| plan.guards = GuardPlan::default());
        push(&|plan| plan.parents = false);
        push(&|plan| plan.instruments = 1);
        push(&|plan| (plan.skew_ms, plan.fee_millionths) = (0, 0));
        push(&|plan| plan.crowded = false);
        push(&|plan| plan.trouble_ms = (plan.trouble_ms / 2).max(200));
        push(&|plan| plan.trouble_ms = (plan.trouble_ms * 9 / 10).max(200));
        plans
    }
}
