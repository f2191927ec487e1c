//! Events as the gateways send them.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// An HTTP request on its way to a function.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The path as the client sends it.
    pub path: String,
    /// The query string as the client sends it.
    pub query: String,
    /// The headers as the client sends them.
    pub headers: Vec<(String, String)>,
}

impl HttpRequest {
    /// A GET with an identity header.
    pub fn get(path: &str, query: &str, user_id: &str) -> Self {
        Self {
            method: "GET".into(),
            path: path.into(),
            query: query.into(),
            headers: vec![("x-user-id".into(), user_id.into())],
        }
    }

    /// `GET /sessions/` for an agent.
    pub fn sessions(user_id: &str, agent_id: &str) -> Self {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("agent_id", agent_id).finish();
        Self::get("/sessions/", &query, user_id)
    }

    /// `GET /schedule/{schedule_id}/sessions`.
    pub fn schedule_sessions(user_id: &str, schedule_id: &str) -> Self {
        let id = percent_encoding::utf8_percent_encode(schedule_id, percent_encoding::NON_ALPHANUMERIC);
        Self::get(&format!("/schedule/{id}/sessions"), "", user_id)
    }

    /// As an HTTP API sends it (payload 2.0): path decoded once, repeated headers joined, names in
    /// lower case.
    pub fn http_api(&self) -> Value {
        let path = decode(&self.path);
        let mut event = self.payload_2(&path);
        event["routeKey"] = json!(self.route_key());
        event["requestContext"]["routeKey"] = json!(self.route_key());
        event["requestContext"]["domainName"] = json!("a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com");
        if let Some(id) = self.schedule_id() {
            event["pathParameters"] = json!({ "schedule_id": decode(id) });
        }
        event
    }

    /// As a function URL sends it (payload 2.0): path as the client sent it, no path parameters.
    pub fn function_url(&self) -> Value {
        let mut event = self.payload_2(&self.path);
        event["requestContext"]["domainName"] = json!("a1b2c3d4e5.lambda-url.eu-central-1.on.aws");
        event
    }

    /// As a REST API sends it (payload 1.0): path encoded, query decoded.
    pub fn rest_api(&self) -> Value {
        let mut headers = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in &self.headers {
            headers.entry(name).or_default().push(value.trim());
        }
        let mut query = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            query.entry(name).or_default().push(value);
        }
        json!({
            "version": "1.0",
            "resource": "/{proxy+}",
            "path": self.path,
            "httpMethod": self.method,
            "headers": headers.iter().map(|(name, values)| ((*name).clone(), json!(values.last()))).collect::<serde_json::Map<_, _>>(),
            "multiValueHeaders": headers,
            "queryStringParameters": query.iter().map(|(name, values)| (name.to_string(), json!(values.last()))).collect::<serde_json::Map<_, _>>(),
            "multiValueQueryStringParameters": query,
            "pathParameters": self.schedule_id().map(|id| json!({ "schedule_id": id })),
            "requestContext": {
                "accountId": "123456789012", "apiId": "a1b2c3d4e5", "httpMethod": self.method, "path": self.path,
                "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "resourcePath": "/{proxy+}", "stage": "$default",
                "identity": { "sourceIp": "203.0.113.7" },
            },
            "body": null,
            "isBase64Encoded": false,
        })
    }

    /// As a load balancer sends it to a target group without multi-value headers: path and query as
    /// the client sent them, and the last of repeated values.
    pub fn load_balancer(&self) -> Value {
        let last = |values: &BTreeMap<String, Vec<String>>| -> Value {
            values.iter().map(|(name, values)| (name.clone(), json!(values.last()))).collect::<Map<_, _>>().into()
        };
        let mut event = self.load_balancer_event();
        event["headers"] = last(&self.header_values());
        event["queryStringParameters"] = last(&self.raw_query_values());
        event
    }

    /// The same to a target group with multi-value headers.
    pub fn load_balancer_multi_value(&self) -> Value {
        let mut event = self.load_balancer_event();
        event["multiValueHeaders"] = json!(self.header_values());
        event["multiValueQueryStringParameters"] = json!(self.raw_query_values());
        event
    }

    fn load_balancer_event(&self) -> Value {
        let target_group = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/lists/6d0ecf831eec9f09";
        json!({
            "requestContext": { "elb": { "targetGroupArn": target_group } },
            "httpMethod": self.method,
            "path": self.path,
            "body": "",
            "isBase64Encoded": false,
        })
    }

    /// The values of each header, by its name in lower case.
    fn header_values(&self) -> BTreeMap<String, Vec<String>> {
        let mut headers = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in &self.headers {
            headers.entry(name.to_lowercase()).or_default().push(value.trim().to_owned());
        }
        headers
    }

    /// The values of each query parameter, encoded as the client sent them.
    fn raw_query_values(&self) -> BTreeMap<String, Vec<String>> {
        let mut query = BTreeMap::<_, Vec<_>>::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            query.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        query
    }

    /// As an HTTP API sends it through a custom domain with this mapping key: the key stays in the
    /// path, which ends at a decoded `?`.
    pub fn http_api_below(&self, mapping_key: &str) -> Value {
        let mut event = self.http_api();
        let path = format!("{mapping_key}{}", decode(&self.path));
        let path = path.split('?').next().unwrap_or_default();
        event["rawPath"] = json!(path);
        event["requestContext"]["http"]["path"] = json!(path);
        event["requestContext"]["domainName"] = json!("chat.example.com");
        event["requestContext"]["domainPrefix"] = json!("chat");
        event
    }

    /// As a REST API sends it through a custom domain with this base path, from a resource of its
    /// own for each list.
    pub fn rest_api_below(&self, base_path: &str) -> Value {
        let mut event = self.rest_api();
        let path = format!("{base_path}{}", self.path);
        let resource = self.route().unwrap_or("/{proxy+}");
        event["resource"] = json!(resource);
        event["path"] = json!(path);
        event["requestContext"]["path"] = json!(path);
        event["requestContext"]["resourcePath"] = json!(resource);
        event["requestContext"]["stage"] = json!("prod");
        event["requestContext"]["domainName"] = json!("chat.example.com");
        event["requestContext"]["domainPrefix"] = json!("chat");
        event
    }

    fn payload_2(&self, path: &str) -> Value {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &self.headers {
            headers
                .entry(name.to_lowercase())
                .and_modify(|joined| {
                    joined.push(',');
                    joined.push_str(value.trim());
                })
                .or_insert_with(|| value.trim().to_owned());
        }
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainPrefix": "a1b2c3d4e5",
                "http": {
                    "method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                    "userAgent": "test",
                },
                "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
                "time": "10/Mar/2026:05:16:23 +0000", "timeEpoch": 1_773_119_783_190_u64,
            },
            "isBase64Encoded": false,
        })
    }

    fn schedule_id(&self) -> Option<&str> {
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        path.strip_prefix("/schedule/")?.strip_suffix("/sessions").filter(|id| !id.contains('/'))
    }

    /// The list's route that the path matches.
    fn route(&self) -> Option<&'static str> {
        match self.path.as_str() {
            "/sessions" => Some("/sessions"),
            "/sessions/" => Some("/sessions/"),
            _ => self.schedule_id().filter(|id| !id.is_empty()).map(|_| "/schedule/{schedule_id}/sessions"),
        }
    }

    fn route_key(&self) -> String {
        self.route().map_or_else(|| "$default".to_owned(), |route| format!("ANY {route}"))
    }
}

/// An event with the claims of a token that the HTTP API's JWT authorizer has checked.
pub fn with_claims(mut event: Value, claims: Value) -> Value {
    event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    event
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
