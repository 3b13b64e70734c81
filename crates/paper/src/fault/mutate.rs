//! Members of a JSON text, changed in place: everything else stays byte by byte as it was.

/// Changes the member that a dotted path names (`order.qty`, or just `qty`): the first of that name
/// behind the one before it. A text without such a member stays as it is.
pub(super) fn mutate(text: &[u8], path: &str, kind: &str) -> Vec<u8> {
    let Some(member) = find(text, path) else {
        return text.to_vec();
    };
    let name = &text[member.name.0..member.name.1];
    let value = &text[member.value.0..member.value.1];
    let whole = [name, b":", value].concat();
    let changed: Vec<u8> = match kind {
        "missing" => return without(text, &member),
        "extra" => [br#""unforeseen":{"a":[1,null]},"#.as_slice(), &whole].concat(),
        "duplicate_key" => [&whole, b",".as_slice(), name, b":null"].concat(),
        _ => [name, b":", &other_value(value, kind)].concat(),
    };
    [&text[..member.name.0], &changed, &text[member.value.1..]].concat()
}

fn other_value(value: &[u8], kind: &str) -> Vec<u8> {
    let quoted = value.first() == Some(&b'"');
    let inside = if quoted {
        &value[1..value.len() - 1]
    } else {
        value
    };
    let as_written = |text: &[u8]| match quoted {
        true => [b"\"", text, b"\""].concat(),
        false => text.to_vec(),
    };
    match kind {
        "null" => b"null".to_vec(),
        "unknown_enum" => b"\"something_new\"".to_vec(),
        "type_swap" if quoted => inside.to_vec(),
        "type_swap" => [b"\"", value, b"\""].concat(),
        "exponent" => {
            let number = std::str::from_utf8(inside)
                .ok()
                .and_then(|text| text.parse::<f64>().ok());
            as_written(format!("{:e}", number.unwrap_or(1.0)).as_bytes())
        }
        "long_number" => as_written(b"1234567890123456789012345678901234567890"),
        "nan" => as_written(b"NaN"),
        _ => value.to_vec(),
    }
}

/// Takes a member away with the comma behind or before it.
fn without(text: &[u8], member: &Member) -> Vec<u8> {
    let (mut start, mut end) = (member.name.0, member.value.1);
    if text.get(end) == Some(&b',') {
        end += 1;
    } else if start > 0 && text[start - 1] == b',' {
        start -= 1;
    }
    [&text[..start], &text[end..]].concat()
}

/// Where a member's name (with quotes) and its value stand.
struct Member {
    name: (usize, usize),
    value: (usize, usize),
}

fn find(text: &[u8], path: &str) -> Option<Member> {
    let mut from = 0;
    let mut found = None;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let member = next_member(text, from, part.as_bytes())?;
        from = member.value.0;
        found = Some(member);
    }
    found
}

fn next_member(text: &[u8], from: usize, name: &[u8]) -> Option<Member> {
    let mut at = from;
    while at < text.len() {
        if text[at] != b'"' {
            at += 1;
            continue;
        }
        let end = string_end(text, at)?;
        if text.get(end) == Some(&b':') && &text[at + 1..end - 1] == name {
            let value = (end + 1, value_end(text, end + 1)?);
            return Some(Member {
                name: (at, end),
                value,
            });
        }
        at = end;
    }
    None
}

/// Behind the closing quote of the string that begins at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        match text.get(end)? {
            b'\\' => end += 2,
            b'"' => return Some(end + 1),
            _ => end += 1,
        }
    }
}

fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let (mut end, mut depth) = (at, 0usize);
    while end < text.len() {
        match text[end] {
            b'"' => {
                end = string_end(text, end)?;
                if depth == 0 {
                    return Some(end);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Some(end),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(end + 1);
                }
            }
            b',' if depth == 0 => return Some(end),
            _ => {}
        }
        end += 1;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"a":"x,\"qty\":1","order":{"qty":"0.10","n":[1,{"k":2}]},"qty":7}"#;

    fn changed(path: &str, kind: &str) -> String {
        String::from_utf8(mutate(TEXT.as_bytes(), path, kind)).unwrap()
    }

    #[test]
    fn one_member_changes_and_nothing_else() {
        let with = |value: &str| TEXT.replace(r#""qty":"0.10""#, value);
        assert_eq!(changed("qty", "null"), with(r#""qty":null"#));
        assert_eq!(changed("order.qty", "exponent"), with(r#""qty":"1e-1""#));
        assert_eq!(changed("qty", "type_swap"), with(r#""qty":0.10"#));
        assert_eq!(changed("qty", "nan"), with(r#""qty":"NaN""#));
        assert_eq!(
            changed("qty", "duplicate_key"),
            with(r#""qty":"0.10","qty":null"#)
        );
        assert_eq!(
            changed("order.qty", "missing"),
            TEXT.replace(r#""qty":"0.10","#, "")
        );
        assert_eq!(
            changed("order.n", "missing"),
            TEXT.replace(r#","n":[1,{"k":2}]"#, "")
        );
        assert!(changed("qty", "extra").contains(r#""unforeseen":{"a":[1,null]},"qty":"0.10""#));
        assert_eq!(
            changed("order.n.k", "long_number")
                .matches("1234567890")
                .count(),
            4
        );
        assert_eq!(changed("nothing", "null"), TEXT);
    }
}
