//! Requests for the keys of an issuer: OpenID Connect Discovery 1.0, then the key set that it
//! names.

use std::error::Error;
use std::time::Duration;

use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::key_set::KeySet;
use crate::settings::IssuerUrl;

/// The maximum length of a document in bytes. Discovery documents and key sets have some kilobytes,
/// with certificates some tens.
const MAX_BYTES: usize = 256 * 1024;

/// For both documents together. API Gateway waits 29 seconds for the authorizer and the service
/// behind it, and a client waits longer for a cold function.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why the keys of an issuer cannot be fetched. The text has nothing that a caller sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// An address is not a URL that keys may come from.
    #[error("{document}: its address is no https URL")]
    Address {
        /// The document.
        document: Document,
    },
    /// There is no connection, or it broke.
    #[error("{document}: {cause}")]
    Unreachable {
        /// The document.
        document: Document,
        /// What happened.
        cause: String,
    },
    /// The issuer returns another status than 200. Redirects are not followed.
    #[error("{document}: the issuer returned status {status}")]
    Status {
        /// The document.
        document: Document,
        /// The status.
        status: u16,
    },
    /// The document exceeds the maximum length.
    #[error("{document}: it is longer than {MAX_BYTES} bytes")]
    TooLarge {
        /// The document.
        document: Document,
    },
    /// The document is not JSON of the expected form.
    #[error("{document}: it is malformed")]
    Malformed {
        /// The document.
        document: Document,
    },
    /// The key set has no key that can be used.
    #[error("key set: none of its {skipped} keys can be used")]
    NoUsableKey {
        /// The number of its keys.
        skipped: usize,
    },
    /// The discovery document is of another issuer.
    #[error("the discovery document names another issuer than TOKEN_ISSUER")]
    OtherIssuer,
    /// The documents did not arrive in time.
    #[error("the issuer does not respond within {} s", TIMEOUT.as_secs())]
    TimedOut,
}

/// A document of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// What `jwks_uri` names.
    Keys,
}

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery document",
            Self::Keys => "key set",
        })
    }
}

/// An issuer whose keys can be fetched.
#[derive(Debug)]
pub struct Issuer {
    url: IssuerUrl,
    client: Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>,
}

/// What is used of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// A client for an issuer. Sends no request.
    ///
    /// # Errors
    ///
    /// The system has no root certificates.
    pub fn new(url: IssuerUrl) -> std::io::Result<Self> {
        let mut connector = HttpConnector::new();
        // It is divided by the number of the issuer's addresses, so that one that does not respond
        // leaves time for the others.
        connector.set_connect_timeout(Some(TIMEOUT));
        // The addresses are checked before each request.
        connector.enforce_http(false);
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().wrap_connector(connector);
        // A connection does not survive the time in which Lambda suspends the function.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { url, client })
    }

    /// Fetches the keys.
    ///
    /// # Errors
    ///
    /// The issuer does not respond in time, or not with a discovery document of its own and a key
    /// set with a key that can be used.
    pub async fn keys(&self) -> Result<KeySet, IssuerError> {
        tokio::time::timeout(TIMEOUT, self.fetch_keys()).await.map_err(|_| IssuerError::TimedOut)?
    }

    async fn fetch_keys(&self) -> Result<KeySet, IssuerError> {
        let document = Document::Discovery;
        let discovery = self.fetch(document, &self.url.discovery()).await?;
        let discovery: Discovery =
            serde_json::from_slice(&discovery).map_err(|_| IssuerError::Malformed { document })?;
        if discovery.issuer != self.url.as_str() {
            return Err(IssuerError::OtherIssuer);
        }
        let document = Document::Keys;
        let keys = self.fetch(document, &discovery.jwks_uri).await?;
        let keys = KeySet::read(&keys).map_err(|_| IssuerError::Malformed { document })?;
        // No token would be valid. A mistake of the issuer is more likely than that.
        if keys.is_empty() { Err(IssuerError::NoUsableKey { skipped: keys.skipped() }) } else { Ok(keys) }
    }

    async fn fetch(&self, document: Document, address: &str) -> Result<Vec<u8>, IssuerError> {
        let uri: Uri = address.parse().map_err(|_| IssuerError::Address { document })?;
        if !self.url.may_name(&uri) {
            return Err(IssuerError::Address { document });
        }
        let request = Request::get(uri)
            .header(header::ACCEPT, "application/json")
            // Some issuers refuse requests without it.
            .header(header::USER_AGENT, concat!("agentscope-sessions/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|_| IssuerError::Address { document })?;
        let unreachable = |error: &dyn Error| IssuerError::Unreachable { document, cause: causes(error) };
        let response = self.client.request(request).await.map_err(|error| unreachable(&error))?;
        if response.status() != StatusCode::OK {
            return Err(IssuerError::Status { document, status: response.status().as_u16() });
        }
        match Limited::new(response.into_body(), MAX_BYTES).collect().await {
            Ok(body) => Ok(body.to_bytes().into()),
            Err(error) if error.is::<LengthLimitError>() => Err(IssuerError::TooLarge { document }),
            Err(error) => Err(unreachable(&*error)),
        }
    }
}

/// An error with its causes. The HTTP client names only the step that failed.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
