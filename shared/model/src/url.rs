//! The URLs of data blocks.

use ::url::Url;

/// The URL as AgentScope prints it; `None` if AgentScope refuses it.
///
/// Pydantic's `AnyUrl` accepts any absolute URL of the WHATWG standard and prints it normalized:
/// with a scheme in lower case, hosts in Punycode, without default ports, with a path. It uses
/// the same parser.
pub fn normalized(text: &str) -> Option<String> {
    Url::parse(text).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    #[test]
    fn urls_are_those_of_agentscope() {
        recorded::compare("url", |json| {
            let text: String = serde_json::from_str(json).ok()?;
            normalized(&text).and_then(|url| serde_json::to_string(&url).ok())
        });
    }

    #[test]
    fn data_of_any_length_are_accepted() {
        let data = format!("data:image/png;base64,{}", "A".repeat(1_000_000));
        assert_eq!(normalized(&data), Some(data));
    }
}
