//! The templates against the code that they deploy. What their roles allow is tested beside the
//! binaries.

mod environment;
mod identity;
mod monitoring;
mod routes;
mod sync;
mod sync_monitoring;
mod tables;
