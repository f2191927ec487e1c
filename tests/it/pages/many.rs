//! Ten thousand sessions, walked by pages while others create and delete.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use agentscope_store::{Store, keys};
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{parse, run};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::stream::{self, StreamExt};

use crate::pages::world::{lists, page, time, world};
use crate::requests::with_parameters;

const SESSIONS: usize = 10_000;

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// The id of the session that was created at this second. The ids' order is another than that of
/// the times.
fn id(second: usize) -> String {
    format!("{:04}", second * 7919 % SESSIONS)
}

/// The item of the session that was created at this second: another one's with other ids and
/// times, so that ten thousand can be written in batches.
fn copy_of(head: &HashMap<String, AttributeValue>, second: usize) -> WriteRequest {
    let (id, created_at) = (id(second), time(second));
    let mut head = head.clone();
    head.insert("listing".into(), text(format!("alice#{created_at}.000000Z#{id}")));
    head.insert("item".into(), text(keys::head(&id)));
    // Of the same length, so that all places in the JSON stay.
    let json = head["json"].as_s().unwrap();
    let json = json.replacen(r#""id":"base""#, &format!(r#""id":"{id}""#), 1);
    let json = json.replacen(r#""created_at":"2026-01-01T00:00:00""#, &format!(r#""created_at":"{created_at}""#), 1);
    head.insert("json".into(), text(json));
    head.insert("id".into(), text(id));
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(head)).build().unwrap()).build()
}

/// Alice's agent and schedule with all the sessions, a second apart.
async fn database() -> TestDynamoDb {
    let database = TestDynamoDb::with_export(&world("alice", [("base", "2026-01-01T00:00:00")]).text()).await;
    let table = &database.store.names().sessions;
    let key = HashMap::from([("user_id".into(), text("alice")), ("item".into(), text(keys::head("base")))]);
    let get = database.client.get_item().table_name(table).set_key(Some(key));
    let head = get.send().await.unwrap().item.unwrap();
    database.store.delete_session("alice", "base").await.unwrap();
    let all: Vec<_> = (0..SESSIONS).collect();
    stream::iter(all.chunks(25))
        .for_each_concurrent(8, async |seconds| {
            let writes = seconds.iter().map(|second| copy_of(&head, *second)).collect();
            let response = database.client.batch_write_item().request_items(table, writes).send().await.unwrap();
            assert!(response.unprocessed_items.unwrap_or_default().is_empty());
        })
        .await;
    database
}

/// The others: what they have created and deleted so far.
#[derive(Default)]
struct Others {
    turn: usize,
    /// Ids with their times.
    created: BTreeMap<String, String>,
    deleted: BTreeSet<String>,
}

impl Others {
    /// Creates sessions and deletes some, in the list's place `at` (seconds) and all around it.
    async fn act(&mut self, store: &Store, at: usize) {
        self.turn += 1;
        let turn = self.turn;
        let ahead = |far: usize| (turn * 6007 + far * 2003) % at.max(1);
        // Newer than all, at the place itself, shortly before and after it, and anywhere further
        // on.
        let times = [
            format!("2026-01-02T00:00:00.{turn:06}"),
            format!("{}.5", time(at)),
            format!("{}.5", time(at + 1)),
            format!("{}.5", time(at.saturating_sub(1))),
            format!("{}.{turn:06}", time(ahead(0))),
        ];
        for (number, time) in times.into_iter().enumerate() {
            let id = format!("new {turn} {number}");
            let session = run("alice", "a", "s", &id, &time);
            store.put_session(&parse(&session.to_string()).unwrap()).await.unwrap();
            self.created.insert(id, time);
        }
        // The session at the place, which the cursor names, one that was listed already, and one
        // further on.
        for second in [at, (at + turn * 31).min(SESSIONS - 1), ahead(1)] {
            let id = id(second);
            store.delete_session("alice", &id).await.unwrap();
            self.deleted.insert(id);
        }
        // Some that are new go again, seen or not.
        if turn.is_multiple_of(3) {
            let id = format!("new {} {}", turn - 1, turn % 5);
            store.delete_session("alice", &id).await.unwrap();
            self.deleted.insert(id);
        }
    }
}

/// A walk through a list.
struct Walk {
    list: HttpRequest,
    cursor: Option<String>,
    /// Times and ids, in the order of the pages.
    listed: Vec<(String, String)>,
}

impl Walk {
    fn new(list: HttpRequest) -> Self {
        Self { list, cursor: None, listed: Vec::new() }
    }

    /// Reads the next page. Whether there is another.
    async fn step(&mut self, store: &Store, limit: &str) -> bool {
        let mut parameters = vec![("limit", limit), ("view", "summary")];
        parameters.extend(self.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = page(store, &with_parameters(&self.list, &parameters)).await;
        for row in page.rows {
            let session = row.get("session").unwrap_or(&row);
            let text = |name: &str| session[name].as_str().unwrap().to_owned();
            self.listed.push((text("created_at"), text("id")));
        }
        self.cursor = page.next_cursor.flatten();
        self.cursor.is_some()
    }

    /// The place of the last session, in seconds from the first.
    fn place(&self) -> usize {
        match self.listed.last() {
            Some((time, _)) if time.starts_with("2026-01-01") => {
                time[11..19].split(':').fold(0, |sum, digits| sum * 60 + digits.parse::<usize>().unwrap())
            }
            _ => SESSIONS - 1,
        }
    }

    /// Every session that was there from the first page to the last is listed once; nothing is
    /// listed twice, and all is in order.
    fn assert_whole(&self, others: &Others) {
        let Self { list, listed, .. } = self;
        let key = |(time, id): &(String, String)| {
            let (second, fraction) = time.split_once('.').unwrap_or((time, ""));
            (second.to_owned(), format!("{fraction:0<6}"), id.clone())
        };
        for pair in listed.windows(2) {
            assert!(key(&pair[0]) > key(&pair[1]), "{}: {:?} before {:?}", list.path, pair[0], pair[1]);
        }
        let ids: BTreeSet<_> = listed.iter().map(|(_, id)| id.as_str()).collect();
        let remaining: Vec<_> = (0..SESSIONS).map(id).filter(|id| !others.deleted.contains(id)).collect();
        for id in &remaining {
            assert!(ids.contains(id.as_str()), "{}: {id} is not listed", list.path);
        }
        assert!(remaining.len() > SESSIONS - 500 && remaining.len() < SESSIONS - 100, "{}", remaining.len());
        // Some of those that came and went meanwhile are listed as well, and nothing else is.
        let new = ids.iter().filter(|id| others.created.contains_key(**id)).count();
        assert!(new > 50 && new < others.created.len() - 50, "{new} of {}", others.created.len());
        let others =
            ids.iter().filter(|id| others.deleted.contains(**id) && !others.created.contains_key(**id)).count();
        assert_eq!(ids.len(), remaining.len() + new + others, "{}", list.path);
    }
}

#[tokio::test]
async fn ten_thousand_sessions_are_walked_while_others_come_and_go() {
    let database = database().await;
    let store = &database.store;
    let [mut sessions, mut runs] = lists("alice").map(Walk::new);
    let mut others = Others::default();
    let mut are_more = (true, true);
    let mut turn = 0;
    while are_more.0 || are_more.1 {
        let limit = if turn < 10 { "20" } else { "100" };
        let place = if turn % 4 < 2 { sessions.place() } else { runs.place() };
        // Now between two pages, now beside one.
        if turn % 2 == 1 {
            others.act(store, place).await;
        }
        let (more_sessions, more_runs, ()) = tokio::join!(
            async { are_more.0 && sessions.step(store, limit).await },
            async { are_more.1 && runs.step(store, limit).await },
            async {
                if turn % 2 == 0 {
                    others.act(store, place).await;
                }
            }
        );
        are_more = (more_sessions, more_runs);
        turn += 1;
    }
    sessions.assert_whole(&others);
    runs.assert_whole(&others);
}
