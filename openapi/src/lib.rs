//! `openapi.yaml`, the description of the API, and its variants in `openapi/releases` for older
//! releases of AgentScope.
//!
//! The first part is written by hand: routes, parameters, headers, statuses. The last, the schemas
//! of the bodies, is made from the tables of the records, by [`document`]. `cargo xtask openapi`
//! does that. A test finds when it has to be done again, and another holds real responses against
//! all of it (`tests/openapi`).
//!
//! - [`responses`]: the bodies that are no records. `records`: the records.
//! - `order`: the order in which a schema reads well.

mod order;
mod records;
pub mod responses;

use agentscope_api::error::InputProblem;
use agentscope_model::Release;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use responses::{Error, GatewayError, InputErrors};

/// The line that ends what is written by hand. The schemas follow it.
pub const MARK: &str = "  schemas: # Made from the models by `cargo xtask openapi`.\n";

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It does not say where the schemas belong.
    #[error("there is no line `{}`", MARK.trim_end())]
    NoMark,
    /// A schema has no form in YAML.
    #[error(transparent)]
    Yaml(#[from] yaml_serde::Error),
}

/// The path of a release's description in the repository. That of the newest stands at the top.
pub fn path(release: Release) -> String {
    if release == Release::NEWEST { "openapi.yaml".to_owned() } else { format!("openapi/releases/{release}.yaml") }
}

/// The document with the schemas of a release, whichever it has.
///
/// # Errors
///
/// It does not say where the schemas belong.
pub fn document(text: &str, release: Release) -> Result<String, DocumentError> {
    let (by_hand, _) = text.split_once(MARK).ok_or(DocumentError::NoMark)?;
    let schemas = yaml_serde::to_string(&order::ordered(Value::Object(schemas(release))))?;
    let mut document = by_hand.to_owned() + MARK;
    for line in schemas.lines() {
        if !line.is_empty() {
            document.push_str("    ");
        }
        document.push_str(line);
        document.push('\n');
    }
    Ok(document)
}

/// The schemas by name: of the responses, and of all that they are made of. They are JSON Schema
/// 2020-12, as OpenAPI 3.1 has it.
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
    // Schemas that are referred to are kept by the generator.
    let _ = generator.subschema_for::<T>();
}
