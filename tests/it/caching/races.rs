//! Others who write while a list is read: the tag belongs to the body that was sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agentscope_store::Store;
use agentscope_tests::proxy;
use agentscope_tests::records::{parse, with};

use crate::caching::world::{chat, database, lists};
use crate::requests::{header, send, send_conditional, tagged, with_query};

/// The store by way of a proxy that does something the first time that an item with this in its
/// key is requested.
async fn interrupted<A>(
    store: &Store,
    url: &str,
    key: &'static str,
    meanwhile: impl Fn(Store) -> A + Send + Sync + 'static,
) -> String
where
    A: Future<Output = ()> + Send,
{
    let (done, meanwhile, store) = (Arc::new(AtomicBool::new(false)), Arc::new(meanwhile), store.clone());
    proxy::intercept(url, move |call, upstream| {
        let (done, meanwhile, store) = (Arc::clone(&done), Arc::clone(&meanwhile), store.clone());
        async move {
            if call.input.to_string().contains(key) && !done.swap(true, Ordering::SeqCst) {
                meanwhile(store).await;
            }
            upstream.send(&call).await
        }
    })
    .await
}

/// Writes `s0` again, with another name and another reply.
async fn rewrite(store: &Store) {
    let session = with(with(chat(0), "/config/name", "rewritten"), "/state/reply_id", "another");
    store.put_session(&parse(&session.to_string()).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_rewritten_between_head_and_parts_is_tagged_as_it_was_sent() {
    for list in lists() {
        let database = database().await;
        let (before, old) = tagged(&database.store, &list).await;
        let url = interrupted(&database.store, &database.url, "session#s0#state#", async |store| rewrite(&store).await);
        let raced = send(&database.store_at(&url.await), &list).await;
        assert!(raced.status() == 200 && raced.body().contains("rewritten") && *raced.body() != old);
        assert_ne!(header(&raced, "etag"), Some(before.as_str()));
        // Nothing has changed since: the tag is that of the list as it is.
        let (after, new) = tagged(&database.store, &list).await;
        assert_eq!((header(&raced, "etag"), raced.body()), (Some(after.as_str()), &new));
        assert_eq!(send_conditional(&database.store, &list, &before).await.status(), 200);
    }
}

#[tokio::test]
async fn a_session_that_is_deleted_between_head_and_parts_is_not_in_the_tag() {
    for list in lists() {
        let database = database().await;
        let url = interrupted(&database.store, &database.url, "session#s0#state#", async |store| {
            store.delete_session("alice", "s0").await.unwrap();
        });
        let raced = send(&database.store_at(&url.await), &list).await;
        assert_eq!(raced.status(), 200);
        assert!(!raced.body().contains("\"id\":\"s0\""));
        let (_, new) = tagged(&database.store, &list).await;
        let again = send_conditional(&database.store, &list, header(&raced, "etag").unwrap()).await;
        assert!(again.status() == 200 || *raced.body() == new);
    }
}

/// A head that is rewritten right after it was read: the response has what was read and its tag;
/// the next request gets the new one.
#[tokio::test]
async fn a_session_that_is_rewritten_after_it_was_read_is_read_again() {
    for list in lists().map(|list| with_query(&list, "view=summary")) {
        let database = database().await;
        let (before, old) = tagged(&database.store, &list).await;
        rewrite(&database.store).await;
        let again = send_conditional(&database.store, &list, &before).await;
        assert_eq!(again.status(), 200);
        assert!(again.body().contains("rewritten") && *again.body() != old);
    }
}

/// Of the response that the client has, all that was read before the teams is still good.
#[tokio::test]
async fn a_team_that_is_renamed_while_the_tag_is_compared_is_sent() {
    let database = database().await;
    let list = &lists()[0];
    let (before, _) = tagged(&database.store, list).await;
    let url = interrupted(&database.store, &database.url, "\"ours\"", async |store| {
        let team = with(crate::caching::world::world().teams.remove(0), "/data/name", "renamed");
        store.put_team(&parse(&team.to_string()).unwrap()).await.unwrap();
    });
    let raced = send_conditional(&database.store_at(&url.await), list, &before).await;
    assert_eq!(raced.status(), 200);
    assert_eq!((header(&raced, "etag").unwrap().to_owned(), raced.into_body()), tagged(&database.store, list).await);
}
