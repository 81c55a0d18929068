//! The fields of record data from wire format to master-file text.

use super::Rtype;
use super::apl;
use super::base::push_base32;
use super::base::push_base64;
use super::base::push_hex;
use super::bitmap;
use super::escape::push_quoted;
use super::fields::Field;
use super::fields::fields;
use super::hip;
use super::loc;
use super::name_text::push_name;
use super::number::present_time;
use super::rtype::present_rtype;
use super::svcb;
use super::wire_len;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// True when the octets are right for a type of the table.
pub(super) fn is_well_formed(rtype: Rtype, data: &[u8]) -> bool {
    present_fields(rtype, data).is_some()
}

/// The fields of a type of the table as text; none when the octets are not right for it.
pub(super) fn present_fields(rtype: Rtype, data: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(data.len() + 16);
    let mut rest = data;
    for (index, &(field, _)) in fields(rtype)?.iter().enumerate() {
        let spaced = matches!(field, Field::Types | Field::MaybeTypes | Field::Parameters);
        if index > 0 && !spaced {
            text.push(' ');
        }
        present_field(field, &mut rest, &mut text)?;
    }
    rest.is_empty().then_some(text)
}

fn present_field(field: Field, rest: &mut &[u8], text: &mut String) -> Option<()> {
    match field {
        Field::U8 | Field::Algorithm | Field::DigestType => text.push_str(&take::<1>(rest)?[0].to_string()),
        Field::U16 | Field::CertificateType => text.push_str(&u16::from_be_bytes(take(rest)?).to_string()),
        Field::U32 | Field::Seconds => text.push_str(&u32::from_be_bytes(take(rest)?).to_string()),
        Field::Time => text.push_str(&present_time(u32::from_be_bytes(take(rest)?))),
        Field::Name => {
            let length = wire_len(rest).ok()?;
            push_name(text, take_slice(rest, length)?);
        }
        Field::Ip4 => text.push_str(&Ipv4Addr::from(take::<4>(rest)?).to_string()),
        Field::Ip6 => text.push_str(&Ipv6Addr::from(take::<16>(rest)?).to_string()),
        Field::String => push_quoted(text, take_string(rest)?),
        Field::Strings => {
            push_quoted(text, take_string(rest)?);
            while !rest.is_empty() {
                text.push(' ');
                push_quoted(text, take_string(rest)?);
            }
        }
        Field::Text => push_quoted(text, take_all(rest)),
        Field::Tag => {
            let tag = take_string(rest)?;
            if tag.is_empty() || !tag.iter().all(u8::is_ascii_alphanumeric) {
                return None;
            }
            text.extend(tag.iter().map(|&octet| char::from(octet)));
        }
        Field::Hex => {
            push_hex(text, some(take_all(rest))?);
        }
        Field::Base64 => push_base64(text, some(take_all(rest))?),
        Field::Salt => match take_string(rest)? {
            [] => text.push('-'),
            salt => push_hex(text, salt),
        },
        Field::Hash => push_base32(text, some(take_string(rest)?)?),
        Field::Type => text.push_str(&present_rtype(Rtype::from_int(u16::from_be_bytes(take(rest)?)))),
        Field::Types => bitmap::present(some(take_all(rest))?, text)?,
        Field::MaybeTypes => bitmap::present(take_all(rest), text)?,
        Field::Eui(octets) => push_groups(text, take_slice(rest, usize::from(octets))?, 1, '-'),
        Field::Node => push_groups(text, take_slice(rest, 8)?, 2, ':'),
        Field::Location => loc::present(take_all(rest), text)?,
        Field::Prefixes => apl::present(take_all(rest), text)?,
        Field::Parameters => svcb::present(take_all(rest), text)?,
        Field::HostIdentity => hip::present(take_all(rest), text)?,
    }
    Some(())
}

fn push_groups(text: &mut String, octets: &[u8], size: usize, separator: char) {
    for (index, group) in octets.chunks(size).enumerate() {
        if index > 0 {
            text.push(separator);
        }
        for octet in group {
            text.push_str(&format!("{octet:02x}"));
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_slice<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take::<1>(rest)?[0];
    take_slice(rest, usize::from(length))
}

fn take_all<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    std::mem::take(rest)
}

fn some(octets: &[u8]) -> Option<&[u8]> {
    (!octets.is_empty()).then_some(octets)
}
