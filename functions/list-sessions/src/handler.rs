//! Answers requests.

use agentscope_shared::api::{ApiError, IdentitySource, Request, Response, ok};
use agentscope_shared::store::Store;
use agentscope_shared::view::list_sessions;
use lambda_http::http::Method;

/// Answers a request.
///
/// # Errors
///
/// The path or the method is another, the caller or the agent's id is missing, the caller has no such agent, or the
/// tables do not answer.
pub async fn handle(store: &Store, identity: IdentitySource, request: &Request) -> Result<Response, ApiError> {
    if !request.is_sessions() {
        return Err(ApiError::NoRoute);
    }
    if request.method != Method::GET {
        return Err(ApiError::MethodNotAllowed(request.method.clone()));
    }
    let (caller, agent_id) = identity.caller_and(request, "agent_id")?;
    match list_sessions(store, &caller, agent_id).await? {
        Some(answer) => Ok(ok(&answer)),
        None => Err(ApiError::NoAgent(agent_id.to_owned())),
    }
}
