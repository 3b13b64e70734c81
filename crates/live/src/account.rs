//! One session of this machine an account, whatever its state directory.
//!
//! A lock in a folder of the user's, named by venue, host and account number. Another user or
//! another machine is kept off by the lease in a database ([`crate::store::lease`]).

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{flock, FlockOperation};

use crate::config::Dialect;
use crate::error::LiveError;
use crate::net::Url;

/// The name of an account: venue, host and number. On this machine the port belongs to it, since
/// every paper venue has an account of the same number; that of a bridge to Interactive Brokers
/// does not, since every session has a bridge of its own and the number is the account's.
#[must_use]
pub fn account_name(venue: Dialect, trading: &Url, number: &str) -> String {
    let host = if venue == Dialect::Ib {
        "tws".to_string()
    } else if trading.is_loopback() {
        trading.authority()
    } else {
        trading.host.clone()
    };
    format!("{} {host} {number}", venue.name())
}

/// An account that is ours for as long as this value lives.
#[derive(Debug)]
pub struct AccountLock {
    /// Holds the lock.
    _file: File,
}

impl AccountLock {
    /// Takes the lock of an account.
    ///
    /// # Errors
    /// [`LiveError::Fenced`] naming the session that has it, [`LiveError::Journal`] when the folder
    /// cannot be used.
    pub fn take(folder: &Path, account: &str, state_dir: &Path) -> Result<Self, LiveError> {
        let refused = |error: std::io::Error| {
            LiveError::Journal(format!("cannot use `{}`: {error}", folder.display()))
        };
        make_private(folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(file_name(account)))
            .map_err(refused)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // Without its name the message is still true.
            let _read = file.read_to_string(&mut holder);
            return Err(LiveError::Fenced(format!(
                "the account {account} is traded by {}: stop that session first",
                holder.trim()
            )));
        }
        let holder = format!("process {} in {}", std::process::id(), state_dir.display());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(holder.as_bytes()))
            .map_err(refused)?;
        Ok(Self { _file: file })
    }
}

/// A folder that is not ours alone would let others take the names away.
fn make_private(folder: &Path) -> Result<(), LiveError> {
    let refused =
        |why: String| LiveError::Journal(format!("cannot use `{}`: {why}", folder.display()));
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|error| refused(error.to_string()))?;
    let found = fs::symlink_metadata(folder).map_err(|error| refused(error.to_string()))?;
    let ours = found.uid() == rustix::process::getuid().as_raw();
    if !found.is_dir() || !ours || found.mode() & 0o077 != 0 {
        return Err(refused(
            "it must be a folder of yours that nobody else may enter, run chmod 700".to_string(),
        ));
    }
    Ok(())
}

fn file_name(account: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '-'
        }
    };
    let mut name: String = account.chars().map(plain).collect();
    name.push_str(".lock");
    name
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::journal::tests::Scratch;

    #[test]
    fn the_second_session_is_told_who_has_the_account() {
        let scratch = Scratch::new("account");
        let folder = scratch.path().join("locks");
        let url = Url::parse("http://127.0.0.1:18080").unwrap();
        let account = account_name(Dialect::Alpaca, &url, "PA1");
        assert_eq!(account, "alpaca 127.0.0.1:18080 PA1");
        let held = AccountLock::take(&folder, &account, Path::new("/first")).unwrap();
        let refused = AccountLock::take(&folder, &account, Path::new("/second")).unwrap_err();
        assert_eq!(refused.code(), "fenced");
        assert!(refused.to_string().contains("/first"), "{refused}");
        AccountLock::take(&folder, "alpaca 127.0.0.1:18080 PA2", Path::new("/second")).unwrap();
        drop(held);
        AccountLock::take(&folder, &account, Path::new("/second")).unwrap();
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let scratch = Scratch::new("open");
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let refused = AccountLock::take(scratch.path(), "a", Path::new("/s")).unwrap_err();
        assert_eq!(refused.code(), "journal");
    }

    #[test]
    fn a_host_beyond_this_machine_is_named_without_its_port() {
        let url = Url::parse("https://api.alpaca.markets").unwrap();
        assert_eq!(
            account_name(Dialect::Alpaca, &url, "9"),
            "alpaca api.alpaca.markets 9"
        );
    }
}
