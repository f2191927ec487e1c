//! The gateway of `cargo xtask dev`, which routes requests as API Gateway does with the template.
//!
//! Requests for lists go to the functions. All others go to the AgentScope service of `--origin`.

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

/// A service that forwards requests.
type Proxy = BoxCloneSyncService<Request, Response, Infallible>;

/// The services behind the gateway.
struct Destinations {
    /// `cargo lambda watch`.
    functions: Proxy,
    /// The AgentScope service of `--origin`.
    origin: Option<Proxy>,
}

/// The URL of an AgentScope service.
#[derive(Debug, Clone)]
pub(crate) struct Origin(Uri);

impl std::str::FromStr for Origin {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let uri: Uri = text.parse()?;
        ensure!(matches!(uri.scheme_str(), Some("http" | "https")), "expected http://HOST or https://HOST");
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        ensure!(!has_user && uri.query().is_none(), "expected a URL without user and query");
        Ok(Self(uri))
    }
}

/// Returns the gateway. `functions` is the address of `cargo lambda watch`.
///
/// # Errors
///
/// The origin has an https URL, and this machine has no root certificates.
pub(crate) fn router(functions: SocketAddr, origin: Option<&Origin>) -> Result<Router> {
    let http = HttpConnector::new();
    // The functions see the request as the client sent it.
    let untouched =
        ProxyPolicy::new().with_host_behaviour(HostBehaviour::Preserve).with_x_forwarded_for(XForwardedFor::Preserve);
    let functions = proxy(&format!("http://{functions}"), http.clone(), untouched);
    let functions = BoxCloneSyncService::new(functions.map_response(remove_watch_headers));
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
    Ok(Router::new().fallback(forward).with_state(Arc::new(Destinations { functions, origin })))
}

/// Returns a reverse proxy. It streams bodies in both directions and supports WebSockets.
fn proxy<C: Connect + Clone + Send + Sync + 'static>(target: &str, connector: C, policy: ProxyPolicy) -> Proxy {
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let proxy = ReverseProxy::new_with_client("", target, client).with_policy(policy);
    let target = target.to_owned();
    BoxCloneSyncService::new(proxy.map_response(move |response: Response| explain(response, &target)))
}

/// Names the target if it does not respond. Only clients on this machine see that.
fn explain(response: Response, target: &str) -> Response {
    match response.extensions().get::<ProxyError>() {
        Some(error) => detail(response.status(), &format!("{target} does not respond: {}", error.message())),
        None => response,
    }
}

async fn forward(State(destinations): State<Arc<Destinations>>, request: Request) -> Response {
    let Destinations { functions, origin } = &*destinations;
    let path = request.uri().path();
    if !path.starts_with('/') {
        return detail(StatusCode::BAD_REQUEST, "Bad Request");
    }
    let is_for_functions = match origin {
        // The AgentScope service has other methods at the same paths.
        Some(_) => is_list(path) && request.method() == Method::GET,
        None => is_list(path),
    };
    if is_for_functions && request.method() == Method::OPTIONS {
        // `cargo lambda watch` responds to OPTIONS itself.
        return method_not_allowed();
    }
    if is_for_functions || is_invocation(path) {
        return send(functions, request).await;
    }
    match origin {
        Some(origin) => send(origin, request).await,
        None => detail(
            StatusCode::NOT_FOUND,
            "Not Found. The paths are /sessions/ and /schedule/{schedule_id}/sessions; /_docs/ describes them. With --origin URL, \
             all other requests go to an AgentScope service.",
        ),
    }
}

/// Removes the headers that `cargo lambda watch` adds to responses: it allows requests from every
/// origin, and repeats the header of a function that streams.
fn remove_watch_headers(response: Response) -> Response {
    let mut response = cors::remove_headers(response);
    response.headers_mut().remove("lambda-runtime-function-response-mode");
    response
}

async fn send(proxy: &Proxy, request: Request) -> Response {
    let Ok(response) = proxy.clone().call(request).await;
    response
}

/// Whether a raw path is one of the template's list routes.
fn is_list(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let schedule_id = path.strip_prefix("/schedule/").and_then(|rest| rest.strip_suffix("/sessions"));
    path == "/sessions" || schedule_id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// Whether `cargo lambda invoke` sends the request.
fn is_invocation(path: &str) -> bool {
    path.starts_with("/2015-03-31/functions/")
}

/// The response of the functions to a method that is not allowed.
fn method_not_allowed() -> Response {
    let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error response in the shape of the functions' errors.
pub(crate) fn detail(status: StatusCode, detail: &str) -> Response {
    let body = serde_json::json!({ "detail": detail }).to_string();
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], Body::from(body)).into_response()
}

/// Serves a router on these listeners.
///
/// # Errors
///
/// A listener fails. Does not return otherwise.
pub(crate) async fn serve(listeners: Vec<std::net::TcpListener>, router: Router) -> Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut tasks = tokio::task::JoinSet::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        tasks.spawn(axum::serve(listener, service.clone()).into_future());
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome??;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
