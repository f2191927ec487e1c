//! The contract: what the reference answers, and every error.

mod answering;
mod errors;
mod golden;
