//! Bodies that pass the gateway piece by piece: events, uploads, WebSockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::routing::{any, get, post};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::*;

/// The time limit of a read that has to succeed.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends events after these pauses, each only after the client has received the previous one.
async fn check_events(pauses: impl IntoIterator<Item = Duration>) {
    let (send, receive) = mpsc::unbounded_channel::<Event>();
    let receive = Arc::new(Mutex::new(Some(receive)));
    let events = async move || {
        let mut receive = receive.lock().unwrap().take().unwrap();
        Sse::new(futures::stream::poll_fn(move |context| receive.poll_recv(context)).map(Ok::<_, Infallible>))
    };
    let service = start(Router::new().route("/chat/events", get(events))).await;
    let gateway = start(router(echo("functions").await, Some(&origin(service))).unwrap()).await;
    let mut response = reqwest::get(format!("http://{gateway}/chat/events")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    for (number, pause) in pauses.into_iter().enumerate() {
        tokio::time::sleep(pause).await;
        send.send(Event::default().data(number.to_string())).unwrap();
        // A buffered event would never arrive, since the service sends nothing more.
        let chunk = tokio::time::timeout(READ_TIMEOUT, response.chunk()).await.expect("the event is buffered");
        assert_eq!(chunk.unwrap().unwrap(), format!("data: {number}\n\n"));
    }
    drop(send);
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn events_are_not_buffered() {
    check_events([Duration::ZERO; 3]).await;
}

/// `.ci/run event_stream` runs it.
#[tokio::test]
#[ignore = "takes ten minutes"]
async fn events_arrive_one_by_one_for_ten_minutes_with_an_idle_minute() {
    let every_second = [Duration::from_secs(1); 270];
    let idle = [Duration::from_secs(60)];
    check_events(every_second.into_iter().chain(idle).chain(every_second)).await;
}

/// The client sends the next chunk only after the service has returned the previous one.
#[tokio::test]
async fn request_bodies_are_not_buffered() {
    let echo_chunks = async |request: Request| Body::from_stream(request.into_body().into_data_stream());
    let service = start(Router::new().route("/chat/upload", post(echo_chunks))).await;
    let gateway = start(router(echo("functions").await, Some(&origin(service))).unwrap()).await;
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    stream
        .write_all(b"POST /chat/upload HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let mut response = Vec::new();
    for chunk in ["first", "second", "third"] {
        stream.write_all(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes()).await.unwrap();
        while !String::from_utf8_lossy(&response).contains(chunk) {
            let read = tokio::time::timeout(READ_TIMEOUT, stream.read_buf(&mut response)).await;
            assert_ne!(read.expect("the chunk is buffered").unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn websockets_are_forwarded() {
    let shout = async |upgrade: axum::extract::WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
            }
        })
    };
    let service = start(Router::new().route("/chat/socket", any(shout))).await;
    let gateway = start(router(echo("functions").await, Some(&origin(service))).unwrap()).await;
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let handshake = "GET /chat/socket HTTP/1.1\r\nhost: gateway\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut response).await.unwrap(), 0);
    }
    assert!(response.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&response));
    // "Hi". Clients mask, here with zeros, and servers do not.
    stream.write_all(b"\x81\x82\0\0\0\0Hi").await.unwrap();
    let mut frame = [0; 4];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(&frame, b"\x81\x02Hi");
}
