//! A function that panics with every request, and quotes it.

use agentscope_api::{ApiError, DeliverySettings, Request, Response, run, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::start();
    run("panicking", "Namespace", DeliverySettings::default(), async |request: Request| -> Result<Response, ApiError> {
        panic!("{request:?}")
    })
    .await
}
