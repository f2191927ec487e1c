//! Lists in pages: every session of the caller once, whatever changes meanwhile and whatever the
//! cursor.

mod cursors;
mod forged;
mod many;
mod reads;
mod teams;
mod walks;
mod world;
