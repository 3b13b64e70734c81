//! One session an account: a lease with an epoch in the database.
//!
//! Whoever starts takes the next epoch; writes of an older one are refused, and the session that
//! learns it sends nothing more. A lease holds for its length after the moment at which its
//! renewal was asked for, by the clock that goes on while a process is stopped or a machine
//! sleeps, so that a session which wakes up asks before it sends.
//!
//! What the database cannot say it does not decide: when it is known not to answer, trading goes
//! on ([`Silence::Trade`]) or may only reduce ([`Silence::ReduceOnly`]), as the configuration says.
//! At the start it has as long to answer as a lease holds, afterwards a fifth of that.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::place::Place;
use super::postgres::{Epoch, Failure, Postgres};
use crate::clock::uptime_ns;
use crate::error::LiveError;

/// What a session does whose database does not answer for longer than its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Silence {
    /// Trades: a database that is down for us is down for everybody.
    #[default]
    Trade,
    /// Reduces only: it may be down for us alone, and somebody may have taken the account over.
    ReduceOnly,
}

/// What the lease says about sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The account is ours.
    Holds,
    /// The database does not answer, and that is no reason to stop.
    Silent,
    /// The database does not answer: reductions and cancels only.
    Reduce,
    /// It has run out and nobody has asked yet: nothing leaves for this moment.
    Unsure,
    /// Somebody else has the account: nothing leaves any more.
    Fenced,
}

/// Whose account, and under which terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Venue, host and account number.
    pub account: String,
    /// The state directory's name in order ids.
    pub lineage: String,
    /// Who we are, for the others' messages.
    pub holder: String,
    /// How long a renewal holds.
    pub length: Duration,
    /// What silence means.
    pub silence: Silence,
    /// Take it from a holder that lives.
    pub take_over: bool,
}

/// The lease of an account as a session sees it.
#[derive(Debug)]
pub struct Lease {
    terms: Terms,
    epoch: AtomicI64,
    /// By the uptime, in nanoseconds.
    holds_until: AtomicI64,
    failed_at: AtomicI64,
    fenced: AtomicBool,
    by: Mutex<String>,
    ending: AtomicBool,
}

/// A tenth less than the length: what the holder's clock may differ from the database's.
const fn margin(length_ns: i64) -> i64 {
    length_ns / 10
}

impl Lease {
    fn new(terms: Terms) -> Self {
        Self {
            terms,
            epoch: AtomicI64::new(0),
            holds_until: AtomicI64::new(i64::MIN),
            failed_at: AtomicI64::new(i64::MIN),
            fenced: AtomicBool::new(false),
            by: Mutex::new(String::new()),
            ending: AtomicBool::new(false),
        }
    }

    fn length_ns(&self) -> i64 {
        i64::try_from(self.terms.length.as_nanos()).unwrap_or(i64::MAX)
    }

    /// Whether anything may leave now.
    #[inline]
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict_at(uptime_ns())
    }

    fn verdict_at(&self, now: i64) -> Verdict {
        if self.fenced.load(Ordering::Acquire) {
            return Verdict::Fenced;
        }
        if now <= self.holds_until.load(Ordering::Acquire) {
            return Verdict::Holds;
        }
        let failed_at = self.failed_at.load(Ordering::Acquire);
        if now.saturating_sub(failed_at) > self.length_ns() / 2 {
            return Verdict::Unsure;
        }
        match self.terms.silence {
            Silence::Trade => Verdict::Silent,
            Silence::ReduceOnly => Verdict::Reduce,
        }
    }

    /// The epoch that writes belong to, once there is one.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        let number = self.epoch.load(Ordering::Acquire);
        (number > 0).then(|| Epoch {
            account: self.terms.account.clone(),
            number,
        })
    }

    /// Says that another session has the account.
    pub fn fence(&self, holder: &str) {
        if let Ok(mut by) = self.by.lock() {
            *by = holder.to_string();
        }
        self.fenced.store(true, Ordering::Release);
    }

    /// The error that ends a fenced session.
    #[must_use]
    pub fn fenced_error(&self) -> LiveError {
        let by = self.by.lock().map(|by| by.clone()).unwrap_or_default();
        LiveError::Fenced(format!(
            "another session has taken over the account {}, {by}; nothing was sent since, and open \
             orders of this session may still work at the venue: see there, and start again only \
             when the other has ended",
            self.terms.account
        ))
    }

    fn confirm(&self, asked_at: i64) {
        let length = self.length_ns();
        let until = asked_at.saturating_add(length - margin(length));
        self.holds_until.store(until, Ordering::Release);
    }
}

/// The thread that asks for a lease and renews it.
#[derive(Debug)]
pub struct LeaseKeeper {
    lease: Arc<Lease>,
    thread: Option<JoinHandle<()>>,
}

impl LeaseKeeper {
    /// Takes the lease, or finds the database silent; then keeps it up from a thread.
    ///
    /// # Errors
    /// [`LiveError::Fenced`] when a session that lives has it, [`LiveError::Connection`] when the
    /// database is silent and that is a reason not to start.
    pub fn start(place: Place, terms: Terms) -> Result<Self, LiveError> {
        let lease = Arc::new(Lease::new(terms));
        // Nothing waits for us yet, and a database that is taken for a silent one lets two trade.
        let mut clerk = Clerk {
            place,
            limit: lease.terms.length,
            lease: Arc::clone(&lease),
            database: None,
        };
        let first = clerk.try_turn();
        clerk.hurry();
        match first {
            Err(Failure::Fenced(holder)) => return Err(held(&lease, &holder)),
            Err(failure) if lease.terms.silence == Silence::ReduceOnly => {
                return Err(LiveError::Connection(format!(
                    "the database of `store.url` does not answer: {}; without it nobody knows \
                     whether the account is free. Start it, or write `without_lease = \"trade\"`",
                    failure.text()
                )))
            }
            _ => {}
        }
        let thread = thread::Builder::new()
            .name("lease".to_string())
            .spawn(move || clerk.run())
            .map_err(|error| LiveError::Journal(format!("no thread for the lease: {error}")))?;
        Ok(Self {
            lease,
            thread: Some(thread),
        })
    }

    /// The lease.
    #[must_use]
    pub fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }
}

/// Gives the lease back, if the database listens.
impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.lease.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that panicked has nothing left to give back.
            let _ended = thread.join();
        }
    }
}

fn held(lease: &Lease, holder: &str) -> LiveError {
    LiveError::Fenced(format!(
        "the account {} is traded by {holder}: stop that session, or wait {} s after its death, or \
         take the account over with --take-over, which stops the other",
        lease.terms.account,
        lease.terms.length.as_secs()
    ))
}

struct Clerk {
    place: Place,
    /// How long the database may take for one step.
    limit: Duration,
    lease: Arc<Lease>,
    database: Option<Postgres>,
}

impl Clerk {
    /// From now on silence is noticed well before the lease runs out.
    fn hurry(&mut self) {
        self.limit = self.lease.terms.length / 5;
        if let Some(database) = &mut self.database {
            database.limit_steps(self.limit);
        }
    }

    fn run(&mut self) {
        let every = self.lease.terms.length / 5;
        loop {
            thread::park_timeout(every);
            if self.lease.ending.load(Ordering::Acquire) {
                self.give_back();
                return;
            }
            if let Err(Failure::Fenced(holder)) = self.try_turn() {
                self.lease.fence(&holder);
                return;
            }
        }
    }

    /// Asks once; the lease knows the answer, or that there was none.
    fn try_turn(&mut self) -> Result<(), Failure> {
        match self.ask() {
            Ok(asked_at) => {
                self.lease.confirm(asked_at);
                Ok(())
            }
            Err(Failure::Fenced(holder)) => Err(Failure::Fenced(holder)),
            Err(failure) => {
                self.database = None;
                self.lease.failed_at.store(uptime_ns(), Ordering::Release);
                Err(failure)
            }
        }
    }

    /// Takes or renews the lease; says when that was asked for.
    fn ask(&mut self) -> Result<i64, Failure> {
        if self.database.is_none() {
            self.database = Some(Postgres::connect_within(&self.place, self.limit)?);
        }
        let Some(database) = &mut self.database else {
            return Ok(i64::MIN);
        };
        let asked_at = uptime_ns();
        match self.lease.epoch() {
            Some(epoch) => {
                renew(database, &epoch, &self.lease.terms)?;
                Ok(asked_at)
            }
            None => {
                let (number, wait) = take(database, &self.lease.terms)?;
                // The one that it was taken from may send until its own lease has run out; ours
                // holds that much longer.
                crate::clock::pause_for(wait);
                self.lease.epoch.store(number, Ordering::Release);
                let waited = i64::try_from(wait.as_nanos()).unwrap_or(0);
                Ok(asked_at.saturating_add(waited))
            }
        }
    }

    fn give_back(&mut self) {
        let (Some(epoch), Some(database)) = (self.lease.epoch(), &mut self.database) else {
            return;
        };
        // Nobody is told: it runs out by itself.
        let _given = database.run(async |client| {
            client
                .execute(
                    "UPDATE py_rt.leases SET ends = clock_timestamp()
                     WHERE account = $1 AND epoch = $2",
                    &[&epoch.account, &epoch.number],
                )
                .await?;
            Ok(())
        });
    }
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// Renews the lease; writes it anew into a database that was put back to an older state.
fn renew(database: &mut Postgres, epoch: &Epoch, terms: &Terms) -> Result<(), Failure> {
    let length = millis(terms.length);
    database.run(async |client| {
        let renewed = client
            .execute(
                "INSERT INTO py_rt.leases AS l VALUES ($1, $2, $3, $4,
                   clock_timestamp() + $5::bigint * interval '1 millisecond')
                 ON CONFLICT (account) DO UPDATE SET epoch = excluded.epoch,
                   lineage = excluded.lineage, holder = excluded.holder, ends = excluded.ends
                 WHERE l.epoch < excluded.epoch
                   OR (l.epoch = excluded.epoch AND l.lineage = excluded.lineage)",
                &[
                    &epoch.account,
                    &epoch.number,
                    &terms.lineage,
                    &terms.holder,
                    &length,
                ],
            )
            .await?;
        if renewed == 1 {
            return Ok(());
        }
        let found = client
            .query_one(
                "SELECT holder FROM py_rt.leases WHERE account = $1",
                &[&epoch.account],
            )
            .await?;
        Err(Failure::Fenced(found.get(0)))
    })
}

/// Takes the next epoch; says which, and how long the one before may still believe in its own.
fn take(database: &mut Postgres, terms: &Terms) -> Result<(i64, Duration), Failure> {
    let length = millis(terms.length);
    database.run(async |client| {
        let rows = client.transaction().await?;
        rows.execute(
            "INSERT INTO py_rt.leases VALUES ($1, 0, '', '', clock_timestamp())
             ON CONFLICT DO NOTHING",
            &[&terms.account],
        )
        .await?;
        let found = rows
            .query_one(
                "SELECT epoch, lineage, holder,
                   (extract(epoch FROM ends - clock_timestamp()) * 1000)::bigint
                 FROM py_rt.leases WHERE account = $1 FOR UPDATE",
                &[&terms.account],
            )
            .await?;
        let (epoch, lineage, holder): (i64, String, String) =
            (found.get(0), found.get(1), found.get(2));
        let left = u64::try_from(found.get::<_, i64>(3)).unwrap_or(0);
        // The lock of the state directory is ours: whoever had it under this name is dead.
        let lives = left > 0 && lineage != terms.lineage;
        if lives && !terms.take_over {
            return Err(Failure::Fenced(holder));
        }
        rows.execute(
            "UPDATE py_rt.leases SET epoch = $2, lineage = $3, holder = $4,
               ends = greatest(ends, clock_timestamp()) + $5::bigint * interval '1 millisecond'
             WHERE account = $1",
            &[
                &terms.account,
                &(epoch + 1),
                &terms.lineage,
                &terms.holder,
                &length,
            ],
        )
        .await?;
        rows.commit().await?;
        let wait = if lives { left } else { 0 };
        Ok((epoch + 1, Duration::from_millis(wait)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn lease(silence: Silence) -> Lease {
        Lease::new(Terms {
            account: "alpaca 1".to_string(),
            lineage: "abcdefgh".to_string(),
            holder: "me".to_string(),
            length: Duration::from_secs(10),
            silence,
            take_over: false,
        })
    }

    #[test]
    fn a_lease_holds_from_when_it_was_asked_for() {
        let held = lease(Silence::Trade);
        held.confirm(100 * SECOND);
        assert_eq!(held.verdict_at(109 * SECOND), Verdict::Holds);
        assert_eq!(held.verdict_at(109 * SECOND + 1), Verdict::Unsure);
    }

    #[test]
    fn silence_means_what_the_configuration_says() {
        for (silence, verdict) in [
            (Silence::Trade, Verdict::Silent),
            (Silence::ReduceOnly, Verdict::Reduce),
        ] {
            let held = lease(silence);
            held.confirm(100 * SECOND);
            held.failed_at.store(108 * SECOND, Ordering::Release);
            assert_eq!(held.verdict_at(109 * SECOND), Verdict::Holds);
            assert_eq!(held.verdict_at(112 * SECOND), verdict);
            // A process that was stopped for a minute knows nothing of the last minute.
            assert_eq!(held.verdict_at(170 * SECOND), Verdict::Unsure);
        }
    }

    #[test]
    fn whoever_is_fenced_stays_fenced() {
        let held = lease(Silence::Trade);
        held.fence("process 7");
        held.confirm(100 * SECOND);
        assert_eq!(held.verdict_at(100 * SECOND), Verdict::Fenced);
        assert!(held.fenced_error().to_string().contains("process 7"));
    }
}
