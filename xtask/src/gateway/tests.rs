//! The gateway between a client and two services that echo their requests.

mod streams;

use std::convert::Infallible;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::cors;

/// Serves a router on a free port, and returns its address.
async fn start(router: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(vec![listener], router));
    address
}

/// A service that responds with its name and the request.
async fn echo(name: &'static str) -> SocketAddr {
    let echo = async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let headers: serde_json::Map<String, Value> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let body = String::from_utf8_lossy(&body).into_owned();
        let seen =
            json!({ "by": name, "method": method.as_str(), "uri": uri.to_string(), "headers": headers, "body": body });
        let headers = [
            ("x-by", name),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("access-control-allow-origin", "*"),
            ("lambda-runtime-function-response-mode", "streaming"),
            ("vary", "accept-encoding"),
            ("vary", "origin, access-control-request-method, access-control-request-headers"),
        ];
        (axum::response::AppendHeaders(headers), seen.to_string())
    };
    start(Router::new().fallback(echo)).await
}

fn origin(address: SocketAddr) -> Origin {
    format!("http://{address}").parse().unwrap()
}

/// A gateway in front of two such services.
async fn gateway() -> SocketAddr {
    let (functions, service) = (echo("functions").await, echo("origin").await);
    start(router(functions, Some(&origin(service))).unwrap()).await
}

/// Sends raw text, which an HTTP client would escape, and returns the raw response.
async fn send_raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

/// The request that a service received.
async fn seen(address: SocketAddr, method: &str, target: &str, headers: &str) -> Value {
    let request = format!("{method} {target} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n{headers}\r\n");
    let response = send_raw(address, &request).await;
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    // If the body is chunked, it has one chunk.
    let body = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn lists_go_to_the_functions_and_everything_else_to_the_service() {
    let gateway = gateway().await;
    for (method, target, by) in [
        ("GET", "/sessions/?agent_id=a", "functions"),
        ("GET", "/sessions", "functions"),
        ("GET", "/schedule/s/sessions", "functions"),
        ("GET", "/schedule/s/sessions/", "functions"),
        ("GET", "/schedule/a%2Fb/sessions", "functions"),
        ("POST", "/2015-03-31/functions/list-sessions/invocations", "functions"),
        ("POST", "/sessions/", "origin"),
        ("DELETE", "/sessions/s1", "origin"),
        ("PATCH", "/schedule/s/sessions", "origin"),
        ("OPTIONS", "/sessions/", "origin"),
        ("PURGE", "/sessions/", "origin"),
        ("GET", "/", "origin"),
        ("GET", "/?x=1", "origin"),
        ("GET", "/sessions//", "origin"),
        ("GET", "/sessions/s1", "origin"),
        ("GET", "/schedule//sessions", "origin"),
        ("GET", "/schedule/a/b/sessions", "origin"),
        ("GET", "/schedule/", "origin"),
        ("GET", "/docs", "origin"),
        ("GET", "/2015-03-31/", "origin"),
    ] {
        let seen = seen(gateway, method, target, "").await;
        assert_eq!(
            (&seen["by"], &seen["method"], &seen["uri"]),
            (&json!(by), &json!(method), &json!(target)),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn a_target_reaches_either_as_it_was_sent() {
    let gateway = gateway().await;
    for id in ["a%2Fb", "%25", "%252F", "a+b", "%C3%A9", "%ff", "..%2f", "a;b=c", "%7E~", "!$&'()*,:@"] {
        for target in [format!("/schedule/{id}/sessions?agent_id={id}&x={id}"), format!("/chat/{id}?q={id}")] {
            assert_eq!(seen(gateway, "GET", &target, "").await["uri"], target);
        }
    }
}

#[tokio::test]
async fn headers_are_forwarded_except_those_of_a_connection() {
    let gateway = gateway().await;
    let sent = "x-user-id: alice\r\nx-mine: 1\r\nkeep-alive: timeout=5\r\nte: gzip\r\nconnection: x-mine\r\n";
    for target in ["/sessions/", "/chat/"] {
        let headers = &seen(gateway, "GET", target, sent).await["headers"];
        assert_eq!(headers["x-user-id"], "alice");
        for dropped in ["x-mine", "keep-alive", "te"] {
            assert_eq!(headers.get(dropped), None, "{target} {dropped}");
        }
    }
    // The functions see the client's request, the service that of a proxy.
    assert_eq!(seen(gateway, "GET", "/sessions/", "").await["headers"].get("x-forwarded-for"), None);
    assert_eq!(seen(gateway, "GET", "/sessions/", "").await["headers"]["host"], "gateway");
    let headers = &seen(gateway, "GET", "/chat/", "").await["headers"];
    assert_eq!((&headers["x-forwarded-for"], &headers["x-forwarded-host"]), (&json!("127.0.0.1"), &json!("gateway")));
    let response = send_raw(gateway, "GET /chat/ HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n").await;
    assert!(response.contains("x-by: origin") && !response.contains("x-hop"), "{response}");
}

#[tokio::test]
async fn the_path_of_the_origin_is_a_prefix_of_all_paths() {
    let service = echo("origin").await;
    let behind: Origin = format!("http://{service}/agents/").parse().unwrap();
    let gateway = start(router(echo("functions").await, Some(&behind)).unwrap()).await;
    assert_eq!(seen(gateway, "GET", "/chat/?x=1", "").await["uri"], "/agents/chat/?x=1");
    assert_eq!(seen(gateway, "GET", "/sessions/", "").await["uri"], "/sessions/");
}

#[tokio::test]
async fn without_an_origin_other_paths_are_not_found_and_the_functions_get_all_methods() {
    let gateway = start(router(echo("functions").await, None).unwrap()).await;
    for method in ["POST", "HEAD", "PURGE"] {
        let response =
            send_raw(gateway, &format!("{method} /sessions/ HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n"))
                .await;
        assert!(response.contains("x-by: functions"), "{response}");
    }
    // `cargo lambda watch` would allow requests from every origin.
    let client = reqwest::Client::new();
    let response = client.request(Method::OPTIONS, format!("http://{gateway}/sessions/")).send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &HeaderValue::from_static("GET"))
    );
    let response = client.get(format!("http://{gateway}/sessions/")).header("origin", "http://a").send().await.unwrap();
    assert_eq!(response.headers().get("access-control-allow-origin"), None);
    assert_eq!(response.headers().get("lambda-runtime-function-response-mode"), None);
    assert_eq!(response.headers().get_all("vary").iter().collect::<Vec<_>>(), ["accept-encoding"]);
    let response = reqwest::get(format!("http://{gateway}/chat/")).await.unwrap();
    assert_eq!(response.status(), 404);
    let body = response.text().await.unwrap();
    assert!(body.contains("/schedule/{schedule_id}/sessions") && body.contains("--origin"), "{body}");
}

#[tokio::test]
async fn an_origin_that_does_not_respond_is_named() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = start(router(echo("functions").await, Some(&origin(nobody))).unwrap()).await;
    let response = reqwest::get(format!("http://{gateway}/chat/")).await.unwrap();
    assert_eq!(response.status(), 502);
    let body = response.text().await.unwrap();
    assert!(body.contains(&nobody.to_string()), "{body}");
}

#[tokio::test]
async fn allowed_origins_get_cors_headers_and_others_do_not() {
    let (functions, service) = (echo("functions").await, echo("origin").await);
    let pages = ["http://localhost:5173".parse().unwrap()];
    let gateway = start(cors::allow(router(functions, Some(&origin(service))).unwrap(), &pages)).await;
    let client = reqwest::Client::new();
    for path in ["/sessions/", "/chat/"] {
        let send = async |page: &str, method: Method| {
            let request = client.request(method, format!("http://{gateway}{path}")).header("origin", page);
            let request = request.header("access-control-request-method", "GET");
            request.header("access-control-request-headers", "x-user-id").send().await.unwrap()
        };
        let preflight = send("http://localhost:5173", Method::OPTIONS).await;
        assert_eq!((preflight.status(), preflight.headers().get("x-by")), (StatusCode::OK, None));
        assert_eq!(preflight.headers()["access-control-allow-origin"], "http://localhost:5173");
        let allowed = preflight.headers()["access-control-allow-headers"].to_str().unwrap().to_owned();
        assert!(allowed.contains("x-user-id") && allowed.contains("authorization"), "{allowed}");
        let response = send("http://localhost:5173", Method::GET).await;
        assert_eq!(response.headers()["access-control-allow-origin"], "http://localhost:5173");
        assert!(response.headers()["access-control-expose-headers"].to_str().unwrap().contains("etag"));
        for method in [Method::GET, Method::OPTIONS] {
            assert_eq!(send("http://localhost:5174", method).await.headers().get("access-control-allow-origin"), None);
        }
    }
}

#[test]
fn invalid_origins_are_rejected() {
    for wrong in
        ["", "localhost:8900", "/agents", "ftp://host", "http://", "http://user:secret@host", "http://host/?x=1"]
    {
        assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
    }
    for wrong in ["", "*", "localhost:5173", "http://localhost:5173/", "http://localhost/chat", "http://a?b", "null"] {
        assert!(wrong.parse::<cors::PageOrigin>().is_err(), "{wrong}");
    }
    assert!("https://agents.example.com/base".parse::<Origin>().is_ok());
}
