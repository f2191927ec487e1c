//! Measuring scenarios: a route and its baseline, call by call in turns.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::{Duration, Instant};

use agentscope_api::ResponseMode;
use agentscope_tests::proxy::{Call, DynamoDbProxy, waves};
use agentscope_tests::runtime_api::{Posted, RESPONSE_MODE};
use anyhow::{Context, Result, bail};
use axum::body::Bytes;
use serde::Deserialize;

use crate::process::{Baseline, Deployment, Function, TemporaryFile, Usage};
use crate::results::{Cpu, Measured, Outcome};
use crate::scenario::Scenario;
use crate::stats::{Times, paired_ratio};

/// How often the requests of a call are counted. Where the machine is so busy that a request is
/// held up, it seems to wait for another; the count with the fewest waves is the right one.
const COUNTS: usize = 3;

/// How long and how often is measured.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    /// The most calls before the clock runs.
    pub(crate) warm_up: usize,
    /// The fewest calls, and the most.
    pub(crate) calls: RangeInclusive<usize>,
    /// When no further calls are made once there have been enough, for each scenario.
    pub(crate) time: Duration,
    /// Processes that are started for a cold start.
    pub(crate) spawns: usize,
}

/// What is run.
#[derive(Debug, Clone)]
pub(crate) struct Binaries<'a> {
    pub(crate) functions: HashMap<&'static str, &'a Path>,
    pub(crate) baseline: &'a Path,
}

impl Binaries<'_> {
    pub(crate) fn function(&self, name: &str) -> Result<&Path> {
        self.functions.get(name).copied().with_context(|| format!("no binary of {name}"))
    }
}

/// A response as Lambda gets it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response<'a> {
    pub(crate) status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Response<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The length of the body that the gateway sends on.
    fn body_length(&self) -> usize {
        let body = self.body.as_deref().unwrap_or_default();
        if !self.is_base64_encoded {
            return body.len();
        }
        body.len() / 4 * 3 - body.bytes().rev().take_while(|byte| *byte == b'=').count()
    }
}

/// What one call of a scenario does.
#[derive(Debug)]
pub(crate) struct Counted {
    /// The event, with the validator of the response before if the scenario requests that.
    pub(crate) event: Bytes,
    pub(crate) waves: Vec<Vec<Call>>,
    read_units: Option<f64>,
    status: u16,
    content_encoding: Option<String>,
    body_bytes: usize,
}

/// Records the DynamoDB requests of a scenario, whose response is buffered here. `None` if it is
/// conditional and the response has no entity tag.
pub(crate) async fn count(scenario: &Scenario, binary: &Path, deployment: &Deployment) -> Result<Option<Counted>> {
    let proxy = DynamoDbProxy::delaying(&deployment.store_url).await;
    let deployment = deployment.of_release(scenario.data.release).at(&proxy.url);
    let mut function = Function::start(binary, &deployment, &[]).await?;
    let mut event = scenario.event(None);
    // The first call may do more than the others.
    let first = function.call(&event).await?.body();
    if scenario.is_conditional {
        let Some(etag) = parsed(&first)?.header("etag").map(str::to_owned) else { return Ok(None) };
        event = scenario.event(Some(&etag));
    }
    proxy.take();
    let mut posted = Vec::new();
    let mut counts = Vec::new();
    for _ in 0..COUNTS {
        posted = function.call(&event).await?.body();
        let recorded = proxy.take();
        let read_units = recorded.iter().map(|request| request.read_units).sum();
        counts.push((waves(recorded), read_units));
    }
    function.stop().await?;
    let (waves, read_units) = counts.into_iter().min_by_key(|(waves, _)| waves.len()).context("nothing was counted")?;
    let response = parsed(&posted)?;
    if !matches!(response.status_code, 200 | 304) {
        bail!("status {}: {}", response.status_code, response.body.unwrap_or_default());
    }
    Ok(Some(Counted {
        event,
        waves,
        read_units,
        status: response.status_code,
        content_encoding: response.header("content-encoding").map(str::to_owned),
        body_bytes: response.body_length(),
    }))
}

fn parsed(posted: &[u8]) -> Result<Response<'_>> {
    serde_json::from_slice(posted).context("the function's response")
}

/// A route and its baseline.
struct Pair {
    index: usize,
    counted: Counted,
    function: Function,
    baseline: Baseline,
    posted_bytes: usize,
    route_times: Vec<Duration>,
    baseline_times: Vec<Duration>,
}

/// Measures scenarios that take turns.
pub(crate) async fn group(
    scenarios: &[&Scenario],
    binaries: &Binaries<'_>,
    deployment: &Deployment,
    effort: &Effort,
) -> Result<Vec<Measured>> {
    let mut measured: Vec<Measured> = scenarios.iter().map(|scenario| scenario.unmeasured()).collect();
    let mut pairs = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let binary = binaries.function(scenario.function())?;
        let Some(counted) = count(scenario, binary, deployment).await.with_context(|| scenario.name.clone())? else {
            measured[index].not_measured = Some("the response has no etag".to_owned());
            continue;
        };
        let file = TemporaryFile::with(&serde_json::to_vec(&counted.waves)?)?;
        let mut baseline = Baseline::start(binaries.baseline, deployment, file.path())?;
        // The file is read before the first replay, so that it can go then.
        baseline.replay().await?;
        let deployment = deployment.of_release(scenario.data.release).in_mode(scenario.response_mode);
        let mut function = Function::start(binary, &deployment, &[]).await?;
        let posted = function.call(&counted.event).await?;
        let is_stream = posted.headers.get(RESPONSE_MODE).is_some();
        if is_stream != (scenario.response_mode == ResponseMode::Streaming) {
            bail!("{}: the response is not returned in the mode of the scenario", scenario.name);
        }
        let posted_bytes = posted.len();
        pairs.push(Pair {
            index,
            counted,
            function,
            baseline,
            posted_bytes,
            route_times: Vec::new(),
            baseline_times: Vec::new(),
        });
    }
    let time = effort.time * u32::try_from(pairs.len())?;
    take_turns(&mut pairs, 2..=effort.warm_up, time / 5).await?;
    let usage = |pair: &Pair| Ok((pair.function.usage()?, pair.baseline.usage()?));
    let before = pairs.iter().map(usage).collect::<Result<Vec<_>>>()?;
    for pair in &mut pairs {
        pair.route_times.clear();
        pair.baseline_times.clear();
    }
    take_turns(&mut pairs, effort.calls.clone(), time).await?;
    for (pair, (route_before, baseline_before)) in pairs.into_iter().zip(before) {
        let index = pair.index;
        measured[index].outcome = Some(pair.outcome(route_before, baseline_before).await?);
    }
    Ok(measured)
}

/// Calls each once, and again and again: as often as is wanted at the least, and no longer than
/// the time allows.
async fn take_turns(pairs: &mut [Pair], calls: RangeInclusive<usize>, time: Duration) -> Result<()> {
    let begun = Instant::now();
    for round in 0..*calls.end() {
        if round >= *calls.start() && begun.elapsed() > time {
            break;
        }
        for pair in pairs.iter_mut() {
            pair.call().await?;
        }
    }
    Ok(())
}

impl Scenario {
    fn unmeasured(&self) -> Measured {
        Measured {
            name: self.name.clone(),
            function: self.function().to_owned(),
            sessions: self.data.sessions,
            query: self.query.to_owned(),
            is_plotted: self.is_plotted,
            not_measured: None,
            outcome: None,
            reference: self.reference,
        }
    }
}

impl Pair {
    async fn call(&mut self) -> Result<()> {
        let posted: Posted = self.function.call(&self.counted.event).await?;
        if posted.len() != self.posted_bytes {
            bail!("a response is {} bytes long, and the first was {}", posted.len(), self.posted_bytes);
        }
        self.route_times.push(posted.time);
        drop(posted);
        self.baseline_times.push(self.baseline.replay().await?);
        Ok(())
    }

    async fn outcome(self, route_before: Usage, baseline_before: Usage) -> Result<Outcome> {
        let cpu = |before: Usage, after: Usage| {
            let per_call = |seconds: f64| seconds * 1e6 / self.route_times.len() as f64;
            Cpu { user: per_call(after.user - before.user), system: per_call(after.system - before.system) }
        };
        let route_cpu = cpu(route_before, self.function.usage()?);
        let baseline_cpu = cpu(baseline_before, self.baseline.usage()?);
        let peak_memory = self.function.peak_memory()?;
        self.function.stop().await?;
        self.baseline.stop().await?;
        let route = Times::of(&self.route_times).context("no call")?;
        let baseline = Times::of(&self.baseline_times).context("no replay")?;
        Ok(Outcome {
            status: self.counted.status,
            content_encoding: self.counted.content_encoding,
            route,
            baseline,
            ratio: route.p50 / baseline.p50,
            paired_ratio: paired_ratio(&self.route_times, &self.baseline_times).context("no call")?,
            requests: self.counted.waves.iter().map(Vec::len).sum(),
            waves: self.counted.waves.iter().map(Vec::len).collect(),
            read_units: self.counted.read_units,
            posted_bytes: self.posted_bytes,
            body_bytes: self.counted.body_bytes,
            peak_memory,
            route_cpu,
            baseline_cpu,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_body_is_that_behind_its_encoding() {
        let length = |body: &str| parsed(body.as_bytes()).unwrap().body_length();
        assert_eq!(length(r#"{"statusCode": 200, "body": "{\"é\":1}"}"#), "{\"é\":1}".len());
        assert_eq!(length(r#"{"statusCode": 200, "body": "YQ==", "isBase64Encoded": true}"#), 1);
        assert_eq!(length(r#"{"statusCode": 200, "body": "YWJj", "isBase64Encoded": true}"#), 3);
        assert_eq!(length(r#"{"statusCode": 304}"#), 0);
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let response = parsed(br#"{"statusCode": 200, "headers": {"ETag": "\"x\""}}"#).unwrap();
        assert_eq!(response.header("etag"), Some("\"x\""));
    }
}
