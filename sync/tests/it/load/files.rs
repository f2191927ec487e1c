//! Files that are not exports, or not plain UTF-8, are recognized.

use std::io::Write;

use agentscope_tests::records::{World, agent, session};
use serde_json::{Value, json};

use super::command::Load;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_export_is_said_and_nothing_is_loaded() {
    let cases: [(&[u8], &str); 10] = [
        (b"not JSON", "expected"),
        (b"{}", "expected an object with the lists"),
        (b"\"text\"", "invalid type"),
        (b"{\"agents\": 5}", "invalid type"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        (b"{\"sessions\":\n[\"\xe4\"]}", "not UTF-8: see line 2, byte 15"),
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"PK\x03\x04rest", "ZIP archive: unpack it"),
    ];
    for (input, expected) in cases {
        refused(input, expected);
    }
    let (code, _, errors) = Load::new(&["--check", "no-such-file.json"]).run();
    assert_eq!(code, Some(1));
    assert!(errors.contains("no-such-file.json"), "{errors}");
    assert_eq!(Load::new(&["--check", "--lease-seconds", "0", "-"]).run().0, Some(2));
}

/// Checks that a file is refused, with this reason.
fn refused(input: &[u8], expected: &str) {
    let (code, _, errors) = Load::new(&["--check", "-"]).input(input).run();
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains(expected), "{expected} is not in {errors}");
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

pub(super) fn small() -> World {
    World {
        agents: vec![agent("alice", "a")],
        sessions: vec![session("alice", "a", "s", "2026-01-01T00:00:00")],
        ..World::default()
    }
}

#[test]
fn a_byte_order_mark_and_gzip_however_often_are_taken_away() {
    let text = small().text();
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for file in [marked.clone(), gzipped(&marked), gzipped(&gzipped(&marked)), format!("\r\n {text}").into_bytes()] {
        let (code, summary, errors) = Load::new(&["--check", "-"]).input(file).run();
        assert_eq!(code, Some(0), "{errors}");
        assert!(summary.contains("1 agents, 1 sessions"), "{summary}");
    }
}

#[test]
fn another_encoding_is_named_with_how_to_convert_it() {
    let text = small().text();
    let marked = format!("\u{feff}{text}");
    for (file, expected) in [
        (
            utf16(&marked, u16::to_le_bytes),
            "the file is UTF-16: convert it to UTF-8, as with `iconv -f UTF-16 -t UTF-8",
        ),
        (utf16(&marked, u16::to_be_bytes), "iconv -f UTF-16 -t UTF-8"),
        (utf16(&text, u16::to_le_bytes), "iconv -f UTF-16LE -t UTF-8"),
        (utf16(&text, u16::to_be_bytes), "iconv -f UTF-16BE -t UTF-8"),
        (text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "iconv -f UTF-32LE -t UTF-8"),
    ] {
        refused(&file, expected);
        refused(&gzipped(&file), expected);
    }
}

#[test]
fn a_file_that_is_cut_off_is_said_to_be() {
    let text = small().text();
    refused(&text.as_bytes()[..text.len() - 5], "the file is cut off");
    let packed = gzipped(text.as_bytes());
    refused(&packed[..packed.len() / 2], "its gzip data is cut off");
}

#[test]
fn records_without_their_lists_are_said_to_be() {
    let [first, second] = ["1", "2"].map(|id| session("alice", "a", id, "2026-01-01T00:00:00"));
    refused(first.to_string().as_bytes(), "the file is a single record: put it into the list of its kind");
    refused(format!("{first}\n{second}\n").as_bytes(), "several JSON values, as JSON Lines do");
    refused(json!([first, second]).to_string().as_bytes(), "the file is a list: if its records are sessions");
    refused(b"{\"detail\":\"Not Found\"}", "the file is an error response");
}

#[test]
fn a_response_with_entries_is_refused_and_one_with_records_is_loaded() {
    let [first, second] = ["1", "2"].map(|id| session("alice", "a", id, "2026-01-01T00:00:00"));
    let response = json!({
        "sessions": [{ "session": first, "is_running": true, "team": null }, { "session": second, "is_running": false, "team": null }],
        "total": 2,
    });
    refused(response.to_string().as_bytes(), "the file is a response of GET /sessions/, not an export. To load");
    let mut summaries = response;
    summaries["sessions"][0]["status"] = Value::Null;
    refused(summaries.to_string().as_bytes(), "request it without view=summary");
    let runs = json!({ "sessions": [first, second], "total": 2, "next_cursor": null });
    let (code, summary, errors) = Load::new(&["--check", "-"]).input(runs.to_string()).run();
    assert_eq!(code, Some(0), "{errors}");
    assert!(summary.contains("2 sessions"), "{summary}");
}
