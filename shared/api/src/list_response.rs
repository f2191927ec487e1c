//! The response with a list: 200, 304, or what to request instead of a list that is too large.

use agentscope_store::{Detail, Page};
use lambda_http::http::{HeaderValue, StatusCode, header};

use crate::body::{Body, BodyStats, Response, json_response};
use crate::encoding::Encoding;
use crate::error::ApiError;
use crate::etag::{EntityTag, IfNoneMatch};
use crate::fitting::FittingRequest;
use crate::identity::{Identity, IdentitySource};
use crate::limits::{MAX_PAGE_SIZE, ResponseLimits};
use crate::list::{ListError, ListOptions, ListOutcome};
use crate::list_body::ListBody;
use crate::render::WriteJson;
use crate::request::Request;
use crate::too_large::{Advice, Excess, TooLarge};

/// The minimum size of a compressed list, in bytes of JSON. Smaller lists fit one packet.
const MIN_COMPRESSED: usize = 1024;

/// Reads a list and builds the response: 200 with the list, or 304 if the client has the current
/// list. `None` if `read` finds no list.
///
/// # Errors
///
/// The list cannot be read, or is larger than a function may return. The error names a request
/// that fits. If the sizes are not certain, this reads the first session alone to find one.
pub async fn list_response<T: WriteJson>(
    request: &Request,
    identity: impl Into<Identity>,
    options: &ListOptions,
    read: impl AsyncFn(&ListOptions) -> Result<Option<ListOutcome<T>>, ListError>,
) -> Result<Option<Response>, ApiError> {
    let attempts = Attempts { identity: identity.into(), limits: request.limits, read };
    let encoding = Encoding::of(request);
    match attempts.attempt(options, encoding).await {
        Err(ApiError::TooLarge(TooLarge { excess, limit, advice })) if !advice.is_certain() => {
            let mut encodings = vec![encoding];
            if encoding == Encoding::Identity && request.takes_binary {
                encodings.push(Encoding::Gzip);
            }
            let advice = match excess {
                Excess::Sessions(_) => attempts.first_page(options, &encodings).await?,
                Excess::Bytes(_) | Excess::AtLeast(_) | Excess::Members(_) => {
                    attempts.first_session(options, &encodings).await?
                }
            };
            Err(ApiError::TooLarge(TooLarge { excess, limit, advice }))
        }
        outcome => outcome,
    }
}

/// Builds the response of one list with several options.
struct Attempts<F> {
    identity: Identity,
    limits: ResponseLimits,
    read: F,
}

impl<T, F> Attempts<F>
where
    T: WriteJson,
    F: AsyncFn(&ListOptions) -> Result<Option<ListOutcome<T>>, ListError>,
{
    async fn attempt(&self, options: &ListOptions, encoding: Encoding) -> Result<Option<Response>, ApiError> {
        match (self.read)(options).await {
            Ok(Some(outcome)) => response(encoding, self.limits, self.identity, outcome).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(ApiError::from_list_error(error, self.limits)),
        }
    }

    /// Finds out how much of the largest page fits a response.
    async fn first_page(&self, options: &ListOptions, encodings: &[Encoding]) -> Result<Advice, ApiError> {
        let page = Page { limit: MAX_PAGE_SIZE, after: None };
        let page = ListOptions { page: Some(page), if_none_match: IfNoneMatch::Absent, ..options.clone() };
        match self.attempt(&page, encodings[0]).await {
            Ok(_) => Ok(Advice::Fitting(FittingRequest { limit: MAX_PAGE_SIZE, ..FittingRequest::default() })),
            Err(ApiError::TooLarge(TooLarge { advice, .. })) if advice.is_certain() => Ok(advice),
            Err(ApiError::TooLarge(_)) => self.first_session(options, encodings).await,
            Err(error) => Err(error),
        }
    }

    /// Finds out whether the first session fits a response alone: in one of the encodings, in full
    /// or as a summary. The first encoding is the request's.
    async fn first_session(&self, options: &ListOptions, encodings: &[Encoding]) -> Result<Advice, ApiError> {
        let page = Page { limit: 1, after: options.page.as_ref().and_then(|page| page.after.clone()) };
        let options =
            ListOptions { page: Some(page), count: false, if_none_match: IfNoneMatch::Absent, ..options.clone() };
        for encoding in encodings {
            let gzip = *encoding != encodings[0];
            let options =
                options.clone().within(encoding.max_bytes(self.limits), encoding.guaranteed_bytes(self.limits));
            match self.attempt(&options, *encoding).await {
                Ok(_) => return Ok(Advice::FirstSession { trimmed: false, gzip }),
                Err(ApiError::TooLarge(TooLarge {
                    advice: Advice::Fitting(FittingRequest { first_trimmed, .. }),
                    ..
                })) => {
                    if first_trimmed.is_none_or(|bytes| bytes > options.max_bytes) {
                        continue;
                    }
                    let options = ListOptions { view: Some(Detail::Summary), ..options };
                    match self.attempt(&options, *encoding).await {
                        Ok(_) => return Ok(Advice::FirstSession { trimmed: true, gzip }),
                        Err(ApiError::TooLarge(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Advice::NothingFits)
    }
}

async fn response<T: WriteJson>(
    encoding: Encoding,
    limits: ResponseLimits,
    identity: Identity,
    outcome: ListOutcome<T>,
) -> Result<Response, ApiError> {
    let (mut response, etag) = match outcome {
        ListOutcome::NotModified(etag) => {
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            (response, etag)
        }
        ListOutcome::List(list) => {
            let etag = list.etag.clone();
            let encoding = if list.size_hint() < MIN_COMPRESSED { Encoding::Identity } else { encoding };
            let sessions = list.sessions.len();
            let ListBody { body, bytes } = ListBody::render(list, encoding, limits).await?;
            let mut response = json_response(StatusCode::OK, body);
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

fn set_caching(response: &mut Response, identity: Identity, etag: &EntityTag) {
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag.to_string()) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let identity_header = match identity.source {
        IdentitySource::Header => identity.header,
        IdentitySource::Jwt { .. } | IdentitySource::AuthorizerFunction => header::AUTHORIZATION.as_str(),
    };
    if let Ok(vary) = HeaderValue::from_str(&format!("accept-encoding, {identity_header}")) {
        headers.insert(header::VARY, vary);
    }
}
