//! Answers requests.

use agentscope_shared::api::{ApiError, IdentitySource, Request, Response, ok};
use agentscope_shared::store::Store;
use agentscope_shared::view::list_schedule_sessions;
use lambda_http::http::Method;

/// Answers a request.
///
/// # Errors
///
/// The path or the method is another, the caller is missing or has no such schedule, or the tables do not answer.
pub async fn handle(store: &Store, identity: IdentitySource, request: &Request) -> Result<Response, ApiError> {
    let schedule_id = request.schedule_id().ok_or(ApiError::NoRoute)?;
    if request.method != Method::GET {
        return Err(ApiError::MethodNotAllowed(request.method.clone()));
    }
    let caller = identity.caller(request)?;
    match list_schedule_sessions(store, &caller, schedule_id).await? {
        Some(answer) => Ok(ok(&answer)),
        None => Err(ApiError::NoSchedule(schedule_id.to_owned())),
    }
}
