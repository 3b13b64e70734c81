//! The calls by name, on bytes: what a client in the same process uses instead of a socket.

use prost::Message;

use crate::calls::{self, Watch};
use crate::proto;
use crate::refusal::Refusal;

/// Answers the calls that need no market and no backtest.
#[derive(Debug, Clone, Copy)]
pub struct Desk {
    /// Threads that one call may use.
    pub threads: usize,
}

impl Desk {
    /// Answers one call; `method` as in `service TradingService`, messages as on the wire.
    ///
    /// # Errors
    /// Bytes that are no such request, an unknown method, or what the call itself refuses.
    pub fn answer(
        &self,
        method: &str,
        request: &[u8],
        watch: Watch<'_>,
    ) -> Result<Vec<u8>, Refusal> {
        match method {
            "CalculateMeanReversion" => on(request, calls::calculate_mean_reversion),
            "OptimizePortfolio" => on(request, calls::optimize_portfolio),
            "DetectRegime" => on(request, |r| calls::detect_regime(r, self.threads, watch)),
            "RunHMM" => on(request, |r| calls::run_hmm(r, self.threads, watch)),
            "RunMCMC" => on(request, |r| calls::run_mcmc(r, watch)),
            "CalculateSparsePortfolio" => {
                on(request, |r| calls::calculate_sparse_portfolio(r, watch))
            }
            "BoxTaoDecomposition" => on(request, |r| calls::box_tao_decomposition(r, watch)),
            "RiskAnalytics" => on(request, calls::risk_analytics),
            other => Err(Refusal::parameter(
                "method",
                format!("{other:?} is no call of this desk"),
                "see proto/py_rt/v1/trading_service.proto",
            )),
        }
    }

    /// All definitions, as a serialised `google.protobuf.FileDescriptorSet`.
    #[must_use]
    pub const fn descriptors() -> &'static [u8] {
        proto::DESCRIPTORS
    }
}

fn on<Q: Message + Default, A: Message>(
    bytes: &[u8],
    call: impl FnOnce(&Q) -> Result<A, Refusal>,
) -> Result<Vec<u8>, Refusal> {
    let request = Q::decode(bytes).map_err(|error| {
        Refusal::parameter(
            "request",
            error.to_string(),
            "send the message of the method",
        )
    })?;
    Ok(call(&request)?.encode_to_vec())
}
