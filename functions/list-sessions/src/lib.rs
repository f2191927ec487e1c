//! `GET /sessions/?agent_id=…`: an agent's sessions, newest first, each with whether it is running and with its team.

pub mod handler;
