//! The bulk of a session's state: the summary, the conversation and the tool context.
//!
//! The bulk is text of a few lines (compact JSON holds no line break), compressed with zstd with a
//! checksum. A small bulk lies in the head, a large one in parts.
//!
//! The first line is by far the longest. It holds the summary and the conversation in the form of
//! a response, so that it is decompressed straight into the response.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read};

use zstd::bulk::{Compressor, Decompressor};

/// The largest compressed bulk in the head, in bytes.
///
/// A head of up to 4 KB costs one read unit with or without bulk, and a part costs at least one
/// more. But summaries read heads too, and need no bulk.
pub(crate) const INLINE_LIMIT: usize = 8 * 1024;

/// The size of a part's data, in bytes: the item limit of 400 KB less the longest keys.
pub(crate) const PART_SIZE: usize = 400 * 1024 - 8 * 1024;

/// The default level of zstd.
const LEVEL: i32 = 3;

/// The largest bulk that is unpacked, in bytes.
pub(crate) const UNPACKED_LIMIT: u64 = 1 << 30;

/// The largest window of the decompressor, as the logarithm of its bytes. The default level writes
/// no larger one.
const MOST_WINDOW_LOG: u32 = 23;

thread_local! {
    /// Creation of a context costs more than decompression of a small state.
    static DECOMPRESSOR: RefCell<io::Result<Decompressor<'static>>> = RefCell::new(Decompressor::new());
}

/// Compresses lines of text.
///
/// # Errors
///
/// Allocation fails.
pub(crate) fn pack(lines: &[&str]) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(lines.join("\n").as_bytes())
}

/// The unpacked size in the zstd frame header, in bytes; `None` if the header has none, or has
/// more than 1 GB.
pub(crate) fn unpacked_size(packed: &[u8]) -> Option<usize> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten()?;
    usize::try_from(size).ok().filter(|_| size <= UNPACKED_LIMIT)
}

/// The maximum number of parts for a bulk of this unpacked size.
pub(crate) fn most_parts(unpacked_size: usize) -> usize {
    zstd::zstd_safe::compress_bound(unpacked_size).div_ceil(PART_SIZE)
}

/// Decompresses the lines to the end of `out`. Allocates exactly `size` bytes.
///
/// # Errors
///
/// The data are damaged, or have another size than `size`. The message names the problem. `out`
/// may have part of the data appended.
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

/// Decompresses the last line alone, without memory for the other lines.
///
/// # Errors
///
/// The data are damaged, or have another size than `size`. The message names the problem.
pub(crate) fn unpack_last_line(packed: &[u8], size: usize) -> Result<String, String> {
    let problem = |error: io::Error| format!("the state's bulk: {error}");
    let mut decoder = zstd::stream::read::Decoder::new(packed).map_err(problem)?;
    decoder.window_log_max(MOST_WINDOW_LOG).map_err(problem)?;
    // One byte beyond the size reveals data that are too long.
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
            // One bit of the header is unused.
            let unpacked = unpacked(&damaged);
            assert!(unpacked.is_err() || unpacked.is_ok_and(|text| text == intact), "bit {bit}");
        }
        assert!(unpacked(&packed[..packed.len() - 1]).is_err());
        assert!(unpacked(&[&packed[..], &packed[..]].concat()).is_err());
        assert!(unpacked(b"").is_err());
    }
}
