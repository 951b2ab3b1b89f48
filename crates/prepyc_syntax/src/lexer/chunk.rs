//! Sixteen bytes of the source at once: how far something goes on, without a branch for each byte.
//!
//! Bytes are looked at side by side within a number. What is said of a byte is its highest bit, and only up to the first
//! byte of which it is said is it to be believed.

/// Sixteen bytes, as many as are looked at together: eight and eight, the first of each the least significant.
#[derive(Clone, Copy)]
pub(crate) struct Chunk(u64, u64);

/// A number with that byte in each place.
const fn each(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

const HIGH: u64 = each(0x80);

impl Chunk {
    /// How many bytes it has.
    pub(crate) const SIZE: usize = 16;

    /// The bytes from `at` on, if there are enough of them.
    #[inline(always)]
    pub(crate) fn at(bytes: &[u8], at: usize) -> Option<Chunk> {
        let bytes: [u8; Chunk::SIZE] = *bytes.get(at..)?.first_chunk()?;
        let whole = u128::from_le_bytes(bytes);
        Some(Chunk(whole as u64, (whole >> 64) as u64))
    }

    /// How many bytes at the start may be within a name; bytes beyond ASCII may.
    #[inline(always)]
    pub(crate) fn name_length(self) -> usize {
        self.length_until(|word| {
            let low = word & !HIGH;
            let lower = low | each(0x20);
            // Within a byte nothing is carried into the next: both parts of each sum are below 0x80.
            let letter = (lower + each(0x80 - b'a')) & !(lower + each(0x7F - b'z'));
            let digit = (low + each(0x80 - b'0')) & !(low + each(0x7F - b'9'));
            let not_underscore = (low ^ each(b'_')) + each(0x7F);
            !(letter | digit | !not_underscore | word)
        })
    }

    /// How many spaces it starts with.
    #[inline(always)]
    pub(crate) fn space_length(self) -> usize {
        self.length_until(|word| {
            let other = word ^ each(b' ');
            other | ((other & !HIGH) + each(0x7F))
        })
    }

    /// How many bytes stand before the first that may end a string, or does something else than to stand for itself.
    #[inline(always)]
    pub(crate) fn plain_string_length(self, quote: u8) -> usize {
        let quotes = each(quote);
        self.length_until(|word| {
            equal_bytes(word ^ quotes)
                | equal_bytes(word ^ each(b'\\'))
                | equal_bytes(word ^ each(b'\n'))
                | equal_bytes(word)
        })
    }

    /// How many bytes stand before the first of which `ends` sets the highest bit.
    #[inline(always)]
    fn length_until(self, ends: impl Fn(u64) -> u64) -> usize {
        let marks = u128::from(ends(self.0) & HIGH) | u128::from(ends(self.1) & HIGH) << 64;
        marks.trailing_zeros() as usize / 8
    }

    /// The first bytes as a number, the very first the least significant, without the others.
    ///
    /// # Panics
    /// With a length that is not 1 to 16.
    #[inline(always)]
    pub(crate) fn prefix(self, length: usize) -> u128 {
        (u128::from(self.0) | u128::from(self.1) << 64) & u128::MAX >> (8 * (Chunk::SIZE - length))
    }
}

/// Marks the bytes that are zero; behind the first of them others, too.
#[inline(always)]
const fn equal_bytes(word: u64) -> u64 {
    word.wrapping_sub(each(1)) & !word
}

/// Whether some byte of the number is beyond ASCII.
#[inline(always)]
pub(crate) const fn has_unusual_byte(prefix: u128) -> bool {
    prefix & (HIGH as u128 | (HIGH as u128) << 64) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_end_at_the_first_other_byte() {
        let chunk = |text: &str| Chunk::at(text.as_bytes(), 0).unwrap();
        assert_eq!(chunk("azAZ09_\u{e9}+bcdefghijk").name_length(), 9);
        for other in (0..128_u8).filter(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_') {
            assert_eq!(chunk(&format!("abc{}efghijklmnopq", char::from(other))).name_length(), 3);
        }
        assert_eq!(chunk("abcdefghijklmnopq").name_length(), 16);
        assert_eq!(chunk("    abcdefghijklmnopq").space_length(), 4);
        for other in ['\'', '\\', '\n', '\0'] {
            assert_eq!(chunk(&format!("\"bcdefgh{other}jklmnopq")).plain_string_length(b'\''), 8);
        }
        assert!(Chunk::at(b"0123456789abcdef", 1).is_none());
    }

    #[test]
    fn a_prefix_is_the_number_of_its_bytes() {
        let chunk = Chunk::at(b"ab0123456789abcdef", 0).unwrap();
        assert_eq!(chunk.prefix(2), 0x6261);
        assert_eq!(chunk.prefix(16).to_le_bytes(), *b"ab0123456789abcd");
        assert!(!has_unusual_byte(chunk.prefix(16)));
        assert!(has_unusual_byte(0x80));
    }
}
