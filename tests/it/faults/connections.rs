//! What may happen to the connections to DynamoDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentscope_store::ClientTimeouts;
use agentscope_tests::proxy::{Action, Arrival, DynamoDbProxy};

use crate::faults::asking::{
    ATTEMPTS, CALM, IMPATIENT, LONG, ROUTES, TEST, cases, database, is_unavailable, most_sent,
};

/// Every way in which an response fails to come, and whether that takes a time-out to see.
const ACTIONS: [(Action, bool); 5] = [
    (Action::Reset, false),
    (Action::ResetMidway, false),
    (Action::CloseMidway, false),
    (Action::Hang, true),
    (Action::Trickle, true),
];

#[tokio::test]
async fn a_request_whose_answer_does_not_come_is_sent_again() {
    let database = &database().await;
    let asked = cases(&ACTIONS).map(async |(route, operation, (action, slow))| {
        let about = format!("{route:?}, {operation}, {action:?}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            if arrival.is_first(operation) { action.clone() } else { Action::Forward }
        })
        .await;
        let patience = if slow { TEST } else { CALM };
        let store = database.patient_store_at(&proxy.url, patience).await;
        assert!(route.body(&store).await == route.body(&database.store).await, "{about}");
        // On a busy machine another request may run into the time-out.
        let (sent, needed) = (proxy.count(), route.requests());
        assert!(sent == needed + 1 || slow && sent > needed, "{about}: {sent}");
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn if_no_answer_comes_however_often_it_is_asked_the_service_is_unavailable() {
    let database = &database().await;
    let asked = cases(&ACTIONS).map(async |(route, operation, (action, slow))| {
        let about = format!("{route:?}, {operation}, {action:?}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            if arrival.call.operation == operation { action.clone() } else { Action::Forward }
        })
        .await;
        let patience = if slow { IMPATIENT } else { CALM };
        is_unavailable(&route.send(&database.patient_store_at(&proxy.url, patience).await).await, &about);
        // On a busy machine an attempt may run into the time-out before it is sent.
        let sent = most_sent(&proxy.calls());
        assert!(sent == ATTEMPTS || slow && sent < ATTEMPTS, "{about}: {sent}");
    });
    futures::future::join_all(asked).await;
}

/// No fault of the line's: another attempt is no use.
#[tokio::test]
async fn an_answer_that_is_no_json_makes_the_service_unavailable_at_once() {
    let database = &database().await;
    for (route, operation, ()) in cases(&[()]) {
        let about = format!("{route:?}, {operation}");
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            let cut = r#"{"Items":[{"user_id":"#;
            if arrival.is_first(operation) { Action::RespondText(200, cut) } else { Action::Forward }
        })
        .await;
        is_unavailable(&route.send(&database.patient_store_at(&proxy.url, CALM).await).await, &about);
        assert_eq!(most_sent(&proxy.calls()), 1, "{about}");
    }
}

#[tokio::test]
async fn connections_that_were_closed_since_the_last_request_are_replaced() {
    let database = &database().await;
    for route in ROUTES {
        let expected = route.body(&database.store).await;
        let closing = DynamoDbProxy::with_actions(&database.url, |_| Action::ForwardAndClose).await;
        let store = database.patient_store_at(&closing.url, CALM).await;
        for _ in 0..3 {
            assert!(route.body(&store).await == expected, "{route:?}");
        }
    }
}

/// As behind a NAT gateway that has forgotten its connections, or after a long sleep: they look open until they are used,
/// and there are more of them than attempts.
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
        let store = database.patient_store_at(&proxy.url, ClientTimeouts { idle, ..CALM }).await;
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
        let store = database.patient_store_at(&proxy.url, CALM).await;
        for _ in 0..3 {
            is_unavailable(&route.within(Duration::from_millis(100), &store).await, "out of time");
        }
        stuck.store(false, Ordering::SeqCst);
        let response = route.within(LONG, &store).await;
        assert!(response.status() == 200 && *response.body() == expected, "{route:?}: {}", response.status());
    }
}
