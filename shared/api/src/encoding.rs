//! Content encodings: which one a client prefers, and how much JSON fits a response in it.

use lambda_http::http::{HeaderValue, header};

use crate::limits::ResponseLimits;
use crate::request::Request;

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// No encoding.
    Identity,
    /// `zstd`, RFC 8878.
    Zstd,
    /// `br`, RFC 7932.
    Brotli,
    /// `gzip`, RFC 1952.
    Gzip,
}

impl Encoding {
    /// The encoding that the client of a request prefers. Among equals it is the one with the best
    /// ratio of savings to cost.
    ///
    /// Requests through a gateway that passes on no binary body get no encoding.
    pub(crate) fn of(request: &Request) -> Self {
        if !request.takes_binary {
            return Self::Identity;
        }
        let values = request.headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        Self::negotiate(&values.collect::<Vec<_>>().join(","))
    }

    /// Negotiates by RFC 9110, section 12.5.3.
    fn negotiate(accept: &str) -> Self {
        let accepted: Vec<_> = accept.split(',').filter_map(weighted).collect();
        let weight = |name: &str| accepted.iter().find(|(accepted, _)| accepted.eq_ignore_ascii_case(name));
        // Identity is acceptable unless it is excluded, but any encoding that the client names is
        // preferred to it.
        let unnamed = |default| weight("*").map_or(default, |(_, weight)| *weight);
        let mut candidates = [
            (Self::Zstd, weight("zstd").map_or(0, |(_, weight)| *weight)),
            (Self::Gzip, weight("gzip").or(weight("x-gzip")).map_or_else(|| unnamed(0), |(_, weight)| *weight)),
            (Self::Brotli, weight("br").map_or(0, |(_, weight)| *weight)),
            (Self::Identity, weight("identity").map_or_else(|| unnamed(1).min(1), |(_, weight)| *weight)),
        ];
        // The sort is stable, so the order above decides among equals.
        candidates.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        match candidates {
            [(encoding, 1..), ..] => encoding,
            // The client accepts nothing. RFC 9110 permits a response without encoding then.
            _ => Self::Identity,
        }
    }

    /// The value of `content-encoding`; `None` if the header is absent.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
            Self::Brotli => Some(HeaderValue::from_static("br")),
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
        }
    }

    /// The maximum number of bytes of JSON in a response of this encoding.
    pub(crate) fn max_bytes(self, limits: ResponseLimits) -> usize {
        if self == Self::Identity { limits.result } else { limits.list }
    }

    /// The number of bytes of JSON that fit a response of this encoding whatever their content.
    pub(crate) fn guaranteed_bytes(self, limits: ResponseLimits) -> usize {
        // Incompressible data grow by less than a percent.
        if self == Self::Identity { limits.guaranteed_text() } else { limits.binary_body() / 100 * 99 }
    }
}

/// A name and its weight in thousandths; `None` if the weight is invalid.
fn weighted(element: &str) -> Option<(&str, u32)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut weight = 1000;
    for parameter in parts {
        let (key, value) = parameter.split_once('=')?;
        if key.trim_end().eq_ignore_ascii_case("q") {
            let value: f32 = value.trim_start().parse().ok().filter(|value| (0.0..=1.0).contains(value))?;
            // RFC 9110 allows three decimals.
            weight = (value * 1000.0).round() as u32;
        }
    }
    Some((name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_that_the_client_prefers_is_chosen() {
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
}
