//! Base 16, 32 (extended hex) and 64 (RFC 4648), over words that white space splits.

const HEX: &[u8; 16] = b"0123456789ABCDEF";
const BASE32HEX: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base 16 that arrives in pieces.
#[derive(Default)]
pub(crate) struct HexReader {
    half: Option<u8>,
}

impl HexReader {
    /// Takes digits; false at the first octet that is none.
    pub(crate) fn feed(&mut self, word: &[u8], out: &mut Vec<u8>) -> bool {
        for octet in word {
            let digit = match octet {
                b'0'..=b'9' => octet - b'0',
                b'a'..=b'f' => octet - b'a' + 10,
                b'A'..=b'F' => octet - b'A' + 10,
                _ => return false,
            };
            match self.half.take() {
                Some(high) => out.push(high << 4 | digit),
                None => self.half = Some(digit),
            }
        }
        true
    }

    /// True when the digits were an even number.
    pub(crate) fn finish(self) -> bool {
        self.half.is_none()
    }
}

pub(crate) fn push_hex(text: &mut String, octets: &[u8]) {
    for octet in octets {
        text.push(char::from(HEX[usize::from(octet >> 4)]));
        text.push(char::from(HEX[usize::from(octet & 15)]));
    }
}

/// Base 64 that arrives in pieces; padding is wanted (RFC 4648 section 3.2).
#[derive(Default)]
pub(crate) struct Base64Reader {
    bits: u32,
    digits: u8,
    padding: u8,
}

impl Base64Reader {
    /// Takes digits; false at the first octet that is none or stands after the padding.
    pub(crate) fn feed(&mut self, word: &[u8], out: &mut Vec<u8>) -> bool {
        for octet in word {
            let digit = match octet {
                b'=' if self.padding > 0 || self.digits >= 2 => {
                    self.padding += 1;
                    if self.padding + self.digits > 4 {
                        return false;
                    }
                    continue;
                }
                _ if self.padding > 0 => return false,
                b'A'..=b'Z' => octet - b'A',
                b'a'..=b'z' => octet - b'a' + 26,
                b'0'..=b'9' => octet - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return false,
            };
            self.bits = self.bits << 6 | u32::from(digit);
            self.digits += 1;
            if self.digits == 4 {
                out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                (self.bits, self.digits) = (0, 0);
            }
        }
        true
    }

    /// Ends it; false when digits or padding are missing, or unused bits are set (RFC 4648 section 3.5).
    pub(crate) fn finish(self, out: &mut Vec<u8>) -> bool {
        match (self.digits, self.padding) {
            (0, 0) => true,
            (2, 2) => {
                out.push((self.bits >> 4) as u8);
                self.bits & 0xf == 0
            }
            (3, 1) => {
                out.extend_from_slice(&((self.bits >> 2) as u16).to_be_bytes());
                self.bits & 0x3 == 0
            }
            _ => false,
        }
    }
}

pub(crate) fn push_base64(text: &mut String, octets: &[u8]) {
    for chunk in octets.chunks(3) {
        let mut padded = [0; 4];
        padded[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(padded);
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(char::from(BASE64[(bits >> (18 - 6 * place)) as usize & 63]));
            } else {
                text.push('=');
            }
        }
    }
}

/// Reads base 32 with the extended hex alphabet and without padding (RFC 5155 section 3.3).
pub(crate) fn read_base32(word: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bits = 0u64;
    let mut count = 0;
    for octet in word {
        let digit = match octet {
            b'0'..=b'9' => octet - b'0',
            b'a'..=b'v' => octet - b'a' + 10,
            b'A'..=b'V' => octet - b'A' + 10,
            _ => return false,
        };
        bits = bits << 5 | u64::from(digit);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bits == 0 && count < 5
}

pub(crate) fn push_base32(text: &mut String, octets: &[u8]) {
    let mut bits = 0u64;
    let mut count = 0;
    for &octet in octets {
        bits = bits << 8 | u64::from(octet);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(BASE32HEX[(bits >> count) as usize & 31]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(BASE32HEX[(bits << (5 - count)) as usize & 31]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lengths go both ways in each base.
    #[test]
    fn octets_are_written_and_read_back() {
        for length in 0..40u8 {
            let octets: Vec<u8> = (0..length).map(|value| value.wrapping_mul(73) ^ 0xa5).collect();
            let mut text = String::new();
            let mut back = Vec::new();
            push_base64(&mut text, &octets);
            let mut reader = Base64Reader::default();
            assert!(reader.feed(text.as_bytes(), &mut back) && reader.finish(&mut back), "{text}");
            assert_eq!(back, octets);
            (text, back) = (String::new(), Vec::new());
            push_base32(&mut text, &octets);
            assert!(read_base32(text.as_bytes(), &mut back), "{text}");
            assert_eq!(back, octets);
            (text, back) = (String::new(), Vec::new());
            push_hex(&mut text, &octets);
            let mut reader = HexReader::default();
            assert!(reader.feed(text.as_bytes(), &mut back) && reader.finish());
            assert_eq!(back, octets);
        }
    }

    /// Base 64 that is cut, over-long or has stray bits is refused.
    #[test]
    fn bad_base64_is_refused() {
        for wrong in ["A", "AA", "AAA", "AA=", "AA===", "A===", "AB==", "AAB=", "AA==AA==", "=", "AA*="] {
            let mut out = Vec::new();
            let mut reader = Base64Reader::default();
            assert!(!(reader.feed(wrong.as_bytes(), &mut out) && reader.finish(&mut out)), "{wrong}");
        }
    }
}
