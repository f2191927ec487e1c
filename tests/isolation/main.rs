//! No two users' data ever stand in one answer.

#[path = "../contract/answering.rs"]
mod answering;
mod apart;
mod callers;
mod claims;
mod limits;
mod lookalikes;
mod neighbours;
mod parts;
mod references;
