//! The connections of a proxy: reading requests and writing responses or faults.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::proxy::{Action, Arrival, Call, Handler, Upstream, locked};

/// Accepts connections on a free port and returns the endpoint.
pub(crate) async fn listen(target: &str, handler: Handler) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (upstream, handler) = (Upstream::at(target), Arc::new(handler));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A response is written in two steps. Without this, the second waits for the client's
            // delayed acknowledgement of the first.
            stream.set_nodelay(true).unwrap();
            if let Handler::Record(log, _) = &*handler {
                locked(log).connections += 1;
            }
            let (upstream, handler) = (upstream.clone(), Arc::clone(&handler));
            // An error ends this connection alone.
            tokio::spawn(async move { serve(stream, &upstream, &handler).await });
        }
    });
    url
}

async fn serve(stream: TcpStream, upstream: &Upstream, handler: &Handler) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    for on_connection in 0.. {
        let Some(call) = read(&mut stream).await? else { break };
        match handler {
            Handler::Intercept(respond) => tokio::select! {
                (status, body) = respond(call, upstream.clone()) => write(&mut stream, status, &body.to_string()).await?,
                () = closed(&mut stream) => break,
            },
            Handler::Record(log, decide) => {
                let (id, number) = locked(log).begin(&call);
                let arrival = Arrival { call, number, on_connection };
                let action = decide(&arrival);
                if let Action::ForwardAfter(delay) = action {
                    tokio::time::sleep(delay).await;
                }
                let (status, body) = match &action {
                    Action::Reset => return reset(&stream),
                    Action::Hang => {
                        closed(&mut stream).await;
                        return Ok(());
                    }
                    Action::Respond((status, body)) => (*status, body.to_string()),
                    Action::RespondText(status, body) => (*status, (*body).to_owned()),
                    _ => {
                        let (status, body) = upstream.send(&arrival.call).await;
                        locked(log).end(id, &body);
                        (status, body.to_string())
                    }
                };
                if send(&mut stream, &action, status, &body).await?.is_break() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Sends a response, or what the action leaves of it. Breaks if the connection is to be closed.
async fn send(
    stream: &mut BufReader<TcpStream>,
    action: &Action,
    status: u16,
    body: &str,
) -> io::Result<ControlFlow<()>> {
    let (half, _) = body.as_bytes().split_at(body.len() / 2);
    match action {
        Action::Trickle => {
            stream.write_all(headers(status, 1 << 30).as_bytes()).await?;
            stream.write_all(half).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Action::ResetMidway | Action::CloseMidway => {
            stream.write_all(headers(status, body.len()).as_bytes()).await?;
            stream.write_all(half).await?;
            stream.flush().await?;
            if matches!(action, Action::ResetMidway) {
                reset(stream)?;
            }
            Ok(ControlFlow::Break(()))
        }
        _ => {
            write(stream, status, body).await?;
            let closes = matches!(action, Action::ForwardAndClose);
            Ok(if closes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        }
    }
}

async fn write(stream: &mut BufReader<TcpStream>, status: u16, body: &str) -> io::Result<()> {
    stream.write_all(headers(status, body.len()).as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await
}

fn headers(status: u16, length: usize) -> String {
    format!("HTTP/1.1 {status} Any\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\r\n")
}

/// Reads a request; `None` if the client has closed the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Call>> {
    let (mut operation, mut length, mut trace) = (String::new(), 0, None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                operation = value.rsplit('.').next().unwrap_or_default().to_owned();
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some((name, value)) if name.eq_ignore_ascii_case("x-amzn-trace-id") => trace = Some(value.to_owned()),
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Call { operation, input: serde_json::from_slice(&body).unwrap(), trace }))
}

/// Makes the connection end with a reset when it is dropped.
fn reset(stream: &BufReader<TcpStream>) -> io::Result<()> {
    stream.get_ref().set_zero_linger()
}

/// Waits until the client closes the connection. The client sends nothing before it has a
/// response.
async fn closed(stream: &mut BufReader<TcpStream>) {
    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
}
