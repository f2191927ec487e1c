//! The handler of the function's requests.

use agentscope_api::{ApiError, Identity, ListOptions, ListRequest, Request, Response, list_response, list_sessions};
use agentscope_store::Store;
use lambda_http::http::Method;

/// Handles a request for the list of an agent's sessions.
///
/// # Errors
///
/// The path or the method is not the route's, the caller or the agent's id is missing, a parameter
/// is invalid, the caller has no such agent, the list is too large, or the tables do not respond.
pub async fn handle(store: &Store, identity: impl Into<Identity>, request: &Request) -> Result<Response, ApiError> {
    let identity = identity.into();
    if !request.is_sessions() {
        return Err(ApiError::RouteNotFound);
    }
    if request.method != Method::GET {
        return Err(ApiError::MethodNotAllowed(request.method.clone()));
    }
    let ListRequest { caller, id, options } = ListRequest::sessions(request, identity)?;
    let read = async |options: &ListOptions| list_sessions(store, &caller, id, options).await;
    let response = list_response(request, identity, &options, read).await?;
    response.ok_or_else(|| ApiError::AgentNotFound(id.to_owned()))
}
