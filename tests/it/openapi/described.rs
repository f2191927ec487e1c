//! Validates responses against `openapi.yaml`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use agentscope_model::Release;
use jsonschema::Validator;
use lambda_http::Response;
use lambda_http::http::header;
use serde_json::{Value, json};

/// The documents of all releases, oldest first.
static DOCUMENTS: LazyLock<Vec<Value>> =
    LazyLock::new(|| Release::ALL.iter().map(|release| yaml_serde::from_str(&text(*release)).unwrap()).collect());

/// The file of a release. It is read by the tests rather than built into them, so that they see
/// what is there.
pub fn text(release: Release) -> String {
    let path = format!("{}/../{}", env!("CARGO_MANIFEST_DIR"), agentscope_openapi::path(release));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}: run `cargo xtask openapi`"))
}

/// The document of a release, its schemas included.
pub fn document(release: Release) -> &'static Value {
    &DOCUMENTS[release as usize]
}

/// Whether status, headers and body are as the response to GET of this path is described; else,
/// what is not.
///
/// A response without a body counts as one to HEAD: the same headers.
pub fn is_described(release: Release, path: &str, response: &Response<String>) -> Result<(), String> {
    let status = response.status();
    let status = status.as_str();
    let described = resolved(release, &document(release)["paths"][path]["get"]["responses"][status]);
    if described.is_null() {
        return Err(format!("status {status}"));
    }
    has_headers(release, described, response)?;
    let Some(content) = described.get("content") else {
        let has_type = response.headers().contains_key(header::CONTENT_TYPE);
        return if response.body().is_empty() && !has_type { Ok(()) } else { Err("there is a body".to_owned()) };
    };
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let schema = &content.get(kind).ok_or_else(|| format!("content-type {kind:?}"))?["schema"];
    if response.body().is_empty() && status == "405" {
        return Ok(());
    }
    let body = match serde_json::from_str(response.body()) {
        Ok(body) => body,
        Err(_) if is_beyond_values(response.body()) => return Ok(()),
        Err(error) => return Err(format!("the body: {error}")),
    };
    fits(release, schema, &body).map_err(|error| format!("the body{error}"))
}

/// Whether a text is JSON that no [`Value`] can hold, as some that the tests make up: nested
/// deeper than 128, or with a number beyond those of 64 bits. Other tests look at it as text.
fn is_beyond_values(text: &str) -> bool {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let error = serde_json::from_str::<Value>(text).err().map(|error| error.to_string()).unwrap_or_default();
    is_json && ["recursion limit exceeded", "number out of range"].iter().any(|limit| error.starts_with(limit))
}

/// Every header is described and as it is described, and none is missing that has to be there.
fn has_headers(release: Release, described: &'static Value, response: &Response<String>) -> Result<(), String> {
    let described = described.get("headers").and_then(Value::as_object);
    let is_known = |name: &str| described.is_some_and(|headers| headers.contains_key(name)) || name == "content-type";
    if let Some(unknown) = response.headers().keys().find(|name| !is_known(name.as_str())) {
        return Err(format!("header {unknown}"));
    }
    for (name, header) in described.into_iter().flatten() {
        let header = resolved(release, header);
        match response.headers().get(name) {
            Some(value) => fits(release, &header["schema"], &json!(value.to_str().unwrap()))
                .map_err(|error| format!("header {name}{error}"))?,
            None if header["required"] == true => return Err(format!("there is no header {name}")),
            None => {}
        }
    }
    Ok(())
}

/// What a reference refers to; anything else is itself.
pub fn resolved(release: Release, value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => document(release).pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn fits(release: Release, schema: &Value, value: &Value) -> Result<(), String> {
    match validator(release, schema).iter_errors(value).next() {
        Some(error) => Err(format!(" at {:?}: {error}", error.instance_path().to_string())),
        None => Ok(()),
    }
}

/// Validators by release and schema.
type Validators = Mutex<HashMap<(Release, String), Arc<Validator>>>;

/// Validators are made once a schema.
fn validator(release: Release, schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Validators> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap();
    let make = || {
        // The schema in a document of its own that has all that it refers to.
        let root =
            json!({ "components": { "schemas": document(release)["components"]["schemas"] }, "allOf": [schema] });
        Arc::new(jsonschema::draft202012::new(&root).unwrap())
    };
    Arc::clone(validators.entry((release, schema.to_string())).or_insert_with(make))
}
