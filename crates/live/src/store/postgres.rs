//! The tables in PostgreSQL: one connection, its schema, one transaction a batch.
//!
//! Everything here has a time limit and is called from threads that nobody waits for. The tables
//! are those of `store.sqlite` in a schema `py_rt`, each with the lineage of its state directory in
//! front, so that many sessions share one database.

use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Transaction};

use super::changes::{Batch, Table, TABLES};
use super::place::Place;
use super::tls::RustlsConnect;

/// How long a database may take for one step.
const STEP: Duration = Duration::from_secs(10);
/// A session that is stopped in the middle of a write has the lease of its account locked; whoever
/// is to take it over would find a database that does not answer.
const NO_SLEEP: &str = "SET idle_in_transaction_session_timeout = '1s'";
/// Any number, as long as all of us take the same: whoever makes the tables holds it.
const MAKING: i64 = 0x7079_5f72_7431;

/// Why a database did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It was in each other's way with somebody: the same again will do.
    Again(String),
    /// The connection is of no use any more, or there is none.
    Broken(String),
    /// Another session has taken the account over; the text says who.
    Fenced(String),
}

impl Failure {
    /// What happened.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Again(text) | Self::Broken(text) | Self::Fenced(text)) = self;
        text
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = match error.as_db_error() {
            Some(said) => format!("{} ({})", said.message(), said.code().code()),
            None => match std::error::Error::source(&error) {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            },
        };
        match error.code() {
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
                Self::Again(text)
            }
            _ => Self::Broken(text),
        }
    }
}

/// Which epoch of which account the writes belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Venue, host and account number.
    pub account: String,
    /// Its number; the highest one holds.
    pub number: i64,
}

/// A connection.
#[derive(Debug)]
pub struct Postgres {
    runtime: Runtime,
    client: Client,
    step: Duration,
}

impl Postgres {
    /// Connects, and makes the tables where they are missing.
    ///
    /// # Errors
    /// [`Failure::Broken`] when there is no such database or it refuses.
    pub fn connect(place: &Place) -> Result<Self, Failure> {
        Self::connect_within(place, STEP)
    }

    /// As [`Postgres::connect`], with another limit for each step.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub fn connect_within(place: &Place, step: Duration) -> Result<Self, Failure> {
        let broken = |error: std::io::Error| Failure::Broken(error.to_string());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(broken)?;
        let config = place.config();
        let tls = place.tls().map_err(broken)?;
        let client = limited(&runtime, step, async move { open(&config, tls).await })?;
        let mut made = Self {
            runtime,
            client,
            step,
        };
        let schema = schema();
        made.run(async |client| {
            let rows = client.transaction().await?;
            rows.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])
                .await?;
            rows.batch_execute(&schema).await?;
            Ok(rows.commit().await?)
        })?;
        Ok(made)
    }

    /// From now on a step may take so long.
    pub(super) const fn limit_steps(&mut self, step: Duration) {
        self.step = step;
    }

    /// Does one thing, within the limit; asks again a few times when others were in the way.
    pub(super) fn run<T>(
        &mut self,
        mut work: impl AsyncFnMut(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            let (client, step) = (&mut self.client, self.step);
            let done = limited(&self.runtime, step, work(client));
            tries += 1;
            match done {
                Err(Failure::Again(_)) if tries < 5 => {}
                other => return other,
            }
        }
    }

    /// The number of the last change that is here, of the file with this name; 0 for another file.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn position(&mut self, lineage: &str, store: &str) -> Result<i64, Failure> {
        self.run(async |client| {
            let found = client
                .query_opt(
                    "SELECT change FROM py_rt.progress WHERE lineage = $1 AND store = $2",
                    &[&lineage, &store],
                )
                .await?;
            Ok(found.map_or(0, |row| row.get(0)))
        })
    }

    /// Writes a batch and how far it goes, together or not at all. Writing it twice changes
    /// nothing. An `epoch` that is not the highest is refused.
    ///
    /// # Errors
    /// When the database does not answer, or another session has taken the account over.
    pub fn write(
        &mut self,
        lineage: &str,
        epoch: Option<&Epoch>,
        batch: &Batch,
    ) -> Result<(), Failure> {
        self.run(async |client| {
            let rows = client.transaction().await?;
            if let Some(epoch) = epoch {
                check_epoch(&rows, epoch).await?;
            }
            for (place, table) in TABLES.iter().enumerate() {
                write_table(&rows, lineage, batch, place, table).await?;
            }
            let at = &batch.progress;
            rows.execute(
                "INSERT INTO py_rt.progress VALUES ($1, $2, $3, $4, $5, clock_timestamp())
                 ON CONFLICT (lineage) DO UPDATE SET store = excluded.store,
                   change = excluded.change, session = excluded.session,
                   record = excluded.record, written = excluded.written",
                &[&lineage, &at.store, &batch.through, &at.session, &at.record],
            )
            .await?;
            Ok(rows.commit().await?)
        })
    }

    /// The rows of one table as text, column by column, in the order of their keys; `lineage`
    /// leaves those of other state directories out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn read(
        &mut self,
        table: &Table,
        lineage: Option<&str>,
    ) -> Result<Vec<Vec<Cell>>, Failure> {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|(name, _)| format!("{name}::text"))
            .collect();
        let [first, second] = table.key;
        let query = format!(
            "SELECT {} FROM py_rt.{} WHERE $1::text IS NULL OR lineage = $1
             ORDER BY lineage, {first}, {second}",
            columns.join(", "),
            table.name
        );
        self.run(async |client| {
            let found = client.query(&query, &[&lineage]).await?;
            let width = table.columns.len();
            let rows = found
                .iter()
                .map(|row| (0..width).map(|at| row.get(at)).collect());
            Ok(rows.collect())
        })
    }
}

/// A value as text.
pub type Cell = Option<String>;

fn limited<T>(
    runtime: &Runtime,
    step: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let silent = || Failure::Broken(format!("no answer within {} s", step.as_secs_f32()));
    runtime.block_on(async { timeout(step, work).await.map_err(|_| silent())? })
}

async fn open(config: &Config, tls: Option<RustlsConnect>) -> Result<Client, Failure> {
    // The other half of a connection ends with it, in the runtime that it was made in.
    let client = match tls {
        Some(tls) => {
            let (client, connection) = config.connect(tls).await?;
            tokio::spawn(connection);
            client
        }
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            client
        }
    };
    client.batch_execute(NO_SLEEP).await?;
    Ok(client)
}

async fn check_epoch(rows: &Transaction<'_>, epoch: &Epoch) -> Result<(), Failure> {
    let found = rows
        .query_opt(
            "SELECT epoch, holder FROM py_rt.leases WHERE account = $1 FOR SHARE",
            &[&epoch.account],
        )
        .await?;
    match found {
        Some(row) if row.get::<_, i64>(0) > epoch.number => Err(Failure::Fenced(row.get(1))),
        _ => Ok(()),
    }
}

/// The statements of one table are made of the constants of [`TABLES`]; values travel apart.
async fn write_table(
    rows: &Transaction<'_>,
    lineage: &str,
    batch: &Batch,
    place: usize,
    table: &Table,
) -> Result<(), Failure> {
    let ours = || batch.changes.iter().filter(|one| one.table == place);
    let gone: Vec<_> = ours().filter(|one| one.row.is_none()).collect();
    let [first, second] = table.key;
    if !gone.is_empty() {
        let firsts: Vec<&str> = gone.iter().map(|one| one.key[0].as_str()).collect();
        let seconds: Vec<&str> = gone.iter().map(|one| one.key[1].as_str()).collect();
        let statement = format!(
            "DELETE FROM py_rt.{} AS t USING unnest($2::text[], $3::text[]) AS d (a, b)
             WHERE t.lineage = $1 AND t.{first} = d.a AND t.{second} = d.b",
            table.name
        );
        rows.execute(&statement, &[&lineage, &firsts, &seconds])
            .await?;
    }
    let fresh: Vec<_> = ours().filter_map(|one| one.row.as_ref()).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let width = table.columns.len();
    let columns: Vec<Vec<&Cell>> = (0..width)
        .map(|at| fresh.iter().map(|row| &row[at]).collect())
        .collect();
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&lineage];
    values.extend(columns.iter().map(|column| column as &(dyn ToSql + Sync)));
    rows.execute(&put_statement(table), &values).await?;
    Ok(())
}

fn put_statement(table: &Table) -> String {
    let mut text = format!("INSERT INTO py_rt.{} SELECT $1", table.name);
    // Writing to a String cannot fail.
    for (at, (_, kind)) in table.columns.iter().enumerate() {
        let _written = write!(text, ", v.c{at}::{kind}");
    }
    text.push_str(" FROM unnest(");
    for at in 0..table.columns.len() {
        let comma = if at > 0 { ", " } else { "" };
        let _written = write!(text, "{comma}${}::text[]", at + 2);
    }
    text.push_str(") AS v (");
    for at in 0..table.columns.len() {
        let comma = if at > 0 { ", " } else { "" };
        let _written = write!(text, "{comma}c{at}");
    }
    let _written = write!(text, ") ON CONFLICT ({}) DO UPDATE SET ", key_text(table));
    for (at, (name, _)) in table.columns.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let _written = write!(text, "{comma}{name} = excluded.{name}");
    }
    text
}

fn key_text(table: &Table) -> String {
    let [first, second] = table.key;
    if first == second {
        return format!("lineage, {first}");
    }
    format!("lineage, {first}, {second}")
}

fn schema() -> String {
    let mut text = String::from("CREATE SCHEMA IF NOT EXISTS py_rt;\n");
    for table in &TABLES {
        let _written = write!(
            text,
            "CREATE TABLE IF NOT EXISTS py_rt.{} (lineage text NOT NULL",
            table.name
        );
        for (name, kind) in table.columns {
            let _written = write!(text, ", {name} {kind}");
        }
        let _written = writeln!(text, ", PRIMARY KEY ({}));", key_text(table));
    }
    text.push_str(
        "CREATE TABLE IF NOT EXISTS py_rt.progress (lineage text PRIMARY KEY,
           store text NOT NULL, change bigint NOT NULL, session bigint NOT NULL,
           record bigint NOT NULL, written timestamptz NOT NULL);
         CREATE TABLE IF NOT EXISTS py_rt.leases (account text PRIMARY KEY,
           epoch bigint NOT NULL, lineage text NOT NULL, holder text NOT NULL,
           ends timestamptz NOT NULL);",
    );
    text
}
