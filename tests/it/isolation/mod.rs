//! No two users' data ever stand in one response.

mod apart;
mod callers;
mod claims;
mod limits;
mod lookalikes;
mod neighbours;
mod parts;
mod references;
