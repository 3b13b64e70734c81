//! What has changed in `store.sqlite`, so that another database can follow.
//!
//! One entry a row, numbered anew each time the row is written or taken out: the entries above a
//! number are what somebody who has come to that number does not have yet. They are kept by
//! triggers in the transaction that changes the row, and never removed, so that a database which
//! was put back to an older state, or is new, gets everything.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{params, Connection, Error, OpenFlags, OptionalExtension};

/// A table as every database has it.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Columns in order, with their types in PostgreSQL.
    pub columns: &'static [(&'static str, &'static str)],
    /// The two columns by which a row is found.
    pub key: [&'static str; 2],
}

/// The tables. Decimals are `numeric`, which keeps every digit; times are nanoseconds.
pub const TABLES: [Table; 3] = [
    Table {
        name: "orders",
        columns: &[
            ("client_order_id", "text"),
            ("venue_order_id", "text"),
            ("strategy", "text"),
            ("symbol", "text"),
            ("side", "text"),
            ("order_type", "text"),
            ("order_qty", "numeric"),
            ("limit_price", "numeric"),
            ("cum_qty", "numeric"),
            ("avg_price", "numeric"),
            ("status", "text"),
            ("ts_created", "bigint"),
            ("ts_updated", "bigint"),
        ],
        key: ["client_order_id", "client_order_id"],
    },
    Table {
        name: "fills",
        columns: &[
            ("exec_id", "text"),
            ("venue", "text"),
            ("client_order_id", "text"),
            ("symbol", "text"),
            ("side", "text"),
            ("last_qty", "numeric"),
            ("last_price", "numeric"),
            ("fee", "numeric"),
            ("fee_asset", "text"),
            ("ts_event", "bigint"),
        ],
        key: ["venue", "exec_id"],
    },
    Table {
        name: "positions",
        columns: &[
            ("strategy", "text"),
            ("symbol", "text"),
            ("qty", "numeric"),
            ("avg_price", "numeric"),
            ("realized_pnl", "numeric"),
        ],
        key: ["strategy", "symbol"],
    },
];

const SCHEMA: &str = "
CREATE TABLE changes (
  change INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, first TEXT NOT NULL,
  second TEXT NOT NULL, UNIQUE (kind, first, second));";

/// How far the journal is in the tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The name of this file, drawn when it was made.
    pub store: String,
    /// The session.
    pub session: i64,
    /// The last record of it.
    pub record: i64,
}

/// One row that changed: its text column by column, or nothing when it was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which of [`TABLES`].
    pub table: usize,
    /// Its key.
    pub key: [String; 2],
    /// The row as it is now.
    pub row: Option<Vec<Option<String>>>,
}

/// Changes that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// In the order in which they were made; a row comes once, as it is now.
    pub changes: Vec<Change>,
    /// The number of the last one.
    pub through: i64,
    /// How many there are behind it.
    pub waiting: i64,
    /// How far the journal is in them, once nothing waits.
    pub progress: Progress,
}

/// Begins to keep the entries, with one for every row that is there.
pub(super) fn begin(connection: &mut Connection) -> Result<(), Error> {
    let known: Option<i64> = connection
        .query_row(
            "SELECT 1 FROM sqlite_master WHERE name = 'changes'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if known.is_some() {
        return Ok(());
    }
    let rows = connection.transaction()?;
    rows.execute_batch(SCHEMA)?;
    for table in &TABLES {
        let (name, [first, second]) = (table.name, table.key);
        rows.execute_batch(&format!(
            "INSERT INTO changes (kind, first, second)
               SELECT '{name}', {first}, {second} FROM {name} ORDER BY rowid;"
        ))?;
        // Not `ON CONFLICT REPLACE`: the rule of the statement that fires a trigger comes first.
        for (when, row) in [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")] {
            rows.execute_batch(&format!(
                "CREATE TRIGGER {name}_{when} AFTER {when} ON {name} BEGIN
                   DELETE FROM changes WHERE kind = '{name}'
                     AND first = {row}.{first} AND second = {row}.{second};
                   INSERT INTO changes (kind, first, second)
                     VALUES ('{name}', {row}.{first}, {row}.{second}); END;"
            ))?;
        }
    }
    rows.commit()
}

/// `store.sqlite` as somebody sees it who only reads.
#[derive(Debug)]
pub struct ChangeReader {
    connection: Connection,
}

impl ChangeReader {
    /// Opens the file of a state directory.
    ///
    /// # Errors
    /// When there is none, or it keeps no entries.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        let reader = Self { connection };
        reader.has_more(0)?;
        Ok(reader)
    }

    fn progress(&self) -> Result<Progress, Error> {
        self.connection
            .prepare_cached("SELECT store, session, record FROM progress")?
            .query_row([], |row| {
                Ok(Progress {
                    store: row.get(0)?,
                    session: row.get(1)?,
                    record: row.get(2)?,
                })
            })
    }

    /// Whether there is anything above this number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn has_more(&self, after: i64) -> Result<bool, Error> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM changes WHERE change > ?1)")?
            .query_row([after], |row| row.get(0))
    }

    /// What changed above a number, `most` entries of it, as of one moment.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, after: i64, most: i64) -> Result<Batch, Error> {
        let rows = self.connection.transaction()?;
        let mut batch = Batch {
            through: after,
            ..Batch::default()
        };
        {
            let mut found = rows.prepare_cached(
                "SELECT change, kind, first, second FROM changes WHERE change > ?1
                 ORDER BY change LIMIT ?2",
            )?;
            let mut entries = found.query(params![after, most])?;
            while let Some(entry) = entries.next()? {
                batch.through = entry.get(0)?;
                let kind: String = entry.get(1)?;
                let Some(table) = TABLES.iter().position(|table| table.name == kind) else {
                    continue;
                };
                let key: [String; 2] = [entry.get(2)?, entry.get(3)?];
                let row = read_row(&rows, &TABLES[table], &key)?;
                batch.changes.push(Change { table, key, row });
            }
        }
        batch.waiting = rows
            .prepare_cached("SELECT count(*) FROM changes WHERE change > ?1")?
            .query_row([batch.through], |row| row.get(0))?;
        drop(rows);
        batch.progress = self.progress()?;
        Ok(batch)
    }
}

fn read_row(
    rows: &Connection,
    table: &Table,
    key: &[String; 2],
) -> Result<Option<Vec<Option<String>>>, Error> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let (name, columns, [first, second]) = (table.name, columns.join(", "), table.key);
    let width = table.columns.len();
    rows.prepare_cached(&format!(
        "SELECT {columns} FROM {name} WHERE {first} = ?1 AND {second} = ?2"
    ))?
    .query_row([&key[0], &key[1]], |row| {
        (0..width)
            .map(|at| {
                Ok(match row.get_ref(at)? {
                    ValueRef::Null => None,
                    ValueRef::Integer(whole) => Some(whole.to_string()),
                    other => Some(other.as_str()?.to_string()),
                })
            })
            .collect()
    })
    .optional()
}
