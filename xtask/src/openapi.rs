//! `cargo xtask openapi`: brings the description of the API up to date.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::root;

/// Where the description is.
pub(crate) fn path() -> PathBuf {
    root().join("openapi.yaml")
}

/// Writes the schemas into the description, and says whether that changed anything.
pub(crate) fn run() -> Result<()> {
    let path = path();
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let document = agentscope_openapi::document(&text).with_context(|| path.display().to_string())?;
    if document == text {
        println!("openapi.yaml is up to date.");
    } else {
        fs::write(&path, document).with_context(|| path.display().to_string())?;
        println!("openapi.yaml is written.");
    }
    Ok(())
}
