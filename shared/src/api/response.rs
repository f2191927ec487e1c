//! Answers, and how the gateway wants them.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, http};

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

/// How much is put together before it is compressed.
const PIECE: usize = 64 * 1024;

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
            let mut response = json(StatusCode::OK, body(list, encoding)?);
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
        IdentitySource::Jwt => "accept-encoding, authorization",
    };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
}

fn body<T: WriteJson>(list: SessionList<T>, encoding: Encoding) -> Result<Body, ApiError> {
    let most = RESPONSE_LIMIT - ENVELOPE;
    // Three bytes become four characters.
    let Some(mut compressor) = Compressor::new(encoding, most / 4 * 3)? else { return text(list, most) };
    let mut piece = Vec::with_capacity(2 * PIECE);
    list.write_json::<ApiError>(&mut piece, |piece| {
        if piece.len() >= PIECE {
            std::io::Write::write_all(&mut compressor, piece)?;
            piece.clear();
        }
        Ok(())
    })?;
    std::io::Write::write_all(&mut compressor, &piece)?;
    let (bytes, count) = compressor.finish()?;
    match count.div_ceil(3) * 4 {
        size if size > most => Err(ApiError::TooLarge { bytes: size + ENVELOPE, is_exact: true }),
        _ => Ok(Body::Binary(bytes)),
    }
}

fn text<T: WriteJson>(list: SessionList<T>, most: usize) -> Result<Body, ApiError> {
    let mut out = Vec::with_capacity(list.size_hint());
    let mut size = 0;
    let mut counted = 0;
    list.write_json::<ApiError>(&mut out, |out| {
        size += size_as_string(&out[counted..]);
        if size > most {
            // Only its size is wanted now.
            out.clear();
        }
        counted = out.len();
        Ok(())
    })?;
    if size > most {
        return Err(ApiError::TooLarge { bytes: size + ENVELOPE, is_exact: true });
    }
    String::from_utf8(out).map(Body::Text).map_err(|_| ApiError::NoText)
}

/// How many bytes a text has as a JSON string, without its quotes. (The text is JSON: of control characters it has none.)
fn size_as_string(json: &[u8]) -> usize {
    json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

pub(super) fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The form that HTTP APIs, REST APIs and function URLs all take.
pub(super) fn for_gateway(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.is_base64_encoded = matches!(body, Body::Binary(_));
    answer.body = Some(body);
    answer
}
