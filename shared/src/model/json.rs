//! JSON values that are kept as text: free-form values, and numbers with all their digits.

use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Any JSON value, as compact text with unescaped strings.
///
/// Numbers stand as they came (`1.0`, `-0.0`, `1e300`, integers of any length), and so does the order of keys.
#[derive(Clone)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, transparent))]
pub struct Json(#[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))] Box<RawValue>);

impl Json {
    /// The text, without blanks outside of strings.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match compact(raw.get()).map_err(D::Error::custom)? {
            Some(text) => RawValue::from_string(text).map(Json).map_err(D::Error::custom),
            None => Ok(Json(raw)),
        }
    }
}

/// The same JSON without blanks, and with strings unescaped as far as JSON allows; `None` if it is so already.
///
/// # Errors
///
/// A string holds half of a surrogate pair, which no UTF-8 text can hold.
fn compact(text: &str) -> Result<Option<String>, serde_json::Error> {
    let is_compact = |text: &str| !text.bytes().any(|byte| matches!(byte, b'\\' | b' ' | b'\t' | b'\n' | b'\r'));
    if is_compact(text) {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (before, from_quote) = rest.split_at(start);
        push_without_blanks(&mut out, before);
        let mut strings = serde_json::Deserializer::from_str(from_quote).into_iter::<String>();
        let Some(string) = strings.next().transpose()? else { break };
        let end = strings.byte_offset();
        serde_json::to_writer(&mut out, &string)?;
        rest = &from_quote[end..];
    }
    push_without_blanks(&mut out, rest);
    String::from_utf8(out).map(Some).map_err(serde::de::Error::custom)
}

fn push_without_blanks(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')));
}

/// Defines a type that holds a JSON value of a certain form.
macro_rules! form {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $kind:literal, $default:literal, $fits:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, extend("type" = $kind)))]
        #[serde(transparent)]
        pub struct $name(Json);

        impl $name {
            /// The value as JSON text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The value that this JSON text holds; `None` if it is of another form.
            pub fn new(text: &str) -> Option<Self> {
                serde_json::from_str(text).ok()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self(Json(RawValue::from_string($default.to_owned()).unwrap_or_else(|_| unreachable!())))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = Json::deserialize(deserializer)?;
                let fits: fn(&str) -> bool = $fits;
                if fits(json.as_str()) {
                    Ok(Self(json))
                } else {
                    Err(D::Error::invalid_type(Unexpected::Other(kind(json.as_str())), &$expected))
                }
            }
        }
    };
}

form! {
    /// An integer of any length. The default is 0.
    Integer, "an integer", "integer", "0", |text| is_number(text) && !text.contains(['.', 'e', 'E'])
}

form! {
    /// A number. It keeps its kind: an integer that stands where the reference has a float stays an integer. The default
    /// is 0.0.
    Float, "a number", "number", "0.0", is_number
}

form! {
    /// An object with any keys and values. The default is the empty one.
    Object, "an object", "object", "{}", |text| text.starts_with('{')
}

impl Integer {
    /// The value; `None` if it does not fit.
    pub fn to_i64(&self) -> Option<i64> {
        self.as_str().parse().ok()
    }
}

impl Float {
    /// The nearest floating-point value.
    pub fn to_f64(&self) -> f64 {
        self.as_str().parse().unwrap_or(f64::NAN)
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Self::new(&value.to_string()).unwrap_or_default()
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// What kind of value a JSON text holds, for messages that must not quote it.
fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if text.contains(['.', 'e', 'E']) => "a float",
        _ => "an integer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        serde_json::from_str::<Json>(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn free_form_values_keep_their_digits_and_lose_their_blanks() {
        assert_eq!(
            json(" { \"b\" : [ 1.0 , -0.0,1e300, 123456789012345678901234567890 ] ,\n\t\"a\": \"x \\u4e2d\\/\\n\" } "),
            "{\"b\":[1.0,-0.0,1e300,123456789012345678901234567890],\"a\":\"x 中/\\n\"}"
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        assert!(serde_json::from_str::<Json>(r#"["\ud800"]"#).is_err());
        assert_eq!(json(r#"["\ud83e\udd8a"]"#), "[\"🦊\"]");
    }

    #[test]
    fn integers_and_floats_are_told_apart() {
        assert!(Integer::new("123456789012345678901234567890").is_some());
        assert!(Integer::new("1.0").is_none() && Integer::new("1e3").is_none() && Integer::new("\"1\"").is_none());
        assert_eq!(Float::new("25000.0").unwrap().as_str(), "25000.0");
        assert_eq!(Float::new("25000").unwrap().as_str(), "25000");
        assert!(Float::new("true").is_none());
        assert!(Object::new("[]").is_none() && Object::new("{}").is_some());
    }
}
