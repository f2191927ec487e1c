//! Decompresses and decodes a file.

use std::io::{ErrorKind, Read};

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;

const GZIP: &[u8] = &[0x1f, 0x8b];
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of archives and compressed files that are not supported.
const UNSUPPORTED: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
];

/// Decompresses gzip, removes a byte order mark, and returns the text.
///
/// # Errors
///
/// The file cannot be decompressed, or is not UTF-8.
pub(super) fn decode(mut bytes: Vec<u8>) -> Result<String> {
    // A server may compress a file that is compressed already.
    while bytes.starts_with(GZIP) {
        bytes = gunzip(&bytes)?;
    }
    if let Some((_, kind)) = UNSUPPORTED.iter().find(|(start, _)| bytes.starts_with(start)) {
        bail!("the file is {kind}: unpack it first, and load the JSON that is in it");
    }
    if let Some((name, charset)) = wide(&bytes) {
        bail!("the file is {name}: convert it to UTF-8, as with `iconv -f {charset} -t UTF-8 FILE > UTF8_FILE`");
    }
    if bytes.starts_with(UTF8_MARK) {
        bytes.drain(..UTF8_MARK.len());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("the file is not UTF-8: see line {line}, byte {at} of the file")
    })
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    match MultiGzDecoder::new(bytes).read_to_end(&mut unpacked) {
        Ok(_) => Ok(unpacked),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            bail!("the file cannot be unpacked: its gzip data is cut off")
        }
        Err(error) => Err(error).context("the file cannot be unpacked"),
    }
}

/// Detects encodings with two or four bytes a character. Returns the encoding and its name for
/// iconv. JSON begins with an ASCII character, so without a byte order mark the zeros beside that
/// character show the encoding.
fn wide(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some(("UTF-32", "UTF-32")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(("UTF-16", "UTF-16")),
        [0, 0, 0, 1..=255, ..] => Some(("UTF-32 without a byte order mark", "UTF-32BE")),
        [1..=255, 0, 0, 0, ..] => Some(("UTF-32 without a byte order mark", "UTF-32LE")),
        [0, 1..=255, ..] => Some(("UTF-16 without a byte order mark", "UTF-16BE")),
        [1..=255, 0, ..] => Some(("UTF-16 without a byte order mark", "UTF-16LE")),
        _ => None,
    }
}
