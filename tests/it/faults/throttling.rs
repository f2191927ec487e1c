//! A DynamoDB that is busy, broken or not ours.

use agentscope_tests::proxy::{self, Action, DynamoDbProxy, Response};

use crate::faults::scenario::{
    ATTEMPTS, NO_TIMEOUTS, ROUTES, Route, cases, database, is_fault, is_unavailable, most_sent, unprocessed,
};

/// What DynamoDB says when it may response later.
const RETRYABLE: [(u16, &str); 7] = [
    (400, "ProvisionedThroughputExceededException"),
    (400, "ThrottlingException"),
    (400, "RequestLimitExceeded"),
    (500, "InternalServerError"),
    (500, "InternalFailure"),
    (503, "ServiceUnavailable"),
    (502, "SomethingElse"),
];

/// What it says when it will not.
const NEVER: [&str; 4] =
    ["AccessDeniedException", "ResourceNotFoundException", "ValidationException", "UnrecognizedClientException"];

/// Responds to the first requests of an operation with an error.
async fn failing(url: &str, operation: &'static str, error: Response, times: usize) -> DynamoDbProxy {
    DynamoDbProxy::with_actions(url, move |arrival| {
        let fails = arrival.call.operation == operation && arrival.number < times;
        if fails { Action::Respond(error.clone()) } else { Action::Forward }
    })
    .await
}

#[tokio::test]
async fn a_request_that_is_turned_away_for_a_moment_is_sent_again() {
    let database = &database().await;
    let checks = cases(&RETRYABLE).map(async |(route, operation, (status, code))| {
        let about = format!("{route:?}, {operation}, {code}");
        let proxy = failing(&database.url, operation, proxy::error(status, code), 1).await;
        let store = database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await;
        assert!(route.body(&store).await == route.body(&database.store).await, "{about}");
        assert_eq!(proxy.count(), route.requests() + 1, "{about}");
    });
    futures::future::join_all(checks).await;
}

#[tokio::test]
async fn a_database_that_keeps_turning_requests_away_makes_the_service_unavailable() {
    let database = &database().await;
    let checks = cases(&RETRYABLE).map(async |(route, operation, (status, code))| {
        let about = format!("{route:?}, {operation}, {code}");
        let proxy = failing(&database.url, operation, proxy::error(status, code), usize::MAX).await;
        is_unavailable(&route.send(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await).await, &about);
        assert_eq!(most_sent(&proxy.calls()), ATTEMPTS, "{about}");
    });
    futures::future::join_all(checks).await;
}

#[tokio::test]
async fn a_refused_request_is_sent_once_and_is_a_fault() {
    let database = &database().await;
    let checks = cases(&NEVER).map(async |(route, operation, code)| {
        let about = format!("{route:?}, {operation}, {code}");
        let proxy = failing(&database.url, operation, proxy::error(400, code), usize::MAX).await;
        is_fault(&route.send(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await).await, &about);
        assert_eq!(most_sent(&proxy.calls()), 1, "{about}");
    });
    futures::future::join_all(checks).await;
}

/// Retries have a quota, or else they would be the larger part of what a busy database gets. A
/// client that has used it up is refused no more than that.
#[tokio::test]
async fn a_client_that_was_turned_away_for_long_is_well_again_with_the_database() {
    let database = database().await;
    let turned_away = 200;
    let proxy = failing(&database.url, "GetItem", proxy::error(400, "ThrottlingException"), turned_away).await;
    let store = database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await;
    while proxy.calls().iter().filter(|call| call.operation == "GetItem").count() < turned_away {
        futures::future::join_all((0..20).map(|_| Route::Schedule.send(&store))).await;
    }
    assert!(Route::Schedule.body(&store).await == Route::Schedule.body(&database.store).await);
}

#[tokio::test]
async fn keys_that_stay_unprocessed_make_the_service_unavailable() {
    let database = &database().await;
    let checks = ROUTES.map(async |route| {
        let proxy = DynamoDbProxy::with_actions(&database.url, unprocessed).await;
        is_unavailable(
            &route.send(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await).await,
            &format!("{route:?}"),
        );
        assert_eq!(most_sent(&proxy.calls()), 8, "{route:?}");
    });
    futures::future::join_all(checks).await;
}
