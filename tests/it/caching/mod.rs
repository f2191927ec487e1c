//! Asking again: what an response says of itself, and when the one that a client has is still good.

mod asking;
mod change;
mod changes;
mod forms;
mod headers;
mod races;
mod requests;
mod sweep;
