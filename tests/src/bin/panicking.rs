//! A function that panics with every request, and quotes it.

use agentscope_api::{ApiError, DeliverySettings, IdentitySource, Request, Response, run, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::start();
    let handle = async |request: Request| -> Result<Response, ApiError> { panic!("{request:?}") };
    run("panicking", "Namespace", IdentitySource::Header.into(), DeliverySettings::default(), handle).await
}
