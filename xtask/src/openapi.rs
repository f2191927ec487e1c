//! `cargo xtask openapi`: brings the description of the API up to date.

use std::fs;
use std::path::PathBuf;

use agentscope_model::Release;
use anyhow::{Context, Result};

use crate::root;

/// Where the description is.
pub(crate) fn path() -> PathBuf {
    root().join("openapi.yaml")
}

/// Writes the schemas into the description and its variants for older releases, and says what that
/// changed.
pub(crate) fn run() -> Result<()> {
    let path = path();
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut written = 0;
    for release in Release::ALL {
        let document = agentscope_openapi::document(&text, *release).with_context(|| path.display().to_string())?;
        let file = root().join(agentscope_openapi::path(*release));
        if fs::read_to_string(&file).is_ok_and(|current| current == document) {
            continue;
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::write(&file, document).with_context(|| file.display().to_string())?;
        println!("{} is written.", agentscope_openapi::path(*release));
        written += 1;
    }
    if written == 0 {
        println!("The descriptions are up to date.");
    }
    Ok(())
}
