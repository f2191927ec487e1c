//! Content encodings: which one a client wants, and responses compressed as they are put together.

use std::cell::Cell;
use std::io::{self, BufWriter, Write};

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use lambda_http::http::{HeaderValue, header};
use zstd::stream::{raw, zio};

use crate::MOST_READ;
use crate::Request;

/// Levels at which a small Lambda is not kept busy: see docs/PERFORMANCE.md for what they cost and save.
const ZSTD_LEVEL: i32 = 1;
const BROTLI_QUALITY: u32 = 1;
const GZIP_LEVEL: u32 = 2;

/// How much is compressed with Brotli at once, in bytes: at its low qualities every write is a block of its own.
const BROTLI_BLOCK: usize = 1 << 18;

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// None.
    Identity,
    /// `zstd`, RFC 8878.
    Zstd,
    /// `br`, RFC 7932.
    Brotli,
    /// `gzip`, RFC 1952.
    Gzip,
}

impl Encoding {
    /// The encoding that the client of a request likes best; of equals the one that costs least for what it saves.
    ///
    /// A request that came by a REST API gets none: a REST API does not decode binary responses unless it is told to.
    pub(crate) fn of(request: &Request) -> Self {
        if !request.takes_binary {
            return Self::Identity;
        }
        let values = request.headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        Self::negotiate(&values.collect::<Vec<_>>().join(","))
    }

    /// RFC 9110, section 12.5.3.
    fn negotiate(accept: &str) -> Self {
        let accepted: Vec<_> = accept.split(',').filter_map(weighted).collect();
        let weight = |name: &str| accepted.iter().find(|(accepted, _)| accepted.eq_ignore_ascii_case(name));
        // The sort is stable: of equals, what comes first here. Not to be encoded is fine where nothing is said of it, but less
        // so than whatever is named.
        let unnamed = |default| weight("*").map_or(default, |(_, weight)| *weight);
        let mut candidates = [
            (Self::Zstd, weight("zstd").map_or(0, |(_, weight)| *weight)),
            (Self::Gzip, weight("gzip").or(weight("x-gzip")).map_or_else(|| unnamed(0), |(_, weight)| *weight)),
            (Self::Brotli, weight("br").map_or(0, |(_, weight)| *weight)),
            (Self::Identity, weight("identity").map_or_else(|| unnamed(1).min(1), |(_, weight)| *weight)),
        ];
        candidates.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        match candidates {
            [(encoding, 1..), ..] => encoding,
            // Nothing is acceptable to the client. Better something than nothing.
            _ => Self::Identity,
        }
    }

    /// The value of `content-encoding`; `None` if there is none.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
            Self::Brotli => Some(HeaderValue::from_static("br")),
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
        }
    }

    /// The most bytes of JSON that an response in this encoding may have.
    pub(crate) fn most_bytes(self) -> usize {
        if self == Self::Identity { crate::response::RESPONSE_LIMIT } else { MOST_READ }
    }

    /// The bytes of JSON that fit into an response in this encoding whatever they are.
    pub(crate) fn certain_bytes(self) -> usize {
        let fitting = crate::response::BODY_LIMIT;
        // As a JSON string, a byte of JSON has at most two. Data that cannot be compressed grow by less than a percent, and
        // base64 makes four bytes of three.
        if self == Self::Identity { fitting / 2 } else { fitting / 4 * 3 / 100 * 99 }
    }
}

/// A name and its weight in thousandths; `None` if the weight is none.
fn weighted(element: &str) -> Option<(&str, u32)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut weight = 1000;
    for parameter in parts {
        let (key, value) = parameter.split_once('=')?;
        if key.trim_end().eq_ignore_ascii_case("q") {
            let value: f32 = value.trim_start().parse().ok().filter(|value| (0.0..=1.0).contains(value))?;
            // A weight of up to three digits.
            weight = (value * 1000.0).round() as u32;
        }
    }
    Some((name, weight))
}

/// Where compressed bytes go: into memory, up to a limit. What comes beyond it is not kept.
#[derive(Debug)]
pub(crate) struct Capped {
    bytes: Vec<u8>,
    /// How many came, kept or not.
    count: usize,
    limit: usize,
}

impl Write for Capped {
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
    /// zstd's context takes megabytes, which are cleared whenever it is made.
    static ZSTD: Cell<Option<raw::Encoder<'static>>> = const { Cell::new(None) };
}

/// Compresses what is written to it.
pub(crate) enum Compressor {
    Zstd(zio::Writer<Capped, raw::Encoder<'static>>),
    Brotli(Box<BufWriter<CompressorWriter<Capped>>>),
    Gzip(GzEncoder<Capped>),
}

impl Compressor {
    /// A compressor that keeps up to `limit` bytes of what comes out; `None` for identity.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub(crate) fn new(encoding: Encoding, limit: usize) -> io::Result<Option<Self>> {
        let out = Capped { bytes: Vec::new(), count: 0, limit };
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

    /// How many bytes have come out so far.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Zstd(writer) => writer.writer().count,
            Self::Brotli(writer) => writer.get_ref().get_ref().count,
            Self::Gzip(writer) => writer.get_ref().count,
        }
    }

    /// Ends the compressed data, and returns them, and how many they would be.
    ///
    /// # Errors
    ///
    /// zstd has none that memory does not have.
    pub(crate) fn finish(self) -> io::Result<(Vec<u8>, usize)> {
        let Capped { bytes, count, .. } = match self {
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

    #[test]
    fn what_the_client_likes_best_is_chosen() {
        for (accept, expected) in [
            ("", Encoding::Identity),
            ("gzip, deflate, br, zstd", Encoding::Zstd),
            ("gzip, deflate, br", Encoding::Gzip),
            ("deflate, br", Encoding::Brotli),
            ("gzip, deflate", Encoding::Gzip),
            ("GZIP", Encoding::Gzip),
            ("x-gzip", Encoding::Gzip),
            ("deflate", Encoding::Identity),
            ("gzip;q=1.0, br;q=0.9, zstd;q=0.8", Encoding::Gzip),
            ("br ; q = 0.5 , gzip;q=0.501", Encoding::Gzip),
            ("zstd;q=0, br;q=0.000, gzip;q=0.001", Encoding::Gzip),
            ("zstd;q=0", Encoding::Identity),
            ("*", Encoding::Gzip),
            ("*;q=0", Encoding::Identity),
            ("gzip;q=0, *", Encoding::Identity),
            ("identity", Encoding::Identity),
            ("identity, gzip;q=0.5", Encoding::Identity),
            ("identity;q=0.5, gzip", Encoding::Gzip),
            ("identity;q=0", Encoding::Identity),
            ("gzip;q=2, br;q=x, zstd;q", Encoding::Identity),
            (",;,;q=1,, br", Encoding::Brotli),
            ("gzip;q=NaN", Encoding::Identity),
        ] {
            assert_eq!(Encoding::negotiate(accept), expected, "{accept}");
        }
    }

    fn compressed(encoding: Encoding, text: &str, limit: usize) -> (Vec<u8>, usize) {
        let mut compressor = Compressor::new(encoding, limit).unwrap().unwrap();
        for piece in text.as_bytes().chunks(1000) {
            compressor.write_all(piece).unwrap();
        }
        compressor.finish().unwrap()
    }

    #[test]
    fn every_encoding_gives_back_what_went_in_again_and_again() {
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
    fn what_is_over_the_limit_is_counted_and_not_kept() {
        let text: String = (0..20_000).map(|n| format!("{n},")).collect();
        for encoding in [Encoding::Zstd, Encoding::Brotli, Encoding::Gzip] {
            let (_, whole) = compressed(encoding, &text, usize::MAX);
            let (bytes, count) = compressed(encoding, &text, 1000);
            assert!(bytes.len() <= 1000 && count == whole, "{encoding:?}");
        }
    }
}
