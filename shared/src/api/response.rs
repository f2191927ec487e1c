//! Answers, and how the gateway wants them.

use std::io::Write;

use lambda_http::http::{self, HeaderValue, StatusCode, header};

use super::body::Body;
use super::encoding::{Compressor, Encoding};
use super::{ApiError, IdentitySource, Request};
use crate::view::etag::EntityTag;
use crate::view::{Listed, SessionList, WriteJson};

/// An answer.
pub type Response = http::Response<Body>;

/// The most bytes that a function may return: an answer as the JSON that carries its status, headers and body (a quota of
/// Lambda's, "invocation payload, synchronous").
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// What status and headers take of that, at most.
const ENVELOPE: usize = 1024;

/// Answers that are smaller are not worth compressing: they fit one packet as they are.
const WORTH_COMPRESSING: usize = 1024;

/// What an answer with a list has: an extension of it, for whoever counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    /// Sessions in the list, or on its page.
    pub(super) sessions: usize,
    /// Bytes of the body, as a string in the JSON that is returned.
    pub(super) bytes: usize,
}

/// The answer with a list: 200 with the list, or 304 if the caller has it already.
///
/// # Errors
///
/// The list is larger than a function may return, or a state is damaged.
pub fn listed<T: WriteJson>(
    request: &Request,
    identity: IdentitySource,
    listed: Listed<T>,
) -> Result<Response, ApiError> {
    let (mut response, etag) = match listed {
        Listed::NotModified(etag) => {
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            (response, etag)
        }
        Listed::List(list) => {
            let etag = list.etag.clone();
            let mut encoding = Encoding::of(request);
            if list.size_hint() < WORTH_COMPRESSING {
                encoding = Encoding::Identity;
            }
            let sessions = list.sessions.len();
            let (body, bytes) = body(list, encoding)?;
            let mut response = json(StatusCode::OK, body);
            response.extensions_mut().insert(Weight { sessions, bytes });
            if let Some(name) = encoding.header() {
                response.headers_mut().insert(header::CONTENT_ENCODING, name);
            }
            (response, etag)
        }
    };
    set_caching(&mut response, identity, &etag);
    Ok(response)
}

fn set_caching(response: &mut Response, identity: IdentitySource, etag: &EntityTag) {
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag.to_string()) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let vary = match identity {
        IdentitySource::Header => "accept-encoding, x-user-id",
        IdentitySource::Jwt { .. } => "accept-encoding, authorization",
    };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
}

/// The body, and how many bytes it has in the JSON that is returned.
fn body<T: WriteJson>(list: SessionList<T>, encoding: Encoding) -> Result<(Body, usize), ApiError> {
    let most = RESPONSE_LIMIT - ENVELOPE;
    // Three bytes become four characters.
    let Some(mut compressor) = Compressor::new(encoding, most / 4 * 3)? else { return text(list, most) };
    list.into_json::<ApiError>(|piece| Ok(compressor.write_all(&piece)?))?;
    let (bytes, count) = compressor.finish()?;
    match count.div_ceil(3) * 4 {
        size if size > most => Err(ApiError::TooLarge { bytes: size + ENVELOPE, is_exact: true }),
        size => Ok((Body::Binary(bytes), size)),
    }
}

fn text<T: WriteJson>(list: SessionList<T>, most: usize) -> Result<(Body, usize), ApiError> {
    let mut pieces = Vec::with_capacity(list.sessions.len() + 2);
    let mut size = 0;
    list.into_json::<ApiError>(|piece| {
        size += size_as_string(&piece);
        if size > most {
            // Only its size is wanted now.
            pieces.clear();
        } else {
            pieces.push(String::from_utf8(piece).map_err(|_| ApiError::NoText)?);
        }
        Ok(())
    })?;
    if size > most {
        return Err(ApiError::TooLarge { bytes: size + ENVELOPE, is_exact: true });
    }
    Ok((Body::Text(pieces), size))
}

/// How many bytes a text has as a JSON string, without its quotes. (The text is JSON: of control characters it has none.)
fn size_as_string(json: &[u8]) -> usize {
    // Sums of so few fit a byte, and processors add many bytes at once.
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(matches!(byte, b'"' | b'\\'))).sum::<u8>();
    json.len() + json.chunks(128).map(|bytes| usize::from(escaped(bytes))).sum::<usize>()
}

pub(super) fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
