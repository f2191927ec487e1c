//! A pseudonym of the caller for logs.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The bytes of the digest that the pseudonym has. 64 bits tell the users of a service apart.
const BYTES: usize = 8;

/// Returns the pseudonym of a user in logs: the first 16 hexadecimal digits of the SHA-256 of the
/// user's id.
///
/// It finds the log lines of a known user, as `printf %s alice | sha256sum | cut -c -16` does. It
/// does not hide a user whose id can be guessed.
#[must_use]
pub fn caller_hash(user_id: &str) -> String {
    Sha256::digest(user_id).iter().take(BYTES).fold(String::new(), |mut hash, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value is the output of the command in the documentation.
    #[test]
    fn it_is_what_the_documented_command_prints() {
        assert_eq!(caller_hash("alice"), "2bd806c97f0e00af");
    }
}
