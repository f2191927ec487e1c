//! Lists in pages: every session once, and nobody else's, whatever comes and goes meanwhile and whatever the cursor.

mod asking;
mod cursors;
mod forged;
mod many;
mod requests;
mod teams;
mod walks;
