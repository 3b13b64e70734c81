//! When to open a connection, ping it, give it up and open it again.
//!
//! Back-off with full jitter: attempt n waits a uniform time in `0..min(cap, base·2^n)`. The count
//! starts again only after a connection lived for a stable while, so that a venue which accepts and
//! drops is not stormed. Source: "Exponential Backoff And Jitter", M. Brooker 2015.

use alloc::format;
use alloc::string::String;

use py_rt_types::UnixNanos;

/// The times of a link, in nanoseconds, and the seed of its jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkConfig {
    /// Seed of the jitter; give each link its own.
    pub seed: u64,
    /// Ceiling of the first wait.
    pub backoff_base_ns: i64,
    /// Ceiling of any wait.
    pub backoff_max_ns: i64,
    /// A connection that lived so long starts the count again.
    pub stable_ns: i64,
    /// How long opening, authenticating and subscribing may take together.
    pub open_timeout_ns: i64,
    /// Silence after which a ping is sent; 0 for no pings.
    pub ping_ns: i64,
    /// Silence after which the connection is given up; 0 for never.
    pub silence_max_ns: i64,
}

impl LinkConfig {
    /// Times for a WebSocket: ping after 10 s of silence, give up after 30 s.
    #[must_use]
    pub const fn websocket(seed: u64) -> Self {
        Self {
            seed,
            backoff_base_ns: 500_000_000,
            backoff_max_ns: 30_000_000_000,
            stable_ns: 60_000_000_000,
            open_timeout_ns: 10_000_000_000,
            ping_ns: 10_000_000_000,
            silence_max_ns: 30_000_000_000,
        }
    }

    /// Times for a request connection: no pings, silence is normal.
    #[must_use]
    pub const fn requests(seed: u64) -> Self {
        Self {
            ping_ns: 0,
            silence_max_ns: 0,
            ..Self::websocket(seed)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting { open_at: UnixNanos },
    Opening { since: UnixNanos },
    Greeting { since: UnixNanos },
    Live { since: UnixNanos },
    Stopped,
}

/// What a link wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing now.
    Nothing,
    /// Open the connection.
    Open,
    /// Send a ping.
    Ping,
    /// The connection is dead: close it.
    Close,
}

/// The life of one connection after another.
#[derive(Debug, Clone)]
pub struct Link {
    config: LinkConfig,
    phase: Phase,
    attempts: u32,
    heard_at: UnixNanos,
    pinged_at: UnixNanos,
    random: u64,
}

impl Link {
    /// A link that wants to open at once.
    #[must_use]
    pub const fn new(config: LinkConfig) -> Self {
        Self {
            config,
            phase: Phase::Waiting {
                open_at: UnixNanos::MIN,
            },
            attempts: 0,
            heard_at: UnixNanos::MIN,
            pinged_at: UnixNanos::MIN,
            random: config.seed,
        }
    }

    /// The connection is open; greetings may follow.
    pub fn handle_connected(&mut self, now: UnixNanos) {
        if !matches!(self.phase, Phase::Stopped) {
            self.phase = Phase::Greeting { since: now };
            (self.heard_at, self.pinged_at) = (now, now);
        }
    }

    /// The greetings are over.
    pub fn handle_live(&mut self, now: UnixNanos) {
        if matches!(self.phase, Phase::Greeting { .. }) {
            self.phase = Phase::Live { since: now };
        }
    }

    /// Something was heard.
    pub fn handle_heard(&mut self, now: UnixNanos) {
        self.heard_at = self.heard_at.max(now);
    }

    /// The connection is gone; the next one waits for the back-off and at least `wait_min_ns`.
    pub fn handle_closed(&mut self, now: UnixNanos, wait_min_ns: i64) {
        let lived_ns = match self.phase {
            Phase::Live { since } => now.since(since),
            Phase::Stopped | Phase::Waiting { .. } => return,
            _ => 0,
        };
        if lived_ns >= self.config.stable_ns {
            self.attempts = 0;
        }
        let wait_ns = self.next_wait_ns().max(wait_min_ns);
        self.phase = Phase::Waiting {
            open_at: now.plus(wait_ns),
        };
    }

    /// The connection ended after it had been of use: the next one may open at once.
    pub fn handle_finished(&mut self, now: UnixNanos) {
        if self.is_connected() {
            self.attempts = 0;
            self.phase = Phase::Waiting { open_at: now };
        }
    }

    /// Never opens again.
    pub fn handle_stop(&mut self) {
        self.phase = Phase::Stopped;
    }

    /// What is due now. `Open` and `Ping` are said once; after `Close` call `handle_closed`.
    pub fn poll_wish(&mut self, now: UnixNanos) -> Wish {
        if self.poll_timeout() > now {
            return Wish::Nothing;
        }
        match self.phase {
            Phase::Waiting { .. } => {
                self.phase = Phase::Opening { since: now };
                Wish::Open
            }
            Phase::Opening { .. } | Phase::Greeting { .. } => Wish::Close,
            Phase::Live { .. } if self.silence_end() <= now => Wish::Close,
            Phase::Live { .. } => {
                self.pinged_at = now;
                Wish::Ping
            }
            Phase::Stopped => Wish::Nothing,
        }
    }

    /// When [`Link::poll_wish`] has something to say.
    #[must_use]
    pub fn poll_timeout(&self) -> UnixNanos {
        match self.phase {
            Phase::Waiting { open_at } => open_at,
            Phase::Opening { since } | Phase::Greeting { since } => {
                since.plus(self.config.open_timeout_ns)
            }
            Phase::Live { .. } => self.silence_end().min(self.ping_at()),
            Phase::Stopped => UnixNanos::MAX,
        }
    }

    /// Why [`Wish::Close`] was said, for the log.
    #[must_use]
    pub fn tell_close(&self, what: &str) -> String {
        let (since, limit_ns) = match self.phase {
            Phase::Live { .. } => ("said nothing for", self.config.silence_max_ns),
            _ => ("did not open within", self.config.open_timeout_ns),
        };
        let limit_s = limit_ns / 1_000_000_000;
        format!("the {what} {since} {limit_s} s and is connected again")
    }

    /// Whether the greetings are over.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Whether the connection is open, greetings or not.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Greeting { .. } | Phase::Live { .. })
    }

    fn silence_end(&self) -> UnixNanos {
        after(self.heard_at, self.config.silence_max_ns)
    }

    fn ping_at(&self) -> UnixNanos {
        after(self.heard_at.max(self.pinged_at), self.config.ping_ns)
    }

    fn next_wait_ns(&mut self) -> i64 {
        let doubled = 1i64 << self.attempts.min(32);
        let ceiling = self.config.backoff_base_ns.saturating_mul(doubled);
        let ceiling = ceiling.min(self.config.backoff_max_ns).max(1);
        self.attempts = self.attempts.saturating_add(1);
        i64::try_from(self.next_random() % ceiling.unsigned_abs()).unwrap_or(ceiling)
    }

    /// splitmix64, S. Vigna 2015.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn after(since: UnixNanos, duration_ns: i64) -> UnixNanos {
    if duration_ns <= 0 {
        return UnixNanos::MAX;
    }
    since.plus(duration_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn waits_grow_to_the_ceiling_and_start_again_after_a_stable_minute() {
        let mut link = Link::new(LinkConfig::websocket(3));
        let mut now = UnixNanos(0);
        let mut longest = 0;
        for attempt in 0..40 {
            assert_eq!(link.poll_wish(now), Wish::Open, "attempt {attempt}");
            link.handle_connected(now);
            link.handle_closed(now, 0);
            let wait = link.poll_timeout().since(now);
            assert!((0..=30 * SECOND).contains(&wait));
            longest = longest.max(wait);
            now = link.poll_timeout();
        }
        assert!(longest > 15 * SECOND);
        assert_eq!(link.poll_wish(now), Wish::Open);
        link.handle_connected(now);
        link.handle_live(now);
        let end = now.plus(61 * SECOND);
        link.handle_closed(end, 0);
        assert!(link.poll_timeout().since(end) <= SECOND / 2);
    }

    #[test]
    fn silence_is_pinged_then_given_up() {
        let mut link = Link::new(LinkConfig::websocket(1));
        assert_eq!(link.poll_wish(UnixNanos(0)), Wish::Open);
        link.handle_connected(UnixNanos(0));
        link.handle_live(UnixNanos(0));
        assert_eq!(link.poll_wish(UnixNanos(9 * SECOND)), Wish::Nothing);
        assert_eq!(link.poll_wish(UnixNanos(10 * SECOND)), Wish::Ping);
        assert_eq!(link.poll_wish(UnixNanos(10 * SECOND)), Wish::Nothing);
        link.handle_heard(UnixNanos(11 * SECOND));
        assert_eq!(link.poll_timeout(), UnixNanos(21 * SECOND));
        assert_eq!(link.poll_wish(UnixNanos(41 * SECOND)), Wish::Close);
    }

    #[test]
    fn a_wait_can_be_made_longer_and_a_stop_is_for_good() {
        let mut link = Link::new(LinkConfig::websocket(1));
        assert_eq!(link.poll_wish(UnixNanos(0)), Wish::Open);
        link.handle_closed(UnixNanos(0), 30 * SECOND);
        assert_eq!(link.poll_timeout(), UnixNanos(30 * SECOND));
        link.handle_stop();
        link.handle_connected(UnixNanos(0));
        assert_eq!(link.poll_timeout(), UnixNanos::MAX);
    }
}
