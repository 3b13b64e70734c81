//! The database of a session: its lease before anything is sent, its rows whenever it listens.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{DatabaseConfig, LiveConfig};
use crate::driver::Hooks;
use crate::error::LiveError;
use crate::store::lease::{Lease, LeaseKeeper, Terms};
use crate::store::replica::Replica;

/// How long the end of a session waits for the last rows.
const LAST_ROWS: Duration = Duration::from_secs(5);

/// What follows a session, if anything does.
pub(super) struct Database {
    wanted: Option<DatabaseConfig>,
    state_dir: PathBuf,
    lineage: String,
    replica: Option<Replica>,
    /// Behind the replica, so that the lease is given back when the rows are there.
    keeper: Option<LeaseKeeper>,
}

impl Database {
    /// Takes the account's lease, if the configuration names a database.
    ///
    /// # Errors
    /// As [`LeaseKeeper::start`].
    pub(super) fn open(
        config: &LiveConfig,
        account: String,
        lineage: &str,
    ) -> Result<Self, LiveError> {
        let keeper = match &config.database {
            Some(wanted) => {
                let terms = Terms {
                    account,
                    lineage: lineage.to_string(),
                    holder: holder(config),
                    length: wanted.lease,
                    silence: wanted.silence,
                    take_over: wanted.take_over,
                };
                Some(LeaseKeeper::start(wanted.place.clone(), terms)?)
            }
            None => None,
        };
        Ok(Self {
            wanted: config.database.clone(),
            state_dir: config.state_dir.clone(),
            lineage: lineage.to_string(),
            replica: None,
            keeper,
        })
    }

    /// Lets the database follow the tables, which are open now; hands the lease out.
    ///
    /// # Errors
    /// As [`Replica::start`].
    pub(super) fn follow(&mut self, lease: &mut Option<Arc<Lease>>) -> Result<(), LiveError> {
        *lease = self.keeper.as_ref().map(LeaseKeeper::lease);
        if let (Some(wanted), None) = (&self.wanted, &self.replica) {
            let place = wanted.place.clone();
            let started = Replica::start(&self.state_dir, &self.lineage, place, lease.clone());
            self.replica = Some(started?);
        }
        Ok(())
    }

    /// Waits a little for the last rows, and says so when some are left.
    pub(super) fn finish(&mut self, hooks: &mut dyn Hooks) {
        let Some(replica) = self.replica.take() else {
            return;
        };
        let delivery = replica.finish(LAST_ROWS);
        if !delivery.is_whole() {
            let why = delivery.error.unwrap_or_else(|| "it is slow".to_string());
            hooks.on_notice(&format!(
                "the database does not have every row yet: {why}; the next session brings them, or \
                 py-rt store {}",
                self.state_dir.display()
            ));
        }
    }
}

fn holder(config: &LiveConfig) -> String {
    let host = rustix::system::uname();
    format!(
        "process {} on {} in {}",
        std::process::id(),
        host.nodename().to_string_lossy(),
        config.state_dir.display()
    )
}
