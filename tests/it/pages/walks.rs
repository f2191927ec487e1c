//! Walks from the first page to the last.

use agentscope_tests::dynamodb::TestDynamoDb;
use serde_json::Value;

use crate::pages::world::{Page, lists, page, status_and_body, time, walk, with_sessions, world};
use crate::requests::with_parameters;

/// The pages have the sessions in this order, each once, are full but for the last, and only the
/// last has no successor.
fn are_pages_of(pages: &[Page], ids: &[String], limit: usize, about: &str) {
    let listed: Vec<_> = pages.iter().map(Page::ids).collect();
    let expected: Vec<_> =
        if ids.is_empty() { vec![Vec::new()] } else { ids.chunks(limit).map(<[_]>::to_vec).collect() };
    assert_eq!(listed, expected, "{about}");
    for (index, page) in pages.iter().enumerate() {
        let is_last = index + 1 == pages.len();
        assert_eq!(page.next_cursor.as_ref().map(Option::is_none), Some(is_last), "{about}: page {index}");
    }
}

#[tokio::test]
async fn pages_have_every_session_once_whatever_their_number() {
    const LIMIT: usize = 4;
    for count in [0, 1, 2, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT - 1, 2 * LIMIT, 2 * LIMIT + 1, 5 * LIMIT] {
        let (database, ids) = with_sessions(count).await;
        for list in lists("alice") {
            let about = format!("{count} sessions, {}", list.path);
            let pages = walk(&database.store, &list, &[("limit", "4")]).await;
            are_pages_of(&pages, &ids, LIMIT, &about);
            assert!(pages.iter().all(|page| page.total.is_none()), "{about}");

            let pages = walk(&database.store, &list, &[("limit", "4"), ("count", "true")]).await;
            are_pages_of(&pages, &ids, LIMIT, &about);
            assert!(pages.iter().all(|page| page.total == Some(count as u64)), "{about}");
        }
    }
}

#[tokio::test]
async fn pages_of_every_size_have_the_same_sessions() {
    let (database, ids) = with_sessions(40).await;
    for list in lists("alice") {
        for limit in [1, 2, 3, 13, 20, 39, 40, 41, 100] {
            for view in ["full", "summary"] {
                let parameters = [("limit", &*limit.to_string()), ("view", view)];
                let pages = walk(&database.store, &list, &parameters).await;
                are_pages_of(&pages, &ids, limit, &format!("{limit} {view}, {}", list.path));
            }
        }
    }
}

#[tokio::test]
async fn sessions_that_were_created_at_once_are_each_on_one_page() {
    // One instant, said in several ways, and ids that sort by their bytes.
    let times = ["2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00"];
    let mut ids =
        ["\u{10000}", "\u{ffff}", "é", "e\u{301}", "b", "a~", "a#", "a##a", "a", "B", "10", "1", "#", "%", " "];
    let world = world("alice", ids.iter().enumerate().map(|(index, id)| (*id, times[index % times.len()])));
    let database = TestDynamoDb::with_export(&world.text()).await;
    ids.sort_unstable_by(|one, other| other.as_bytes().cmp(one.as_bytes()));
    let ids = ids.map(str::to_owned);
    for list in lists("alice") {
        for limit in 1..=ids.len() {
            let pages = walk(&database.store, &list, &[("limit", &limit.to_string())]).await;
            are_pages_of(&pages, &ids, limit, &format!("{limit}, {}", list.path));
        }
    }
}

#[tokio::test]
async fn a_cursor_without_a_limit_goes_on_in_pages_of_100() {
    let (database, ids) = with_sessions(205).await;
    for list in lists("alice") {
        let first = page(&database.store, &with_parameters(&list, &[("limit", "2")])).await;
        let second = page(&database.store, &with_parameters(&list, &[("cursor", &first.cursor())])).await;
        assert_eq!(second.ids(), ids[2..102]);
        assert_eq!(second.total, None);
        let third =
            page(&database.store, &with_parameters(&list, &[("cursor", &second.cursor()), ("count", "1")])).await;
        assert_eq!(third.ids(), ids[102..202]);
        assert_eq!(third.total, Some(205));
        let last = page(&database.store, &with_parameters(&list, &[("cursor", &third.cursor())])).await;
        assert_eq!((last.ids(), last.next_cursor), (ids[202..].to_vec(), Some(None)));
    }
}

#[tokio::test]
async fn the_limit_may_change_from_page_to_page_and_a_page_may_be_requested_again() {
    let (database, ids) = with_sessions(30).await;
    for list in lists("alice") {
        let (mut start, mut cursor) = (0, None);
        for limit in [1, 7, 2, 10, 3] {
            let limit_text = limit.to_string();
            let mut parameters = vec![("limit", limit_text.as_str())];
            parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let request = with_parameters(&list, &parameters);
            let once = page(&database.store, &request).await;
            assert_eq!(once.ids(), ids[start..start + limit]);
            let again = page(&database.store, &request).await;
            assert_eq!((again.rows, &again.next_cursor), (once.rows, &once.next_cursor));
            start += limit;
            cursor = again.next_cursor.flatten();
        }
    }
}

/// The rows of pages are those of the whole list, and the members around them are those that were
/// requested.
#[tokio::test]
async fn a_page_differs_from_the_whole_list_in_what_surrounds_the_rows() {
    let (database, _) = with_sessions(3).await;
    for list in lists("alice") {
        let (_, whole) = status_and_body(&database.store, &list).await;
        let rows = whole.strip_suffix(r#"],"total":3}"#).unwrap();
        for (parameters, rest) in [
            (&[("limit", "3")][..], r#"],"next_cursor":null}"#),
            (&[("limit", "100"), ("count", "false")], r#"],"next_cursor":null}"#),
            (&[("limit", "3"), ("count", "true")], r#"],"total":3,"next_cursor":null}"#),
            (&[("count", "true")], r#"],"total":3}"#),
            (&[("count", "false")], r#"],"total":3}"#),
            (&[("view", "full")], r#"],"total":3}"#),
        ] {
            assert_eq!(
                status_and_body(&database.store, &with_parameters(&list, parameters)).await,
                (200, format!("{rows}{rest}"))
            );
        }
        let (_, first) =
            status_and_body(&database.store, &with_parameters(&list, &[("limit", "2"), ("count", "1")])).await;
        let members: Vec<_> =
            ["\"sessions\":", "\"total\":3,", "\"next_cursor\":\""].map(|name| first.rfind(name)).into();
        assert!(members.is_sorted() && members[0].is_some(), "{first}");
        let body: Value = serde_json::from_str(&first).unwrap();
        let cursor = body["next_cursor"].as_str().unwrap();
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
    }
}

/// The place is that of the instant, wherever the record's own text would stand.
#[tokio::test]
async fn a_page_may_end_at_any_time_that_a_session_can_have() {
    let times = [
        "9999-12-31T23:59:59.999999-23:59",
        "9999-12-31T23:59:59.999999",
        "2026-01-01T05:00:00-08:00",
        "2026-01-01T12:30:00.000001",
        "2026-01-01T12:30:00",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+23:59",
    ];
    let database = TestDynamoDb::with_export(&world("alice", times.map(|time| (time, time))).text()).await;
    for list in lists("alice") {
        let pages = walk(&database.store, &list, &[("limit", "1")]).await;
        are_pages_of(&pages, &times.map(str::to_owned), 1, &list.path);
    }
}

#[tokio::test]
async fn a_cursor_stays_valid_when_its_session_is_deleted() {
    for list in lists("alice") {
        let (database, ids) = with_sessions(9).await;
        let first = page(&database.store, &with_parameters(&list, &[("limit", "3")])).await;
        database.store.delete_session("alice", &ids[2]).await.unwrap();
        database.store.delete_session("alice", &ids[3]).await.unwrap();
        let second =
            page(&database.store, &with_parameters(&list, &[("limit", "3"), ("cursor", &first.cursor())])).await;
        assert_eq!(second.ids(), ids[4..7]);
        for id in &ids[6..] {
            database.store.delete_session("alice", id).await.unwrap();
        }
        let last =
            page(&database.store, &with_parameters(&list, &[("limit", "3"), ("cursor", &second.cursor())])).await;
        assert_eq!((last.ids(), last.next_cursor), (Vec::new(), Some(None)));

        // What is newer than the place does not come, and what is older does.
        let world = world("alice", [("newer", "2026-01-02T00:00:00"), ("older", "2025-01-01T00:00:00")]);
        assert!(database.load(&world.text()).await.problems.is_empty());
        let last =
            page(&database.store, &with_parameters(&list, &[("limit", "3"), ("cursor", &second.cursor())])).await;
        assert_eq!((last.ids(), last.next_cursor), (vec!["older".to_owned()], Some(None)));
    }
}

#[tokio::test]
async fn the_longest_ids_make_pages() {
    let user_id = "ü".repeat(40);
    let ids: Vec<_> = (0..3).map(|number| format!("{number}{}", "🦊".repeat(210))).collect();
    let times: Vec<_> = (0..3).map(time).collect();
    let world = world(&user_id, ids.iter().map(String::as_str).zip(times.iter().map(String::as_str)));
    let database = TestDynamoDb::with_export(&world.text()).await;
    let newest_first: Vec<_> = ids.into_iter().rev().collect();
    for list in lists(&user_id) {
        are_pages_of(&walk(&database.store, &list, &[("limit", "1")]).await, &newest_first, 1, &list.path);
    }
}
