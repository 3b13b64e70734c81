//! Messages bent in every way: a bent one says what the whole one said, or is set aside.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::Tree;

/// What a decoder made of a message: its facts, and whether something was set aside.
pub type Reading = (Vec<String>, bool);

/// A decoder.
pub type Read<'a> = &'a dyn Fn(&[u8]) -> Reading;

const FORTY: &str = "1234567890123456789012345678901234567890";

/// The values to put in place of a leaf.
fn bent(leaf: &str) -> Vec<String> {
    let inner = leaf.trim_matches('"');
    let number = inner.parse::<f64>().is_ok();
    let mut all = vec!["null".into(), "{}".into(), "[1,[2]]".into(), "-".into()];
    if number {
        let other = if leaf.starts_with('"') {
            inner.into()
        } else {
            format!("\"{inner}\"")
        };
        all.extend([
            other,
            format!("{inner}00e-2").replacen("00e-2", "e0", usize::from(inner.contains('.'))),
            format!("\"{inner}e0\""),
            FORTY.into(),
            format!("\"{FORTY}\""),
            format!(
                "{inner}{}{FORTY}",
                if inner.contains('.') { "" } else { "." }
            ),
            "NaN".into(),
            "\"NaN\"".into(),
            "Infinity".into(),
            "\"-inf\"".into(),
            "1e400".into(),
            "\"\"".into(),
        ]);
    }
    all
}

/// Every message that differs from `tree` in one place, the member that was touched, and whether
/// it was emptied: left out or `null`.
fn mutations(tree: &Tree) -> Vec<(String, bool, String)> {
    let mut all = Vec::new();
    walk(tree, &mut |bent: &Tree, member: &str, emptied: bool| {
        all.push((member.to_string(), emptied, bent.text()));
    });
    all
}

/// Calls `each` with every single change of `tree`.
fn walk(tree: &Tree, each: &mut dyn FnMut(&Tree, &str, bool)) {
    match tree {
        Tree::Leaf(_) => {}
        Tree::Array(elements) => {
            for (place, element) in elements.iter().enumerate() {
                if let Tree::Leaf(leaf) = element {
                    for leaf in bent(leaf) {
                        let mut copy = elements.clone();
                        let emptied = leaf == "null";
                        copy[place] = Tree::Leaf(leaf);
                        each(&Tree::Array(copy), "element", emptied);
                    }
                }
                walk(element, &mut |bent, member, emptied| {
                    let mut copy = elements.clone();
                    copy[place] = bent.clone();
                    each(&Tree::Array(copy), member, emptied);
                });
            }
        }
        Tree::Object(members) => walk_object(members, each),
    }
}

fn walk_object(members: &[(String, Tree)], each: &mut dyn FnMut(&Tree, &str, bool)) {
    let mut extra = members.to_vec();
    extra.insert(
        0,
        ("zzz".into(), Tree::Leaf("{\"a\":[1,{}],\"p\":5}".into())),
    );
    each(&Tree::Object(extra), "zzz", false);
    for (place, (name, value)) in members.iter().enumerate() {
        let mut with = |value: Tree| {
            let mut copy = members.to_vec();
            let emptied = value == Tree::Leaf("null".into());
            copy[place].1 = value;
            each(&Tree::Object(copy), name, emptied);
        };
        if let Tree::Leaf(leaf) = value {
            bent(leaf)
                .into_iter()
                .for_each(|leaf| with(Tree::Leaf(leaf)));
        } else {
            with(Tree::Leaf("null".into()));
            with(Tree::Leaf("7".into()));
        }
        walk(value, &mut |bent, member, emptied| {
            let mut copy = members.to_vec();
            copy[place].1 = bent.clone();
            each(&Tree::Object(copy), member, emptied);
        });
        let mut missing = members.to_vec();
        missing.remove(place);
        each(&Tree::Object(missing), name, true);
        for twin in [
            value.clone(),
            Tree::Leaf("\"1\"".into()),
            Tree::Leaf("null".into()),
        ] {
            let mut twice = members.to_vec();
            twice.push((name.clone(), twin));
            each(&Tree::Object(twice), name, false);
        }
    }
}

/// Bends a message everywhere and cuts it everywhere.
pub fn bend(optional: &[&str], message: &str, read: Read<'_>) {
    let tree = Tree::parse(message);
    let whole = tree.text();
    let (facts, aside) = read(whole.as_bytes());
    assert!(!aside, "the whole message was set aside: {whole}");
    for (member, emptied, text) in mutations(&tree) {
        let (seen, aside) = read(text.as_bytes());
        let less = emptied && optional.contains(&member.as_str());
        assert!(
            aside || seen == facts || less,
            "{member}: {text}\n{seen:?}\n{facts:?}"
        );
        if aside && !less {
            assert!(
                seen.iter().all(|fact| facts.contains(fact)),
                "{member}: {text}\n{seen:?}"
            );
        }
    }
    for end in 0..whole.len() {
        let (seen, aside) = read(&whole.as_bytes()[..end]);
        assert!(
            aside && seen.iter().all(|fact| facts.contains(fact)),
            "cut at {end}"
        );
    }
    for place in 0..whole.len() {
        for byte in [0u8, b'"', b'\\', b'{', b']', b'9', 0xff] {
            let mut bytes = whole.clone().into_bytes();
            bytes[place] = byte;
            let _ = read(&bytes);
        }
    }
}
