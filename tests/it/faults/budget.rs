//! The time that a request has.

use std::time::Duration;

use agentscope_store::ClientTimeouts;
use agentscope_tests::proxy::{self, Action, DynamoDbProxy};

use crate::faults::asking::{CALM, ROUTES, cases, database, is_unavailable, unprocessed};

const SHORT: Duration = Duration::from_millis(300);

/// However the time is spent: with waiting for an response, with attempts, or with keys that stay unprocessed.
#[tokio::test]
async fn a_request_whose_time_is_over_is_told_to_come_again() {
    let database = &database().await;
    let busy = || Action::Respond(proxy::error(400, "ThrottlingException"));
    let stuck = [("silence", Action::Hang), ("drip", Action::Trickle), ("throttled", busy())];
    let asked = cases(&stuck).map(async |(route, operation, (about, action))| {
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            if arrival.call.operation == operation { action.clone() } else { Action::Forward }
        })
        .await;
        // It would try for a minute.
        let store = database.patient_store_at(&proxy.url, ClientTimeouts { attempts: 60, ..CALM }).await;
        is_unavailable(&route.within(SHORT, &store).await, &format!("{about}, {route:?}, {operation}"));
    });
    futures::future::join_all(asked).await;
    for route in ROUTES {
        let proxy = DynamoDbProxy::with_actions(&database.url, unprocessed).await;
        let store = database.patient_store_at(&proxy.url, CALM).await;
        is_unavailable(&route.within(SHORT, &store).await, &format!("unprocessed, {route:?}"));
    }
}

/// A request that comes too late for an response from the tables still gets the responses that need none.
#[tokio::test]
async fn without_time_only_what_needs_no_table_is_answered() {
    let database = database().await;
    for route in ROUTES {
        is_unavailable(&route.within(Duration::ZERO, &database.store).await, &format!("{route:?}"));
    }
    let malformed = agentscope_api::handle_event_within(Duration::ZERO, "{}", async |_| unreachable!()).await;
    assert_eq!(malformed.status(), 400);
}
