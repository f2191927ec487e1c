//! The AWS X-Ray trace of a request, for logs and metrics.
//!
//! Requests to DynamoDB have the whole header: see [`with_trace`](agentscope_store::with_trace).

/// The trace id of an `X-Amzn-Trace-Id` header, such as `1-5bef4de7-ad49b0e87f6ef6c87fc2e700`.
/// `None` if there is none.
///
/// The rest of the header is not logged, because a gateway passes on what a caller has put into
/// it.
pub(crate) fn id(header: &str) -> Option<&str> {
    header.split(';').find_map(|field| field.trim().strip_prefix("Root=")).filter(|id| is_id(id))
}

/// Whether this is a version, the start time in 8 hexadecimal digits, and 24 more digits.
fn is_id(id: &str) -> bool {
    let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = id.split('-');
    let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
    matches!(parts, [Some("1"), Some(second), Some(rest), None] if is_hex(second, 8) && is_hex(rest, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1-5bef4de7-ad49b0e87f6ef6c87fc2e700";

    #[test]
    fn the_id_is_the_root_wherever_it_stands() {
        for header in [
            format!("Root={ID}"),
            format!("Root={ID};Parent=9a9197af755a6419;Sampled=1;Lineage=1:a42acd91:0"),
            format!("Sampled=0; Root={ID}"),
            format!("Self=1-67891234-12456789abcdef012345678;Root={ID}"),
        ] {
            assert_eq!(id(&header), Some(ID), "{header}");
        }
    }

    #[test]
    fn a_malformed_id_is_none() {
        for header in [
            "",
            ID,
            "Root=",
            "Root=hello",
            "root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "Parent=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "Root=2-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e70",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e70g",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700-x",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700 x",
            "Root=x;Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
        ] {
            assert_eq!(id(header), None, "{header}");
        }
    }
}
