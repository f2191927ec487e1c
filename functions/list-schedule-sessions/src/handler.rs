//! Handles requests.

use agentscope_api::{ApiError, IdentitySource, ListRequest, Request, Response, list_response};
use agentscope_api::{ListOptions, list_schedule_sessions};
use agentscope_store::Store;
use lambda_http::http::Method;

/// Handles a request.
///
/// # Errors
///
/// The path or the method is another, the caller is missing or has no such schedule, a parameter has a wrong value, the
/// response is too large, or the tables do not respond.
pub async fn handle(store: &Store, identity: IdentitySource, request: &Request) -> Result<Response, ApiError> {
    let schedule_id = request.schedule_id().ok_or(ApiError::NoRoute)?;
    if request.method != Method::GET {
        return Err(ApiError::MethodNotAllowed(request.method.clone()));
    }
    let ListRequest { caller, id, options } = ListRequest::schedule_sessions(request, identity, schedule_id)?;
    let read = async |options: &ListOptions| list_schedule_sessions(store, &caller, id, options).await;
    let response = list_response(request, identity, &options, read).await?;
    response.ok_or_else(|| ApiError::NoSchedule(id.to_owned()))
}
