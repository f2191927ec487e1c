//! Limits on lists and responses that several modules share.

/// The maximum size of a function's result in bytes: JSON with status, headers and body. It is
/// Lambda's quota "invocation payload, synchronous".
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// The maximum size of a result for an Application Load Balancer in bytes. Its documentation
/// ("Use Lambda functions as targets of an Application Load Balancer", limits) says 1 MB of JSON.
/// It does not say which megabyte, so this is the smaller one.
pub const LOAD_BALANCER_LIMIT: usize = 1_000_000;

/// The maximum size of a streamed response in bytes. It is Lambda's quota for streamed responses,
/// 200 MB ("Response streaming for Lambda functions"), in the smaller megabytes.
pub const STREAM_LIMIT: usize = 200_000_000;

/// The bytes of a result that are reserved for everything but the body.
pub(crate) const METADATA_BYTES: usize = 1024;

/// The maximum number of bytes of JSON that are read for a list.
pub const MAX_READ_BYTES: usize = 64 << 20;

/// The maximum number of sessions in a list that is not a page. A session costs some 40 µs of
/// processor time even if it is tiny (measured with 12,000 on x86-64).
pub const MAX_LIST_SESSIONS: usize = 30_000;

/// The maximum number of agents that the teams of a list may name.
pub const MAX_MEMBERS: usize = 10_000;

/// The maximum number of sessions on a page.
pub const MAX_PAGE_SIZE: usize = 100;

/// The form of a body in the function's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyForm {
    /// A JSON string, of base64 if the body is compressed.
    JsonString,
    /// The bytes as they are.
    Raw,
}

/// The limits on the size of one response. They depend on who invoked the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseLimits {
    /// The maximum size of the function's result in bytes.
    pub(crate) result: usize,
    /// The maximum number of bytes of JSON that are read and rendered for a list.
    pub(crate) list: usize,
    pub(crate) form: BodyForm,
}

impl ResponseLimits {
    /// The maximum size of a body in the result, in bytes.
    pub(crate) fn body(self) -> usize {
        self.result.saturating_sub(METADATA_BYTES)
    }

    /// The maximum size of a compressed body in bytes. base64 makes four characters of three
    /// bytes.
    pub(crate) fn binary_body(self) -> usize {
        match self.form {
            BodyForm::JsonString => self.body() / 4 * 3,
            BodyForm::Raw => self.body(),
        }
    }

    /// The number of bytes of text that fit a body whatever they are.
    pub(crate) fn guaranteed_text(self) -> usize {
        match self.form {
            // A byte of JSON becomes at most two bytes of a JSON string.
            BodyForm::JsonString => self.body() / 2,
            BodyForm::Raw => self.body(),
        }
    }

    /// The size of JSON text in the result, in bytes.
    pub(crate) fn text_size(self, json: &[u8]) -> usize {
        match self.form {
            BodyForm::JsonString => json_string_size(json),
            BodyForm::Raw => json.len(),
        }
    }

    /// The size of compressed bytes in the result, in bytes.
    pub(crate) fn binary_size(self, bytes: usize) -> usize {
        match self.form {
            BodyForm::JsonString => bytes.div_ceil(3) * 4,
            BodyForm::Raw => bytes,
        }
    }
}

/// The size of a text as a JSON string, in bytes, without its quotes. The text is compact JSON, so
/// it has no control characters.
fn json_string_size(json: &[u8]) -> usize {
    // The sum of 128 flags fits a byte, which lets the compiler add many bytes at once.
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(matches!(byte, b'"' | b'\\'))).sum::<u8>();
    json.len() + json.chunks(128).map(|bytes| usize::from(escaped(bytes))).sum::<usize>()
}
