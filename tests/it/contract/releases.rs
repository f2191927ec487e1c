//! The golden cases of every release: what its own service respond over old records, and over
//! records of its own.

use agentscope_api::IdentitySource;
use agentscope_model::Release;
use agentscope_tests::dynamodb::TestDynamoDb;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::golden::of_release;

use crate::requests::respond;

async fn holds(release: Release, world: &str, at_least: usize) {
    let (data, cases) = of_release(release, world);
    let database = TestDynamoDb::start().await.of_release(release);
    let report = database.load(&data).await;
    assert_eq!(report.problems, Vec::<String>::new(), "{release} {world}");
    assert!(
        report.later.is_none() && report.remarks.iter().all(|remark| !remark.contains("does not know")),
        "{report:?}"
    );
    assert!(cases.len() >= at_least, "{release} {world}: {} cases", cases.len());
    for case in cases {
        let response = respond(&database.store, IdentitySource::Header, &case.request().http_api()).await;
        case.check(response.status().as_u16(), response.body());
    }
}

#[tokio::test]
async fn every_release_lists_old_records_as_its_service_does() {
    for release in Release::ALL {
        holds(*release, "legacy-A", 120).await;
    }
}

#[tokio::test]
async fn every_release_lists_its_own_records_as_its_service_does() {
    for release in Release::ALL {
        holds(*release, "native-A", 40).await;
    }
}

#[tokio::test]
async fn the_newest_release_lists_a_wide_range_of_records_as_its_service_does() {
    holds(Release::NEWEST, "wide-A", 440).await;
}

#[test]
fn a_case_distinguishes_times() {
    let (_, cases) = of_release(Release::V2_0_8, "native-A");
    let case = cases.iter().find(|case| case.status == 200 && case.expected().contains("\"created_at\":\"2")).unwrap();
    let other = case.expected().replacen("\"created_at\":\"2", "\"created_at\":\"3", 1);
    assert!(std::panic::catch_unwind(|| case.check(200, &other)).is_err());
    case.check(200, case.expected());
    assert!(HttpRequest::http_api(&case.request()).is_object());
}
