//! Tests of the queue.

use agentscope_store::RecordKind;

use super::*;
use crate::source::RecordKey;

fn lock() -> Work {
    Work::lock(RecordKey { kind: RecordKind::Session, user_id: "u".into(), id: "s".into() })
}

#[tokio::test]
async fn a_key_that_changes_often_is_processed_once_and_by_one_worker() {
    let queue = Queue::default();
    let noticed = Instant::now();
    queue.push("a".into(), lock(), Some(noticed));
    queue.push("a".into(), Work::RECORD, Some(Instant::now()));
    queue.push("b".into(), Work::RECORD, None);
    let job = queue.next().await.unwrap();
    assert_eq!((job.key.as_str(), job.noticed), ("a", Some(noticed)));
    assert_eq!(job.work, Work { lock: lock().lock, ..Work::RECORD });
    queue.push("a".into(), Work::RECORD, None);
    assert_eq!(queue.next().await.unwrap().key, "b");
    queue.done("b".into());
    assert_eq!((queue.len(), queue.in_flight()), (1, 1));
    queue.done("a".into());
    assert_eq!(queue.next().await.unwrap().work, Work::RECORD);
    queue.done("a".into());
    queue.at_most(0).await;
    assert!(queue.is_empty());
}

#[tokio::test]
async fn large_records_have_a_lane_of_their_own() {
    let queue = Queue::default();
    let noticed = Instant::now();
    queue.push("large".into(), Work::RECORD, Some(noticed));
    let job = queue.next().await.unwrap();
    assert_eq!(queue.keys_in_flight(), ["large"]);
    queue.push("large".into(), lock(), None);
    queue.hand_over(job);
    queue.push("small".into(), Work::RECORD, None);
    // Further changes stay with the large record.
    queue.push("large".into(), Work::EXPIRY, None);
    assert_eq!(queue.next().await.unwrap().key, "small");
    let job = queue.next_large().await.unwrap();
    assert_eq!((job.key.as_str(), job.noticed), ("large", Some(noticed)));
    assert_eq!(job.work, Work { expiry: true, lock: lock().lock, ..Work::RECORD });
    queue.done("small".into());
    queue.done(job.key);
    assert!(queue.is_empty());
    queue.close();
    assert!(queue.next_large().await.is_none());
}

#[tokio::test]
async fn a_key_whose_work_failed_goes_to_the_end() {
    let queue = Queue::default();
    queue.push("a".into(), Work::RECORD, None);
    queue.push("b".into(), Work::RECORD, None);
    let job = queue.next().await.unwrap();
    queue.push("a".into(), lock(), None);
    queue.requeue(job);
    assert_eq!(queue.next().await.unwrap().key, "b");
    let job = queue.next().await.unwrap();
    assert_eq!((job.key.as_str(), job.work), ("a", Work { lock: lock().lock, ..Work::CLEANUP }));
}

#[tokio::test]
async fn a_queue_drains_though_new_keys_come() {
    let queue = Queue::default();
    queue.push("a".into(), Work::RECORD, None);
    let (wait_drained, ()) =
        tokio::join!(tokio::time::timeout(std::time::Duration::from_secs(10), queue.wait_drained()), async {
            tokio::task::yield_now().await;
            let job = queue.next().await.unwrap();
            queue.push("a".into(), Work::RECORD, None);
            queue.push("b".into(), Work::RECORD, None);
            queue.done(job.key);
        });
    wait_drained.unwrap();
    assert_eq!(queue.len(), 2);
}

#[tokio::test]
async fn an_overflow_is_reported_once() {
    let queue = Queue::default();
    for number in 0..=CAPACITY {
        queue.push(number.to_string(), Work::RECORD, None);
    }
    assert_eq!(queue.len(), CAPACITY);
    assert!(queue.take_overflowed());
    assert!(!queue.take_overflowed());
}

#[tokio::test]
async fn a_closed_queue_hands_out_nothing() {
    let queue = Queue::default();
    queue.push("a".into(), Work::RECORD, None);
    queue.close();
    assert!(queue.next().await.is_none());
    assert!(queue.next().await.is_none());
    assert_eq!(queue.len(), 1);
}
