//! The contract: what the reference answers, and every error.

mod answering;
mod asking;
mod errors;
mod faults;
mod golden;
mod malformed;
mod parameters;
mod routes;
