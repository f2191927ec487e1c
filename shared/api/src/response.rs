//! Answers, and how the gateway wants them.

use std::io::Write;

use agentscope_store::{Detail, Page};
use lambda_http::http::{self, HeaderValue, StatusCode, header};

use crate::body::Body;
use crate::encoding::{Compressor, Encoding};
use crate::etag::{EntityTag, IfNoneMatch};
use crate::too_large::{Advice, Excess, TooLarge};
use crate::{ApiError, IdentitySource, Request};
use crate::{ListError, ListOptions, ListOutcome, SessionList, Smaller, WriteJson};

/// An response.
pub type Response = http::Response<Body>;

/// The most bytes that a function may return: an response as the JSON that carries its status, headers and body (a quota of
/// Lambda's, "invocation payload, synchronous").
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// What status and headers take of that, at most.
const ENVELOPE: usize = 1024;

/// What the body of an response may have, as a string in the JSON that is returned.
pub(crate) const BODY_LIMIT: usize = RESPONSE_LIMIT - ENVELOPE;

/// How many bytes are worked on before other futures get their turn, and the request's time is looked at.
const TURN: usize = 256 * 1024;

/// Answers that are smaller are not worth compressing: they fit one packet as they are.
const WORTH_COMPRESSING: usize = 1024;

/// What an response with a list has: an extension of it, for whoever counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyStats {
    /// Sessions in the list, or on its page.
    pub(crate) sessions: usize,
    /// Bytes of the body, as a string in the JSON that is returned.
    pub(crate) bytes: usize,
}

/// Reads a list and makes the response with it: 200 with the list, or 304 if the caller has it already; `None` if `read` finds
/// none.
///
/// # Errors
///
/// The list cannot be read, or is larger than a function may return. In the latter case what fits is found out, and named.
pub async fn list_response<T: WriteJson>(
    request: &Request,
    identity: IdentitySource,
    options: &ListOptions,
    read: impl AsyncFn(&ListOptions) -> Result<Option<ListOutcome<T>>, ListError>,
) -> Result<Option<Response>, ApiError> {
    let encoding = Encoding::of(request);
    match attempt(encoding, identity, options, &read).await {
        Err(ApiError::TooLarge(TooLarge { excess, advice })) if !advice.is_certain() => {
            let advice = first_session(request, encoding, identity, options, &read).await?;
            Err(ApiError::TooLarge(TooLarge { excess, advice }))
        }
        outcome => outcome,
    }
}

/// Whether the first session of a list that is too large fits by itself, and how.
async fn first_session<T: WriteJson>(
    request: &Request,
    encoding: Encoding,
    identity: IdentitySource,
    options: &ListOptions,
    read: &impl AsyncFn(&ListOptions) -> Result<Option<ListOutcome<T>>, ListError>,
) -> Result<Advice, ApiError> {
    let page = Page { limit: 1, after: options.page.as_ref().and_then(|page| page.after.clone()) };
    let options = ListOptions { page: Some(page), count: false, if_none_match: IfNoneMatch::Absent, ..options.clone() };
    let can_compress = encoding == Encoding::Identity && request.takes_binary;
    for (encoding, gzip) in [(encoding, false), (Encoding::Gzip, true)] {
        if gzip && !can_compress {
            continue;
        }
        let options = options.clone().within(encoding.most_bytes(), encoding.certain_bytes());
        match attempt(encoding, identity, &options, read).await {
            Ok(_) => return Ok(Advice::First { trimmed: false, gzip }),
            Err(ApiError::TooLarge(TooLarge { advice: Advice::Smaller(Smaller { first_trimmed, .. }), .. })) => {
                if first_trimmed.is_none_or(|bytes| bytes > options.most_bytes) {
                    continue;
                }
                let options = ListOptions { view: Some(Detail::Summary), ..options };
                match attempt(encoding, identity, &options, read).await {
                    Ok(_) => return Ok(Advice::First { trimmed: true, gzip }),
                    Err(ApiError::TooLarge(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Advice::Nothing)
}

async fn attempt<T: WriteJson>(
    encoding: Encoding,
    identity: IdentitySource,
    options: &ListOptions,
    read: &impl AsyncFn(&ListOptions) -> Result<Option<ListOutcome<T>>, ListError>,
) -> Result<Option<Response>, ApiError> {
    match read(options).await? {
        Some(listed) => response(encoding, identity, listed).await.map(Some),
        None => Ok(None),
    }
}

async fn response<T: WriteJson>(
    encoding: Encoding,
    identity: IdentitySource,
    listed: ListOutcome<T>,
) -> Result<Response, ApiError> {
    let (mut response, etag) = match listed {
        ListOutcome::NotModified(etag) => {
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            (response, etag)
        }
        ListOutcome::List(list) => {
            let etag = list.etag.clone();
            let encoding = if list.size_hint() < WORTH_COMPRESSING { Encoding::Identity } else { encoding };
            let sessions = list.sessions.len();
            let (body, bytes) = body(list, encoding).await?;
            let mut response = json(StatusCode::OK, body);
            response.extensions_mut().insert(BodyStats { sessions, bytes });
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
async fn body<T: WriteJson>(list: SessionList<T>, encoding: Encoding) -> Result<(Body, usize), ApiError> {
    let smaller = list.smaller;
    // Three bytes become four characters.
    let most = BODY_LIMIT / 4 * 3;
    let Some(mut compressor) = Compressor::new(encoding, most)? else { return text(list).await };
    let mut turn = Turn::default();
    for piece in list.into_pieces() {
        for part in piece?.chunks(TURN) {
            compressor.write_all(part)?;
            if compressor.count() > most {
                return Err(too_large(Excess::AtLeast(base64_size(compressor.count()) + ENVELOPE), smaller));
            }
            turn.worked(part.len()).await;
        }
    }
    let (bytes, count) = compressor.finish()?;
    match base64_size(count) {
        size if count > most => Err(too_large(Excess::Bytes(size + ENVELOPE), smaller)),
        size => Ok((Body::Binary(bytes), size)),
    }
}

fn too_large(excess: Excess, smaller: Smaller) -> ApiError {
    ApiError::TooLarge(TooLarge { excess, advice: Advice::Smaller(smaller) })
}

fn base64_size(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

async fn text<T: WriteJson>(list: SessionList<T>) -> Result<(Body, usize), ApiError> {
    let smaller = list.smaller;
    let mut pieces = Vec::with_capacity(list.sessions.len() + 2);
    let (mut size, mut turn) = (0, Turn::default());
    for piece in list.into_pieces() {
        let piece = piece?;
        turn.worked(piece.len()).await;
        size += size_as_string(&piece);
        if size > BODY_LIMIT {
            // Only its size is wanted now. There is little more of it, or the list would have been refused before.
            pieces.clear();
        } else {
            pieces.push(String::from_utf8(piece).map_err(|_| ApiError::NoText)?);
        }
    }
    if size > BODY_LIMIT {
        return Err(too_large(Excess::Bytes(size + ENVELOPE), smaller));
    }
    Ok((Body::Text(pieces), size))
}

/// Lets other futures run after a while of work: the one among them that ends the request when its time is over.
#[derive(Default)]
struct Turn {
    worked: usize,
}

impl Turn {
    async fn worked(&mut self, bytes: usize) {
        self.worked += bytes;
        if self.worked > TURN {
            self.worked = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// How many bytes a text has as a JSON string, without its quotes. (The text is JSON: of control characters it has none.)
fn size_as_string(json: &[u8]) -> usize {
    // Sums of so few fit a byte, and processors add many bytes at once.
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(matches!(byte, b'"' | b'\\'))).sum::<u8>();
    json.len() + json.chunks(128).map(|bytes| usize::from(escaped(bytes))).sum::<usize>()
}

pub(crate) fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
