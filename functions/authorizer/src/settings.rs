//! The settings of the authorizer, from environment variables.

use agentscope_api::setting_values::{CLAIM, DEFAULT_NAMESPACE, NAMESPACE, is_claim_name, is_namespace};
use agentscope_api::settings::SettingError;
use http::Uri;

/// The settings of the authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TOKEN_ISSUER`: the issuer, exactly as in the claim `iss`.
    pub issuer: IssuerUrl,
    /// How tokens are checked.
    pub token: TokenRules,
    /// `METRICS_NAMESPACE`: the namespace of the metrics in CloudWatch, by default
    /// `AgentScopeSessions`.
    pub metrics_namespace: String,
}

/// What a token must have, besides a valid signature and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// `TOKEN_ISSUER`: the value of `iss`.
    pub issuer: String,
    /// `TOKEN_AUDIENCE`: a token needs one of these in `aud` or, where that is absent, in
    /// `client_id`. Separated by commas, and at least one.
    pub audiences: Vec<String>,
    /// `TOKEN_SCOPES`: a token needs one of these scopes. Separated by commas; by default none is
    /// needed.
    pub scopes: Vec<String>,
    /// `TOKEN_USE`: the value of `token_use`, which Cognito sets; by default it is not checked.
    pub token_use: Option<TokenUse>,
    /// `IDENTITY_CLAIM`: the claim with the user's id, by default `sub`.
    pub identity_claim: String,
}

/// The kind of a token, as its claim `token_use` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// An ID token.
    Id,
    /// An access token.
    Access,
}

impl TokenUse {
    /// The value of the claim.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Access => "access",
        }
    }
}

/// The URL of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl {
    /// As it was set. A token and the discovery document must have the same text.
    text: String,
    uri: Uri,
}

impl IssuerUrl {
    /// Reads the URL of an issuer: `https`, or `http` to this machine, without a query.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let is_plain = uri.query().is_none() && !text.contains(['#', '?', '@']);
        (is_plain && (is_https(&uri) || is_local(&uri))).then(|| Self { text: text.to_owned(), uri })
    }

    /// The text as it was set.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of the discovery document: OpenID Connect Discovery 1.0, section 4.
    pub fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.text.trim_end_matches('/'))
    }

    /// Whether keys may be fetched from this address: by `https`. An issuer on this machine, as in
    /// tests, may name others on this machine.
    pub fn may_name(&self, uri: &Uri) -> bool {
        is_https(uri) || is_local(&self.uri) && is_local(uri)
    }
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty())
}

/// Whether this is an `http` URL to this machine.
fn is_local(uri: &Uri) -> bool {
    uri.scheme_str() == Some("http") && matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

impl Settings {
    /// Reads the settings from the process's environment.
    ///
    /// # Errors
    ///
    /// A variable is missing or invalid. The error names it.
    pub fn from_env() -> Result<Self, SettingError> {
        Self::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let required = |name, expected| {
            variable(name).filter(|value| !value.is_empty()).ok_or(SettingError::Missing(name, expected))
        };
        // An empty value is a mistake that the default would hide, so it is validated too.
        let optional = |name, is_good: fn(&str) -> bool, expected| match variable(name) {
            Some(value) if !is_good(&value) => Err(SettingError::Invalid(name, value, expected)),
            value => Ok(value),
        };
        let text = required("TOKEN_ISSUER", ISSUER)?;
        let Some(issuer) = IssuerUrl::parse(&text) else {
            return Err(SettingError::Invalid("TOKEN_ISSUER", text, ISSUER));
        };
        let audiences = required("TOKEN_AUDIENCE", AUDIENCES)?;
        if !is_list(&audiences) {
            return Err(SettingError::Invalid("TOKEN_AUDIENCE", audiences, AUDIENCES));
        }
        let scopes = optional("TOKEN_SCOPES", is_list, SCOPES)?;
        let token_use = match variable("TOKEN_USE").as_deref() {
            None => None,
            Some("id") => Some(TokenUse::Id),
            Some("access") => Some(TokenUse::Access),
            Some(other) => return Err(SettingError::Invalid("TOKEN_USE", other.to_owned(), USE)),
        };
        let identity_claim = optional("IDENTITY_CLAIM", is_claim_name, CLAIM)?;
        let metrics_namespace = optional("METRICS_NAMESPACE", is_namespace, NAMESPACE)?;
        let token = TokenRules {
            issuer: issuer.as_str().to_owned(),
            audiences: items(&audiences),
            scopes: scopes.as_deref().map(items).unwrap_or_default(),
            token_use,
            identity_claim: identity_claim.unwrap_or_else(|| "sub".to_owned()),
        };
        let metrics_namespace = metrics_namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        Ok(Self { issuer, token, metrics_namespace })
    }
}

const ISSUER: &str = "an https URL without a query, exactly as in the claim `iss`";

const AUDIENCES: &str = "audiences, separated by commas, without blanks";

const SCOPES: &str = "scopes, separated by commas, without blanks";

const USE: &str = "`id` or `access`";

/// Whether these are texts, separated by commas.
fn is_list(list: &str) -> bool {
    list.split(',')
        .all(|item| !item.is_empty() && !item.contains(|char: char| char.is_whitespace() || char.is_control()))
}

fn items(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [(&str, &str); 2] =
        [("TOKEN_ISSUER", "https://issuer.example.com/"), ("TOKEN_AUDIENCE", "chat,mobile")];

    fn settings(changes: &[(&str, Option<&str>)]) -> Result<Settings, SettingError> {
        Settings::from_variables(|name| match changes.iter().find(|(change, _)| *change == name) {
            Some((_, value)) => value.map(str::to_owned),
            None => REQUIRED.iter().find(|(required, _)| *required == name).map(|(_, value)| (*value).to_owned()),
        })
    }

    fn is_invalid(name: &str, value: &str) {
        let error = settings(&[(name, Some(value))]).unwrap_err();
        assert!(matches!(error, SettingError::Invalid(invalid, _, _) if invalid == name), "{value:?}: {error}");
    }

    #[test]
    fn issuer_and_audience_are_required_and_named() {
        for (name, _) in REQUIRED {
            for value in [None, Some("")] {
                let error = settings(&[(name, value)]).unwrap_err();
                assert!(matches!(error, SettingError::Missing(missing, _) if missing == name), "{error}");
            }
        }
        let token = settings(&[]).unwrap().token;
        assert_eq!(token.audiences, ["chat", "mobile"]);
        assert_eq!((token.identity_claim.as_str(), token.scopes.len(), token.token_use), ("sub", 0, None));
    }

    #[test]
    fn an_issuer_is_an_https_url_or_on_this_machine() {
        for (issuer, discovery) in [
            ("https://a.example.com", "https://a.example.com/.well-known/openid-configuration"),
            ("https://a.example.com/", "https://a.example.com/.well-known/openid-configuration"),
            ("https://a:8443/realms/x", "https://a:8443/realms/x/.well-known/openid-configuration"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/.well-known/openid-configuration"),
            ("http://[::1]:8080", "http://[::1]:8080/.well-known/openid-configuration"),
        ] {
            let url = settings(&[("TOKEN_ISSUER", Some(issuer))]).unwrap().issuer;
            assert_eq!((url.as_str(), url.discovery().as_str()), (issuer, discovery));
        }
        for issuer in [
            "issuer",
            "issuer.example.com",
            "http://issuer.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "ftp://issuer.example.com",
            "https://",
            "https://a/?tenant=b",
            "https://a/#b",
            "https://user@a",
            " https://a",
            "https://a b",
        ] {
            is_invalid("TOKEN_ISSUER", issuer);
        }
    }

    #[test]
    fn an_issuer_names_https_addresses_and_one_on_this_machine_names_its_own() {
        let public = IssuerUrl::parse("https://issuer.example.com").unwrap();
        let local = IssuerUrl::parse("http://127.0.0.1:80").unwrap();
        for (address, by_public, by_local) in [
            ("https://keys.example.com/jwks", true, true),
            ("http://keys.example.com/jwks", false, false),
            // The Runtime API of Lambda, for example.
            ("http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", false, true),
            ("http://169.254.169.254/latest", false, false),
            ("file://host/etc/passwd", false, false),
            ("/jwks", false, false),
        ] {
            let uri = address.parse().unwrap();
            assert_eq!((public.may_name(&uri), local.may_name(&uri)), (by_public, by_local), "{address}");
        }
    }

    #[test]
    fn optional_settings_are_checked() {
        let set = [
            ("TOKEN_SCOPES", Some("chat/read,chat/write")),
            ("TOKEN_USE", Some("access")),
            ("IDENTITY_CLAIM", Some("cognito:username")),
            ("METRICS_NAMESPACE", Some("Chat")),
        ];
        let Settings { token, metrics_namespace, .. } = settings(&set).unwrap();
        assert_eq!(token.scopes, ["chat/read", "chat/write"]);
        assert_eq!((token.token_use, token.identity_claim.as_str()), (Some(TokenUse::Access), "cognito:username"));
        assert_eq!(metrics_namespace, "Chat");
        for (name, value) in [
            ("TOKEN_AUDIENCE", "a,,b"),
            ("TOKEN_AUDIENCE", "a, b"),
            ("TOKEN_SCOPES", ""),
            ("TOKEN_SCOPES", "a b"),
            ("TOKEN_SCOPES", "a,"),
            ("TOKEN_USE", ""),
            ("TOKEN_USE", "refresh"),
            ("IDENTITY_CLAIM", " sub"),
            ("METRICS_NAMESPACE", "AWS/Lambda"),
        ] {
            is_invalid(name, value);
        }
    }
}
