//! Where statistics are computed: as many at once as there are threads for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::calls::Watch;
use crate::refusal::Refusal;

/// A bounded pool. Whoever stops waiting stops the work as well, at its next look.
#[derive(Debug, Clone)]
pub(super) struct Pool(Arc<Semaphore>);

/// Says to the work, when dropped, that nobody waits any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Pool {
    pub(super) fn new(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads.max(1))))
    }

    /// Runs `work` when a thread is free; it is handed what says whether anybody still waits.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Watch<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let lost = || Refusal::new("trading", "the work ended without an answer", "try again");
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let permit = permit.map_err(|_| lost())?;
        let given_up = Arc::new(AtomicBool::new(false));
        let waiting = Waiting(Arc::clone(&given_up));
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&mut |_, _| !given_up.load(Ordering::Acquire))
        });
        let answer = done.await.unwrap_or_else(|_| Err(lost()));
        drop(waiting);
        answer
    }
}
