//! Where a database is: its address, who asks, and how the line is kept private.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::Config;

use super::tls::RustlsConnect;
use crate::error::LiveError;
use crate::net::tls_config;
use crate::secret::Secret;

/// A database of PostgreSQL. Prints without its password.
#[derive(Clone)]
pub struct Place {
    config: Config,
}

impl Place {
    /// Reads `postgresql://user@host:port/database`; the password comes apart.
    ///
    /// # Errors
    /// [`LiveError::Config`] when it is no such address. What it says has no password in it.
    pub fn try_new(url: &str, password: Option<&Secret>) -> Result<Self, LiveError> {
        let mut config = Config::from_str(url).map_err(|_| {
            LiveError::Config(
                "`store.url` is no address of a database: write it as \
                 postgresql://user@host:port/database"
                    .to_string(),
            )
        })?;
        if let Some(password) = password {
            config.password(password.expose());
        }
        if config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return Err(LiveError::Config(
                "`store.url` names no host or no database: write it as \
                 postgresql://user@host:port/database"
                    .to_string(),
            ));
        }
        config.application_name("py_rt");
        Ok(Self { config })
    }

    pub(super) fn config(&self) -> Config {
        let mut config = self.config.clone();
        if self.is_near() && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Disable);
        } else if config.get_ssl_mode() == SslMode::Prefer {
            // Half a promise is none: beyond this machine the line is private unless told.
            config.ssl_mode(SslMode::Require);
        }
        config
    }

    pub(super) fn tls(&self) -> io::Result<Option<RustlsConnect>> {
        if self.config().get_ssl_mode() == SslMode::Disable {
            return Ok(None);
        }
        tls_config().map(|config| Some(RustlsConnect::new(config)))
    }

    /// Whether every host is this machine.
    fn is_near(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                let address = name.parse::<IpAddr>();
                name == "localhost" || address.is_ok_and(|address| address.is_loopback())
            }
            Host::Unix(_) => true,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgresql://")?;
        if let Some(user) = self.config.get_user() {
            let stars = if self.config.get_password().is_some() {
                ":***"
            } else {
                ""
            };
            write!(f, "{user}{stars}@")?;
        }
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
            let ports = self.config.get_ports();
            if let Some(port) = ports.get(at).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_printing_shows_the_password() {
        let place = Place::try_new("postgresql://me:canary@db.example:6000/books", None).unwrap();
        assert_eq!(
            format!("{place} {place:?}"),
            "postgresql://me:***@db.example:6000/books postgresql://me:***@db.example:6000/books"
        );
        let apart = Secret::new("canary".to_string());
        let place = Place::try_new("postgresql://me@localhost/books", Some(&apart)).unwrap();
        assert_eq!(
            place.to_string(),
            "postgresql://me:***@localhost:5432/books"
        );
        for wrong in [
            "postgresql://me:canary@h:x/b",
            "postgresql://me:canary@h",
            "books",
        ] {
            let text = Place::try_new(wrong, None).unwrap_err().to_string();
            assert!(!text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn beyond_this_machine_the_line_is_private() {
        let mode = |url| Place::try_new(url, None).unwrap().config().get_ssl_mode();
        assert_eq!(mode("postgresql://me@127.0.0.1/b"), SslMode::Disable);
        assert_eq!(mode("postgresql://me@/b?host=/run/here"), SslMode::Disable);
        assert_eq!(mode("postgresql://me@db.example/b"), SslMode::Require);
        assert_eq!(
            mode("postgresql://me@db.example/b?sslmode=disable"),
            SslMode::Disable
        );
    }
}
