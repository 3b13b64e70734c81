//! Before a request is read: who calls, how often, how much at once, and until when.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use ring::digest::{digest, SHA256};
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::{Code, Status};
use tower_layer::Layer;
use tower_service::Service;

use super::metrics::{Metrics, METHODS};
use crate::clock::Stopwatch;
use crate::config::{Caller, Credential, Role, ServeConfig};
use crate::refusal::Refusal;

const TRADING: &str = "/py_rt.v1.TradingService/";
/// Callers whose rate is remembered; beyond, all are forgotten and begin anew.
const REMEMBERED: usize = 10_000;
const ENCODING: &str = "grpc-encoding";
const ACCEPTED: &str = "grpc-accept-encoding";
/// Part of the caller's time that is used: the answer must still travel.
const SHARE: f64 = 0.98;

/// The rules of a server and what they remember.
#[derive(Debug)]
pub(super) struct Gate {
    callers: Vec<Caller>,
    rate: Option<f64>,
    buckets: Mutex<BTreeMap<String, (f64, Duration)>>,
    clock: Stopwatch,
    admitted: Semaphore,
    queue: Semaphore,
    metrics: Arc<Metrics>,
}

impl Gate {
    pub(super) fn new(config: &ServeConfig, metrics: Arc<Metrics>) -> Self {
        Self {
            callers: config.callers.clone(),
            rate: config.rate,
            buckets: Mutex::new(BTreeMap::new()),
            clock: Stopwatch::start(),
            admitted: Semaphore::new(config.calls_max.max(1)),
            queue: Semaphore::new(config.calls_max.max(1) + config.waiting_max),
            metrics,
        }
    }

    /// Whether the request may go on.
    fn check(&self, request: &Request<Body>, method: &str) -> Result<(), Refusal> {
        let Some(role) = role_of(method) else {
            return Ok(());
        };
        let known = self.caller(request)?;
        if let Some(caller) = known {
            if !caller.roles.contains(&role) {
                return Err(Refusal::new(
                    "access",
                    format!("{} may not call {method}", caller.name),
                    "ask for the role in the server's access file",
                ));
            }
        }
        let name = known.map_or_else(|| peer(request), |caller| caller.name.clone());
        self.count(name)
    }

    fn caller(&self, request: &Request<Body>) -> Result<Option<&Caller>, Refusal> {
        if self.callers.is_empty() {
            return Ok(None);
        }
        let token = request.headers().get(http::header::AUTHORIZATION);
        let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let info = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
        let shown = info.and_then(TlsConnectInfo::peer_certs);
        let certificate = shown.as_ref().and_then(|chain| chain.first());
        let shown = [
            token.map(|token| Credential::Token(hash(token.as_bytes()))),
            certificate.map(|leaf| Credential::Certificate(hash(leaf.as_ref()))),
        ];
        let knows = |caller: &&Caller| shown.iter().flatten().any(|c| *c == caller.credential);
        match self.callers.iter().find(knows) {
            Some(caller) => Ok(Some(caller)),
            None => Err(Refusal::new(
                "unknown_caller",
                "this server knows its callers, and this is none of them",
                "send a token (GrpcConfig(token=...)) or a certificate that it knows",
            )),
        }
    }

    /// Counts a call against the rate of its caller.
    fn count(&self, name: String) -> Result<(), Refusal> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let now = self.clock.elapsed();
        let burst = rate.max(1.0);
        let buckets = self.buckets.lock();
        let mut buckets = buckets.unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED {
            buckets.clear();
        }
        let (left, since) = buckets.entry(name).or_insert((burst, now));
        *left = (*left + now.saturating_sub(*since).as_secs_f64() * rate).min(burst);
        *since = now;
        if *left < 1.0 {
            return Err(Refusal::new(
                "busy",
                format!("more than {rate} calls a second"),
                "call less often; the client waits and tries again by itself",
            ));
        }
        *left -= 1.0;
        Ok(())
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// The role that a method needs; none for what everybody may ask.
fn role_of(method: &str) -> Option<Role> {
    match method {
        "GetVersion" | "other" => None,
        "StreamMarketData" | "GetOrderBook" => Some(Role::Market),
        "RunBacktest" => Some(Role::Backtest),
        _ => Some(Role::Quant),
    }
}

fn peer(request: &Request<Body>) -> String {
    let extensions = request.extensions();
    let tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let tcp = tls.map(TlsConnectInfo::get_ref);
    let tcp = tcp.or_else(|| extensions.get::<TcpConnectInfo>());
    let address = tcp.and_then(TcpConnectInfo::remote_addr);
    address.map_or_else(|| "unix".to_owned(), |address| address.ip().to_string())
}

/// The time that the caller gives, from `grpc-timeout`.
fn timeout(request: &Request<Body>) -> Option<Duration> {
    let text = request.headers().get("grpc-timeout")?.to_str().ok()?;
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u32 = count.parse().ok()?;
    let unit = match unit {
        "H" => Duration::from_secs(3600),
        "M" => Duration::from_secs(60),
        "S" => Duration::from_secs(1),
        "m" => Duration::from_millis(1),
        "u" => Duration::from_micros(1),
        "n" => Duration::from_nanos(1),
        _ => return None,
    };
    unit.checked_mul(count).map(|time| time.mul_f64(SHARE))
}

/// Puts a gate before a service.
#[derive(Debug, Clone)]
pub(super) struct GateLayer(pub(super) Arc<Gate>);

impl<S> Layer<S> for GateLayer {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            inner,
            gate: Arc::clone(&self.0),
        }
    }
}

/// A service behind a gate.
#[derive(Debug, Clone)]
pub(super) struct Gated<S> {
    inner: S,
    gate: Arc<Gate>,
}

type Answer = Result<Response<Body>, Infallible>;

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready is taken, a fresh one left in its place.
        let fresh = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, fresh);
        let gate = Arc::clone(&self.gate);
        Box::pin(pass(gate, inner, request))
    }
}

async fn pass<S>(gate: Arc<Gate>, mut inner: S, mut request: Request<Body>) -> Answer
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    if !request.headers().contains_key(ENCODING) {
        // Clients say that they understand compression whether they want it or not: the answer is
        // compressed where the question was. Else streams spend their time in it.
        request.headers_mut().remove(ACCEPTED);
    }
    let named = request.uri().path().strip_prefix(TRADING);
    let Some(named) = named else {
        return inner.call(request).await;
    };
    let last = METHODS.len() - 1;
    let method = METHODS[..last].iter().position(|name| *name == named);
    let method = method.unwrap_or(last);
    let began = Stopwatch::start();
    let running = gate.metrics.begin();
    let time = timeout(&request);
    let admitted = async {
        gate.check(&request, METHODS[method])?;
        let Some(Role::Quant) = role_of(METHODS[method]) else {
            return Ok(inner.call(request).await);
        };
        let full = |_| Refusal::new("busy", "too many calls are waiting", "try again later");
        let _queued = gate.queue.try_acquire().map_err(full)?;
        // Without a permit the body is not read: what waits costs no memory.
        let permit = gate.admitted.acquire().await;
        let answer = inner.call(request).await;
        drop(permit);
        Ok(answer)
    };
    let answer: Result<Answer, Status> = match time {
        None => admitted.await.map_err(|refusal: Refusal| refusal.into()),
        Some(time) => match tokio::time::timeout(time, admitted).await {
            Ok(answer) => answer.map_err(|refusal: Refusal| refusal.into()),
            Err(_) => Err(Status::deadline_exceeded("the caller's time is over")),
        },
    };
    let response = match answer {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(status) => status.into_http(),
    };
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |s| s.code());
    gate.metrics.note(method, code, began.elapsed());
    drop(running);
    Ok(response)
}
