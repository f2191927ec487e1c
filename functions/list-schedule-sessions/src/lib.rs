//! `GET /schedule/{schedule_id}/sessions`: the sessions that a schedule started, newest first.

pub mod handler;
