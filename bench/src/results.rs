//! The results, as they are written to JSON and read again.

use serde::{Deserialize, Serialize};

use crate::size::Size;
use crate::stats::Times;

/// The results of a run. Times are in microseconds, sizes in bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) sizes: Vec<Size>,
    pub(crate) scenarios: Vec<Measured>,
    pub(crate) cold_starts: Vec<ColdStart>,
}

/// Where and when a run was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory: u64,
    pub(crate) kernel: String,
    pub(crate) rustc: Option<String>,
    /// With `-dirty` behind it if files were changed.
    pub(crate) commit: Option<String>,
    pub(crate) date: String,
    /// What ran besides when the run began: processes, over the last minute.
    pub(crate) load: Option<f64>,
}

/// How a run was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) quick: bool,
    pub(crate) seed: u64,
    /// `embedded`, or `other` for one that ran already.
    pub(crate) store: String,
}

/// What was measured of a scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) function: String,
    /// The sessions that the agent or the schedule has.
    pub(crate) sessions: usize,
    pub(crate) query: String,
    pub(crate) is_plotted: bool,
    /// Why there is nothing else, if there is not.
    pub(crate) not_measured: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reference: Option<Reference>,
}

/// The figures of a scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) content_encoding: Option<String>,
    /// From the event's being handed over to the last byte of the response.
    pub(crate) route: Times,
    /// The same requests sent by the bare SDK, in turns with the route.
    pub(crate) baseline: Times,
    /// The route's median by the baseline's.
    pub(crate) ratio: f64,
    /// The median of what each call took by the replay beside it. Where the machine is busy at
    /// times, it varies less.
    pub(crate) paired_ratio: f64,
    /// DynamoDB requests of a call.
    pub(crate) requests: usize,
    /// How many of them went side by side, wave by wave.
    pub(crate) waves: Vec<usize>,
    /// Read units of a call, if DynamoDB says.
    pub(crate) read_units: Option<f64>,
    /// The JSON that the function posts.
    pub(crate) posted_bytes: usize,
    /// The body in it, as the gateway sends it on.
    pub(crate) body_bytes: usize,
    /// The most memory that the function had resident.
    pub(crate) peak_memory: u64,
    /// Time on a processor for a call.
    pub(crate) route_cpu: Cpu,
    pub(crate) baseline_cpu: Cpu,
}

/// Time on a processor, in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cpu {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

/// What AgentScope's own service took for such data: figures that were given, and not measured in
/// this run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) p50_ms: f64,
    /// Redis commands, one after the other, if they were counted.
    pub(crate) commands: Option<usize>,
}

/// How a process starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ColdStart {
    pub(crate) function: String,
    /// From the spawn to the first request for an event.
    pub(crate) next: Times,
    /// From the spawn to the first response's last byte.
    pub(crate) response: Times,
    /// The same of a process that only makes a client, requests the event and sends the same
    /// requests.
    pub(crate) baseline_next: Times,
    pub(crate) baseline_response: Times,
}
