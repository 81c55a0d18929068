//! `$GENERATE`: its range, and its templates with `$` and `${offset,width,base}`, as BIND defines them.

use crate::dns::parse_number;

/// The numbers that a `$GENERATE` counts through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) stop: u32,
    pub(super) step: u32,
}

impl Range {
    /// Reads `START-STOP` or `START-STOP/STEP`.
    pub(super) fn parse(word: &[u8]) -> Option<Range> {
        let mut halves = word.splitn(2, |&octet| octet == b'-');
        let start = parse_number(halves.next()?, i32::MAX as u32)?;
        let mut rest = halves.next()?.splitn(2, |&octet| octet == b'/');
        let stop = parse_number(rest.next()?, i32::MAX as u32)?;
        let step = match rest.next() {
            Some(step) => parse_number(step, i32::MAX as u32)?,
            None => 1,
        };
        (start <= stop && step > 0).then_some(Range { start, stop, step })
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> u32 {
        (self.stop - self.start) / self.step + 1
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        (self.start..=self.stop).step_by(self.step as usize)
    }
}

/// Appends the template with this number put in; the error says what would be right.
///
/// `$` is the number, `$$` and `\$` are a dollar sign, other escapes stay as they are.
pub(super) fn expand(template: &[u8], number: u32, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut rest = template;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after.first()) {
            (b'\\', Some(&escaped)) => {
                out.extend([b'\\', escaped]);
                rest = &after[1..];
            }
            // Escaped, because a bare dollar sign would begin a directive.
            (b'$', Some(b'$')) => {
                out.extend(b"\\$");
                rest = &after[1..];
            }
            (b'$', Some(b'{')) => {
                let end = after.iter().position(|&octet| octet == b'}').ok_or("a `}` after `${`")?;
                push(&after[1..end], number, out)?;
                rest = &after[end + 1..];
            }
            (b'$', _) => out.extend(number.to_string().into_bytes()),
            _ => out.push(octet),
        }
    }
    Ok(())
}

/// `offset[,width[,base]]`.
fn push(modifier: &[u8], number: u32, out: &mut Vec<u8>) -> Result<(), &'static str> {
    const RIGHT: &str =
        "`${OFFSET}`, `${OFFSET,WIDTH}` or `${OFFSET,WIDTH,BASE}`, the width up to 255, the base one of d o x X n N";
    let mut parts = modifier.split(|&octet| octet == b',');
    let offset = parts.next().unwrap_or(b"");
    let (offset, sign) = offset.strip_prefix(b"-").map_or((offset, 1), |digits| (digits, -1));
    let offset = offset.strip_prefix(b"+").unwrap_or(offset);
    let offset = i64::from(parse_number(offset, i32::MAX as u32).ok_or(RIGHT)?) * sign;
    let width = match parts.next() {
        Some(width) => parse_number(width, 255).ok_or(RIGHT)? as usize,
        None => 0,
    };
    let base = match parts.next() {
        Some([base]) => *base,
        Some(_) => return Err(RIGHT),
        None => b'd',
    };
    if parts.next().is_some() {
        return Err(RIGHT);
    }
    let value = i64::from(number) + offset;
    if base == b'd' {
        out.extend(format!("{value:0width$}").into_bytes());
        return Ok(());
    }
    let value = u32::try_from(value).map_err(|_| "an offset that never leads below 0")?;
    let text = match base {
        b'o' => format!("{value:0width$o}"),
        b'x' => format!("{value:0width$x}"),
        b'X' => format!("{value:0width$X}"),
        b'n' => nibbles(value, width, false),
        b'N' => nibbles(value, width, true),
        _ => return Err(RIGHT),
    };
    out.extend(text.into_bytes());
    Ok(())
}

/// Hex digits in reverse with dots between, for ip6.arpa; the width counts digits and dots.
fn nibbles(mut value: u32, width: usize, upper: bool) -> String {
    let mut text = String::new();
    loop {
        let digit = char::from_digit(value & 15, 16).unwrap_or('0');
        text.push(if upper { digit.to_ascii_uppercase() } else { digit });
        value >>= 4;
        if value == 0 && text.len() >= width {
            return text;
        }
        text.push('.');
        if value == 0 && text.len() >= width {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Templates are filled in as BIND's manual has them.
    #[test]
    fn templates_are_filled_in() {
        let table: [(&str, &str, u32, Result<&str, ()>); 15] = [
            ("the number", "host-$", 7, Ok("host-7")),
            ("an escaped dollar stays escaped", "a\\$b$", 7, Ok("a\\$b7")),
            ("two are one", "a$$b", 7, Ok("a\\$b")),
            ("an offset", "${10}", 7, Ok("17")),
            ("an offset below", "${-7}", 7, Ok("0")),
            ("below zero", "${-8,3}", 7, Ok("-01")),
            ("below zero in hex", "${-8,3,x}", 7, Err(())),
            ("a width fills with zeros", "${0,3}", 7, Ok("007")),
            ("hex", "${0,2,x}", 171, Ok("ab")),
            ("upper hex", "${0,4,X}", 171, Ok("00AB")),
            ("octal", "${0,0,o}", 8, Ok("10")),
            ("nibbles in reverse", "${0,7,n}.x", 0x1ab, Ok("b.a.1.0.x")),
            ("upper nibbles", "${0,0,N}", 0xab, Ok("B.A")),
            ("an unknown base", "${0,0,z}", 1, Err(())),
            ("no end", "${0", 1, Err(())),
        ];
        for (why, template, number, expected) in table {
            let mut out = Vec::new();
            let got = expand(template.as_bytes(), number, &mut out).map_err(|_| ());
            assert_eq!(got.map(|()| String::from_utf8(out).unwrap()).as_deref(), expected.as_ref().copied(), "{why}");
        }
    }

    /// Ranges count up, in steps, without overflow.
    #[test]
    fn ranges_count_up() {
        assert_eq!(Range::parse(b"1-5/2").unwrap().numbers().collect::<Vec<_>>(), [1, 3, 5]);
        assert_eq!(Range::parse(b"0-2147483647").unwrap().len(), 1 << 31);
        for wrong in ["5-1", "1", "1-", "-1", "1-2/0", "a-b", "1-2/", "0-2147483648"] {
            assert_eq!(Range::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
