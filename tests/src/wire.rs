//! A proxy like [`proxy`](crate::proxy), one layer below: for what happens to connections rather than to requests.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::proxy::{Call, Response, Upstream};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The request.
    pub call: Call,
    /// How many requests with the same operation came before it.
    pub number: usize,
    /// How many requests came before it on its connection.
    pub on_connection: usize,
}

impl Seen {
    /// Whether this is the first of an operation.
    pub fn is_first(&self, operation: &str) -> bool {
        self.call.operation == operation && self.number == 0
    }
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It is answered, and the connection stays open.
    Answered,
    /// It is responded with this instead. Nothing reaches the database.
    AnsweredWith(Response),
    /// It is responded with this text, whatever it is.
    AnsweredWithText(u16, &'static str),
    /// It is answered, and the connection is closed without a word in the response's headers.
    AnsweredAndClosed,
    /// The connection is reset before a byte of the response.
    Reset,
    /// The connection is reset in the middle of the response.
    ResetInside,
    /// The connection is closed in the middle of the response, as if that were its end.
    ClosedInside,
    /// Nothing comes, and the connection stays open.
    Silence,
    /// Half of the response comes, and then a space at a time, for ever: none of them is an end.
    Drip,
}

/// A DynamoDB endpoint on which requests meet their fates.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The endpoint.
    pub url: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    calls: Vec<Call>,
    connections: usize,
}

impl Wire {
    /// Starts a proxy before this endpoint. `fate` decides on every request.
    pub async fn before(target: &str, fate: impl Fn(&Seen) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (log, upstream, fate) = (Arc::<Mutex<Log>>::default(), Upstream::at(target), Arc::new(fate));
        let wire = Self { url, log: Arc::clone(&log) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                log.lock().unwrap().connections += 1;
                let (log, upstream, fate) = (Arc::clone(&log), upstream.clone(), Arc::clone(&fate));
                // A client that goes away ends its connection, no more.
                tokio::spawn(async move { serve(stream, &log, &upstream, &*fate).await });
            }
        });
        wire
    }

    /// The requests that came.
    pub fn calls(&self) -> Vec<Call> {
        self.log.lock().unwrap().calls.clone()
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.log.lock().unwrap().calls.len()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }
}

async fn serve(
    stream: TcpStream,
    log: &Mutex<Log>,
    upstream: &Upstream,
    fate: &(impl Fn(&Seen) -> Fate + Send + Sync),
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    for on_connection in 0.. {
        let Some(call) = read(&mut stream).await? else { break };
        let seen = {
            let calls = &mut log.lock().unwrap().calls;
            let number = calls.iter().filter(|other| other.operation == call.operation).count();
            calls.push(call.clone());
            Seen { call, number, on_connection }
        };
        let fate = fate(&seen);
        let (status, body) = match &fate {
            Fate::Reset => return reset(&stream),
            Fate::Silence => return until_the_client_goes(&mut stream).await,
            Fate::AnsweredWith((status, body)) => (*status, body.to_string()),
            Fate::AnsweredWithText(status, body) => (*status, (*body).to_owned()),
            _ => {
                let (status, body) = upstream.send(&seen.call).await;
                (status, body.to_string())
            }
        };
        let headers = |length: usize| {
            format!(
                "HTTP/1.1 {status} Any\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\r\n"
            )
        };
        let (half, _) = body.as_bytes().split_at(body.len() / 2);
        match fate {
            Fate::Drip => {
                stream.write_all(headers(1 << 30).as_bytes()).await?;
                stream.write_all(half).await?;
                loop {
                    stream.write_all(b" ").await?;
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            }
            Fate::ResetInside | Fate::ClosedInside => {
                stream.write_all(headers(body.len()).as_bytes()).await?;
                stream.write_all(half).await?;
                stream.flush().await?;
                return if matches!(fate, Fate::ResetInside) { reset(&stream) } else { Ok(()) };
            }
            _ => {
                stream.write_all(headers(body.len()).as_bytes()).await?;
                stream.write_all(body.as_bytes()).await?;
                stream.flush().await?;
                if matches!(fate, Fate::AnsweredAndClosed) {
                    break;
                }
            }
        }
    }
    Ok(())
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

async fn until_the_client_goes(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}
