//! Sixteen or sixty-four bytes of the source at once: how far something goes on, and where tokens start, without a branch
//! for each byte.

use wide::i8x16;

/// Sixteen bytes, as many as are looked at together: eight and eight, the first of each the least significant.
#[derive(Clone, Copy)]
pub(crate) struct Chunk(u64, u64);

/// For each length the mask of as many bytes.
static PREFIXES: [(u64, u64); Chunk::SIZE + 1] = {
    let mut table = [(u64::MAX, u64::MAX); Chunk::SIZE + 1];
    let mut length = 0;
    while length < Chunk::SIZE {
        let mask = (1_u128 << (8 * length)) - 1;
        table[length] = (mask as u64, (mask >> 64) as u64);
        length += 1;
    }
    table
};

impl Chunk {
    /// How many bytes it has.
    pub(crate) const SIZE: usize = 16;

    /// The bytes from `at` on, if there are enough of them.
    #[inline(always)]
    pub(crate) fn at(bytes: &[u8], at: usize) -> Option<Chunk> {
        bytes.get(at..)?.first_chunk().map(|&bytes| Chunk::new(bytes))
    }

    #[inline(always)]
    fn new(bytes: [u8; Chunk::SIZE]) -> Chunk {
        let whole = u128::from_le_bytes(bytes);
        Chunk(whole as u64, (whole >> 64) as u64)
    }

    /// How many bytes at the start are ASCII letters, digits and underscores.
    #[inline(always)]
    pub(crate) fn word_length(self) -> usize {
        Bytes::of(self).word().leading()
    }

    /// How many ASCII digits it starts with.
    #[inline(always)]
    pub(crate) fn digits_length(self) -> usize {
        Bytes::of(self).between(b'0', b'9').leading()
    }

    /// How many spaces it starts with.
    #[inline(always)]
    pub(crate) fn space_length(self) -> usize {
        Bytes::of(self).equal(b' ').leading()
    }

    /// How many bytes stand before the first that may end a string, or does something else than to stand for itself.
    #[inline(always)]
    pub(crate) fn plain_string_length(self, quote: u8) -> usize {
        let bytes = Bytes::of(self);
        bytes.equal(quote).or(bytes.equal(b'\\')).or(bytes.equal(b'\n')).or(bytes.equal(0)).first()
    }

    /// The first bytes as numbers, the very first the least significant, without the others.
    ///
    /// # Panics
    /// With a length of more than 16.
    #[inline(always)]
    pub(crate) fn prefix(self, length: usize) -> (u64, u64) {
        let (low, high) = PREFIXES[length];
        (self.0 & low, self.1 & high)
    }
}

/// What stands where in four chunks of the source: a bit for each byte, the first the least significant.
#[derive(Clone, Copy)]
pub(crate) struct Block<'w> {
    /// Its bytes and those behind it.
    pub(crate) window: &'w [u8; Block::WINDOW],
    /// ASCII letters, digits and underscores.
    words: u64,
    /// Where a word starts, or something else that is no space.
    starts: u64,
    size: usize,
}

impl<'w> Block<'w> {
    /// How many bytes it has.
    pub(crate) const SIZE: usize = 64;

    /// So many bytes are there to be looked at: as many again, so that no index can be too large.
    pub(crate) const WINDOW: usize = 2 * Block::SIZE;

    /// Of the first bytes.
    #[inline(always)]
    pub(crate) fn of(window: &'w [u8; Block::WINDOW]) -> Block<'w> {
        let (mut words, mut spaces) = (0, 0);
        for index in (0..Block::SIZE).step_by(Chunk::SIZE) {
            let bytes = Bytes::of(chunk_of(window, index));
            words |= bytes.word().mask() << index;
            spaces |= bytes.equal(b' ').mask() << index;
        }
        let size = Block::SIZE - words.leading_ones() as usize;
        // None of them if a word goes through all of it.
        let whole = u64::MAX.checked_shr((Block::SIZE - size) as u32).unwrap_or(0);
        Block { window, words, starts: !(spaces | words & words << 1) & whole, size }
    }

    /// The bytes from that offset in the block on.
    #[inline(always)]
    pub(crate) fn chunk(self, offset: usize) -> Chunk {
        chunk_of(self.window, offset)
    }

    /// How many of its bytes there are before a word that its end may cut.
    #[inline(always)]
    pub(crate) fn size(self) -> usize {
        self.size
    }

    /// Where a word starts, or something else that is no space, as far as the size goes.
    #[inline(always)]
    pub(crate) fn starts(self) -> u64 {
        self.starts
    }

    /// Those of the starts that are not before the offset; none if it is behind what the block has.
    #[inline(always)]
    pub(crate) fn starts_from(self, offset: usize, starts: u64) -> Option<u64> {
        (offset < self.size).then(|| starts & u64::MAX << offset)
    }

    /// How long the word is that starts there.
    #[inline(always)]
    pub(crate) fn word_length(self, at: usize) -> usize {
        // Zeros come in from above, and end it.
        (!(self.words >> (at % Block::SIZE))).trailing_zeros() as usize
    }
}

#[inline(always)]
fn chunk_of(window: &[u8; Block::WINDOW], offset: usize) -> Chunk {
    let mut bytes = [0; Chunk::SIZE];
    bytes.copy_from_slice(&window[offset % Block::SIZE..][..Chunk::SIZE]);
    Chunk::new(bytes)
}

/// The bytes of a chunk side by side.
#[derive(Clone, Copy)]
struct Bytes(i8x16);

/// Bytes of which something is true, as all ones.
#[derive(Clone, Copy)]
struct Marks(i8x16);

impl Bytes {
    #[inline(always)]
    fn of(chunk: Chunk) -> Bytes {
        let whole = u128::from(chunk.0) | u128::from(chunk.1) << 64;
        Bytes(i8x16::from(whole.to_le_bytes().map(|byte| byte as i8)))
    }

    /// ASCII letters, digits and underscores.
    #[inline(always)]
    fn word(self) -> Marks {
        let letters = self.with_bit(0x20).between(b'a', b'z');
        letters.or(self.between(b'0', b'9')).or(self.equal(b'_'))
    }

    #[inline(always)]
    fn with_bit(self, bit: u8) -> Bytes {
        Bytes(self.0 | i8x16::splat(bit as i8))
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> Marks {
        Marks(self.0.simd_eq(i8x16::splat(byte as i8)))
    }

    /// Those in a range.
    #[inline(always)]
    fn between(self, first: u8, last: u8) -> Marks {
        // Comparisons are of signed bytes: the range is moved to where these begin.
        let moved = self.0 + i8x16::splat(0x80_u8.wrapping_sub(first) as i8);
        Marks(moved.simd_lt(i8x16::splat((0x81 + (last - first)) as i8)))
    }
}

impl Marks {
    #[inline(always)]
    fn or(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    /// A bit for each byte, the first the least significant.
    #[inline(always)]
    fn mask(self) -> u64 {
        u64::from(self.0.to_bitmask() & 0xFFFF)
    }

    /// How many marks there are before the first byte without one.
    #[inline(always)]
    fn leading(self) -> usize {
        (!self.0.to_bitmask()).trailing_zeros() as usize
    }

    /// How many bytes there are before the first mark.
    #[inline(always)]
    fn first(self) -> usize {
        (self.0.to_bitmask() | 1 << Chunk::SIZE).trailing_zeros() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &[u8]) -> Chunk {
        Chunk::at(text, 0).unwrap()
    }

    #[test]
    fn lengths_end_at_the_first_other_byte() {
        for other in (0..=255_u8).filter(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_') {
            assert_eq!(chunk(&[&b"azAZ09_"[..], &[other], b"fghijklmnopq"].concat()).word_length(), 7);
        }
        assert_eq!(chunk(b"abcdefghijklmnopq").word_length(), 16);
        assert_eq!(chunk(b"    abcdefghijklmnopq").space_length(), 4);
        assert_eq!(chunk(&[b' '; 16]).space_length(), 16);
        assert_eq!(chunk(b"0123456789abcdef").digits_length(), 10);
        for other in [b'\'', b'\\', b'\n', b'\0'] {
            assert_eq!(
                chunk(&[&b"\"bcdefgh"[..], &[other], b"jklmnopq"].concat()).plain_string_length(b'\''),
                8
            );
        }
        assert_eq!(chunk(b"abcdefghijklmnopq").plain_string_length(b'"'), 16);
        assert!(Chunk::at(b"0123456789abcdef", 1).is_none());
    }

    #[test]
    fn a_block_knows_where_tokens_start() {
        let mut window = [b' '; Block::WINDOW];
        window[..12].copy_from_slice(b"if a_1==\xC3\n_b");
        let block = Block::of(&window);
        assert_eq!(block.starts(), 0b0111_1100_1001);
        assert_eq!((block.word_length(0), block.word_length(3), block.word_length(10)), (2, 3, 2));
        assert_eq!(block.size(), Block::SIZE);
        // A word that goes on behind the block, or may do so, is not in it.
        window[60..].fill(b'x');
        let block = Block::of(&window);
        assert_eq!((block.starts(), block.size()), (0b0111_1100_1001, 60));
        window.fill(b'x');
        assert_eq!((Block::of(&window).starts(), Block::of(&window).size()), (0, 0));
    }

    #[test]
    fn a_prefix_is_the_numbers_of_its_bytes() {
        let chunk = chunk(b"ab0123456789abcdef");
        assert_eq!(chunk.prefix(2), (0x6261, 0));
        assert_eq!(chunk.prefix(9), (u64::from_le_bytes(*b"ab012345"), u64::from(b'6')));
        assert_eq!(chunk.prefix(16), (u64::from_le_bytes(*b"ab012345"), u64::from_le_bytes(*b"6789abcd")));
    }
}
