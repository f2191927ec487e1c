//! An OpenID Connect issuer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "/jwks";

/// A server with documents. Other paths are 404.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) url: String,
    server: Arc<Server>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Server {
    documents: Mutex<HashMap<&'static str, Document>>,
    requests: Mutex<Vec<String>>,
}

/// How the issuer responds to a path.
#[derive(Debug, Clone)]
pub(crate) enum Document {
    /// With 200 and this body.
    Body(String),
    /// With this status and this header `location`.
    Redirect(u16, String),
    /// With this status.
    Status(u16),
    /// Not at all.
    Silence,
}

impl Issuer {
    /// Starts an issuer with these public keys.
    pub(crate) async fn start(keys: &[Value]) -> Self {
        Self::start_at("", keys).await
    }

    /// The same with a path in its URL. Documents are served without it.
    pub(crate) async fn start_at(path: &str, keys: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        Self::serve(listener, url, keys)
    }

    /// Serves the documents of an issuer with this URL.
    pub(crate) fn serve<L: Listener>(listener: L, url: String, keys: &[Value]) -> Self
    where
        L::Addr: std::fmt::Debug,
    {
        let server = Arc::new(Server::default());
        let router = Router::new().fallback(respond).with_state(Arc::clone(&server));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let issuer = Self { url, server, task };
        let origin = issuer.url.split('/').take(3).collect::<Vec<_>>().join("/");
        issuer.set(DISCOVERY, Document::Body(issuer.discovery(&format!("{origin}{JWKS}"))));
        issuer.set_keys(keys);
        issuer
    }

    /// A discovery document of this issuer.
    pub(crate) fn discovery(&self, jwks_uri: &str) -> String {
        json!({ "issuer": self.url, "jwks_uri": jwks_uri, "response_types_supported": ["code"] }).to_string()
    }

    /// Replaces the keys.
    pub(crate) fn set_keys(&self, keys: &[Value]) {
        self.set(JWKS, Document::Body(json!({ "keys": keys }).to_string()));
    }

    /// Replaces a document.
    pub(crate) fn set(&self, path: &'static str, document: Document) {
        self.server.documents.lock().unwrap().insert(path, document);
    }

    /// The paths of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.server.requests.lock().unwrap().clone()
    }

    /// The number of requests for keys so far.
    pub(crate) fn key_requests(&self) -> usize {
        self.requests().iter().filter(|path| *path == JWKS).count()
    }

    /// Refuses all connections from now on.
    pub(crate) async fn stop(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

async fn respond(State(server): State<Arc<Server>>, request: Request) -> Response {
    let path = request.uri().to_string();
    server.requests.lock().unwrap().push(path.clone());
    let path = path.find("/.well-known/").map_or(path.as_str(), |start| &path[start..]);
    let document = server.documents.lock().unwrap().get(path).cloned();
    match document {
        Some(Document::Body(body)) => ([("content-type", "application/json")], body).into_response(),
        Some(Document::Redirect(status, location)) => {
            (StatusCode::from_u16(status).unwrap(), [("location", location)]).into_response()
        }
        Some(Document::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Document::Silence) => std::future::pending().await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
