//! The sessions of a venue, one a connection: orders, questions, reports, market data.
//!
//! The port of this crate to a venue are the three traits of its sessions: [`Requests`],
//! [`Session`] and [`MarketSession`]. Which venue stands behind them is known here, where they are
//! made, in [`crate::bootstrap`], and in the spelling of ids, and nowhere else.
//!
//! Orders and questions have connections of their own, so that a slow page of executions never
//! stands before an order. Requests about one order always take the same lane, in order.

use std::io;
use std::sync::Arc;

use py_rt_kernel::journal::Decision;
use py_rt_types::{Query, UnixNanos};
use py_rt_venues::feed::session::FeedConfig;
use py_rt_venues::http::BadHeader;
use py_rt_venues::requests::RestConfig;
use py_rt_venues::{
    alpaca, binance, coinbase, kraken, AccountSession, BookAnswer, Credentials, LinkConfig,
    MarketSession, Requests, Session, Token, VenueEvent, VenueRequest,
};

use crate::coinbase_key::CoinbaseKey;
use crate::config::{Channels, Dialect, Tier};
use crate::kraken_key::KrakenKey;
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

/// A key that a library signs with.
#[derive(Debug, Clone)]
pub enum Signer {
    /// At Coinbase.
    Coinbase(CoinbaseKey),
    /// At Kraken.
    Kraken(KrakenKey),
}

/// What the lanes of a venue are made from.
#[derive(Debug, Clone)]
pub struct LanesConfig {
    /// Which venue.
    pub venue: Dialect,
    /// The `Host` header of requests.
    pub host: String,
    /// Key and secret.
    pub credentials: Credentials,
    /// Whose orders, and which instruments.
    pub dialect: py_rt_venues::Dialect,
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
    /// Who signs, where requests are signed by a library.
    pub signer: Option<Signer>,
    /// What Kraken grants the account.
    pub tier: Tier,
}

/// The signer of another venue was given.
const NO_SIGNER: BadHeader = BadHeader { place: 2 };

impl LanesConfig {
    fn coinbase_key(&self) -> Result<CoinbaseKey, BadHeader> {
        match &self.signer {
            Some(Signer::Coinbase(key)) => Ok(key.clone()),
            _ => Err(NO_SIGNER),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Lanes {
    orders: Vec<Box<dyn Requests>>,
    queries: Box<dyn Requests>,
    account: Box<dyn AccountSession>,
    market: Box<dyn MarketSession>,
    /// Market data wait for the first reconciliation.
    market_wanted: bool,
    /// The venue counts requests of all connections together.
    shared_limits: bool,
}

impl Lanes {
    /// The sessions, none of them open.
    ///
    /// # Errors
    /// When the host, the key or the secret cannot stand in a header.
    pub fn try_new(config: &LanesConfig) -> Result<Self, BadHeader> {
        let count = config.order_connections;
        let link = |place: usize| LinkConfig::websocket(config.seed.wrapping_add(place as u64));
        let orders: Result<_, _> = (0..count).map(|place| requests(config, place)).collect();
        let (account, market): (Box<dyn AccountSession>, Box<dyn MarketSession>) =
            match config.venue {
                Dialect::Alpaca | Dialect::Ib => (
                    Box::new(alpaca::TradingStream::new(
                        link(count + 1),
                        config.credentials.clone(),
                        config.dialect.clone(),
                    )),
                    Box::new(alpaca_market(config, link(count + 2))),
                ),
                Dialect::Binance => (
                    Box::new(binance::UserStream::new(
                        link(count + 1),
                        &config.credentials,
                        config.dialect.clone(),
                    )),
                    Box::new(binance::MarketStream::new(
                        feed(config, link(count + 2)),
                        Arc::clone(&config.dialect.symbols),
                    )),
                ),
                Dialect::Coinbase => (
                    Box::new(coinbase::AccountStream::new(
                        link(count + 1),
                        config.dialect.clone(),
                        Box::new(config.coinbase_key()?),
                    )),
                    Box::new(coinbase::MarketStream::new(
                        feed(config, link(count + 2)),
                        Arc::clone(&config.dialect.symbols),
                    )),
                ),
                Dialect::Kraken => (
                    Box::new(kraken::AccountStream::new(
                        link(count + 1),
                        config.dialect.clone(),
                    )),
                    Box::new(kraken::MarketStream::new(
                        feed(config, link(count + 2)),
                        Arc::clone(&config.dialect.symbols),
                    )),
                ),
            };
        Ok(Self {
            orders: orders?,
            queries: requests(config, count)?,
            account,
            market,
            market_wanted: false,
            shared_limits: config.venue == Dialect::Binance,
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
            None => self.orders[lane].as_mut(),
            Some(0) => self.queries.as_mut(),
            Some(1) => self.account.as_mut(),
            Some(_) => self.market.as_mut(),
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

    /// Until when questions were last kept back by the venue's limits.
    #[must_use]
    pub fn last_held(&self) -> UnixNanos {
        self.queries.last_held()
    }

    /// A whole book that the market session asked for.
    pub fn handle_book(&mut self, now: UnixNanos, answer: &BookAnswer) {
        self.market.handle_book(now, answer);
    }

    /// A word that the account session asked for.
    pub fn handle_token(&mut self, now: UnixNanos, token: &Token) {
        self.account.handle_token(now, token);
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
            .map(|session| session.poll_timeout())
            .fold(market, UnixNanos::min)
            .min(self.queries.poll_timeout())
            .min(self.account.poll_timeout())
    }

    /// The next thing that happened on any lane.
    pub fn poll_event(&mut self) -> Option<(LaneId, VenueEvent)> {
        let mut lanes = 0..self.count();
        let found = lanes.find_map(|lane| Some((lane, self.session(lane).poll_event()?)));
        if let (true, Some((lane, VenueEvent::Limited { .. }))) = (self.shared_limits, &found) {
            self.share_limits(*lane);
        }
        found
    }

    /// What the venue refuses on one connection it refuses on all, and bans who goes on.
    fn share_limits(&mut self, lane: LaneId) {
        let told = match self.orders.get(lane) {
            Some(session) => session.limits(),
            None => self.queries.limits(),
        };
        self.orders.iter_mut().for_each(|one| one.hold(told));
        self.queries.hold(told);
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

fn requests(config: &LanesConfig, place: usize) -> Result<Box<dyn Requests>, BadHeader> {
    let mut settings = RestConfig::new(config.seed.wrapping_add(place as u64));
    settings.answer_timeout_ns = config.answer_timeout_ns;
    let (host, credentials) = (&config.host, &config.credentials);
    let dialect = config.dialect.clone();
    Ok(match config.venue {
        Dialect::Alpaca => {
            let encoder = alpaca::Encoder::try_new(host, credentials, dialect)?;
            Box::new(alpaca::RestSession::new(settings, encoder))
        }
        Dialect::Ib => {
            let encoder = alpaca::Encoder::try_new(host, credentials, dialect)?;
            let encoder = encoder.with_deadline(alpaca::tws::DEADLINE_NS);
            Box::new(alpaca::RestSession::new(settings, encoder))
        }
        Dialect::Binance => {
            // A tenth of a minute's weight: a look at everything costs 200.
            settings.reserve = 600;
            let encoder = binance::Encoder::try_new(host, credentials, dialect)?;
            Box::new(binance::RestSession::new(settings, encoder))
        }
        Dialect::Coinbase => {
            let signer = Box::new(config.coinbase_key()?);
            let encoder = coinbase::Encoder::try_new(host, signer, dialect)?;
            Box::new(coinbase::RestSession::new(settings, encoder))
        }
        Dialect::Kraken => {
            let Some(Signer::Kraken(signer)) = config.signer.clone() else {
                return Err(NO_SIGNER);
            };
            let allowance = kraken::Allowance {
                tier: config.tier,
                share: config.order_connections,
            };
            let encoder =
                kraken::Encoder::try_new(host, credentials, Box::new(signer), dialect, allowance)?;
            Box::new(kraken::RestSession::new(settings, encoder))
        }
    })
}

fn alpaca_market(config: &LanesConfig, link: LinkConfig) -> alpaca::MarketStream {
    let settings = alpaca::MarketStreamConfig {
        link,
        credentials: config.credentials.clone(),
        feed: if config.crypto {
            alpaca::Feed::Crypto
        } else {
            alpaca::Feed::Stocks
        },
        trades: config.channels.trades,
        quotes: config.channels.quotes,
        bars: config.channels.bars,
        books: config.channels.books,
    };
    alpaca::MarketStream::new(settings, Arc::clone(&config.dialect.symbols))
}

fn feed(config: &LanesConfig, link: LinkConfig) -> FeedConfig {
    FeedConfig {
        link,
        trades: config.channels.trades,
        quotes: config.channels.quotes,
        books: config.channels.books,
    }
}
