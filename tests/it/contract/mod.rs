//! The contract: responses equal those of the reference, and every error.

mod encodings;
mod errors;
mod faults;
mod fields;
mod golden;
mod large;
mod large_teams;
mod load_balancer;
mod malformed;
mod parameters;
mod releases;
mod routes;
mod unknown;
mod world;
