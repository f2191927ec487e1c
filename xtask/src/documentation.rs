//! The documentation page: `openapi.yaml`, rendered by Swagger UI, with nothing from other
//! origins.

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::gateway::detail;
use crate::{root, swagger_ui};

/// The path of the page, which no AgentScope service has.
pub(crate) const PATH: &str = "/_docs/";

const HTML: &str = include_str!("documentation.html");
const SCRIPT: &str = include_str!("documentation.js");

/// The content security policy: the browser loads nothing from other origins. Swagger UI sets
/// inline styles, and its style sheet contains its images.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page.
pub(crate) fn router() -> Router {
    Router::new()
        .route(PATH, get(async || file("text/html; charset=utf-8", HTML)))
        .route("/_docs/page.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/_docs/openapi.yaml", get(async || read(root().join("openapi.yaml"), "application/yaml").await))
        .route("/_docs/swagger-ui/{file}", get(asset))
        .with_state(swagger_ui::folder(&root()))
}

async fn asset(State(folder): State<PathBuf>, Path(name): Path<String>) -> Response {
    match name.as_str() {
        "swagger-ui.css" => read(folder.join(name), "text/css; charset=utf-8").await,
        "swagger-ui-bundle.js" => read(folder.join(name), "text/javascript; charset=utf-8").await,
        _ => detail(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn read(path: PathBuf, kind: &'static str) -> Response {
    match tokio::fs::read(&path).await {
        Ok(bytes) => file(kind, bytes),
        Err(error) => detail(StatusCode::NOT_FOUND, &format!("{}: {error}", path.display())),
    }
}

fn file(kind: &'static str, body: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, body).into_response()
}
