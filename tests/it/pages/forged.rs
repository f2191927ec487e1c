//! Cursors with a right checksum that no page ever gave. The checksum is no secret, so anybody can
//! make them.

use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::World;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::pages::world::{lists, page, status_and_body, time, world};
use crate::requests::{id, with_parameters};

/// Owners whose rows lie beside each other in the indexes: their agents and schedules have the
/// same ids.
const OWNERS: [&str; 6] = ["alice", "alice#", "alice!", "alicf", "ali", "bob"];

async fn database() -> TestDynamoDb {
    let mut all = World::default();
    for owner in OWNERS {
        let ids: Vec<_> = (0..4).map(|number| (format!("{owner}'s {number}"), time(number))).collect();
        let world = world(owner, ids.iter().map(|(id, time)| (id.as_str(), time.as_str())));
        all.agents.extend(world.agents);
        all.schedules.extend(world.schedules);
        all.sessions.extend(world.sessions);
    }
    TestDynamoDb::with_export(&all.text()).await
}

/// A cursor as `shared/api/src/cursor.rs` describes it: version, checksum and position.
fn forged(list: &HttpRequest, user_id: &str, place: &[u8]) -> String {
    let (route, id) = if list.path == "/sessions/" { ("sessions", "a") } else { ("schedule", "s") };
    let mut hash = Sha256::new();
    for field in [route.as_bytes(), user_id.as_bytes(), id.as_bytes(), place] {
        hash.update(field.len().to_be_bytes());
        hash.update(field);
    }
    URL_SAFE_NO_PAD.encode([&[1], &hash.finalize()[..12], place].concat())
}

/// The owner is shown some of their own sessions in their order, or is told that it is no cursor.
async fn names_nothing_of_others(database: &TestDynamoDb, owner: &str, place: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    let own: Vec<_> = (0..4).rev().map(|number| format!("{owner}'s {number}")).collect();
    for list in lists(owner) {
        let request = with_parameters(&list, &[("limit", "100"), ("cursor", &forged(&list, owner, place))]);
        let (status, body) = status_and_body(&database.store, &request).await;
        let about = format!("{owner}: {:?}: {body}", String::from_utf8_lossy(place));
        match status {
            200 => {
                let body: Value = serde_json::from_str(&body).unwrap();
                let ids: Vec<_> = body["sessions"].as_array().unwrap().iter().map(id).collect();
                assert!(own.ends_with(&ids), "{about}");
            }
            422 => assert!(body.contains(r#""loc":["query","cursor"]"#), "{about}"),
            _ => panic!("{status}: {about}"),
        }
        statuses.push(status);
    }
    statuses
}

#[tokio::test]
async fn what_is_forged_here_is_what_pages_give() {
    let database = database().await;
    for list in lists("alice") {
        let cursor = page(&database.store, &with_parameters(&list, &[("limit", "2")])).await.cursor();
        assert_eq!(cursor, forged(&list, "alice", b"2026-01-01T00:00:02.000000Zalice's 2"));
    }
}

#[tokio::test]
async fn anothers_position_is_but_a_place_in_ones_own_list() {
    let database = database().await;
    for owner in OWNERS {
        for other in OWNERS {
            let place = format!("2026-01-01T00:00:02.000000Z{other}'s 2");
            assert_eq!(names_nothing_of_others(&database, owner, place.as_bytes()).await, [200, 200]);
        }
    }
}

#[tokio::test]
async fn positions_that_resemble_keys_name_nothing_of_other_users() {
    let database = database().await;
    let times = [
        "2026-01-01T00:00:01.000000Z",
        "#2026-01-01T00:00:01.000000",
        "bob#2026-01-01T00:00:01.000",
        "../../../bob#2026-01-01T00:",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "~~~~~~~~~~~~~~~~~~~~~~~~~~~",
        "\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{fff0}",
    ];
    let ids = [
        "#",
        "##",
        "bob's 1",
        "#bob's 1",
        "x#state#00000000-0000-7000-8000-000000000000#0",
        "%23",
        "%",
        "\0",
        "\u{10ffff}",
        "bob#2026-01-01T00:00:01.000000Z#bob's 1",
        "\"}",
        " ",
        "run#x",
        "session#bob's 1",
    ];
    for time in times {
        assert_eq!(time.len(), 27, "{time}");
        for id in ids {
            names_nothing_of_others(&database, "alice", format!("{time}{id}").as_bytes()).await;
        }
    }
}

#[tokio::test]
async fn a_position_that_no_key_can_express_is_refused() {
    let database = database().await;
    let time = "2026-01-01T00:00:01.000000Z";
    // `alice#`, the time and `#` come before the id.
    for (id, status) in [
        ("x".repeat(1024 - 6 - 27 - 1), 200),
        ("x".repeat(1024 - 6 - 27), 422),
        // `session#` comes before the escaped id.
        ("#".repeat((1024 - 8) / 3), 200),
        ("#".repeat((1024 - 8) / 3 + 1), 422),
        ("x".repeat(5000), 422),
        (String::new(), 422),
    ] {
        let place = format!("{time}{id}");
        assert_eq!(names_nothing_of_others(&database, "alice", place.as_bytes()).await, [status; 2], "{}", id.len());
    }
    for place in
        [&b""[..], b"2026", &time.as_bytes()[..26], b"2026-01-01T00:00:01.000000\xff\xff", "é".repeat(14).as_bytes()]
    {
        assert_eq!(names_nothing_of_others(&database, "alice", place).await, [422; 2], "{place:?}");
    }
}

#[test]
fn no_position_names_anything_of_others() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(database());
    let time = prop_oneof![Just("2026-01-01T00:00:01.000000Z".to_owned()), "[#0-9a-z:TZ.'\u{0}-\u{7f}]{27}"];
    let id = prop_oneof!["\\PC{1,40}", "[#%a-z'0-9 ]{1,40}", "(alice|bob)(#|'s )[0-4]{0,1}"];
    let owner = proptest::sample::select(&OWNERS[..]);
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() });
    let positions = (owner, time, id);
    runner
        .run(&positions, |(owner, time, id)| {
            runtime.block_on(names_nothing_of_others(&database, owner, format!("{time}{id}").as_bytes()));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn ids_that_are_no_keys_have_no_pages_and_no_faults() {
    let database = database().await;
    for length in [1024, 2048, 2049, 5000] {
        let id = "x".repeat(length);
        for (user_id, agent_id) in [("alice", id.as_str()), (&id, "a"), (&id, &id), ("alice", "")] {
            let request = with_parameters(&HttpRequest::sessions(user_id, agent_id), &[("limit", "2"), ("count", "1")]);
            assert_eq!(status_and_body(&database.store, &request).await.0, 404, "{request:?}");
            let mut hash = Sha256::new();
            let place = b"2026-01-01T00:00:01.000000Zx";
            for field in [b"sessions", user_id.as_bytes(), agent_id.as_bytes(), place] {
                hash.update(field.len().to_be_bytes());
                hash.update(field);
            }
            let cursor = URL_SAFE_NO_PAD.encode([&[1], &hash.finalize()[..12], &place[..]].concat());
            let (status, body) =
                status_and_body(&database.store, &with_parameters(&request, &[("cursor", &cursor)])).await;
            assert!([404, 422].contains(&status), "{status} {body}");
        }
    }
}
