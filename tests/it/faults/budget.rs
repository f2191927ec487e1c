//! The time that a request has.

use std::time::Duration;

use agentscope_store::ClientTimeouts;
use agentscope_tests::proxy::{self, Action, DynamoDbProxy};

use crate::faults::scenario::{NO_TIMEOUTS, ROUTES, cases, database, is_unavailable, unprocessed};

const SHORT: Duration = Duration::from_millis(300);

/// The time passes with waiting for a response, with retries, or with keys that stay unprocessed.
#[tokio::test]
async fn a_request_that_exceeds_its_budget_is_unavailable_with_retry_after() {
    let database = &database().await;
    let busy = || Action::Respond(proxy::error(400, "ThrottlingException"));
    let stuck = [("silence", Action::Hang), ("drip", Action::Trickle), ("throttled", busy())];
    let checks = cases(&stuck).map(async |(route, operation, (about, action))| {
        let proxy = DynamoDbProxy::with_actions(&database.url, move |arrival| {
            if arrival.call.operation == operation { action.clone() } else { Action::Forward }
        })
        .await;
        // It would try for a minute.
        let store = database.store_with_timeouts(&proxy.url, ClientTimeouts { attempts: 60, ..NO_TIMEOUTS }).await;
        is_unavailable(&route.within(SHORT, &store).await, &format!("{about}, {route:?}, {operation}"));
    });
    futures::future::join_all(checks).await;
    for route in ROUTES {
        let proxy = DynamoDbProxy::with_actions(&database.url, unprocessed).await;
        let store = database.store_with_timeouts(&proxy.url, NO_TIMEOUTS).await;
        is_unavailable(&route.within(SHORT, &store).await, &format!("unprocessed, {route:?}"));
    }
}

/// A request without time for the tables still gets the responses that need no table.
#[tokio::test]
async fn without_a_budget_only_responses_that_need_no_table_are_sent() {
    let database = database().await;
    for route in ROUTES {
        is_unavailable(&route.within(Duration::ZERO, &database.store).await, &format!("{route:?}"));
    }
    let malformed = agentscope_api::handle_event_within(Duration::ZERO, "{}", async |_| unreachable!()).await;
    assert_eq!(malformed.status(), 400);
}
