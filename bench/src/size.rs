//! How large the functions are.

use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The size of a function, in bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Size {
    /// The function.
    pub(crate) function: String,
    /// The binary, stripped as it is deployed.
    pub(crate) binary: u64,
    /// The zip that is uploaded.
    pub(crate) zip: u64,
}

impl Size {
    /// Of a binary that is called as its function.
    pub(crate) fn of(binary: &Path) -> Result<Self> {
        let content = std::fs::read(binary).with_context(|| binary.display().to_string())?;
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .unix_permissions(0o755);
        zip.start_file("bootstrap", options)?;
        zip.write_all(&content)?;
        let zip = zip.finish()?.into_inner();
        Ok(Self {
            function: binary.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            binary: content.len() as u64,
            zip: zip.len() as u64,
        })
    }
}
