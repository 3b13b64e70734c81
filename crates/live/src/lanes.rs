//! The sessions of a venue, one a connection: orders, questions, reports, market data.
//!
//! Orders and questions have connections of their own, so that a slow page of executions never
//! stands before an order. Requests about one order always take the same lane, in order.

use std::io;
use std::sync::Arc;

use py_rt_kernel::journal::Decision;
use py_rt_types::{Query, UnixNanos};
use py_rt_venues::alpaca::{
    Credentials, Dialect, Encoder, MarketStream, MarketStreamConfig, RestConfig, RestSession,
    TradingStream, VenueRequest,
};
use py_rt_venues::http::BadHeader;
use py_rt_venues::{LinkConfig, Session, VenueEvent};

use crate::config::Channels;
use crate::net::{Arrival, LaneId, Transport};

/// What a lane is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// New orders, replaces, cancels.
    Orders,
    /// Questions.
    Queries,
    /// Reports as they happen.
    Account,
    /// Market rows.
    Market,
}

impl Role {
    /// A word for the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "order",
            Self::Queries => "query",
            Self::Account => "account stream",
            Self::Market => "market stream",
        }
    }
}

/// What the lanes of a venue are made from.
#[derive(Debug, Clone)]
pub struct LanesConfig {
    /// The `Host` header of requests.
    pub host: String,
    /// Key and secret.
    pub credentials: Credentials,
    /// Whose orders, and which instruments.
    pub dialect: Dialect,
    /// Connections for orders.
    pub order_connections: usize,
    /// How long an answer may take.
    pub answer_timeout_ns: i64,
    /// Whether the market stream is the one for crypto.
    pub crypto: bool,
    /// Which market data.
    pub channels: Channels,
    /// Seed of every wait's jitter.
    pub seed: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Lanes {
    orders: Vec<RestSession>,
    queries: RestSession,
    account: TradingStream,
    market: MarketStream,
    /// Market data wait for the first reconciliation.
    market_wanted: bool,
}

impl Lanes {
    /// The sessions, none of them open.
    ///
    /// # Errors
    /// When the host, the key or the secret cannot stand in a header.
    pub fn try_new(config: &LanesConfig) -> Result<Self, BadHeader> {
        let seed = |place: usize| config.seed.wrapping_add(place as u64);
        let rest = |place: usize| -> Result<RestSession, BadHeader> {
            let encoder =
                Encoder::try_new(&config.host, &config.credentials, config.dialect.clone())?;
            let mut settings = RestConfig::new(seed(place));
            settings.answer_timeout_ns = config.answer_timeout_ns;
            Ok(RestSession::new(settings, encoder))
        };
        let count = config.order_connections;
        let orders: Result<Vec<RestSession>, BadHeader> = (0..count).map(rest).collect();
        let feed = if config.crypto {
            py_rt_venues::alpaca::Feed::Crypto
        } else {
            py_rt_venues::alpaca::Feed::Stocks
        };
        let market = MarketStreamConfig {
            link: LinkConfig::websocket(seed(count + 2)),
            credentials: config.credentials.clone(),
            feed,
            trades: config.channels.trades,
            quotes: config.channels.quotes,
            bars: config.channels.bars,
            books: config.channels.books,
        };
        Ok(Self {
            orders: orders?,
            queries: rest(count)?,
            account: TradingStream::new(
                LinkConfig::websocket(seed(count + 1)),
                config.credentials.clone(),
                config.dialect.clone(),
            ),
            market: MarketStream::new(market, Arc::clone(&config.dialect.symbols)),
            market_wanted: false,
        })
    }

    /// How many lanes there are: the order lanes, then questions, reports, market data.
    #[must_use]
    pub fn count(&self) -> usize {
        self.orders.len() + 3
    }

    /// What a lane is for.
    #[must_use]
    pub fn role(&self, lane: LaneId) -> Role {
        match lane.checked_sub(self.orders.len()) {
            None => Role::Orders,
            Some(0) => Role::Queries,
            Some(1) => Role::Account,
            Some(_) => Role::Market,
        }
    }

    fn session(&mut self, lane: LaneId) -> &mut dyn Session {
        let count = self.orders.len();
        match lane.checked_sub(count) {
            None => &mut self.orders[lane],
            Some(0) => &mut self.queries,
            Some(1) => &mut self.account,
            Some(_) => &mut self.market,
        }
    }

    /// From now on market data are listened to.
    pub fn open_market(&mut self) {
        self.market_wanted = true;
    }

    /// Whether market data are listened to.
    #[must_use]
    pub const fn market_wanted(&self) -> bool {
        self.market_wanted
    }

    /// Takes what the kernel decided; it leaves with the next [`Lanes::transmit`].
    pub fn handle_decision(&mut self, now: UnixNanos, decision: &Decision) {
        let (id, request) = match decision {
            Decision::New(order) => (order.client_order_id, VenueRequest::New(*order)),
            Decision::Replace(order) => (order.client_order_id, VenueRequest::Replace(*order)),
            Decision::Cancel(order) => (order.client_order_id, VenueRequest::Cancel(*order)),
            Decision::Query(query) => return self.handle_question(now, *query),
        };
        let lane = id.sequence % self.orders.len() as u64;
        self.orders[lane as usize].handle_request(now, request);
    }

    /// Trading was restricted: new orders that wait to be sent stay here.
    pub fn withdraw(&mut self, now: UnixNanos) {
        for session in &mut self.orders {
            session.withdraw(now);
        }
    }

    /// Puts a question to the venue.
    pub fn handle_question(&mut self, now: UnixNanos, query: Query) {
        self.queries.handle_request(now, VenueRequest::Query(query));
    }

    /// Asks the venue for something beside the account.
    pub fn ask(&mut self, now: UnixNanos, request: VenueRequest) {
        self.queries.handle_request(now, request);
    }

    /// Takes what the transport brought.
    pub fn handle_arrival(&mut self, now: UnixNanos, arrival: Arrival<'_>) {
        match arrival {
            Arrival::Opened(lane) => self.session(lane).handle_connected(now),
            Arrival::Closed(lane, _) => self.session(lane).handle_disconnected(now),
            Arrival::Bytes(lane, bytes) => self.session(lane).handle_input(now, bytes),
            Arrival::Pong(lane) => self.session(lane).handle_pong(now),
        }
    }

    /// Rings every alarm that is due.
    pub fn handle_timeout(&mut self, now: UnixNanos) {
        for lane in 0..self.open_count() {
            let session = self.session(lane);
            if session.poll_timeout() <= now {
                session.handle_timeout(now);
            }
        }
    }

    /// When the next alarm rings.
    #[must_use]
    pub fn poll_timeout(&self) -> UnixNanos {
        let market = if self.market_wanted {
            self.market.poll_timeout()
        } else {
            UnixNanos::MAX
        };
        self.orders
            .iter()
            .map(Session::poll_timeout)
            .fold(market, UnixNanos::min)
            .min(self.queries.poll_timeout())
            .min(self.account.poll_timeout())
    }

    /// The next thing that happened on any lane.
    pub fn poll_event(&mut self) -> Option<(LaneId, VenueEvent)> {
        (0..self.count()).find_map(|lane| Some((lane, self.session(lane).poll_event()?)))
    }

    /// Writes what every lane has to say.
    ///
    /// # Errors
    /// When the outside world has ended.
    pub fn transmit(&mut self, now: UnixNanos, transport: &mut impl Transport) -> io::Result<()> {
        for lane in 0..self.open_count() {
            while let Some(transmit) = self.session(lane).poll_transmit(now) {
                transport.send(lane, transmit)?;
            }
        }
        Ok(())
    }

    fn open_count(&self) -> usize {
        self.count() - usize::from(!self.market_wanted)
    }
}
