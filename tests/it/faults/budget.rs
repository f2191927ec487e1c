//! The time that a request has.

use std::time::Duration;

use agentscope_store::ClientTimeouts;
use agentscope_tests::proxy;
use agentscope_tests::wire::{Fate, Wire};

use crate::faults::asking::{CALM, ROUTES, cases, database, is_unavailable, unprocessed};

const SHORT: Duration = Duration::from_millis(300);

/// However the time is spent: with waiting for an response, with attempts, or with keys that stay unprocessed.
#[tokio::test]
async fn a_request_whose_time_is_over_is_told_to_come_again() {
    let database = &database().await;
    let busy = || Fate::AnsweredWith(proxy::error(400, "ThrottlingException"));
    let stuck = [("silence", Fate::Silence), ("drip", Fate::Drip), ("throttled", busy())];
    let asked =
        cases(&stuck).map(async |(route, operation, (about, fate))| {
            let wire = Wire::before(&database.url, move |seen| {
                if seen.call.operation == operation { fate.clone() } else { Fate::Answered }
            })
            .await;
            // It would try for a minute.
            let store = database.patient_store_at(&wire.url, ClientTimeouts { attempts: 60, ..CALM }).await;
            is_unavailable(&route.within(SHORT, &store).await, &format!("{about}, {route:?}, {operation}"));
        });
    futures::future::join_all(asked).await;
    for route in ROUTES {
        let wire = Wire::before(&database.url, unprocessed).await;
        let store = database.patient_store_at(&wire.url, CALM).await;
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
