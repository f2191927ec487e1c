//! Limits on lists and responses that several modules share.

/// The maximum size of a function's result in bytes: JSON with status, headers and body. It is
/// Lambda's quota "invocation payload, synchronous".
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// The maximum size of a result for an Application Load Balancer in bytes. Its documentation
/// ("Use Lambda functions as targets of an Application Load Balancer", limits) says 1 MB of JSON.
/// It does not say which megabyte, so this is the smaller one.
pub const LOAD_BALANCER_LIMIT: usize = 1_000_000;

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

/// The limits on the size of one response. They depend on who invoked the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseLimits {
    /// The maximum size of the function's result in bytes.
    pub(crate) result: usize,
}

impl ResponseLimits {
    /// The maximum size of a body in bytes, as a string in the result.
    pub(crate) fn body(self) -> usize {
        self.result - METADATA_BYTES
    }

    /// The maximum size of a compressed body in bytes: base64 makes four characters of three
    /// bytes.
    pub(crate) fn binary_body(self) -> usize {
        self.body() / 4 * 3
    }
}
