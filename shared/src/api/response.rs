//! Answers, and how the gateway wants them.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, http};

use crate::view::WriteJson;

/// An answer.
pub type Response = http::Response<String>;

/// A 200 with a body.
pub fn ok(body: &impl WriteJson) -> Response {
    json(StatusCode::OK, body.to_json())
}

pub(super) fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The form that HTTP APIs, REST APIs and function URLs all take.
pub(super) fn for_gateway(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.body = Some(Body::Text(body));
    answer
}
