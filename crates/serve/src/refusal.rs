//! Why a call has no answer, and how that travels: a status with an `ErrorInfo` in its details.

use prost::Message;
use py_rt_quant::{Fault, QuantError};
use tonic::{Code, Status};

/// Who says so, in every `ErrorInfo`.
pub const DOMAIN: &str = "py_rt";
const INFO_TYPE: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// Why a call has no answer: an error of `py_rt.errors` before it has a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Stable code of the error: `parameter`, `data`, `degenerate`, `infeasible`,
    /// `not_converged`, `unavailable`, `access`, ...
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// The argument that is wrong.
    pub field: Option<String>,
    /// What to do.
    pub remedy: String,
    /// What locates the fault, in order.
    pub place: Vec<(String, Place)>,
}

/// A fact that locates a fault.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// A position or a count.
    Number(u64),
    /// A size.
    Size(f64),
    /// A name.
    Name(String),
}

impl Refusal {
    /// A refusal of a kind.
    pub fn new(code: &str, what: impl Into<String>, remedy: &str) -> Self {
        Self {
            code: code.to_owned(),
            what: what.into(),
            field: None,
            remedy: remedy.to_owned(),
            place: Vec::new(),
        }
    }

    /// A parameter outside its range.
    pub fn parameter(field: &str, what: impl Into<String>, remedy: &str) -> Self {
        Self::new("parameter", what, remedy).of(field)
    }

    /// Data that cannot be used.
    pub fn data(field: &str, what: impl Into<String>, remedy: &str) -> Self {
        Self::new("data", what, remedy).of(field)
    }

    /// The same refusal, of this argument.
    #[must_use]
    pub fn of(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same refusal, whose data argument the caller knows by another name.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        if self.field.as_deref() == Some(from) {
            self.field = Some(to.to_owned());
        }
        self
    }

    /// The same refusal, with the name of a column instead of its number.
    #[must_use]
    pub fn naming(mut self, names: &[String]) -> Self {
        for (key, place) in &mut self.place {
            if let ("column", Place::Number(at)) = (key.as_str(), &*place) {
                if let Some(name) = names.get(*at as usize) {
                    *place = Place::Name(name.clone());
                }
            }
        }
        self
    }

    fn status_code(&self) -> Code {
        match self.code.as_str() {
            "parameter" | "data" | "degenerate" | "config" => Code::InvalidArgument,
            "infeasible" | "strategy" | "risk" => Code::FailedPrecondition,
            "not_converged" | "cancelled" => Code::Aborted,
            "unavailable" => Code::Unavailable,
            "busy" => Code::ResourceExhausted,
            "access" => Code::PermissionDenied,
            "unknown_caller" => Code::Unauthenticated,
            _ => Code::Internal,
        }
    }
}

impl From<QuantError> for Refusal {
    fn from(error: QuantError) -> Self {
        let at = |code: &str, fault: Fault| {
            let place = [("column", fault.column), ("row", fault.row)];
            let place = place.into_iter();
            Self {
                place: place
                    .filter_map(|(key, at)| Some((key.to_owned(), Place::Number(at? as u64))))
                    .collect(),
                ..Self::new(code, fault.problem, fault.remedy).of(fault.field)
            }
        };
        match error {
            QuantError::Parameter {
                name,
                problem,
                remedy,
            } => Self::parameter(name, format!("{name} {problem}"), remedy),
            QuantError::Data(fault) => at("data", fault),
            QuantError::Degenerate(fault) => at("degenerate", fault),
            QuantError::Infeasible { problem, remedy } => Self::new("infeasible", problem, remedy),
            QuantError::NotConverged {
                problem,
                iterations,
                residual,
            } => Self {
                place: vec![
                    ("iterations".to_owned(), Place::Number(iterations as u64)),
                    ("residual".to_owned(), Place::Size(residual)),
                ],
                ..Self::new(
                    "not_converged",
                    problem,
                    "allow more iterations, or a larger tolerance",
                )
            },
            QuantError::Interrupted => Self::new("cancelled", "the call was cancelled", ""),
            other => Self::new("trading", other.to_string(), ""),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.status_code();
        let mut metadata = std::collections::BTreeMap::new();
        let mut numbers = Vec::new();
        for (key, place) in &refusal.place {
            let value = match place {
                Place::Number(n) => n.to_string(),
                Place::Size(x) => x.to_string(),
                Place::Name(name) => short(name),
            };
            if !matches!(place, Place::Name(_)) {
                numbers.push(key.as_str());
            }
            metadata.insert(key.clone(), value);
        }
        if !numbers.is_empty() {
            // Else nobody could tell a column 7 from one that is called "7".
            metadata.insert("numbers".to_owned(), numbers.join(","));
        }
        if let Some(field) = &refusal.field {
            metadata.insert("field".to_owned(), field.clone());
        }
        metadata.insert("remedy".to_owned(), short(&refusal.remedy));
        let what = short(&refusal.what);
        let info = ErrorInfo {
            reason: refusal.code.clone(),
            domain: DOMAIN.to_owned(),
            metadata,
        };
        let details = RpcStatus {
            code: code as i32,
            message: what.clone(),
            details: vec![Any {
                type_url: INFO_TYPE.to_owned(),
                value: info.encode_to_vec(),
            }],
        };
        Self::with_details(code, what, details.encode_to_vec().into())
    }
}

/// Text that fits into a header: nothing that goes into one may be longer than some kilobytes.
fn short(text: &str) -> String {
    const MOST: usize = 1000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.to_owned(),
    }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: std::collections::BTreeMap<String, String>,
}
