//! Recorded requests: their waves, the keys that they read, and their read units.

use std::time::Instant;

use serde_json::Value;

use crate::proxy::Call;

/// A request that a proxy recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The request.
    pub call: Call,
    /// When it arrived.
    pub began: Instant,
    /// When DynamoDB had responded.
    pub ended: Option<Instant>,
    /// The read units that it consumed; `None` if the request did not ask for them.
    pub read_units: Option<f64>,
}

/// Groups requests by their position in the longest chain that leads to them. In a chain each
/// request began after the one before it had ended.
pub fn waves(mut recorded: Vec<Recorded>) -> Vec<Vec<Call>> {
    recorded.sort_by_key(|request| request.began);
    let mut depths: Vec<usize> = Vec::with_capacity(recorded.len());
    for request in &recorded {
        // A request that ended before this one began has its depth already.
        let before = recorded.iter().zip(&depths);
        let before = before.filter(|(other, _)| other.ended.is_some_and(|ended| ended <= request.began));
        let depth = before.map(|(_, depth)| depth + 1).max().unwrap_or(0);
        depths.push(depth);
    }
    let mut waves = vec![Vec::new(); depths.iter().max().map_or(0, |deepest| deepest + 1)];
    for (recorded, depth) in recorded.into_iter().zip(depths) {
        waves[depth].push(recorded.call);
    }
    waves
}

/// The number of waves: how many requests were sent in sequence.
pub fn depth(recorded: &[Recorded]) -> usize {
    waves(recorded.to_vec()).len()
}

/// Every key that requests name: table, index, partition and sort key or condition.
///
/// # Panics
///
/// A request writes.
pub fn keys(recorded: &[Recorded]) -> Vec<String> {
    let mut keys = Vec::new();
    for Call { operation, input, .. } in recorded.iter().map(|recorded| &recorded.call) {
        match operation.as_str() {
            "GetItem" => keys.push(format!("{} {}", input["TableName"], input["Key"])),
            "BatchGetItem" => {
                for (table, request) in input["RequestItems"].as_object().unwrap() {
                    keys.extend(request["Keys"].as_array().unwrap().iter().map(|key| format!("{table:?} {key}")));
                }
            }
            "Query" => keys.push(format!(
                "{} {} {} {}",
                input["TableName"], input["IndexName"], input["ExpressionAttributeValues"], input["ExclusiveStartKey"]
            )),
            other => panic!("unexpected {other}"),
        }
    }
    keys
}

/// The read units in a response, which names them once, or once for each table.
pub fn read_units(response: &Value) -> Option<f64> {
    match &response["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// The waves of requests with these names, beginnings and ends.
    fn of(requests: &[(&str, u64, u64)]) -> Vec<Vec<String>> {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let recorded = requests.iter().map(|(name, began, ended)| Recorded {
            call: Call { operation: (*name).to_owned(), input: Value::Null, trace: None },
            began: at(*began),
            ended: Some(at(*ended)),
            read_units: None,
        });
        let names = |wave: Vec<Call>| wave.into_iter().map(|request| request.operation).collect();
        waves(recorded.collect()).into_iter().map(names).collect()
    }

    #[test]
    fn concurrent_requests_are_one_wave() {
        assert_eq!(of(&[("a", 0, 10), ("b", 1, 12), ("c", 2, 9)]), [["a", "b", "c"]]);
        assert_eq!(of(&[]), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_request_follows_the_wave_that_ended_before_it_began() {
        // The order in which they were recorded does not matter.
        assert_eq!(
            of(&[("d", 20, 25), ("c", 13, 20), ("a", 0, 10), ("b", 1, 12)]),
            [vec!["a", "b"], vec!["c"], vec!["d"]]
        );
    }

    #[test]
    fn a_request_that_overlaps_two_waves_belongs_to_the_first() {
        // `long` runs when `b` begins, and has ended when `c` begins.
        assert_eq!(
            of(&[("a", 0, 10), ("long", 0, 19), ("b", 11, 21), ("c", 22, 30)]),
            [vec!["a", "long"], vec!["b"], vec!["c"]]
        );
    }

    #[test]
    fn read_units_are_summed_over_tables() {
        assert_eq!(read_units(&json!({"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 2.5}})), Some(2.5));
        let tables = json!([{"TableName": "t", "CapacityUnits": 2.5}, {"TableName": "u", "CapacityUnits": 0.5}]);
        assert_eq!(read_units(&json!({ "ConsumedCapacity": tables })), Some(3.0));
        assert_eq!(read_units(&json!({"Items": []})), None);
    }
}
