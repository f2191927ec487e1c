//! Users and records with ids that look alike.

use std::collections::BTreeSet;

use agentscope_api::IdentitySource::{self, Header};

use crate::isolation::lookalikes::{PAIRS, RUN_TOGETHER};
use crate::isolation::neighbours::{Household, Neighbours};

/// Settles pairs of households in the same tables and lets either user request either id.
async fn are_kept_apart(identities: &[IdentitySource], pairs: Vec<[Household; 2]>) {
    let neighbours = Neighbours::settle(pairs.concat()).await;
    for [one, other] in pairs {
        for user in BTreeSet::from([&one.user, &other.user]) {
            for id in BTreeSet::from([&one.id, &other.id]) {
                for identity in identities {
                    neighbours.check(*identity, user, id).await;
                }
            }
        }
    }
}

/// Everything but the users has the same id: agents, sessions, teams, schedules. One of the two
/// sessions runs.
#[tokio::test]
async fn users_with_similar_ids_see_only_their_own_records() {
    let pairs = PAIRS.iter().enumerate().map(|(number, (one, other))| {
        let id = format!("same {number}");
        [Household::new(*one, &id, true), Household::new(*other, &id, false)]
    });
    are_kept_apart(&[IdentitySource::SUBJECT, Header], pairs.collect()).await;
}

/// Each of these users has records under the user's own id, so that the ids of a pair look alike
/// in every place.
#[tokio::test]
async fn users_with_similar_ids_do_not_find_each_others_records_under_similar_ids() {
    let pairs = PAIRS.map(|pair| <[_; 2]>::from(pair).map(|id| Household::new(id, id, false)));
    are_kept_apart(&[IdentitySource::SUBJECT], pairs.into()).await;
}

#[tokio::test]
async fn records_of_one_user_with_similar_ids_are_not_mixed() {
    let pairs = PAIRS.iter().enumerate().map(|(number, (one, other))| {
        let user = format!("user {number}");
        [Household::new(&user, *one, true), Household::new(&user, *other, false)]
    });
    are_kept_apart(&[IdentitySource::SUBJECT], pairs.collect()).await;
}

#[tokio::test]
async fn users_and_ids_that_run_together_in_one_text_are_kept_apart() {
    let pairs = RUN_TOGETHER.map(|[one, other]| {
        let household = |(user, id), running| Household::new(user, id, running);
        [household(one, true), household(other, false)]
    });
    are_kept_apart(&[IdentitySource::SUBJECT, IdentitySource::AuthorizerFunction, Header], pairs.into()).await;
}
