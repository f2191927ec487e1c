//! Settings: those that are missing or invalid stop the authorizer at startup.

use agentscope_tests::function::run_to_end;

use crate::authorizer::{BINARY, environment};

#[tokio::test]
async fn it_stops_at_once_if_a_setting_is_missing_or_wrong() {
    for (name, value) in [
        ("TOKEN_ISSUER", None),
        ("TOKEN_ISSUER", Some("")),
        ("TOKEN_ISSUER", Some("http://issuer.example.com")),
        ("TOKEN_AUDIENCE", None),
        ("TOKEN_AUDIENCE", Some("a, b")),
        ("TOKEN_SCOPES", Some("")),
        ("TOKEN_USE", Some("refresh")),
        ("IDENTITY_CLAIM", Some(" sub")),
        ("METRICS_NAMESPACE", Some("AWS/X")),
    ] {
        let mut settings = environment("https://issuer.example.com");
        settings.retain(|(other, _)| *other != name);
        settings.extend(value.map(|value| (name, value.to_owned())));
        let (succeeded, written) = run_to_end(BINARY, settings).await;
        assert!(!succeeded && written.contains(name), "{name}={value:?}: {written}");
    }
}
