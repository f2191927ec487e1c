//! An issuer behind TLS, as all but those of the tests are.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use agentscope_tests::function::Function;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use crate::authorizer::{Authorizer, BINARY, Decision, alice, environment};
use crate::issuer::Issuer;
use crate::tokens::{Key, claims, header};

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // A client that does not trust the certificate ends the handshake.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A certification authority of the tests.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// An issuer whose certificate for this name is of this authority.
async fn issuer(authority: &CertifiedIssuer<'static, KeyPair>, name: &str, key: &Key) -> Issuer {
    let pair = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&pair, authority).unwrap();
    let pair = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], pair).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    Issuer::serve(TlsListener { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }, url, &[key.public("first")])
}

/// The decision on a valid token, by an authorizer that trusts this authority alone.
async fn decide(trusted: &CertifiedIssuer<'static, KeyPair>, issuer: &Issuer, key: &Key) -> Decision {
    let folder = std::env::temp_dir().join(format!("authorizer-{}-{}", std::process::id(), issuer.url.len()));
    tokio::fs::create_dir_all(&folder).await.unwrap();
    let file = folder.join(format!("{}.pem", issuer.url.rsplit(':').next().unwrap()));
    tokio::fs::write(&file, pem(trusted.der())).await.unwrap();
    let mut environment = environment(&issuer.url);
    environment.push(("SSL_CERT_FILE", file.to_str().unwrap().to_owned()));
    let mut authorizer = Authorizer { function: Function::start(BINARY, environment, Stdio::null()).await };
    let decision = authorizer.decide(&key.token(&header("RS256", "first"), &claims(&issuer.url, json!({})))).await;
    tokio::fs::remove_dir_all(&folder).await.unwrap();
    decision
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

#[tokio::test]
async fn keys_are_fetched_by_https_from_a_server_with_a_trusted_certificate_alone() {
    let (trusted, other, key) = (authority(), authority(), Key::rsa());
    let its_own = issuer(&trusted, "127.0.0.1", &key).await;
    assert_eq!(decide(&trusted, &its_own, &key).await, alice());
    let of_others = issuer(&other, "127.0.0.1", &key).await;
    assert_eq!(decide(&trusted, &of_others, &key).await, Decision::Failed);
    let of_another_name = issuer(&trusted, "issuer.example.com", &key).await;
    assert_eq!(decide(&trusted, &of_another_name, &key).await, Decision::Failed);
    assert_eq!(of_others.key_requests() + of_another_name.key_requests(), 0);
}
