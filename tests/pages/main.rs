//! Lists in pages: every session once, and nobody else's, whatever comes and goes meanwhile and whatever the cursor.

#[path = "../contract/answering.rs"]
mod answering;
mod asking;
mod cursors;
mod forged;
mod many;
mod requests;
mod teams;
mod walks;
