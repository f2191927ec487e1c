//! The contract: what the reference responses, and every error.

mod asking;
mod encodings;
mod errors;
mod faults;
mod fields;
mod golden;
mod large;
mod large_teams;
mod malformed;
mod parameters;
mod releases;
mod routes;
mod unknown;
