//! The function behind `GET /schedule/{schedule_id}/sessions`: lists the sessions that a schedule
//! started, newest first.

pub mod handler;
