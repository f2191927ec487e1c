//! Compresses a body while it is rendered.

use std::cell::Cell;
use std::io::{self, BufWriter, Write};

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::{raw, zio};

use crate::encoding::Encoding;

/// Low levels, which cost little time on a small Lambda. docs/PERFORMANCE.md has measurements.
const ZSTD_LEVEL: i32 = 1;
const BROTLI_QUALITY: u32 = 1;
const GZIP_LEVEL: u32 = 2;

/// The block size of Brotli in bytes. At low qualities every write becomes a block of its own.
const BROTLI_BLOCK: usize = 1 << 18;

/// Compressed bytes in memory. It counts all bytes and stores them up to a limit.
#[derive(Debug)]
pub(crate) struct LimitedBuffer {
    bytes: Vec<u8>,
    /// All bytes written, including those beyond the limit.
    count: usize,
    limit: usize,
}

impl Write for LimitedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count += bytes.len();
        if self.count <= self.limit {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// Reused between responses: a new zstd context allocates and clears megabytes.
    static ZSTD: Cell<Option<raw::Encoder<'static>>> = const { Cell::new(None) };
}

/// Compresses what is written to it.
pub(crate) enum Compressor {
    Zstd(zio::Writer<LimitedBuffer, raw::Encoder<'static>>),
    Brotli(Box<BufWriter<CompressorWriter<LimitedBuffer>>>),
    Gzip(GzEncoder<LimitedBuffer>),
}

impl Compressor {
    /// A compressor that stores up to `limit` bytes of output; `None` for identity.
    ///
    /// # Errors
    ///
    /// The memory for zstd's context cannot be allocated.
    pub(crate) fn new(encoding: Encoding, limit: usize) -> io::Result<Option<Self>> {
        let out = LimitedBuffer { bytes: Vec::new(), count: 0, limit };
        Ok(Some(match encoding {
            Encoding::Identity => return Ok(None),
            Encoding::Zstd => {
                let context = match ZSTD.take() {
                    Some(context) => context,
                    None => raw::Encoder::new(ZSTD_LEVEL)?,
                };
                Self::Zstd(zio::Writer::new(out, context))
            }
            Encoding::Brotli => {
                const WINDOW: u32 = 22;
                let writer = CompressorWriter::new(out, 1 << 16, BROTLI_QUALITY, WINDOW);
                Self::Brotli(Box::new(BufWriter::with_capacity(BROTLI_BLOCK, writer)))
            }
            Encoding::Gzip => Self::Gzip(GzEncoder::new(out, Compression::new(GZIP_LEVEL))),
        }))
    }

    /// The number of bytes of output so far.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Zstd(writer) => writer.writer().count,
            Self::Brotli(writer) => writer.get_ref().get_ref().count,
            Self::Gzip(writer) => writer.get_ref().count,
        }
    }

    /// Ends the compressed data. Returns the stored bytes and the number of all bytes.
    ///
    /// # Errors
    ///
    /// zstd fails, which only lack of memory can cause.
    pub(crate) fn finish(self) -> io::Result<(Vec<u8>, usize)> {
        let LimitedBuffer { bytes, count, .. } = match self {
            Self::Zstd(mut writer) => {
                writer.finish()?;
                let (out, mut context) = writer.into_inner();
                if raw::Operation::reinit(&mut context).is_ok() {
                    ZSTD.set(Some(context));
                }
                out
            }
            Self::Brotli(writer) => writer.into_inner()?.into_inner(),
            Self::Gzip(writer) => writer.finish()?,
        };
        Ok((bytes, count))
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Zstd(writer) => writer.write(bytes),
            Self::Brotli(writer) => writer.write(bytes),
            Self::Gzip(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(encoding: Encoding, text: &str, limit: usize) -> (Vec<u8>, usize) {
        let mut compressor = Compressor::new(encoding, limit).unwrap().unwrap();
        for piece in text.as_bytes().chunks(1000) {
            compressor.write_all(piece).unwrap();
        }
        compressor.finish().unwrap()
    }

    #[test]
    fn compressed_data_decompress_to_the_input_repeatedly() {
        use std::io::Read;
        let text: String = (0..20_000).map(|n| format!("{n},")).collect();
        for _ in 0..3 {
            let (bytes, count) = compressed(Encoding::Zstd, &text, usize::MAX);
            assert_eq!(bytes.len(), count);
            assert_eq!(zstd::decode_all(&bytes[..]).unwrap(), text.as_bytes());
            let mut unpacked = Vec::new();
            let (bytes, _) = compressed(Encoding::Gzip, &text, usize::MAX);
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, text.as_bytes());
            unpacked.clear();
            let (bytes, _) = compressed(Encoding::Brotli, &text, usize::MAX);
            brotli::Decompressor::new(&bytes[..], 4096).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, text.as_bytes());
        }
    }

    #[test]
    fn bytes_beyond_the_limit_are_counted_and_not_stored() {
        let text: String = (0..20_000).map(|n| format!("{n},")).collect();
        for encoding in [Encoding::Zstd, Encoding::Brotli, Encoding::Gzip] {
            let (_, whole) = compressed(encoding, &text, usize::MAX);
            let (bytes, count) = compressed(encoding, &text, 1000);
            assert!(bytes.len() <= 1000 && count == whole, "{encoding:?}");
        }
    }
}
