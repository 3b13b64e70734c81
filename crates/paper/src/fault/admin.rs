//! Rules over the administration port: posted, listed, taken away.

use std::sync::atomic::Ordering;

use serde_json::Value;

use super::spec::{Deed, Rule};
use crate::answer::{Answer, Refusal, Request};
use crate::engine::Engine;
use crate::node::{Name, Node};

/// What a rule was posted with, as a tree.
fn written(value: &Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(flag) => Node::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Node::Int(whole),
            None => Node::text(number.to_string()),
        },
        Value::String(text) => Node::text(text.clone()),
        Value::Array(items) => Node::List(items.iter().map(written).collect()),
        Value::Object(fields) => Node::Map(
            fields
                .iter()
                .map(|(name, value)| (Name::Owned(name.clone()), written(value)))
                .collect(),
        ),
    }
}

fn count(number: u64) -> Node {
    Node::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn rule_node(rule: &Rule) -> Node {
    Node::map([
        ("number", count(rule.number)),
        ("fault", Node::text(format!("F{}", rule.fault))),
        ("seed", count(rule.seed)),
        ("met", count(rule.met)),
        ("fired", count(rule.struck)),
        ("left", Node::optional(rule.left, count)),
        ("rule", written(&Value::Object(rule.written.clone()))),
    ])
}

impl Engine {
    pub(crate) fn list_faults(&self) -> Answer {
        let rules = self.faults.lock();
        let fired = rules.struck.iter().enumerate();
        let counters =
            fired.map(|(at, times)| (Name::Owned(format!("F{}", at + 1)), count(*times)));
        Answer::ok(Node::map([
            (
                "faults",
                Node::List(rules.rules.iter().map(rule_node).collect()),
            ),
            ("counters", Node::Map(counters.collect())),
        ]))
    }

    pub(crate) fn post_fault(&mut self, request: &Request) -> Result<Answer, Refusal> {
        let number = self.faults.lock().last + 1;
        let mut rule = Rule::parse(&request.body, number, self.seed)?;
        let at_once = match rule.deed {
            Deed::Now(_) => Some(self.act(&rule, request.wall)?),
            Deed::Stream("cut" | "mute" | "cut_after_bytes", _) if !rule.waits_for_messages() => {
                Some(self.break_now(&rule))
            }
            Deed::Bust => Some(self.bust(&rule)),
            Deed::UnsolicitedCancel => match self.cancel_unasked(&rule) {
                0 => None,
                canceled => Some(canceled),
            },
            _ => None,
        };
        if let Some(times) = at_once {
            (rule.left, rule.met, rule.struck) = (Some(0), times, times);
        }
        let answer = rule_node(&rule);
        let mut rules = self.faults.lock();
        rules.last = number;
        rules.struck[rule.fault - 1] += at_once.unwrap_or(0);
        rules.rules.push(rule);
        self.faults.armed.store(true, Ordering::Relaxed);
        Ok(Answer::ok(answer))
    }

    fn break_now(&self, rule: &Rule) -> u64 {
        let Deed::Stream(kind, terms) = rule.deed else {
            return 0;
        };
        self.break_streams(kind, terms.bytes, |channel| {
            rule.filter.takes_dialect(channel.dialect) && rule.filter.takes_channel(channel.name)
        })
    }

    /// Takes one rule away, or all. What has happened stays; the counters too.
    pub(crate) fn delete_faults(&mut self, number: Option<&str>) -> Result<Answer, Refusal> {
        let mut rules = self.faults.lock();
        let before = rules.rules.len();
        match number {
            None => rules.rules.clear(),
            Some(text) => {
                let unknown = || Refusal::not_found("there is no fault of this number");
                let number: u64 = text.parse().map_err(|_| unknown())?;
                rules.rules.retain(|rule| rule.number != number);
                if rules.rules.len() == before {
                    return Err(unknown());
                }
            }
        }
        let armed = !rules.rules.is_empty();
        drop(rules);
        self.faults.armed.store(armed, Ordering::Relaxed);
        Ok(self.list_faults())
    }
}
