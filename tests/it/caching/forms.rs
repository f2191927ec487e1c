//! How a client may say which responses it has.

use agentscope_api::IdentitySource;
use agentscope_tests::events::HttpRequest;

use crate::caching::world::{database, lists};
use crate::requests::{header, respond, send, send_conditional};

#[tokio::test]
async fn a_tag_is_known_in_every_form_that_the_header_may_have() {
    let database = database().await;
    for list in lists() {
        let first = send(&database.store, &list).await;
        let weak = header(&first, "etag").unwrap();
        let strong = weak.strip_prefix("W/").unwrap();
        for known in [
            weak,
            strong,
            "*",
            " * ",
            &format!("{strong}, \"other\""),
            &format!("W/\"other\",{weak}"),
            &format!("\"other\" , W/\"another\",\t{strong} , \"\""),
            &format!("{weak},{weak}"),
        ] {
            let response = send_conditional(&database.store, &list, known).await;
            assert_eq!((response.status().as_u16(), response.body().as_str()), (304, ""), "{known}");
        }
    }
}

#[tokio::test]
async fn a_tag_that_does_not_match_gets_the_full_response() {
    let database = database().await;
    for list in lists() {
        let first = send(&database.store, &list).await;
        let weak = header(&first, "etag").unwrap();
        let opaque = weak.trim_start_matches("W/").trim_matches('"');
        let (sessions, teams) = opaque.split_once('-').unwrap();
        for known in [
            "",
            " ",
            "\"\"",
            "W/\"\"",
            "\"*\"",
            "W/*",
            "*, *x",
            "nonsense",
            "\"",
            "\"\"\"",
            ",,,",
            // The tag itself, but not as a tag.
            opaque,
            &format!("W/{opaque}"),
            // One in two, one twice, and the other way round.
            &format!("\"{sessions}\", \"{teams}\""),
            &format!("\"{opaque}-{opaque}\""),
            &format!("\"{teams}-{sessions}\""),
            &format!("\"{sessions}-\""),
            &format!("\"{sessions}-{teams}x\""),
            &format!("\"x{opaque}\""),
            &format!("\"{}\"", opaque.to_uppercase()),
            &format!("\"{opaque} \""),
            &format!("\"{opaque}, x\""),
        ] {
            let response = send_conditional(&database.store, &list, known).await;
            assert_eq!(response.status(), 200, "{known}");
            assert!(response.body() == first.body(), "{known}");
            assert_eq!(header(&response, "etag"), Some(weak), "{known}");
        }
    }
}

#[tokio::test]
async fn tags_in_several_headers_count_as_one_list() {
    let database = database().await;
    for list in lists() {
        let first = send(&database.store, &list).await;
        let tag = header(&first, "etag").unwrap();
        for values in [[tag, "\"other\""], ["\"other\"", tag], [tag, "nonsense"]] {
            let mut again = list.clone();
            again.headers.extend(values.map(|value| ("if-none-match".to_owned(), value.to_owned())));
            for event in [HttpRequest::http_api(&again), HttpRequest::rest_api(&again)] {
                let response = respond(&database.store, IdentitySource::Header, &event).await;
                assert_eq!(response.status(), 304, "{values:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_tag_of_another_list_is_none_of_this() {
    let database = database().await;
    let [sessions, runs] = lists();
    let variants = |list: &HttpRequest| {
        ["", "limit=2", "limit=3", "limit=2&count=1", "view=summary", "limit=2&view=summary"]
            .map(|query| crate::requests::with_query(list, query))
    };
    let all = [variants(&sessions), variants(&runs)].concat();
    let mut tags = Vec::new();
    for list in &all {
        tags.push(header(&send(&database.store, list).await, "etag").unwrap().to_owned());
    }
    for (index, list) in all.iter().enumerate() {
        let others: Vec<_> =
            tags.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, tag)| tag.as_str()).collect();
        assert_eq!(send_conditional(&database.store, list, &others.join(", ")).await.status(), 200, "{list:?}");
        assert_eq!(send_conditional(&database.store, list, &tags.join(", ")).await.status(), 304, "{list:?}");
    }
}
