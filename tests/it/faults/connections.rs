//! What may happen to the connections to DynamoDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentscope_store::ClientTimeouts;
use agentscope_tests::proxy::{Action, Arrival, DynamoDbProxy};

use crate::faults::scenario::{
    ATTEMPTS, LONG, NO_TIMEOUTS, ROUTES, SHORT_TIMEOUTS, TEST_TIMEOUTS, cases, database, is_unavailable, most_sent,
};

/// Every way in which a response fails, and whether it takes a time-out to notice.
const ACTIONS: [(Action, bool); 5] = [
    (Action::Reset, false),
    (Action::ResetMidway, false),
    (Action::CloseMidway, false),
    (Action::Hang, true),
    (Action::Trickle, true),
];

#[tokio::test]
async fn a_request_without_a_response_is_retried() {
    let database = &database().await;
    let checks = cases(&ACTIONS).map(async |(route, operation, (action, slow))| {
        let about = format!("{route:?}, {operation}, {action:?}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            if arrival.is_first(operation) { action.clone() } else { Action::Forward }
        })
        .await;
        let timeouts = if slow { TEST_TIMEOUTS } else { NO_TIMEOUTS };
        let store = database.store_with_timeouts(&proxy.url, timeouts).await;
        assert!(route.body(&store).await == route.body(&database.store).await, "{about}");
        // On a busy machine another request may run into the time-out.
        let (sent, needed) = (proxy.count(), route.requests());
        assert!(sent == needed + 1 || slow && sent > needed, "{about}: {sent}");
    });
    futures::future::join_all(checks).await;
}

#[tokio::test]
async fn a_request_that_never_gets_a_response_makes_the_service_unavailable() {
    let database = &database().await;
    let checks = cases(&ACTIONS).map(async |(route, operation, (action, slow))| {
        let about = format!("{route:?}, {operation}, {action:?}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            if arrival.call.operation == operation { action.clone() } else { Action::Forward }
        })
        .await;
        let timeouts = if slow { SHORT_TIMEOUTS } else { NO_TIMEOUTS };
        is_unavailable(&route.send(&database.store_with_timeouts(&proxy.url, timeouts).await).await, &about);
        // On a busy machine an attempt may run into the time-out before it is sent.
        let sent = most_sent(&proxy.calls());
        assert!(sent == ATTEMPTS || slow && sent < ATTEMPTS, "{about}: {sent}");
    });
    futures::future::join_all(checks).await;
}

/// No fault of the line's: another attempt is no use.
#[tokio::test]
async fn a_response_that_is_not_json_makes_the_service_unavailable_without_retries() {
    let database = &database().await;
    for (route, operation, ()) in cases(&[()]) {
        let about = format!("{route:?}, {operation}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            let cut = r#"{"Items":[{"user_id":"#;
            if arrival.is_first(operation) { Action::RespondText(200, cut) } else { Action::Forward }
        })
        .await;
        is_unavailable(&route.send(&database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await).await, &about);
        assert_eq!(most_sent(&proxy.calls()), 1, "{about}");
    }
}

#[tokio::test]
async fn connections_that_were_closed_since_the_last_request_are_replaced() {
    let database = &database().await;
    for route in ROUTES {
        let expected = route.body(&database.store).await;
        let closing = DynamoDbProxy::with_actions(&database.url, |_| Action::ForwardAndClose).await;
        let store = database.store_with_timeouts(&closing.url, NO_TIMEOUTS).await;
        for _ in 0..3 {
            assert!(route.body(&store).await == expected, "{route:?}");
        }
    }
}

/// As behind a NAT gateway that has forgotten its connections, or after a long sleep: they look
/// open until they are used, and there are more of them than attempts.
#[tokio::test]
async fn connections_that_turn_out_to_be_dead_are_replaced() {
    let database = &database().await;
    for route in ROUTES {
        let expected = route.body(&database.store).await;
        let slept = Arc::new(AtomicBool::new(false));
        let asleep = Arc::clone(&slept);
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival: &Arrival| {
            let is_old = arrival.on_connection > 0;
            if is_old && asleep.load(Ordering::SeqCst) { Action::Reset } else { Action::Forward }
        })
        .await;
        let idle = Duration::from_millis(20);
        let store = database.store_with_timeouts(&proxy.url, ClientTimeouts { idle, ..NO_TIMEOUTS }).await;
        futures::future::join_all((0..8).map(|_| route.body(&store))).await;
        assert!(proxy.connections() > 8, "{route:?}");
        slept.store(true, Ordering::SeqCst);
        tokio::time::sleep(2 * idle).await;
        assert!(route.body(&store).await == expected, "{route:?}");
    }
}

#[tokio::test]
async fn a_request_that_was_given_up_leaves_the_next_one_alone() {
    let database = &database().await;
    for (route, action) in ROUTES.into_iter().flat_map(|route| [(route, Action::Hang), (route, Action::Trickle)]) {
        let expected = route.body(&database.store).await;
        let stuck = Arc::new(AtomicBool::new(true));
        let is_stuck = Arc::clone(&stuck);
        let proxy = DynamoDbProxy::with_actions(&database.url, move |_| {
            if is_stuck.load(Ordering::SeqCst) { action.clone() } else { Action::Forward }
        })
        .await;
        let store = database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await;
        for _ in 0..3 {
            is_unavailable(&route.within(Duration::from_millis(100), &store).await, "out of time");
        }
        stuck.store(false, Ordering::SeqCst);
        let response = route.within(LONG, &store).await;
        assert!(response.status() == 200 && *response.body() == expected, "{route:?}: {}", response.status());
    }
}
