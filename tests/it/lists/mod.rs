//! What stands in a list and in which order, and what it takes to read it.

mod asking;
mod order;
mod plan;
mod status;
mod summary;
mod teams;
