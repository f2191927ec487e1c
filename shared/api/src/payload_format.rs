//! Who sent an event, and the payload format of the event and its response.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::event::MalformedEvent;

/// The payload format of an event and of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadFormat {
    /// 2.0: HTTP APIs.
    HttpApi,
    /// 2.0 as well: function URLs, `cargo lambda watch`.
    FunctionUrl,
    /// 1.0: REST APIs.
    RestApi,
    /// The format of a load balancer's target group. It has no version.
    LoadBalancer(HeaderForm),
}

/// The form of headers in an event of a load balancer and in its response, which must have the
/// same. The target group's attribute `lambda.multi_value_headers.enabled` selects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderForm {
    /// `headers`: one value for each name.
    Single,
    /// `multiValueHeaders`: a list of values for each name.
    Multiple,
}

/// Who sent an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// An HTTP API of API Gateway.
    HttpApi,
    /// A REST API of API Gateway.
    RestApi,
    /// A function URL, or `cargo lambda watch`.
    FunctionUrl,
    /// An Application Load Balancer.
    LoadBalancer,
}

impl PayloadFormat {
    /// The payload format of an event.
    ///
    /// # Errors
    ///
    /// The event is not an object, its version is not a string, or its context is not an object.
    pub(crate) fn of(event: &str) -> Result<Self, MalformedEvent> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Format {
            version: Option<String>,
            request_context: Option<Context>,
            multi_value_headers: Option<IgnoredAny>,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase")]
        struct Context {
            elb: Option<IgnoredAny>,
            api_id: Option<IgnoredAny>,
            domain_name: Option<String>,
        }
        let event: Format = serde_json::from_str(event)?;
        let context = event.request_context.unwrap_or_default();
        let is_load_balancer = context.elb.is_some();
        let domain_name = context.domain_name.unwrap_or_default();
        let is_function_url = domain_name.contains(FUNCTION_URL) || is_watch(context.api_id.is_some(), &domain_name);
        Ok(match event.version {
            Some(version) if version.starts_with('2') && is_function_url => Self::FunctionUrl,
            Some(version) if version.starts_with('2') => Self::HttpApi,
            None if is_load_balancer && event.multi_value_headers.is_some() => Self::LoadBalancer(HeaderForm::Multiple),
            None if is_load_balancer => Self::LoadBalancer(HeaderForm::Single),
            _ => Self::RestApi,
        })
    }

    /// Who sends events of this format.
    pub(crate) fn kind(self) -> EventKind {
        match self {
            Self::HttpApi => EventKind::HttpApi,
            Self::FunctionUrl => EventKind::FunctionUrl,
            Self::RestApi => EventKind::RestApi,
            Self::LoadBalancer(_) => EventKind::LoadBalancer,
        }
    }
}

/// A part of the domain name of every function URL. Function URLs leave the path encoded.
const FUNCTION_URL: &str = ".lambda-url.";

/// Whether an event with payload 2.0 is one of `cargo lambda watch`. Every HTTP API and function
/// URL has an id. `cargo lambda watch` has none, and decodes nothing.
pub(crate) fn is_watch(has_api_id: bool, domain_name: &str) -> bool {
    !has_api_id && domain_name == "localhost"
}
