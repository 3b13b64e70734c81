//! Parameters as they were written: text, read as exact numbers.

use py_rt_types::{Decimal, Side};

use super::fail::Fail;

const NUMBERS: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
const IDS: &str = "^[a-zA-Z0-9-_]{1,36}$";
/// Decimals that the dialect can write.
const FINEST: u32 = 8;

/// Names and values; of a name that comes twice the first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    /// A value that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, Fail> {
        self.get(name).ok_or_else(|| Fail::missing(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Fail> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let value = text.parse::<i64>().ok().filter(|_| digits);
        value
            .map(Some)
            .ok_or_else(|| Fail::illegal(name, "^[0-9]{1,20}$"))
    }

    /// A number of rows within 1 to `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, Fail> {
        match self.integer("limit")? {
            None => Ok(default),
            Some(value) if value < 1 => Err(Fail::illegal("limit", "^[1-9][0-9]{0,19}$")),
            Some(value) => Ok(usize::try_from(value).unwrap_or(most).min(most)),
        }
    }

    /// A number above zero of at most eight decimals.
    pub(crate) fn decimal(&self, name: &str) -> Result<Option<Decimal>, Fail> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let bad = || Fail::illegal(name, NUMBERS);
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |part: &str| {
            (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !plain(whole) || !plain(part) {
            return Err(bad());
        }
        let value = Decimal::parse(text).map_err(|_| bad())?;
        if value.scale() > FINEST {
            return Err(Fail::too_precise(name));
        }
        if value.mantissa() == 0 {
            return Err(Fail::new(400, -1013, format!("Invalid {name}.")));
        }
        Ok(Some(value))
    }

    pub(crate) fn side(&self) -> Result<Side, Fail> {
        match self.need("side")? {
            "BUY" => Ok(Side::Buy),
            "SELL" => Ok(Side::Sell),
            _ => Err(Fail::new(400, -1117, "Invalid side.")),
        }
    }

    /// An id that a client chose.
    pub(crate) fn client_id(&self, name: &str) -> Result<Option<String>, Fail> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        if text.len() > 36 || !text.bytes().all(legal) {
            return Err(Fail::illegal(name, IDS));
        }
        Ok(Some(text.to_owned()))
    }
}

/// Eight decimals, as the dialect writes prices, quantities and money.
pub(crate) fn fixed(atto: i128) -> String {
    const UNIT: i128 = 100_000_000;
    let sign = if atto < 0 { "-" } else { "" };
    let value = atto.abs() / 10_000_000_000;
    format!("{sign}{}.{:08}", value / UNIT, value % UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Params {
        Params(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn numbers_are_exact_and_of_eight_decimals() {
        let read = |text: &str| {
            one("price", text)
                .decimal("price")
                .map_err(|fail| fail.code)
        };
        let value = |text: &str| Ok(Some(Decimal::parse(text).unwrap()));
        assert_eq!(read("0.00000001"), value("0.00000001"));
        assert_eq!(read("89000"), value("89000"));
        assert_eq!(read("0.123456789"), Err(-1111));
        for bad in ["1e-8", "-1", "+1", "1.", ".5", "NaN", "0x1", "1,5", "1 "] {
            assert_eq!(read(bad), Err(-1100), "{bad}");
        }
        assert_eq!(read("0"), Err(-1013));
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn money_is_written_with_eight_decimals() {
        assert_eq!(fixed(1_500_000_000_000_000_000), "1.50000000");
        assert_eq!(fixed(-10_000_000_000), "-0.00000001");
        assert_eq!(fixed(0), "0.00000000");
    }
}
