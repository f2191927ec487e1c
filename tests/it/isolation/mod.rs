//! No response contains data of two users.

mod apart;
mod callers;
mod claims;
mod limits;
mod lookalikes;
mod neighbours;
mod parts;
mod references;
mod sources;
