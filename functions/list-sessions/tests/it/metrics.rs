//! The metrics that the binary writes: one line a request, of which CloudWatch makes metrics.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentscope_api::caller_hash;
use agentscope_store::StoredRecord;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::emf;
use agentscope_tests::events::{HttpRequest, with_claims};
use agentscope_tests::function::{Function, Outcome, environment};
use agentscope_tests::proxy::{self, Response, read_units};
use agentscope_tests::records::{World, agent, noise, session, session_record, with};
use agentscope_tests::runtime_api::{RESPONSE_LIMIT, deadline_in};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_list-sessions");

/// Every metric and its unit.
const METRICS: [(&str, &str); 13] = [
    ("Requests", "Count"),
    ("ServerErrors", "Count"),
    ("Latency", "Milliseconds"),
    ("ColdStarts", "Count"),
    ("Sessions", "Count"),
    ("ResponseBytes", "Bytes"),
    ("NearLimit", "Count"),
    ("DynamoDbRequests", "Count"),
    ("ReadUnits", "Count"),
    ("Retries", "Count"),
    ("Throttles", "Count"),
    ("OtherReleases", "Count"),
    ("UnprojectedRows", "Count"),
];

/// What went by on the way to DynamoDB.
#[derive(Debug, Default)]
struct Passed {
    requests: u64,
    units: f64,
    /// What the next requests are responded with instead.
    instead: Vec<Response>,
    is_silent: bool,
}

/// A function over a DynamoDB that counts, and what its lines have to say.
struct Observed {
    database: TestDynamoDb,
    function: Function,
    /// Where the caller's id is in an event.
    user_id: &'static str,
    passed: Arc<Mutex<Passed>>,
    expected: Vec<Value>,
}

impl Observed {
    async fn start(identity: &str, settings: &[(&'static str, &str)]) -> Self {
        let mut sessions: Vec<_> =
            (1..=3).map(|n| session("alice", "a", &n.to_string(), &format!("2026-01-0{n}T00:00:00"))).collect();
        // Its state lies in parts.
        sessions[0] = with(sessions[0].clone(), "/state/summary", noise(1, 600_000));
        let world = World { agents: vec![agent("alice", "a"), agent("alice", "large")], sessions, ..World::default() };
        let database = TestDynamoDb::with_export(&world.text()).await;
        let passed = Arc::<Mutex<Passed>>::default();
        let counting = Arc::clone(&passed);
        let url = proxy::intercept(&database.url, move |call, upstream| {
            let passed = Arc::clone(&counting);
            async move {
                let instead = {
                    let mut passed = passed.lock().unwrap();
                    passed.requests += 1;
                    if passed.is_silent { None } else { Some(passed.instead.pop()) }
                };
                let Some(instead) = instead else { return std::future::pending().await };
                let response = match instead {
                    Some(instead) => instead,
                    None => upstream.send(&call).await,
                };
                passed.lock().unwrap().units += read_units(&response.1).unwrap_or_default();
                response
            }
        })
        .await;
        let mut environment = environment(&database, identity);
        environment.push(("AWS_ENDPOINT_URL_DYNAMODB", url));
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let function = Function::start_recorded(BINARY, environment).await;
        // What a function sends at start-up belongs to no request.
        while passed.lock().unwrap().requests == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let user_id =
            if identity == "jwt" { "/requestContext/authorizer/jwt/claims/sub" } else { "/headers/x-user-id" };
        Self { database, function, user_id, passed, expected: Vec::new() }
    }

    /// Sends an event, and notes what its line has to say. The caller knows `retries` and
    /// `throttles`.
    async fn send_within(&mut self, event: &str, left: Duration, [retries, throttles]: [u64; 2]) -> Value {
        let (requests, units) = {
            let passed = self.passed.lock().unwrap();
            (passed.requests, passed.units)
        };
        let is_cold = self.expected.is_empty();
        let response = match self.function.invoke_until(deadline_in(left), event).await {
            Outcome::Response(response) => response,
            Outcome::Error(error) => panic!("{error}"),
        };
        let status = response["statusCode"].as_u64().unwrap();
        let sessions = agentscope_tests::responses::body(&response);
        let sessions =
            serde_json::from_str::<Value>(&sessions).ok().and_then(|body| body["sessions"].as_array().cloned());
        let bytes = response.to_string().len();
        let passed = self.passed.lock().unwrap();
        let event: Value = serde_json::from_str(event).unwrap();
        let user_id = event.pointer(self.user_id).and_then(Value::as_str).filter(|id| !id.trim().is_empty());
        self.expected.push(json!({
            "Route": "list-sessions",
            "Outcome": match status { 200 => "ok", 304 => "not-modified", 400..500 => "client-error", _ => "server-error" },
            "Requests": 1,
            "ServerErrors": u64::from(status >= 500),
            "ColdStarts": u64::from(is_cold),
            "Sessions": sessions.map_or(0, |sessions| sessions.len()),
            "ResponseBytes": bytes,
            "NearLimit": u64::from(status == 413 || bytes as f64 > 0.8 * RESPONSE_LIMIT as f64),
            "DynamoDbRequests": passed.requests - requests,
            "ReadUnits": passed.units - units,
            "Retries": retries,
            "Throttles": throttles,
            "OtherReleases": 0,
            "UnprojectedRows": 0,
            "status": status,
            "request_id": format!("request-{}", self.expected.len() + 1),
            "trace_id": "1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
        }));
        if let Some(user_id) = user_id {
            self.expected.last_mut().unwrap()["caller"] = json!(caller_hash(user_id));
        }
        response
    }

    async fn send(&mut self, event: &Value, status: u16) -> Value {
        let response = self.send_within(&event.to_string(), Duration::from_secs(60), [0, 0]).await;
        assert_eq!(response["statusCode"], status, "{event}");
        response
    }

    /// Responds to the next requests with these errors instead.
    fn fail_with(&self, errors: &[(u16, &str)]) {
        self.passed.lock().unwrap().instead = errors.iter().map(|(status, code)| proxy::error(*status, code)).collect();
    }

    /// Checks that there is a line for every request, in order, and that it says what was expected
    /// of it.
    async fn check(self, namespace: &str) {
        let output = self.function.stop().await;
        let lines = emf::lines(&output);
        assert_eq!(lines.len(), self.expected.len(), "{output}");
        for (mut line, expected) in lines.into_iter().zip(self.expected) {
            emf::check(&line).unwrap();
            let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
            assert_eq!(directives.len(), 1, "{line}");
            assert_eq!(directives[0]["Namespace"], namespace);
            assert_eq!(directives[0]["Dimensions"], json!([["Route"], ["Route", "Outcome"]]));
            let mut metrics: Vec<_> = directives[0]["Metrics"].as_array().unwrap().iter().collect();
            metrics.sort_by_key(|metric| metric["Name"].to_string());
            let mut wanted = METRICS.map(|(name, unit)| json!({ "Name": name, "Unit": unit }));
            wanted.sort_by_key(|metric| metric["Name"].to_string());
            assert_eq!(metrics, wanted.iter().collect::<Vec<_>>(), "{line}");

            let members = line.as_object_mut().unwrap();
            members.remove("_aws");
            let latency = members.remove("Latency").unwrap().as_f64().unwrap();
            assert!(latency > 0.0 && latency < 60_000.0, "{latency}");
            if expected["DynamoDbRequests"].is_null() {
                let sent = std::mem::take(&mut members["DynamoDbRequests"]);
                assert!((1..=3).contains(&sent.as_u64().unwrap()), "{sent}");
            }
            assert_eq!(as_numbers(line), as_numbers(expected));
        }
    }
}

/// A number is one in whatever form it is printed.
fn as_numbers(mut line: Value) -> Value {
    for value in line.as_object_mut().unwrap().values_mut() {
        if let Some(number) = value.as_f64() {
            *value = json!(number);
        }
    }
    line
}

fn request(query: &str, headers: &[(&str, &str)]) -> Value {
    let mut request = HttpRequest::sessions("alice", "a");
    request.query += query;
    request.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    request.http_api()
}

#[tokio::test]
async fn every_request_leaves_a_line_whatever_becomes_of_it() {
    let mut observed = Observed::start("header", &[]).await;
    let response = observed.send(&request("", &[]), 200).await;
    let etag = response["headers"]["etag"].as_str().unwrap().to_owned();
    observed.send(&request("", &[("accept-encoding", "zstd")]), 200).await;
    observed.send(&request("", &[("accept-encoding", "gzip")]), 200).await;
    observed.send(&request("", &[("if-none-match", &etag)]), 304).await;
    observed.send(&request("&limit=2", &[]), 200).await;
    observed.send(&request("&limit=2&view=summary&count=true", &[]), 200).await;
    observed.send(&HttpRequest::sessions("alice", "large").rest_api(), 200).await;
    observed.send(&HttpRequest::sessions("alice", "\"nobody\" 🦊\n").http_api(), 404).await;
    observed.send(&HttpRequest::get("/nowhere", "", "alice").http_api(), 404).await;
    observed.send(&HttpRequest::sessions(" ", "a").http_api(), 401).await;
    observed.send(&request("&limit=0", &[]), 422).await;
    let mut post = request("", &[]);
    post["requestContext"]["http"]["method"] = json!("POST");
    observed.send(&post, 405).await;
    for malformed in [json!(null), json!({}), json!([1]), json!({ "version": "2.0" })] {
        observed.send(&malformed, 400).await;
    }
    let event = request("", &[]).to_string();
    observed.fail_with(&[(400, "ThrottlingException"), (400, "ProvisionedThroughputExceededException")]);
    let response = observed.send_within(&event, Duration::from_secs(60), [2, 2]).await;
    assert_eq!(response["statusCode"], 200);
    observed.fail_with(&[(500, "InternalServerError")]);
    let response = observed.send_within(&event, Duration::from_secs(60), [1, 0]).await;
    assert_eq!(response["statusCode"], 200);
    observed.fail_with(&[(400, "AccessDeniedException"); 3]);
    let response = observed.send_within(&event, Duration::from_secs(60), [0, 0]).await;
    assert_eq!(response["statusCode"], 500);
    // The first round's three requests go side by side, and the first that is refused ends all of
    // them.
    observed.expected.last_mut().unwrap()["DynamoDbRequests"] = json!(null);
    observed.passed.lock().unwrap().instead.clear();
    observed.passed.lock().unwrap().is_silent = true;
    let response = observed.send_within(&event, Duration::from_millis(1200), [0, 0]).await;
    assert_eq!(response["statusCode"], 503);
    observed.check("AgentScopeSessions").await;
}

#[tokio::test]
async fn lines_do_not_depend_on_the_level_of_the_logs_and_go_by_the_namespace_that_is_configured() {
    let settings = [("AWS_LAMBDA_LOG_LEVEL", "OFF"), ("METRICS_NAMESPACE", "My App/Chat #1")];
    let mut observed = Observed::start("jwt", &settings).await;
    observed.send(&with_claims(request("", &[]), json!({ "sub": "alice" })), 200).await;
    observed.send(&with_claims(request("", &[]), json!({ "sub": "mallory" })), 404).await;
    observed.send(&with_claims(request("", &[]), json!({})), 401).await;
    observed.send(&request("", &[]), 401).await;
    observed.check("My App/Chat #1").await;
}

#[tokio::test]
async fn responses_near_the_limit_are_counted() {
    let mut observed = Observed::start("header", &[]).await;
    let noise = noise(1, 6_500_000);
    let event = HttpRequest::sessions("alice", "large").http_api();
    let put = async |database: &TestDynamoDb, length: usize| {
        let session = session("alice", "large", "x", "2026-01-01T00:00:00");
        let session = with(session, "/state/summary", &noise[..length]);
        session_record(&session).put(&database.store).await.unwrap();
    };
    let database = observed.database.clone();
    put(&database, 5_000_000).await;
    // Each letter is a byte.
    let envelope = observed.send(&event, 200).await.to_string().len() - 5_000_000;
    let last = RESPONSE_LIMIT * 4 / 5;
    for (length, is_near) in [(last, 0), (last + 1, 1)] {
        put(&database, length - envelope).await;
        assert_eq!(observed.send(&event, 200).await.to_string().len(), length);
        assert_eq!(observed.expected.last().unwrap()["NearLimit"], is_near);
    }
    put(&database, 6_400_000).await;
    observed.send(&event, 413).await;
    assert_eq!(observed.expected.last().unwrap()["NearLimit"], 1);
    observed.check("AgentScopeSessions").await;
}
