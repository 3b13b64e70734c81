//! Addresses of venues: scheme, host, port, path. Nothing else is accepted.

use std::net::{IpAddr, ToSocketAddrs};

/// A parsed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// `http`, `https`, `ws` or `wss`.
    pub scheme: String,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// The port, written or the scheme's own.
    pub port: u16,
    /// The path with a leading slash.
    pub path: String,
}

impl Url {
    /// Reads an address; `None` for what it is not, a user or a fragment among it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let default_port = match scheme {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            _ => return None,
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '#' | '?');
        if authority.contains(bad) || path.contains(bad) {
            return None;
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(digits) => digits.parse().ok()?,
            None => default_port,
        };
        if host.is_empty() {
            return None;
        }
        Some(Self {
            scheme: scheme.to_string(),
            host: host.to_ascii_lowercase(),
            port,
            path: path.to_string(),
        })
    }

    /// Whether bytes travel encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self.scheme.as_str(), "https" | "wss")
    }

    /// Whether the host is this machine by its very name.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host == "localhost",
        }
    }

    /// Host and port as headers write them.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The whole address again.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority(), self.path)
    }

    /// The addresses that the name stands for.
    ///
    /// # Errors
    /// When the name is not known.
    pub fn resolve(&self) -> std::io::Result<Vec<std::net::SocketAddr>> {
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Url;

    #[test]
    fn addresses_are_read_and_written_back() {
        let url = Url::parse("wss://stream.data.alpaca.markets/v1beta3/crypto/us").unwrap();
        assert_eq!(
            (url.port, url.is_secure(), url.is_loopback()),
            (443, true, false)
        );
        assert_eq!(
            url.text(),
            "wss://stream.data.alpaca.markets:443/v1beta3/crypto/us"
        );
        let url = Url::parse("http://127.0.0.1:18080").unwrap();
        assert_eq!(
            (url.port, url.path.as_str(), url.is_loopback()),
            (18080, "/", true)
        );
        let url = Url::parse("http://[::1]:9/x").unwrap();
        assert_eq!(
            (url.authority().as_str(), url.is_loopback()),
            ("[::1]:9", true)
        );
        assert!(Url::parse("http://localhost").unwrap().is_loopback());
        assert!(!Url::parse("http://localhost.evil.example")
            .unwrap()
            .is_loopback());
        assert!(!Url::parse("http://127.0.0.1.evil.example")
            .unwrap()
            .is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:80",
            "ftp://host",
            "http://",
            "http://:80",
            "http://host:port",
            "http://host:99999",
            "http://user@host",
            "http://host/a?b",
            "http://ho st",
            "http://::1",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }
}
