//! Handles requests.

use agentscope_api::{ApiError, IdentitySource, ListRequest, Request, Response, list_response};
use agentscope_api::{ListOptions, list_sessions};
use agentscope_store::Store;
use lambda_http::http::Method;

/// Handles a request.
///
/// # Errors
///
/// The path or the method is another, the caller or the agent's id is missing, a parameter has a wrong value, the caller
/// has no such agent, the response is too large, or the tables do not respond.
pub async fn handle(store: &Store, identity: IdentitySource, request: &Request) -> Result<Response, ApiError> {
    if !request.is_sessions() {
        return Err(ApiError::NoRoute);
    }
    if request.method != Method::GET {
        return Err(ApiError::MethodNotAllowed(request.method.clone()));
    }
    let ListRequest { caller, id, options } = ListRequest::sessions(request, identity)?;
    let read = async |options: &ListOptions| list_sessions(store, &caller, id, options).await;
    let response = list_response(request, identity, &options, read).await?;
    response.ok_or_else(|| ApiError::NoAgent(id.to_owned()))
}
