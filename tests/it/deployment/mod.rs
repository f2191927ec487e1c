//! The templates against the code that they deploy. What their roles allow is tested beside the
//! binaries.

mod authorizer;
mod domain;
mod environment;
mod identity;
mod load_balancer;
mod monitoring;
mod origin;
mod release;
mod rest_api;
mod rollout;
mod routes;
mod rules;
mod sync;
mod sync_monitoring;
mod tables;
