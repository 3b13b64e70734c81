//! Messages by hand after the specification, and every length cut short.

use alloc::vec::Vec;

use super::{optional_fields, FromMember, FromVenue};
use crate::error::DecodeError;

fn enter(optional: &[u8]) -> Vec<u8> {
    let mut bytes = b"O\0\0\x71\x54B\0\0\0\xe1CVLT    ".to_vec();
    bytes.extend(630_200u64.to_be_bytes());
    bytes.extend(b"0YANNMYORDER1234  ");
    bytes.push(b' ');
    bytes.truncate(45);
    bytes.extend((optional.len() as u16).to_be_bytes());
    bytes.extend(optional);
    bytes
}

#[test]
fn an_order_and_its_optional_fields() {
    let bytes = enter(&[5, 2, b'L', b'I', b'M', b'E', 2, 3, b'Y']);
    let FromMember::Enter {
        reference,
        side,
        qty,
        symbol,
        price,
        optional,
        ..
    } = FromMember::decode(&bytes).unwrap()
    else {
        panic!("no order");
    };
    assert_eq!((reference, side, qty, price), (0x7154, b'B', 225, 630_200));
    assert_eq!(&symbol, b"CVLT    ");
    let mut fields = Vec::new();
    optional_fields(optional, |tag, value| fields.push((tag, value.to_vec()))).unwrap();
    assert_eq!(fields, [(2, b"LIME".to_vec()), (3, b"Y".to_vec())]);
    assert!(optional_fields(&[9, 1], |_, _| ()).is_err());
    assert!(optional_fields(&[0], |_, _| ()).is_err());
}

#[test]
fn what_is_cut_short_is_malformed_and_never_another_message() {
    let whole = enter(&[2, 3, b'Y']);
    for length in 0..whole.len() {
        assert!(FromMember::decode(&whole[..length]).is_err(), "{length}");
    }
    let lengths = [
        (b'S', 10),
        (b'C', 18),
        (b'D', 32),
        (b'E', 34),
        (b'B', 36),
        (b'J', 29),
        (b'P', 13),
        (b'I', 13),
        (b'T', 30),
        (b'M', 18),
        (b'X', 25),
        (b'G', 17),
        (b'K', 17),
        (b'Q', 13),
        (b'A', 64),
        (b'U', 68),
        (b'R', 16),
    ];
    for (kind, length) in lengths {
        let mut bytes = alloc::vec![0u8; length];
        bytes[0] = kind;
        assert!(FromVenue::decode(&bytes).is_ok(), "{}", char::from(kind));
        for cut in 0..length {
            let error = FromVenue::decode(&bytes[..cut]).unwrap_err();
            assert!(
                matches!(error, DecodeError::Malformed(_)),
                "{}",
                char::from(kind)
            );
        }
    }
    let unknown = DecodeError::malformed(0, "message type");
    assert_eq!(FromVenue::decode(b"?aaaaaaaaaaaaaaaa"), Err(unknown));
    assert_eq!(FromMember::decode(b"?aaaaaaaaaaaaaaaa"), Err(unknown));
}

#[test]
fn a_cancel_says_how_much_went_and_why() {
    let mut bytes = alloc::vec![b'C'];
    bytes.extend(44_640_000_000_000u64.to_be_bytes());
    bytes.extend(7u32.to_be_bytes());
    bytes.extend(40u32.to_be_bytes());
    bytes.push(b'U');
    let ns = 44_640_000_000_000;
    let canceled = FromVenue::Canceled {
        ns,
        reference: 7,
        qty: 40,
        reason: b'U',
    };
    assert_eq!(FromVenue::decode(&bytes), Ok(canceled));
}
