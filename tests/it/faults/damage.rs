//! Items that cannot be read. A list that should hold one is a fault, and no shorter list: its log
//! names the item.

use agentscope_store::keys;
use agentscope_tests::dynamodb::TestDynamoDb;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::faults::scenario::{Item, ROUTES, Route, database, is_fault};

type Edit = fn(&mut Item);

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

/// Where an item is: its table, the name of its sort key, and that key.
type ItemKey<'a> = (&'a str, &'static str, String);

/// Replaces one of alice's items by what `edit` makes of it.
async fn change(database: &TestDynamoDb, (table, sort, sort_key): &ItemKey<'_>, edit: impl FnOnce(&mut Item)) {
    let key = Item::from([("user_id".to_owned(), text("alice")), ((*sort).to_owned(), text(sort_key))]);
    let get = database.client.get_item().table_name(*table).set_key(Some(key)).consistent_read(true);
    let mut item = get.send().await.unwrap().item.unwrap();
    edit(&mut item);
    database.client.put_item().table_name(*table).set_item(Some(item)).send().await.unwrap();
}

/// However this item is damaged, these routes are faults, and the others do not look at it.
async fn is_a_fault(database: &TestDynamoDb, place: ItemKey<'_>, edits: &[(&str, Edit)], routes: &[Route]) {
    let mut whole = Item::new();
    change(database, &place, |item| whole = item.clone()).await;
    for (damage, edit) in edits {
        change(database, &place, edit).await;
        for route in ROUTES {
            let about = format!("{route:?}, {} {}: {damage}", place.0, place.2);
            if routes.contains(&route) {
                is_fault(&route.send(&database.store).await, &about);
            } else {
                route.body(&database.store).await;
            }
        }
        change(database, &place, |item| *item = whole.clone()).await;
    }
    for route in ROUTES {
        route.body(&database.store).await;
    }
}

const DOCUMENT: [(&str, Edit); 6] = [
    ("no JSON", |item| drop(item.remove("json"))),
    ("a text that is no JSON", |item| drop(item.insert("json".into(), text("{\"name\":\"alice's secret\"")))),
    ("JSON that is no object", |item| drop(item.insert("json".into(), text("[1]")))),
    ("JSON that is null", |item| drop(item.insert("json".into(), text("null")))),
    ("a blank before the JSON", |item| drop(item.insert("json".into(), text(" {\"x\":1}")))),
    ("JSON of another type", |item| drop(item.insert("json".into(), AttributeValue::M(Item::new())))),
];

#[tokio::test]
async fn an_agent_is_needed_whole_whatever_it_does_in_the_list() {
    let database = database().await;
    for id in ["a", "m", "l"] {
        let place = (database.store.names().agents.as_str(), "id", id.to_owned());
        is_a_fault(&database, place, &DOCUMENT, &[Route::Sessions]).await;
    }
}

#[tokio::test]
async fn a_team_is_needed_whole() {
    let edits: [(&str, Edit); 4] = [
        ("no leading session", |item| drop(item.remove("session_id"))),
        ("no members", |item| drop(item.remove("member_ids"))),
        ("members that are no list", |item| drop(item.insert("member_ids".into(), text("m")))),
        ("a member that is no id", |item| {
            drop(item.insert("member_ids".into(), AttributeValue::L(vec![text("m"), number("1")])));
        }),
    ];
    let database = database().await;
    let place = (database.store.names().teams.as_str(), "id", "t".to_owned());
    is_a_fault(&database, place, &[&DOCUMENT[..], &edits].concat(), &[Route::Sessions]).await;
}

fn sessions(database: &TestDynamoDb, item: String) -> ItemKey<'_> {
    (&database.store.names().sessions, "item", item)
}

#[tokio::test]
async fn a_head_is_needed_whole() {
    let edits: [(&str, Edit); 11] = [
        ("a team of another type", |item| drop(item.insert("team_id".into(), number("1")))),
        ("no version", |item| drop(item.remove("version"))),
        ("a version of another type", |item| drop(item.insert("version".into(), number("1")))),
        ("no place of the conversation", |item| drop(item.remove("conversation_at"))),
        ("another place of the conversation", |item| drop(item.insert("conversation_at".into(), number("1")))),
        ("a place of the conversation behind the end", |item| {
            drop(item.insert("conversation_at".into(), number("1000000")));
        }),
        ("no place of the tools' memory", |item| drop(item.remove("tool_context_at"))),
        ("a place of the tools' memory before the conversation", |item| {
            drop(item.insert("tool_context_at".into(), number("2")));
        }),
        ("a status that is none", |item| drop(item.insert("parked_status".into(), text("alice's secret")))),
        ("a number of parts that is none", |item| drop(item.insert("parts".into(), number("-1")))),
        ("more parts than a state can have", |item| {
            item.remove("bulk");
            item.insert("parts".into(), number("18446744073709551615"));
        }),
    ];
    let database = database().await;
    for id in ["small", "large"] {
        let place = sessions(&database, keys::head(id));
        is_a_fault(&database, place, &[&edits[..], &DOCUMENT[1..]].concat(), &ROUTES).await;
    }
}

#[tokio::test]
async fn a_leading_session_is_needed_as_far_as_it_is_read() {
    let edits: [(&str, Edit); 3] = [
        ("no id", |item| drop(item.remove("id"))),
        ("an id of another type", |item| drop(item.insert("id".into(), number("1")))),
        ("no agent", |item| drop(item.remove("agent_id"))),
    ];
    let database = database().await;
    is_a_fault(&database, sessions(&database, keys::head("lead")), &edits, &[Route::Sessions]).await;
}

#[tokio::test]
async fn a_lease_is_needed_whole() {
    let edits: [(&str, Edit); 3] = [
        ("no session", |item| drop(item.remove("id"))),
        ("a session of another type", |item| drop(item.insert("id".into(), number("1")))),
        ("an end that is no second", |item| drop(item.insert("expires_at".into(), number("1e20")))),
    ];
    let database = database().await;
    let hour = std::time::Duration::from_secs(3600);
    database.store.acquire_lease("alice", "small", "holder", hour).await.unwrap().unwrap();
    let place = sessions(&database, keys::run("small"));
    for (damage, edit) in edits {
        change(&database, &place, edit).await;
        is_fault(&Route::Sessions.send(&database.store).await, damage);
        // This route does not say what runs.
        Route::Schedule.body(&database.store).await;
        change(&database, &place, |item| {
            item.insert("id".into(), text("small"));
            item.insert("expires_at".into(), number("4102444800"));
        })
        .await;
    }
}

fn data(item: &mut Item, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = item["data"].as_b().unwrap().clone().into_inner();
    edit(&mut bytes);
    item.insert("data".into(), AttributeValue::B(Blob::new(bytes)));
}

#[tokio::test]
async fn every_part_of_a_state_is_needed_whole() {
    let edits: [(&str, Edit); 8] = [
        ("a flipped bit at its begin", |item| data(item, |bytes| bytes[0] ^= 1)),
        ("a flipped bit", |item| data(item, |bytes| bytes[1000] ^= 1)),
        ("the last byte missing", |item| data(item, |bytes| bytes.truncate(bytes.len() - 1))),
        ("a byte too many", |item| data(item, |bytes| bytes.push(0))),
        ("half of it missing", |item| data(item, |bytes| bytes.truncate(bytes.len() / 2))),
        ("nothing in it", |item| data(item, Vec::clear)),
        ("no data", |item| drop(item.remove("data"))),
        ("data of another type", |item| drop(item.insert("data".into(), text("alice's secret")))),
    ];
    let database = &database().await;
    let version = database.version("large").await;
    for part in 0..2 {
        let place = sessions(database, keys::part("large", &version, part));
        let mut whole = Item::new();
        change(database, &place, |item| whole = item.clone()).await;
        for (damage, edit) in &edits {
            change(database, &place, edit).await;
            for route in ROUTES {
                is_fault(&route.send(&database.store).await, &format!("{route:?}, part {part}: {damage}"));
            }
        }
        change(database, &place, |item| *item = whole).await;
    }
    for route in ROUTES {
        assert_eq!(route.ids(&database.store).await, ["small", "large"]);
    }
}

/// A state that unpacks to other than its head says: no more memory is taken than the head says.
#[tokio::test]
async fn a_size_that_lies_is_a_fault() {
    let database = &database().await;
    let head = sessions(database, keys::head("large"));
    let edits: [(&str, Edit); 5] = [
        ("no size", |item| drop(item.remove("bulk_size"))),
        ("a size that is too small", |item| drop(item.insert("bulk_size".into(), number("1000")))),
        ("a size of 0", |item| drop(item.insert("bulk_size".into(), number("0")))),
        ("a size that is too large by one", |item| {
            let size: u64 = item["bulk_size"].as_n().unwrap().parse().unwrap();
            item.insert("bulk_size".into(), number(&(size + 1).to_string()));
        }),
        ("a size that no state has", |item| drop(item.insert("bulk_size".into(), number("18446744073709551615")))),
    ];
    is_a_fault(database, head, &edits, &ROUTES).await;

    // 32 KB that unpack to 1 GB.
    let bomb = zstd::bulk::compress(&vec![b' '; 1 << 30], 3).unwrap();
    let first = sessions(database, keys::part("large", &database.version("large").await, 0));
    change(database, &first, |item| data(item, |bytes| *bytes = bomb)).await;
    for parts in ["1", "2"] {
        let head = sessions(database, keys::head("large"));
        change(database, &head, |item| drop(item.insert("parts".into(), number(parts)))).await;
        for route in ROUTES {
            is_fault(&route.send(&database.store).await, &format!("{route:?}, {parts} parts"));
        }
    }
}
