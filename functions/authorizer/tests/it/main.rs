//! The binary of the authorizer behind a Runtime API, with an issuer of the tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authorizer;
mod claims;
mod hostile;
mod issuer;
mod keys;
mod logs;
mod output;
mod settings;
mod tls;
mod tokens;
mod unreachable;
