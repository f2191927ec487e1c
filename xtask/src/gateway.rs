//! The one address of `cargo xtask dev`: which request goes where.
//!
//! It does what API Gateway does with the template's routes. The lists go to the functions, everything else to the AgentScope
//! service that is named, if one is.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum_reverse_proxy::{HostBehaviour, ProxyError, ProxyPolicy, ReverseProxy, XForwardedFor};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::cors;

/// What passes requests on.
type Proxy = BoxCloneSyncService<Request, Response, Infallible>;

/// Where requests go.
struct Destinations {
    /// Where `cargo lambda watch` listens.
    functions: Proxy,
    /// An AgentScope service.
    origin: Option<Proxy>,
}

/// The address of an AgentScope service.
#[derive(Debug, Clone)]
pub(crate) struct Origin(Uri);

impl std::str::FromStr for Origin {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let uri: Uri = text.parse()?;
        ensure!(matches!(uri.scheme_str(), Some("http" | "https")), "expected http://HOST or https://HOST");
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        ensure!(!has_user && uri.query().is_none(), "expected an address without user and query");
        Ok(Self(uri))
    }
}

/// The routes of the gateway. `functions` is where `cargo lambda watch` listens.
///
/// # Errors
///
/// The origin is to be asked over TLS, and this machine has no certificates of authorities.
pub(crate) fn router(functions: SocketAddr, origin: Option<&Origin>) -> Result<Router> {
    let http = HttpConnector::new();
    // As if the functions' gateway had been asked itself.
    let untouched =
        ProxyPolicy::new().with_host_behaviour(HostBehaviour::Preserve).with_x_forwarded_for(XForwardedFor::Preserve);
    let functions = proxy(&format!("http://{functions}"), http.clone(), untouched);
    // `cargo lambda watch` lets every page on the web ask.
    let functions = BoxCloneSyncService::new(functions.map_response(cors::without));
    let origin = match origin {
        None => None,
        Some(Origin(uri)) if uri.scheme_str() == Some("https") => {
            let builder = HttpsConnectorBuilder::new().with_native_roots().context("--origin: https")?;
            let mut http = http;
            http.enforce_http(false);
            Some(proxy(&uri.to_string(), builder.https_only().enable_http1().wrap_connector(http), ProxyPolicy::new()))
        }
        Some(Origin(uri)) => Some(proxy(&uri.to_string(), http, ProxyPolicy::new())),
    };
    Ok(Router::new().fallback(pass_on).with_state(Arc::new(Destinations { functions, origin })))
}

/// Passes requests on to an address. Bodies are streamed both ways, and connections that are upgraded to WebSockets are kept.
fn proxy<C: Connect + Clone + Send + Sync + 'static>(target: &str, connector: C, policy: ProxyPolicy) -> Proxy {
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let proxy = ReverseProxy::new_with_client("", target, client).with_policy(policy);
    let target = target.to_owned();
    BoxCloneSyncService::new(proxy.map_response(move |response: Response| told(response, &target)))
}

/// Where nothing responses, the response says so: only this machine sees it.
fn told(response: Response, target: &str) -> Response {
    match response.extensions().get::<ProxyError>() {
        Some(error) => detail(response.status(), &format!("{target} does not respond: {}", error.message())),
        None => response,
    }
}

async fn pass_on(State(destinations): State<Arc<Destinations>>, request: Request) -> Response {
    let Destinations { functions, origin } = &*destinations;
    let path = request.uri().path();
    if !path.starts_with('/') {
        return detail(StatusCode::BAD_REQUEST, "Bad Request");
    }
    let of_functions = match origin {
        // The service creates and deletes sessions at the same paths.
        Some(_) => is_list(path) && request.method() == Method::GET,
        None => is_list(path),
    };
    if of_functions && request.method() == Method::OPTIONS {
        // `cargo lambda watch` would response by itself.
        return method_not_allowed();
    }
    if of_functions || is_invocation(path) {
        return sent(functions, request).await;
    }
    match origin {
        Some(origin) => sent(origin, request).await,
        None => detail(
            StatusCode::NOT_FOUND,
            "Not Found. Here are /sessions/ and /schedule/{schedule_id}/sessions, and /_docs/ describes them. With --origin URL \
             an AgentScope service responses everything else.",
        ),
    }
}

async fn sent(proxy: &Proxy, request: Request) -> Response {
    let Ok(response) = proxy.clone().call(request).await;
    response
}

/// Whether a path, as it came, is one of the template's routes.
fn is_list(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let schedule_id = path.strip_prefix("/schedule/").and_then(|rest| rest.strip_suffix("/sessions"));
    path == "/sessions" || schedule_id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// Whether `cargo lambda invoke` asks.
fn is_invocation(path: &str) -> bool {
    path.starts_with("/2015-03-31/functions/")
}

/// As the functions say it.
fn method_not_allowed() -> Response {
    let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error in the shape that the functions' have.
pub(crate) fn detail(status: StatusCode, detail: &str) -> Response {
    let body = serde_json::json!({ "detail": detail }).to_string();
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], Body::from(body)).into_response()
}

/// Serves a router on these listeners until this process ends.
///
/// # Errors
///
/// A listener fails.
pub(crate) async fn serve(listeners: Vec<std::net::TcpListener>, router: Router) -> Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut serving = tokio::task::JoinSet::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        serving.spawn(axum::serve(listener, service.clone()).into_future());
    }
    while let Some(ended) = serving.join_next().await {
        ended??;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
