//! `openapi.yaml` says what is respond: its schemas are those of the models, and no response is
//! another.

pub mod described;
mod document;
mod refused;
mod statuses;
