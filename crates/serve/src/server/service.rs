//! The service: each method hands its request to the function that answers it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{mpsc, watch, Semaphore};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::pool::Pool;
use super::Backtester;
use crate::calls::{self, Watch};
use crate::market::{Board, Teller, Touch};
use crate::proto::trading_service_server::TradingService;
use crate::proto::{self, run_backtest_response::Update, RunBacktestResponse};
use crate::refusal::Refusal;

/// Messages between a backtest and its socket.
const OUTBOX: usize = 1024;
/// Steps of the market between a stream's task and its socket.
const BATCHES: usize = 4;
/// Numbers up to which a call is answered at once, without a change of thread.
const SMALL: usize = 4096;

/// What the methods stand on.
pub(super) struct Service {
    pub(super) market: Option<(Arc<Board>, &'static str)>,
    pub(super) backtester: Option<Arc<dyn Backtester>>,
    pub(super) pool: Pool,
    pub(super) closed: watch::Receiver<bool>,
    pub(super) streams: Arc<Semaphore>,
}

type Tick = Result<proto::StreamMarketDataResponse, Status>;
type Answer<T> = Result<Response<T>, Status>;
type Messages<T> = ReceiverStream<Result<T, Status>>;

impl Service {
    /// Answers on a thread that may take its time.
    async fn compute<Q: Send + 'static, A: Send + 'static>(
        &self,
        request: Request<Q>,
        call: impl FnOnce(&Q, Watch<'_>) -> Result<A, Refusal> + Send + 'static,
    ) -> Answer<A> {
        let request = request.into_inner();
        let answer = self.pool.run(move |watch| call(&request, watch)).await?;
        Ok(Response::new(answer))
    }

    fn board(&self) -> Result<&Arc<Board>, Refusal> {
        match &self.market {
            Some((board, _)) => Ok(board),
            None => Err(Refusal::new(
                "unavailable",
                "this server shows no market",
                "start it with --data or --session",
            )),
        }
    }

    fn stream_permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            Refusal::new(
                "busy",
                "too many streams are open",
                "close some, or try later",
            )
        })
    }
}

#[tonic::async_trait]
impl TradingService for Service {
    type StreamMarketDataStream = Ticks;
    type RunBacktestStream = Messages<RunBacktestResponse>;

    async fn calculate_mean_reversion(
        &self,
        request: Request<proto::CalculateMeanReversionRequest>,
    ) -> Answer<proto::CalculateMeanReversionResponse> {
        if request.get_ref().prices.len() <= SMALL {
            let answer = calls::calculate_mean_reversion(request.get_ref())?;
            return Ok(Response::new(answer));
        }
        self.compute(request, |r, _| calls::calculate_mean_reversion(r))
            .await
    }

    async fn optimize_portfolio(
        &self,
        request: Request<proto::OptimizePortfolioRequest>,
    ) -> Answer<proto::OptimizePortfolioResponse> {
        self.compute(request, |r, _| calls::optimize_portfolio(r))
            .await
    }

    async fn detect_regime(
        &self,
        request: Request<proto::DetectRegimeRequest>,
    ) -> Answer<proto::DetectRegimeResponse> {
        self.compute(request, |r, watch| calls::detect_regime(r, 1, watch))
            .await
    }

    async fn stream_market_data(
        &self,
        request: Request<proto::StreamMarketDataRequest>,
    ) -> Answer<Self::StreamMarketDataStream> {
        let board = Arc::clone(self.board()?);
        let permit = self.stream_permit()?;
        let request = request.into_inner();
        let teller = Teller::new(board.wanted(&request)?, &request);
        let (outbox, batches) = mpsc::channel(BATCHES);
        let closed = self.closed.clone();
        tokio::spawn(async move {
            tell(&board, teller, outbox, closed).await;
            drop(permit);
        });
        let ticks = Ticks {
            batches,
            batch: Vec::new().into_iter(),
        };
        Ok(Response::new(ticks))
    }

    async fn get_order_book(
        &self,
        request: Request<proto::GetOrderBookRequest>,
    ) -> Answer<proto::GetOrderBookResponse> {
        let answer = self.board()?.order_book(request.get_ref())?;
        Ok(Response::new(answer))
    }

    async fn run_hmm(
        &self,
        request: Request<proto::RunHmmRequest>,
    ) -> Answer<proto::RunHmmResponse> {
        self.compute(request, |r, watch| calls::run_hmm(r, 1, watch))
            .await
    }

    async fn run_mcmc(
        &self,
        request: Request<proto::RunMcmcRequest>,
    ) -> Answer<proto::RunMcmcResponse> {
        self.compute(request, |r, watch| calls::run_mcmc(r, watch))
            .await
    }

    async fn calculate_sparse_portfolio(
        &self,
        request: Request<proto::CalculateSparsePortfolioRequest>,
    ) -> Answer<proto::CalculateSparsePortfolioResponse> {
        self.compute(request, |r, watch| {
            calls::calculate_sparse_portfolio(r, watch)
        })
        .await
    }

    async fn box_tao_decomposition(
        &self,
        request: Request<proto::BoxTaoDecompositionRequest>,
    ) -> Answer<proto::BoxTaoDecompositionResponse> {
        self.compute(request, |r, watch| calls::box_tao_decomposition(r, watch))
            .await
    }

    async fn risk_analytics(
        &self,
        request: Request<proto::RiskAnalyticsRequest>,
    ) -> Answer<proto::RiskAnalyticsResponse> {
        self.compute(request, |r, _| calls::risk_analytics(r)).await
    }

    async fn run_backtest(
        &self,
        request: Request<proto::RunBacktestRequest>,
    ) -> Answer<Self::RunBacktestStream> {
        let Some(backtester) = self.backtester.clone() else {
            let what = "this server runs no backtests";
            return Err(Refusal::new("unavailable", what, "use py-rt serve").into());
        };
        let permit = self.stream_permit()?;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let (pool, closed) = (self.pool.clone(), self.closed.clone());
        let told = outbox.clone();
        tokio::spawn(async move {
            let work = move |_: Watch<'_>| {
                let progress = move |done, total| {
                    let update = Update::Progress(proto::BacktestProgress { done, total });
                    // A caller that is slow to read misses some progress, never the result.
                    let _ = told.try_send(Ok(message(update)));
                    !told.is_closed() && !*closed.borrow()
                };
                backtester.run(request.get_ref(), Arc::new(progress))
            };
            let last = match pool.run(work).await {
                Ok(result) => Ok(message(Update::Result(result))),
                Err(refusal) => Err(refusal.into()),
            };
            // Nobody may be left to hear it.
            let _ = outbox.send(last).await;
            drop(permit);
        });
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn get_version(
        &self,
        _request: Request<proto::GetVersionRequest>,
    ) -> Answer<proto::GetVersionResponse> {
        let market = self.market.as_ref();
        let symbols = market.map(|(board, _)| board.symbols().map(str::to_owned).collect());
        let answer = proto::GetVersionResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            interfaces: vec!["v1".to_owned()],
            market: market.map_or("", |(_, kind)| kind).to_owned(),
            symbols: symbols.unwrap_or_default(),
        };
        Ok(Response::new(answer))
    }
}

const fn message(update: Update) -> RunBacktestResponse {
    RunBacktestResponse {
        update: Some(update),
    }
}

/// Tells changes until the reader leaves, the market ends or the server closes.
async fn tell(
    board: &Board,
    mut teller: Teller,
    outbox: mpsc::Sender<Vec<Tick>>,
    mut closed: watch::Receiver<bool>,
) {
    let mut subscription = board.subscribe();
    let mut step: Arc<[Touch]> = std::mem::take(&mut subscription.known).into();
    loop {
        let mut batch = Vec::new();
        teller.take(board, &step, |tick| batch.push(Ok(tick)));
        // What is there already goes into the same message.
        while teller.gathers() && batch.is_empty() {
            match subscription.changes.try_recv() {
                Ok(step) => teller.take(board, &step, |tick| batch.push(Ok(tick))),
                // The rule of the ring: the oldest are missed.
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
        batch.extend(teller.flush().map(Ok));
        if !batch.is_empty() && outbox.send(batch).await.is_err() {
            return;
        }
        step = tokio::select! {
            biased;
            () = raised(&mut closed) => {
                let refusal = Refusal::new("unavailable", "the server closes", "connect again");
                // Nobody may be left to hear it.
                let _ = outbox.send(vec![Err(refusal.into())]).await;
                return;
            }
            change = subscription.changes.recv() => match change {
                Ok(step) => step,
                Err(RecvError::Lagged(_)) => Arc::default(),
                Err(RecvError::Closed) => return,
            },
            () = raised(&mut subscription.ended) => return,
            () = outbox.closed() => return,
        };
    }
}

/// Batches as single messages: one hand-over between threads for many of them.
pub(super) struct Ticks {
    batches: mpsc::Receiver<Vec<Tick>>,
    batch: std::vec::IntoIter<Tick>,
}

impl Stream for Ticks {
    type Item = Tick;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Tick>> {
        loop {
            if let Some(tick) = self.batch.next() {
                return Poll::Ready(Some(tick));
            }
            match ready!(self.batches.poll_recv(context)) {
                Some(batch) => self.batch = batch.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Waits until a flag is set.
async fn raised(flag: &mut watch::Receiver<bool>) {
    // A flag whose owner is gone will not be lowered again.
    let _ = flag.wait_for(|set| *set).await;
}
