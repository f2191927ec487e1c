//! Usage of DynamoDB by a list: requests, retries, throttles and read units.

use std::time::Duration;

use agentscope_store::{Store, Usage, UsageRecorder};
use agentscope_tests::proxy::{self, Action, Arrival, DynamoDbProxy, read_units};

use crate::faults::scenario::{ATTEMPTS, NO_TIMEOUTS, ROUTES, cases, database, is_fault, is_unavailable, unprocessed};

/// Requests and what became of them, without the read units.
fn counts(usage: Usage) -> [u64; 3] {
    [usage.requests, usage.retries, usage.throttles]
}

#[tokio::test]
async fn every_request_is_counted_with_its_read_units() {
    let database = database().await;
    for route in ROUTES {
        let proxy = DynamoDbProxy::recording(&database.url).await;
        let store = database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await;
        let recorder = UsageRecorder::default();
        assert_eq!(recorder.usage(), Usage::default());
        recorder.measure(route.body(&store)).await;
        assert_eq!(counts(recorder.usage()), [route.requests() as u64, 0, 0], "{route:?}");
        // The same requests without the proxy, with the sum of the units that DynamoDB reports.
        let mut units = 0.0;
        for call in proxy.calls() {
            assert_eq!(call.input["ReturnConsumedCapacity"], "TOTAL", "{call:?}");
            let (_, response) = proxy::Upstream::at(&database.url).send(&call).await;
            units += read_units(&response).unwrap();
        }
        assert!(units > 0.0);
        assert_eq!(recorder.usage().read_units, units, "{route:?}");
    }
}

#[tokio::test]
async fn requests_that_are_not_measured_do_not_ask_for_consumed_capacity() {
    let database = database().await;
    for route in ROUTES {
        let proxy = DynamoDbProxy::recording(&database.url).await;
        route.body(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await).await;
        for call in proxy.calls() {
            assert!(call.input["ReturnConsumedCapacity"].is_null(), "{call:?}");
        }
    }
}

#[tokio::test]
async fn attempts_that_are_turned_away_are_counted_as_throttled_and_what_is_sent_again_as_retries() {
    let database = &database().await;
    let faults = [
        (400, "ThrottlingException", 1),
        (400, "ProvisionedThroughputExceededException", 1),
        (400, "RequestLimitExceeded", 1),
        (500, "InternalServerError", 0),
        (503, "ServiceUnavailable", 0),
    ];
    let checks = cases(&faults).map(async |(route, operation, (status, code, throttles))| {
        let about = format!("{route:?}, {operation}, {code}");
        let action = move |arrival: &Arrival| {
            let error = || Action::Respond(proxy::error(status, code));
            if arrival.is_first(operation) { error() } else { Action::Forward }
        };
        let proxy = DynamoDbProxy::with_actions(&database.url, action).await;
        let recorder = UsageRecorder::default();
        recorder.measure(route.body(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await)).await;
        assert_eq!(counts(recorder.usage()), [route.requests() as u64 + 1, 1, throttles], "{about}");
        assert_eq!(proxy.count(), route.requests() + 1, "{about}");

        let action = move |arrival: &Arrival| {
            let error = || Action::Respond(proxy::error(status, code));
            if arrival.call.operation == operation { error() } else { Action::Forward }
        };
        let proxy = DynamoDbProxy::with_actions(&database.url, action).await;
        let recorder = UsageRecorder::default();
        let response = recorder.measure(route.send(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await)).await;
        is_unavailable(&response, &about);
        let usage = recorder.usage();
        assert!(usage.retries >= ATTEMPTS as u64 - 1, "{about}: {usage:?}");
        assert!(usage.throttles >= ATTEMPTS as u64 * throttles, "{about}: {usage:?}");
        assert_eq!(usage.throttles > 0, throttles > 0, "{about}: {usage:?}");
    });
    futures::future::join_all(checks).await;
}

#[tokio::test]
async fn a_request_that_dynamodb_refuses_is_neither_throttled_nor_sent_again() {
    let database = database().await;
    for route in ROUTES {
        let refused = || Action::Respond(proxy::error(400, "AccessDeniedException"));
        let proxy = DynamoDbProxy::with_actions(&database.url, move |_| refused()).await;
        let recorder = UsageRecorder::default();
        is_fault(
            &recorder.measure(route.send(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await)).await,
            "refused",
        );
        let usage = recorder.usage();
        assert!(usage.requests > 0, "{usage:?}");
        assert_eq!((usage.retries, usage.throttles, usage.read_units), (0, 0, 0.0), "{route:?}");
    }
}

#[tokio::test]
async fn connections_that_break_are_retries() {
    let database = database().await;
    for route in ROUTES {
        for action in [Action::Reset, Action::ResetMidway, Action::CloseMidway] {
            let about = format!("{route:?}, {action:?}");
            let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
                if arrival.is_first("GetItem") { action.clone() } else { Action::Forward }
            })
            .await;
            let recorder = UsageRecorder::default();
            recorder.measure(route.body(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await)).await;
            assert_eq!(counts(recorder.usage()), [route.requests() as u64 + 1, 1, 0], "{about}");
        }
    }
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_retries() {
    let database = database().await;
    for route in ROUTES {
        let proxy = DynamoDbProxy::with_actions(&database.url, |arrival| {
            if arrival.is_first("BatchGetItem") { unprocessed(arrival) } else { Action::Forward }
        })
        .await;
        let recorder = UsageRecorder::default();
        recorder.measure(route.body(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await)).await;
        assert_eq!(counts(recorder.usage()), [route.requests() as u64 + 1, 1, 0], "{route:?}");
    }
}

#[tokio::test]
async fn what_was_sent_until_the_budget_was_over_is_counted() {
    let database = database().await;
    for route in ROUTES {
        let proxy = DynamoDbProxy::with_actions(&database.url, |arrival| {
            if arrival.call.operation == "BatchGetItem" { Action::Hang } else { Action::Forward }
        })
        .await;
        let recorder = UsageRecorder::default();
        let store = database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await;
        let response = recorder.measure(route.within(Duration::from_millis(700), &store)).await;
        is_unavailable(&response, &format!("{route:?}"));
        assert_eq!(counts(recorder.usage()), [proxy.count() as u64, 0, 0], "{route:?}");
        assert!(recorder.usage().read_units > 0.0);
    }
}

/// Side by side in one task, and in several on several threads.
#[tokio::test]
async fn requests_are_counted_apart() {
    let database = database().await;
    let mut alone = Vec::new();
    for route in ROUTES {
        let recorder = UsageRecorder::default();
        recorder.measure(route.body(&database.store_with_timeouts(&database.url, NO_TIMEOUTS).await)).await;
        alone.push((route, recorder.usage()));
    }
    let side_by_side = async |store: &Store| {
        let checks = alone.iter().cycle().take(12).map(async |(route, usage)| {
            let recorder = UsageRecorder::default();
            recorder.measure(route.body(store)).await;
            assert_eq!(recorder.usage(), *usage, "{route:?}");
        });
        futures::future::join_all(checks).await;
    };
    side_by_side(&database.store_with_timeouts(&database.url, NO_TIMEOUTS).await).await;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    side_by_side(&database.store_with_timeouts(&database.url, NO_TIMEOUTS).await).await
                });
            });
        }
    });
}
