//! Generates the schemas of `openapi.yaml`, and its variants in `openapi/releases` for older
//! releases of AgentScope.
//!
//! The first part of the document is written by hand: routes, parameters, headers, statuses. The
//! schemas of the bodies are generated from the tables of records, by [`document`]. Run it with
//! `cargo xtask openapi`. A test fails if the files are out of date, and another test validates
//! real responses against the document.
//!
//! # Layout
//!
//! - [`responses`]: schemas of bodies that are not records.
//! - `records`: schemas of records.
//! - `order`: the order of a schema's members.

mod order;
mod records;
pub mod responses;

use agentscope_api::error::InputProblem;
use agentscope_model::Release;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use responses::{Error, GatewayError, InputErrors};

/// The line before the generated schemas.
pub const MARK: &str = "  schemas: # Made from the models by `cargo xtask openapi`.\n";

/// Why the document cannot be generated.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The text has no [`MARK`].
    #[error("there is no line `{}`", MARK.trim_end())]
    NoMark,
    /// A schema cannot be serialized as YAML.
    #[error(transparent)]
    Yaml(#[from] yaml_serde::Error),
}

/// The path of a release's document in the repository. The newest release has `openapi.yaml`.
pub fn path(release: Release) -> String {
    if release == Release::NEWEST { "openapi.yaml".to_owned() } else { format!("openapi/releases/{release}.yaml") }
}

/// Replaces the schemas of a document by those of a release.
///
/// # Errors
///
/// The document has no [`MARK`].
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

/// The schemas of the responses and of everything that they refer to, by name. They are JSON
/// Schema 2020-12, as OpenAPI 3.1 requires.
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
    // The generator stores the schema when it returns a reference.
    let _ = generator.subschema_for::<T>();
}
