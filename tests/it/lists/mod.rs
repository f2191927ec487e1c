//! The contents and order of lists, and the requests that they take.

mod order;
mod plan;
mod status;
mod summary;
mod teams;
