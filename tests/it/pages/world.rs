//! The data of the tests of pages, and the pages as a client reads them.

use agentscope_store::Store;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::records::{World, agent, run, schedule};
use serde_json::Value;

use crate::requests::{body, id, send, with_parameters};

/// A page as a client reads it.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Value>,
    /// `None` if there is none.
    pub total: Option<u64>,
    /// `None` if the list has no such member, as a whole list has none.
    pub next_cursor: Option<Option<String>>,
}

impl Page {
    pub fn ids(&self) -> Vec<String> {
        self.rows.iter().map(id).collect()
    }

    /// The cursor of the page after this.
    pub fn cursor(&self) -> String {
        self.next_cursor.clone().flatten().expect("the page is the last")
    }
}

/// The status and the body of the response.
pub async fn status_and_body(store: &Store, request: &HttpRequest) -> (u16, String) {
    let response = send(store, request).await;
    (response.status().as_u16(), response.into_body())
}

pub async fn page(store: &Store, request: &HttpRequest) -> Page {
    let mut body: Value = serde_json::from_str(&body(store, request).await).unwrap();
    let Value::Array(rows) = body["sessions"].take() else { panic!("{body}") };
    let next_cursor = body.get("next_cursor").map(|cursor| cursor.as_str().map(str::to_owned));
    Page { rows, total: body.get("total").map(|total| total.as_u64().unwrap()), next_cursor }
}

/// All pages of a list, requested with these parameters.
pub async fn walk(store: &Store, request: &HttpRequest, parameters: &[(&str, &str)]) -> Vec<Page> {
    let mut pages = vec![page(store, &with_parameters(request, parameters)).await];
    while let Some(cursor) = pages.last().unwrap().next_cursor.clone().unwrap() {
        pages.push(page(store, &with_parameters(&with_parameters(request, parameters), &[("cursor", &cursor)])).await);
    }
    pages
}

/// Both lists of the sessions of agent `a` and schedule `s`.
pub fn lists(user_id: &str) -> [HttpRequest; 2] {
    [HttpRequest::sessions(user_id, "a"), HttpRequest::schedule_sessions(user_id, "s")]
}

/// Agent `a` and schedule `s` of a user, with these sessions of both: ids and times.
pub fn world<'a>(user_id: &str, sessions: impl IntoIterator<Item = (&'a str, &'a str)>) -> World {
    World {
        agents: vec![agent(user_id, "a")],
        schedules: vec![schedule(user_id, "s")],
        sessions: sessions.into_iter().map(|(id, time)| run(user_id, "a", "s", id, time)).collect(),
        ..World::default()
    }
}

/// The same of alice, with this many sessions a second apart, and their ids, newest first.
pub async fn with_sessions(count: usize) -> (TestDynamoDb, Vec<String>) {
    let sessions: Vec<_> = (0..count).map(|number| (format!("s{number}"), time(number))).collect();
    let world = world("alice", sessions.iter().map(|(id, time)| (id.as_str(), time.as_str())));
    let ids = sessions.into_iter().rev().map(|(id, _)| id).collect();
    (TestDynamoDb::with_export(&world.text()).await, ids)
}

/// This many seconds into a day.
pub fn time(second: usize) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}
