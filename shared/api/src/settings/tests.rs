//! Settings that are missing, valid and invalid.

use super::*;

const NAMES: [&str; 5] = ["SESSIONS_TABLE", "AGENTS_TABLE", "TEAMS_TABLE", "SCHEDULES_TABLE", "IDENTITY_SOURCE"];

fn settings(changes: &[(&str, Option<&str>)]) -> Result<Settings, SettingError> {
    Settings::from_variables(|name| match changes.iter().find(|(change, _)| *change == name) {
        Some((_, value)) => value.map(str::to_owned),
        None if name == "IDENTITY_SOURCE" => Some("jwt".to_owned()),
        None => NAMES.contains(&name).then(|| name.to_lowercase()),
    })
}

fn is_invalid(changes: &[(&str, Option<&str>)], name: &str) {
    let error = settings(changes).unwrap_err();
    assert!(matches!(error, SettingError::Invalid(invalid, _, _) if invalid == name), "{changes:?}: {error}");
}

#[test]
fn every_table_and_the_source_of_identity_are_required_and_named() {
    for name in NAMES {
        for value in [None, Some("")] {
            let error = settings(&[(name, value)]).unwrap_err();
            assert!(matches!(error, SettingError::Missing(missing, _) if missing == name), "{error}");
        }
        is_invalid(&[(name, Some("no name"))], name);
    }
}

#[test]
fn the_caller_is_the_subject_unless_another_claim_is_named() {
    assert_eq!(settings(&[]).unwrap().identity, IdentitySource::SUBJECT.into());
    for claim in ["email", "cognito:username", "https://example.com/user id", "Sub"] {
        let identity = settings(&[("IDENTITY_CLAIM", Some(claim))]).unwrap().identity;
        assert_eq!(identity, IdentitySource::Jwt { claim }.into());
    }
    for claim in ["", " ", " sub", "sub\n", "s\0b"] {
        is_invalid(&[("IDENTITY_CLAIM", Some(claim))], "IDENTITY_CLAIM");
    }
}

#[test]
fn the_claim_is_ignored_if_a_proxy_sets_the_header() {
    for claim in [None, Some(""), Some("email")] {
        let settings = settings(&[("IDENTITY_SOURCE", Some("header")), ("IDENTITY_CLAIM", claim)]).unwrap();
        assert_eq!(settings.identity, IdentitySource::Header.into());
    }
}

#[test]
fn a_header_of_another_name_names_the_caller_if_it_is_set() {
    for (name, header) in [("x-amzn-oidc-identity", "x-amzn-oidc-identity"), ("X-Auth-User", "x-auth-user")] {
        let settings = settings(&[("IDENTITY_SOURCE", Some("header")), ("IDENTITY_HEADER", Some(name))]).unwrap();
        assert_eq!(settings.identity, Identity { header, ..IdentitySource::Header.into() });
    }
    for name in ["", " ", "x user", "x-user-id:", "x-üser", "x\n"] {
        is_invalid(&[("IDENTITY_SOURCE", Some("header")), ("IDENTITY_HEADER", Some(name))], "IDENTITY_HEADER");
        let jwt = settings(&[("IDENTITY_HEADER", Some(name))]).unwrap();
        assert_eq!(jwt.identity, IdentitySource::SUBJECT.into());
    }
}

#[test]
fn events_of_any_kind_name_callers_unless_one_kind_is_set() {
    for (value, events) in [
        (None, EventSource::Any),
        (Some("any"), EventSource::Any),
        (Some("http-api"), EventSource::Only(EventKind::HttpApi)),
        (Some("rest-api"), EventSource::Only(EventKind::RestApi)),
        (Some("function-url"), EventSource::Only(EventKind::FunctionUrl)),
        (Some("alb"), EventSource::Only(EventKind::LoadBalancer)),
    ] {
        assert_eq!(settings(&[("EVENT_SOURCE", value)]).unwrap().identity.events, events);
    }
    for value in ["", "ALB", "alb ", "api-gateway", "alb,http-api"] {
        is_invalid(&[("EVENT_SOURCE", Some(value))], "EVENT_SOURCE");
    }
}

#[test]
fn the_authorizer_of_a_rest_api_is_cognito_unless_it_is_the_function() {
    let with = |name, events, authorizer| {
        let changes = [("IDENTITY_SOURCE", Some(name)), ("EVENT_SOURCE", events), ("REST_AUTHORIZER", authorizer)];
        settings(&changes).map(|settings| settings.identity.source)
    };
    let rest = Some("rest-api");
    assert_eq!(with("jwt", rest, Some("function")), Ok(IdentitySource::AuthorizerFunction));
    for (events, authorizer) in [(rest, None), (rest, Some("cognito")), (None, Some("cognito"))] {
        assert_eq!(with("jwt", events, authorizer), Ok(IdentitySource::SUBJECT));
    }
    assert_eq!(with("header", rest, Some("function")), Ok(IdentitySource::Header));
    for (events, authorizer) in
        [(rest, ""), (rest, "lambda"), (None, "function"), (Some("any"), "function"), (Some("http-api"), "function")]
    {
        let error = with("jwt", events, Some(authorizer)).unwrap_err();
        assert!(matches!(error, SettingError::Invalid("REST_AUTHORIZER", ..)), "{events:?} {authorizer}: {error}");
    }
}

#[test]
fn a_release_is_2_0_1_unless_another_known_one_is_set() {
    assert_eq!(settings(&[]).unwrap().release, Release::V2_0_1);
    for release in Release::ALL {
        let settings = settings(&[("AGENTSCOPE_RELEASE", Some(release.as_str()))]).unwrap();
        assert_eq!(settings.release, *release);
    }
    for unknown in ["", "2.0.0", "2.0.12", "latest", " 2.0.1"] {
        let error = settings(&[("AGENTSCOPE_RELEASE", Some(unknown))]).unwrap_err().to_string();
        assert!(error.contains("AGENTSCOPE_RELEASE") && error.contains("2.0.4.post1, 2.0.5"), "{error}");
    }
}

#[test]
fn responses_are_buffered_and_lists_have_64_mib_unless_set() {
    let default = DeliverySettings::default();
    assert_eq!((default.mode, default.max_list_bytes), (ResponseMode::Buffered, 67_108_864));
    assert_eq!(settings(&[]).unwrap().delivery, default);
    assert_eq!(settings(&[("RESPONSE_MODE", Some("buffered"))]).unwrap().delivery, default);
    let set = settings(&[("RESPONSE_MODE", Some("streaming")), ("MAX_LIST_BYTES", Some("200000000"))]).unwrap();
    assert_eq!((set.delivery.mode, set.delivery.max_list_bytes), (ResponseMode::Streaming, 200_000_000));
    for mode in ["", "stream", "Streaming", " buffered"] {
        is_invalid(&[("RESPONSE_MODE", Some(mode))], "RESPONSE_MODE");
    }
    for bytes in ["", "0", "-1", "999999", "200000001", "64MB", "1e7", " 2000000", "99999999999999999999999"] {
        is_invalid(&[("MAX_LIST_BYTES", Some(bytes))], "MAX_LIST_BYTES");
    }
}

#[test]
fn no_page_may_read_responses_unless_its_origin_is_set() {
    assert_eq!(settings(&[]).unwrap().delivery.allowed_origins, AllowedOrigins::default());
    for (value, origins) in [
        ("https://a.example.com", AllowedOrigins::new(&["https://a.example.com"])),
        ("http://localhost:5173,https://b", AllowedOrigins::new(&["http://localhost:5173", "https://b"])),
        ("*", AllowedOrigins::new(&["*"])),
    ] {
        assert_eq!(settings(&[("ALLOWED_ORIGINS", Some(value))]).unwrap().delivery.allowed_origins, origins);
    }
    for value in ["", ",", "a.example.com", "https://", "https://a/", "https://a, https://b", "https://a\n", "null"] {
        is_invalid(&[("ALLOWED_ORIGINS", Some(value))], "ALLOWED_ORIGINS");
    }
}

#[test]
fn metrics_have_a_namespace_that_cloudwatch_accepts() {
    assert_eq!(settings(&[]).unwrap().metrics_namespace, "AgentScopeSessions");
    let longest = "n".repeat(255);
    for name in ["a", "My App/Chat #1:prod", "AWSome", &longest] {
        assert_eq!(settings(&[("METRICS_NAMESPACE", Some(name))]).unwrap().metrics_namespace, name);
    }
    for name in ["", " ", "a ", "AWS/Lambda", ":a", "ä", "a\"b", "a\nb", &"n".repeat(256)] {
        is_invalid(&[("METRICS_NAMESPACE", Some(name))], "METRICS_NAMESPACE");
    }
}

#[test]
fn a_base_path_is_a_path() {
    assert_eq!(settings(&[]).unwrap().base_path, None);
    for path in ["/chat", "/v1", "/team/v1.2", "/a-b_c~d"] {
        assert_eq!(settings(&[("BASE_PATH", Some(path))]).unwrap().base_path.as_deref(), Some(path));
    }
    for path in ["", "/", "chat", "/chat/", "//chat", "/a//b", "/a b", "/a?b", "/a%20b", "/ä", "https://x/y"] {
        is_invalid(&[("BASE_PATH", Some(path))], "BASE_PATH");
    }
}
