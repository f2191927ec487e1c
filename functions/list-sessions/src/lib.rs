//! The function behind `GET /sessions/?agent_id=…`: lists an agent's sessions, newest first, each
//! with its team and whether it is running.

pub mod handler;
