//! Which paths are routes, and how their ids are read out of them.

use agentscope_api::IdentitySource;
use agentscope_tests::events::HttpRequest;
use serde_json::json;

use crate::contract::world::database;
use crate::requests::{GATEWAYS, assert_json, request, respond, respond_to_text};

const NO_ROUTE: &str = r#"{"detail":"Not Found"}"#;

#[tokio::test]
async fn a_path_without_a_route_is_not_found_for_every_caller_and_method() {
    let database = database().await;
    for path in [
        "/",
        "",
        "//",
        "/session",
        "/Sessions/",
        "/sessions//",
        "//sessions/",
        "/sessions/1",
        "/sessions.json",
        "/schedule",
        "/schedule/",
        "/schedule/s",
        "/schedule/s/",
        "/schedule/sessions",
        "/schedule/s/sessions//",
        "/schedule/s/session",
        "/schedule/s/Sessions",
        "/schedule/a/b/sessions",
        "/schedules/s/sessions",
        "/x/schedule/s/sessions",
        "/x/sessions/",
    ] {
        for (method, headers) in [("GET", &[("x-user-id", "alice")][..]), ("GET", &[]), ("DELETE", &[])] {
            let request = request(method, path, "agent_id=a", headers);
            for (way, event) in GATEWAYS {
                let event = event(&request).to_string();
                for (identity, is_schedule) in
                    [(IdentitySource::Header, false), (IdentitySource::Header, true), (IdentitySource::SUBJECT, false)]
                {
                    let response = respond_to_text(&database.store, identity, &event, is_schedule).await;
                    let about = format!("{way}: {request:?}, schedule function: {is_schedule}");
                    assert_eq!((response.status().as_u16(), response.body().as_str()), (404, NO_ROUTE), "{about}");
                    assert_json(&response, &about);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_function_knows_only_its_own_route() {
    let database = database().await;
    for (request, is_schedule) in
        [(HttpRequest::sessions("alice", "a"), true), (HttpRequest::schedule_sessions("alice", "s"), false)]
    {
        for (way, event) in GATEWAYS {
            let event = event(&request).to_string();
            let response = respond_to_text(&database.store, IdentitySource::Header, &event, is_schedule).await;
            assert_eq!((response.status().as_u16(), response.body().as_str()), (404, NO_ROUTE), "{way}: {request:?}");
        }
    }
}

#[tokio::test]
async fn paths_with_and_without_a_trailing_slash_are_served_without_a_redirect() {
    let database = database().await;
    for spellings in [["/sessions/", "/sessions"], ["/schedule/s/sessions", "/schedule/s/sessions/"]] {
        for (way, event) in GATEWAYS {
            let mut bodies = Vec::new();
            for path in spellings {
                let request = HttpRequest::get(path, "agent_id=a", "alice");
                let response = respond(&database.store, IdentitySource::Header, &event(&request)).await;
                assert_eq!(response.status(), 200, "{way}: {path}");
                assert_json(&response, path);
                bodies.push(response.into_body());
            }
            assert_eq!(bodies[0], bodies[1], "{way}");
            assert!(bodies[0].contains("session 2 of alice"), "{way}");
        }
    }
}

#[tokio::test]
async fn a_schedule_without_an_id_is_no_route_even_if_the_gateway_takes_it_for_one() {
    let database = database().await;
    for path in ["/schedule//sessions", "/schedule//sessions/"] {
        let request = HttpRequest::get(path, "", "alice");
        let mut found = request.rest_api();
        found["pathParameters"] = json!({ "schedule_id": "" });
        for event in [request.function_url(), request.rest_api(), found, request.http_api()] {
            let response = respond(&database.store, IdentitySource::Header, &event).await;
            assert_eq!((response.status().as_u16(), response.body().as_str()), (404, NO_ROUTE), "{event}");
        }
    }
}

/// An event as `cargo lambda watch` makes it: the gateway's payload 2.0, but everything still
/// percent-encoded.
fn watch(request: &HttpRequest, id: Option<&str>) -> serde_json::Value {
    let mut event = request.function_url();
    event["pathParameters"] = id.map(|id| json!({ "schedule_id": id })).unwrap_or_else(|| json!({}));
    event["requestContext"]["domainName"] = json!("localhost");
    event["requestContext"].as_object_mut().unwrap().remove("apiId");
    event["requestContext"].as_object_mut().unwrap().remove("domainPrefix");
    event
}

/// What is told of a schedule that is not there: the id, as it was understood.
fn not_found(id: &str) -> String {
    format!(r#"{{"detail":"Schedule '{id}' not found."}}"#)
}

#[tokio::test]
async fn a_schedule_id_from_cargo_lambda_watch_is_decoded_once() {
    let database = database().await;
    for (sent, id) in [
        ("nope", "nope"),
        ("with%20blank", "with blank"),
        ("a+b", "a+b"),
        ("50%2525", "50%25"),
        ("q%3Fx%23y", "q?x#y"),
        ("a%2Fb", "a/b"),
        ("%F0%9F%A6%8A", "🦊"),
        ("%zz%4", "%zz%4"),
    ] {
        for slash in ["", "/"] {
            let request = HttpRequest::get(&format!("/schedule/{sent}/sessions{slash}"), "", "alice");
            let event = watch(&request, Some(sent));
            let response = respond(&database.store, IdentitySource::Header, &event).await;
            assert_eq!((response.status().as_u16(), response.into_body()), (404, not_found(id)), "{event}");
        }
    }
    for (request, id) in [(HttpRequest::sessions("alice", "a"), None), {
        (HttpRequest::get("/schedule/%73/sessions", "", "alice"), Some("%73"))
    }] {
        let response = respond(&database.store, IdentitySource::Header, &watch(&request, id)).await;
        assert_eq!(response.status(), 200, "{request:?}");
    }
}

#[tokio::test]
async fn a_path_that_is_no_uri_is_read_all_the_same() {
    let database = database().await;
    for id in [
        "q?x#y",
        "with blank",
        "a\u{0}b",
        "\"quoted\"",
        "tab\tnewline\n",
        "<>`{}|^\\",
        "🦊",
        "%",
        "100%",
        "%zz",
        "../..",
    ] {
        // An HTTP API hands the path over decoded.
        let mut event = HttpRequest::schedule_sessions("alice", "any").http_api();
        let path = format!("/schedule/{id}/sessions");
        event["rawPath"] = json!(path);
        event["requestContext"]["http"]["path"] = json!(path);
        event["pathParameters"] = json!({ "schedule_id": id });
        let response = respond(&database.store, IdentitySource::Header, &event).await;
        let detail = serde_json::to_string(&json!({ "detail": format!("Schedule '{id}' not found.") })).unwrap();
        assert_eq!((response.status().as_u16(), response.into_body()), (404, detail), "{event}");
    }
    for path in ["q?x#y", "with blank", "\u{0}", "http://[::1", "\"", "/🦊", ":::", "%"] {
        let mut event = HttpRequest::get("/", "", "alice").http_api();
        event["rawPath"] = json!(path);
        for is_schedule in [false, true] {
            let response =
                respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), is_schedule).await;
            assert_eq!((response.status().as_u16(), response.body().as_str()), (404, NO_ROUTE), "{event}");
        }
    }
}

#[tokio::test]
async fn a_mapping_key_before_the_path_changes_nothing() {
    let database = database().await;
    for key in ["", "/chat", "/v1", "/team/v1", "/sessions", "/schedule/s"] {
        for (request, expected) in [
            (HttpRequest::sessions("alice", "a"), "session 2 of alice"),
            (HttpRequest::get("/sessions", "agent_id=a", "alice"), "session 2 of alice"),
            (HttpRequest::schedule_sessions("alice", "s"), "session 2 of alice"),
        ] {
            for event in [request.http_api_below(key), request.rest_api_below(key)] {
                let is_schedule = request.path.starts_with("/schedule/");
                let response =
                    respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), is_schedule).await;
                assert_eq!(response.status(), 200, "{event}");
                assert!(response.body().contains(expected), "{event}");
                let other =
                    respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), !is_schedule).await;
                assert_eq!((other.status().as_u16(), other.body().as_str()), (404, NO_ROUTE), "{event}");
            }
        }
        let request = request("POST", "/sessions/", "agent_id=a", &[("x-user-id", "alice")]);
        for event in [request.http_api_below(key), request.rest_api_below(key)] {
            let response = respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), false).await;
            assert_eq!(response.status(), 405, "{event}");
            assert_eq!(response.headers()["allow"], "GET", "{event}");
        }
    }
}

#[tokio::test]
async fn below_a_mapping_key_an_id_is_the_route_s_parameter_whatever_the_path() {
    let database = database().await;
    for id in ["nope", "q?x#y", "?", "a/b", "50%", "50%25", "a+b", "with blank", "sessions", "🦊"] {
        let request = HttpRequest::schedule_sessions("alice", id);
        for event in [request.http_api_below("/chat"), request.http_api_below(""), request.rest_api_below("/chat")] {
            let response = respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), true).await;
            assert_eq!((response.status().as_u16(), response.into_body()), (404, not_found(id)), "{event}");
        }
    }
}

#[tokio::test]
async fn without_a_route_of_a_list_a_mapping_key_makes_another_path() {
    let database = database().await;
    for request in [HttpRequest::sessions("alice", "a"), HttpRequest::schedule_sessions("alice", "s")] {
        let mut catch_all = request.http_api_below("/chat");
        catch_all["routeKey"] = json!("ANY /{proxy+}");
        catch_all["pathParameters"] = json!({ "proxy": request.path[1..] });
        let mut default = request.http_api_below("/chat");
        default["routeKey"] = json!("$default");
        default.as_object_mut().unwrap().remove("pathParameters");
        let mut resource = request.rest_api_below("/chat");
        resource["resource"] = json!("/{proxy+}");
        resource["pathParameters"] = json!({ "proxy": request.path[1..] });
        for event in [catch_all, default, resource] {
            let is_schedule = request.path.starts_with("/schedule/");
            let response =
                respond_to_text(&database.store, IdentitySource::Header, &event.to_string(), is_schedule).await;
            assert_eq!((response.status().as_u16(), response.body().as_str()), (404, NO_ROUTE), "{event}");
            // A function that is told of the base path knows the path again.
            let request = agentscope_api::Request::from_event(&event.to_string()).unwrap().below(Some("/chat"));
            assert_eq!((request.is_sessions(), request.schedule_id()), (!is_schedule, is_schedule.then_some("s")));
        }
    }
}

#[tokio::test]
async fn a_client_cannot_name_a_route() {
    let database = database().await;
    let path = "/other/GET%20/sessions/";
    let mut request = request(
        "GET",
        path,
        "agent_id=a&routeKey=GET%20/sessions/&resource=/sessions",
        &[
            ("x-user-id", "alice"),
            ("routeKey", "GET /sessions/"),
            ("resource", "/sessions"),
            ("x-forwarded-prefix", "/other"),
            ("x-original-url", "/sessions/"),
        ],
    );
    request.headers.push(("x-rewrite-url".to_owned(), "/sessions/".to_owned()));
    for (way, event) in GATEWAYS {
        let response =
            respond_to_text(&database.store, IdentitySource::Header, &event(&request).to_string(), false).await;
        assert_eq!((response.status().as_u16(), response.body().as_str()), (404, NO_ROUTE), "{way}");
    }
}
