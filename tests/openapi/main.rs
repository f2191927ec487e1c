//! `openapi.yaml` says what is answered: its schemas are those of the models, and no response is another.

#[path = "../contract/answering.rs"]
mod answering;
mod document;
mod refused;
mod statuses;
