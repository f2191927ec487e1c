//! Generates the schemas of `openapi.yaml`, and its variants in `openapi/releases` for older
//! releases of AgentScope.
//!
//! Routes, parameters, headers and statuses are written by hand in the first part of the document.
//! [`document`] generates the last part, the schemas of the bodies, from the field tables of the
//! records. `cargo xtask openapi` runs it. A test fails while the files are out of date, and
//! another validates real responses against the documents (`tests/it/openapi`).
//!
//! - [`responses`]: response bodies. `records`: records.
//! - `order`: the order of the keys of a schema.

mod order;
mod records;
pub mod responses;

use agentscope_model::Release;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use responses::{Error, GatewayError, InputErrors, InputProblem};

/// The last line of the part that is written by hand. The schemas follow it.
pub const MARK: &str = "  schemas: # Made from the models by `cargo xtask openapi`.\n";

/// Why a document cannot be generated.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The text has no line [`MARK`].
    #[error("there is no line `{}`", MARK.trim_end())]
    NoMark,
    /// A schema cannot be written as YAML.
    #[error(transparent)]
    Yaml(#[from] yaml_serde::Error),
}

/// The path of a release's document, relative to the root of the repository.
pub fn path(release: Release) -> String {
    if release == Release::NEWEST { "openapi.yaml".to_owned() } else { format!("openapi/releases/{release}.yaml") }
}

/// Replaces the schemas of a document by those of a release.
///
/// # Errors
///
/// The text has no line [`MARK`].
pub fn document(text: &str, release: Release) -> Result<String, DocumentError> {
    let (handwritten, _) = text.split_once(MARK).ok_or(DocumentError::NoMark)?;
    let schemas = yaml_serde::to_string(&order::ordered(Value::Object(schemas(release))))?;
    let mut document = handwritten.to_owned() + MARK;
    for line in schemas.lines() {
        if !line.is_empty() {
            document.push_str("    ");
        }
        document.push_str(line);
        document.push('\n');
    }
    Ok(document)
}

/// The schemas of the responses and of everything that they refer to, by name, in JSON Schema
/// 2020-12, the dialect of OpenAPI 3.1.
pub fn schemas(release: Release) -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    add::<Error>(&mut generator);
    add::<GatewayError>(&mut generator);
    add::<InputErrors>(&mut generator);
    add::<InputProblem>(&mut generator);
    let mut schemas = generator.take_definitions(true);
    schemas.extend(responses::lists(release));
    schemas
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    // The generator keeps the schemas that a reference names.
    let _ = generator.subschema_for::<T>();
}
