//! The waves in which requests were sent.

use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

/// A request to DynamoDB that was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) request: Request,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// The read units that it consumed, if DynamoDB said so.
    pub(crate) read_units: Option<f64>,
}

/// A request to DynamoDB.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Request {
    /// As `BatchGetItem`.
    pub(crate) operation: String,
    /// The input.
    pub(crate) input: Value,
}

/// The requests by their place in the longest chain that leads to them, in which each began after the one before it had
/// been answered. As many waves as there are, so deep are the requests.
pub(crate) fn waves(mut recorded: Vec<Recorded>) -> Vec<Vec<Request>> {
    recorded.sort_by_key(|request| request.began);
    let mut depths: Vec<usize> = Vec::with_capacity(recorded.len());
    for request in &recorded {
        // Only a request that began earlier can have been answered by then.
        let before = recorded.iter().zip(&depths).filter(|(other, _)| other.ended <= request.began);
        let depth = before.map(|(_, depth)| depth + 1).max().unwrap_or(0);
        depths.push(depth);
    }
    let mut waves = vec![Vec::new(); depths.iter().max().map_or(0, |deepest| deepest + 1)];
    for (recorded, depth) in recorded.into_iter().zip(depths) {
        waves[depth].push(recorded.request);
    }
    waves
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The waves of requests with these names, beginnings and ends.
    fn of(requests: &[(&str, u64, u64)]) -> Vec<Vec<String>> {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let recorded = requests.iter().map(|(name, began, ended)| Recorded {
            request: Request { operation: (*name).to_owned(), input: Value::Null },
            began: at(*began),
            ended: at(*ended),
            read_units: None,
        });
        let names = |wave: Vec<Request>| wave.into_iter().map(|request| request.operation).collect();
        waves(recorded.collect()).into_iter().map(names).collect()
    }

    #[test]
    fn requests_side_by_side_are_one_wave() {
        assert_eq!(of(&[("a", 0, 10), ("b", 1, 12), ("c", 2, 9)]), [["a", "b", "c"]]);
        assert_eq!(of(&[]), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_request_waits_for_what_was_answered_before_it() {
        // In whatever order they are told.
        assert_eq!(
            of(&[("d", 20, 25), ("c", 13, 20), ("a", 0, 10), ("b", 1, 12)]),
            [vec!["a", "b"], vec!["c"], vec!["d"]]
        );
    }

    #[test]
    fn a_request_that_overlaps_two_waves_belongs_to_the_first() {
        // `long` is still under way when `b` begins, and answered when `c` does.
        assert_eq!(
            of(&[("a", 0, 10), ("long", 0, 19), ("b", 11, 21), ("c", 22, 30)]),
            [vec!["a", "long"], vec!["b"], vec!["c"]]
        );
    }
}
