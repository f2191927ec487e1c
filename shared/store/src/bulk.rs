//! The bulk of a session's state: the summary, the conversation, what the tools remember.
//!
//! It is text of a few lines (compact JSON holds no line break), compressed with zstd, whose checksum finds any damage. It
//! lies in the head while it is small, else in parts.
//!
//! The first line is by far the longest: the summary and the conversation as they stand in an response, so that unpacking
//! writes them where they belong.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read};

use zstd::bulk::{Compressor, Decompressor};

/// The largest compressed bulk that lies in the head, in bytes.
///
/// A head of up to 4 KB costs one read unit whether there is bulk in it or not, and a part costs at least one more; but
/// heads are read for summaries too, which need no bulk.
pub(crate) const INLINE_LIMIT: usize = 8 * 1024;

/// The size of a part's data, in bytes: an item of 400 KB less the longest keys.
pub(crate) const PART_SIZE: usize = 400 * 1024 - 8 * 1024;

/// zstd's default level.
const LEVEL: i32 = 3;

/// The largest bulk that is unpacked, in bytes.
pub(crate) const UNPACKED_LIMIT: u64 = 1 << 30;

/// The largest window that unpacking takes memory for, as the logarithm of its bytes: the default level writes no larger one.
const MOST_WINDOW_LOG: u32 = 23;

thread_local! {
    /// Making a context costs more than unpacking a small state with it.
    static DECOMPRESSOR: RefCell<io::Result<Decompressor<'static>>> = RefCell::new(Decompressor::new());
}

/// Packs lines of text.
///
/// # Errors
///
/// zstd finds no memory.
pub(crate) fn pack(lines: &[&str]) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(lines.join("\n").as_bytes())
}

/// How many bytes unpacking makes, as the data themselves say; `None` if they do not, or say more than 1 GB.
pub(crate) fn unpacked_size(packed: &[u8]) -> Option<usize> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten()?;
    usize::try_from(size).ok().filter(|_| size <= UNPACKED_LIMIT)
}

/// The most parts that a bulk of this size can lie in, however badly it compresses.
pub(crate) fn most_parts(unpacked_size: usize) -> usize {
    zstd::zstd_safe::compress_bound(unpacked_size).div_ceil(PART_SIZE)
}

/// Appends the lines to `out`, unpacked: `size` bytes, for which alone memory is taken.
///
/// # Errors
///
/// The data are damaged, or have another size; the message says which. Part of them may have been appended.
pub(crate) fn unpack(packed: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if unpacked_size(packed) != Some(size) {
        return Err("the state's bulk has another size than its head says".to_owned());
    }
    let end = out.len();
    out.reserve(size);
    let mut after = io::Cursor::new(&mut *out);
    after.set_position(end as u64);
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let decompressor = decompressor.as_mut().map_err(|error| format!("zstd: {error}"))?;
        decompressor.decompress_to_buffer(packed, &mut after).map_err(|error| format!("the state's bulk: {error}"))
    })?;
    if out.len() == end + size { Ok(()) } else { Err("the state's bulk has another size than it says".to_owned()) }
}

/// Unpacks the last of the lines alone: the others are passed over as they are unpacked, and take no memory.
///
/// # Errors
///
/// The data are damaged, or have another size; the message says which.
pub(crate) fn unpack_last_line(packed: &[u8], size: usize) -> Result<String, String> {
    let problem = |error: io::Error| format!("the state's bulk: {error}");
    let mut decoder = zstd::stream::read::Decoder::new(packed).map_err(problem)?;
    decoder.window_log_max(MOST_WINDOW_LOG).map_err(problem)?;
    // One byte more shows that there is more.
    let mut lines = BufReader::with_capacity(1 << 16, decoder.take(size as u64 + 1));
    let (mut line, mut unpacked) = (Vec::new(), 0);
    loop {
        let piece = lines.fill_buf().map_err(problem)?;
        let length = piece.len();
        if length == 0 {
            break;
        }
        match memchr::memrchr(b'\n', piece) {
            Some(end) => line = piece[end + 1..].to_vec(),
            None => line.extend_from_slice(piece),
        }
        unpacked += length;
        lines.consume(length);
    }
    if unpacked != size {
        return Err("the state's bulk has another size than its head says".to_owned());
    }
    String::from_utf8(line).map_err(|_| "the state's bulk is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8]) -> Result<String, String> {
        let mut out = b"before ".to_vec();
        unpack(packed, unpacked_size(packed).ok_or("no size")?, &mut out)?;
        Ok(String::from_utf8(out.split_off(7)).unwrap())
    }

    #[test]
    fn no_damage_goes_unseen() {
        let packed = pack(&["\"\"", "[1,2,3,4,5,6,7,8,9]", "{}"]).unwrap();
        let intact = unpacked(&packed).unwrap();
        assert_eq!(intact, "\"\"\n[1,2,3,4,5,6,7,8,9]\n{}");
        for bit in 0..8 * packed.len() {
            let mut damaged = packed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // A bit of the header means nothing.
            let unpacked = unpacked(&damaged);
            assert!(unpacked.is_err() || unpacked.is_ok_and(|text| text == intact), "bit {bit}");
        }
        assert!(unpacked(&packed[..packed.len() - 1]).is_err());
        assert!(unpacked(&[&packed[..], &packed[..]].concat()).is_err());
        assert!(unpacked(b"").is_err());
    }
}
