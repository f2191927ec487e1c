//! Updates the schemas in `openapi.yaml` and `openapi/releases/`. `cargo xtask openapi` runs it.

use std::fs;
use std::path::Path;

use agentscope_model::Release;
use anyhow::{Context, Result};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let newest = root.join(agentscope_openapi::path(Release::NEWEST));
    let text = fs::read_to_string(&newest).with_context(|| newest.display().to_string())?;
    let mut updated = 0;
    for release in Release::ALL {
        let path = agentscope_openapi::path(*release);
        let document = agentscope_openapi::document(&text, *release).with_context(|| newest.display().to_string())?;
        let file = root.join(&path);
        if fs::read_to_string(&file).is_ok_and(|current| current == document) {
            continue;
        }
        fs::write(&file, document).with_context(|| file.display().to_string())?;
        println!("Updated {path}.");
        updated += 1;
    }
    if updated == 0 {
        println!("The API descriptions are up to date.");
    }
    Ok(())
}
