"""Records values.json: how AgentScope reads odd values of a record's fields, and prints them.

    pip install -r ../sync/requirements.txt
    python values.py >values.json

A case is `[place, value, printed]`: where the value stands, its JSON text, and what the route prints there; null if
the record is refused. Each record is read from its text, as `RedisStorage` does, and printed by FastAPI with the
route's response model.
"""

import json
import sys
from importlib.metadata import version

import fastapi
import pydantic
from agentscope.app._router._schema._session import ListSessionsResponse, SessionView
from agentscope.app.storage import SessionRecord
from fastapi.testclient import TestClient

# Python strings, each of which becomes a JSON string. A backslash followed by `u` or `n` stays an
# escape of the JSON.
TIMES = [
    "2026-01-01T00:00:00", "2026-01-01T00", "2026-01-01T00:00", "2026-01-01T0000", "2026-01-01T000000",
    "20260101T000000Z", "20260101T000000", "20260101", "2026-01-01", "2026-01-01Z", "2026-01-01T", "2026-01-01T00Z",
    "2026-01-01T00:00Z", "2026-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01_00:00:00", "2026-01-01 00:00:00",
    "2026-01-01  00:00:00", "2026-01-01-00:00:00", "2026-01-01T00:00:00+08", "2026-01-01T00:00:00+0800",
    "2026-01-01T00:00:00+08:00", "2026-01-01T00:00:00 +08:00", "2026-01-01T00:00:00 Z", "2026-01-01T00:00:00+8",
    "2026-01-01T00:00:00+8:00", "2026-01-01T00:00:00+080", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00-23:59", "2026-01-01T00:00:00+23:60", "2026-01-01T00:00:00+05:30:15",
    "2026-01-01T00:00:00+053015", "2026-01-01T00:00:00\u221208:00", "2026-01-01T00:00:00\u221200:00",
    "2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00-0000", "2026-01-01T00:00:00+00",
    "2026-01-01T00:00:60", "2026-01-01T00:00:60Z", "2026-12-31T23:59:60Z", "2026-01-01T00:60:00",
    "2026-01-01T24:00:00", "2026-01-01T23:59:59.9999999", "2026-01-01T00:00:00.", "2026-01-01T00:00:00.1",
    "2026-01-01T00:00:00.12", "2026-01-01T00:00:00.123", "2026-01-01T00:00:00.1234", "2026-01-01T00:00:00.12345",
    "2026-01-01T00:00:00.123456", "2026-01-01T00:00:00.1234567", "2026-01-01T00:00:00.123456789",
    "2026-01-01T00:00:00.1234567891", "2026-01-01T00:00:00.000000999", "2026-01-01T00:00:00.0",
    "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00,5", "2026-01-01T00:00:00,123456Z", "2026-01-01T00:00.5",
    "2026-01-01T00:00:00.5+08", " 2026-01-01T00:00:00", "2026-01-01T00:00:00 ", "\\n2026-01-01T00:00:00",
    "2026-01-01T00:00:00\\t", "\u00a02026-01-01T00:00:00", "2026-02-29", "2024-02-29", "2000-02-29T01:02:03",
    "1900-02-29T01:02:03", "0000-01-01T00:00:00", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00", "+2026-01-01T00:00:00",
    "-2026-01-01T00:00:00", "+002026-01-01T00:00:00", "-000001-01-01T00:00:00", "2026-1-1", "2026-1-01T00:00:00",
    "2026-01-01T0:00:00", "2026-01-01T00:0:00", "2026-13-01", "2026-00-01", "2026-01-00", "2026-04-31", "2026-W01-1",
    "2026-W01", "2026-001", "2026/01/01", "2026-01", "2026", "01-01-2026", "2026-01-01T00:00:00[Europe/Berlin]",
    "2026-01-01T00:00:00+01:00[Europe/Berlin]", "2026-01-01T00:00:00 UTC", "2026-01-01T00:00:00GMT",
    "2026-01-01T00:00:00z+00:00", "2026-01-01T00:00:00ZZ", "Thu, 01 Jan 2026 00:00:00 GMT", "now", "yesterday", "",
    " ", "null", "\uff12\uff10\uff12\uff16-01-01", "2026-01-01T00:00:00\\u0000", "2026\u201001\u201001", "1767225600",
    "1767225600.5", "1767225600.123456", "1767225600.1234567", "1767225600.9999999", "1767225600000", "1767225600123",
    "1767225600123.456", "1767225600123.4567", "1767225600000000", "1767225600000000000", "20000000000",
    "20000000001", "-20000000000", "-20000000001", "20000000000.5", "200000000001.5", "-1", "-1.5", "-0.5",
    "-0.000001", "-0", "0", "0.0", "-0.0", "1", "1.", ".5", "+5", "+5.5", "1e9", "1.5e9", "1E12", "1e400",
    "-11676096000", "-11676096001", "-11676096000000", "-11676096000001", "-62135596800", "-62135596800000",
    "253402300799", "253402300800", "253402300799000", "253402300799999", "253402300800000", "253402300799.5",
    "253402300799000.5", "0.1", "0.000001", "0.0000001", "0.0000005", "0.0000015", "1.1", "2.3", "1735689600.1",
    "1735689599.999999", "1735689599.9999995", "1735689599.9999999", "1.0000000000000001", "9999999999.999999",
    "123456789012345678901234567890", "NaN", "nan", "inf", "Infinity", "-Infinity", " 1767225600", "1767225600 ",
    "1_767_225_600", "1_0.5", "00", "007", "0x10", "true", "1767225600Z", "\u0663", "\u22121", "- 1",
]
UNIX_TIMES = [
    "20260101", "2026", "1767225600", "1767225600.5", "1767225600.123456", "1767225600.1234567", "1767225600.9999999",
    "1767225600000", "1767225600123", "1767225600123.456", "1767225600123.4567", "1767225600000000",
    "1767225600000000000", "20000000000", "20000000001", "-20000000000", "-20000000001", "20000000000.5",
    "200000000001.5", "-1", "-1.5", "-0.5", "-0.000001", "-0", "0", "0.0", "-0.0", "1", "1e9", "1.5e9", "1E12",
    "1e400", "-11676096000", "-11676096001", "-11676096000000", "-11676096000001", "-62135596800", "-62135596800000",
    "253402300799", "253402300800", "253402300799000", "253402300799999", "253402300800000", "253402300799.5",
    "253402300799000.5", "0.1", "0.000001", "0.0000001", "0.0000005", "0.0000015", "1.1", "2.3", "1735689600.1",
    "1735689599.999999", "1735689599.9999995", "1735689599.9999999", "1.0000000000000001", "9999999999.999999",
    "123456789012345678901234567890", "NaN", "Infinity", "-Infinity", "true", "false", "null", "[]", "{}",
    "1767225600.0000005", "1.7672256e9", "-1e-7",
]
URLS = [
    "https://example.com", "https://example.com/", "HTTPS://EXAMPLE.com/A/b", "https://example.com:443/a",
    "https://example.com:443", "http://example.com:80", "http://example.com:8080/a", "http://example.com:0",
    "http://example.com:65536", "http://example.com:/a", "https://example.com/a b", "https://example.com/a%20b",
    "https://example.com/\u00e4", "https://example.com/%c3%a4", "https://example.com/%zz",
    "https://ex\u00e4mple.com/a", "https://EX\u00c4MPLE.com",
    "https://\u4f8b\u3048.jp/\u30d1\u30b9?\u30af=\u30a8#\u30d5", "https://🦊.com", "https://xn--exmple-cua.com/",
    "https://user@example.com", "https://user:pass@example.com/a", "https://us er:p%40ss@example.com",
    "https://:@example.com", "https://user:@example.com", "https://@example.com", "https://example.com?q=a b",
    "https://example.com?q", "https://example.com?", "https://example.com#", "https://example.com#a b",
    "https://example.com/a/../b", "https://example.com/./a", "https://example.com//a//b", "https://example.com/..",
    "https://example.com\\\\a", "https:\\\\\\\\example.com", "https:example.com", "https:/example.com",
    "https:///example.com", "https://", "http://", "https://?q", "https://#f", "https:///a", "https://a",
    "https://localhost", "https://localhost.", "https://127.0.0.1/a", "https://127.1/a", "https://0x7f.1",
    "https://256.256.256.256", "https://1.2.3", "https://2130706433", "https://[::1]/a", "https://[2001:DB8::1]:443/",
    "https://[::1", "https://exa mple.com", "https://exa_mple.com", "https://-a.com", "https://a..b",
    "https://ex%41mple.com", "https://ex%2fmple.com", "https://a<b", "https://a|b", "/data/a.png", "data/a.png",
    "a.png", "./a.png", "//example.com/a", "?q", "#f", "C:\\\\data\\\\a.png", "C:/data/a.png", "c:a",
    "file:///data/a.png", "file:///data/a b.png", "file:///", "file://", "file:", "file:a", "file:/data/a.png",
    "file://localhost/data/a.png", "file://host/data/a.png", "file:///C:/data/a.png", "file:///C|/a",
    "FILE:///DATA/A.PNG", "file:////a", "data:image/png;base64,iVBORw0KGgo=", "data:,", "data:",
    "data:text/plain,hello world", "data:text/plain,hello ", "data:text/plain,\u00e4",
    "data:text/plain;charset=utf-8,%C3%A4", "DATA:image/PNG;base64,AAAA", "data:image/png;base64,AA AA",
    "data:text/html,<b>\"x\"</b>", "s3://bucket/key", "s3://Bucket/Key", "s3://bucket", "s3://bucket/",
    "s3://buc_ket/a b", "s3://b\u00fccket/\u00e4", "s3:///key", "s3://", "s3:", "s3:bucket/key",
    "oss://bucket.oss-cn-hangzhou.aliyuncs.com/a/b.png", "oss://bucket/a?x=1#y", "oss://BUCKET/A", "gs://bucket/key",
    "ftp://example.com:21/a", "ftp://example.com:22", "ws://example.com:80", "wss://example.com:443",
    "redis://:pw@host:6379/0", "mailto:a@b.com", "urn:isbn:1", "blob:https://example.com/1", "javascript:alert(1)",
    "about:blank", "x:", "x:y", "x-y+z.1:a", "1x:a", ":a", ":", "://a", "a:b:c", "foo://Bar/../a", "foo://bar/a/../b",
    "foo:/bar/../a", "foo:bar/../a", "foo://\u00e4", "foo://a b", "foo://exa%20mple", "foo://u:p@h:1/p?q#f",
    "foo:a b", "foo:a ", " https://example.com", "https://example.com ", "\\n https://example.com \\t",
    "\u00a0https://example.com", "https://exam\\nple.com/a\\tb", "https://example.com/a\\nb",
    "h\\ntt\\tps://example.com", "https://example.com/\\u0000", "\\u0000https://example.com",
    "https://exam\\u0000ple.com", "https://example.com/\\u0001", "https://example.com/\\u007f",
    "https://example.com/'", "https://example.com/\\\"", "https://example.com/<>`{}|^[]",
    "https://example.com/?'\\\"<>`{}|^[]", "https://example.com/#'\\\"<>`{}|^[]", "https://example.com/\u2028",
    "https://example.com/\ufffd", "https://example.com/🦊", "https://ss.\u00df.de", "https://fa\u00df.de",
    "https://a\u00adb.com", "https://a\u200db.com", "https://xn--a", "https://xn--", "https://\uff41.com",
    "https://a\u3002b", "https://\u0627.com", "https://\u0627a.com", "https://aa--bb.com", "https://a%.com",
    "HTTP://example.com:080/", "http://example.com:00443", "https://example.com:a", "https://example.com:-1",
    "https://example.com:8 0", "https://example.com:+80", "https://example.com/a;b=c,d", "https://example.com/a+b",
    "https://example.com/%2e%2e/a", "https://example.com/a/%2E/b", "", " ", "null", "https", "https:", "http:a",
    "http:/", "http:?", "http://.", "http://..", "http://%", "http://[", "http://]", "http://a@", "http://a:b@",
    "http://a@b@c", "http://a:b:c@d", "blob:", "view-source:https://a", "https://example.com./a",
    "chrome-extension://abc/def", "agentscope://Workspace/File.png", "file:///a/../../b", "file://\u00e4/b",
    "file://LOCALHOST/b", "file:\\\\\\\\a", "https://example.com/%E4", "https://example.com/\\ud83e\\udd8a",
]
NUMBERS = [
    "1", "1.0", "0", "-0", "0.0", "-0.0", "25000", "1E5", "1e3", "1.0e0", "1.10", "1.5", "0.1", "100000.5",
    "12345678.0", "1e15", "1e16", "1.5e16", "-1e16", "1e17", "1e18", "1e19", "1e21", "1e22", "1e23", "1e25", "1e300",
    "1e400", "-1e400", "1e-4", "1e-5", "1e-6", "1e-7", "1.5e-6", "123e-7", "12345e-9", "0.00001", "0.00012345",
    "5e-324", "1e-400", "0e0", "-0e5", "9007199254740993", "9999999999999998.0", "99999999999999990.0",
    "123456789012345680.0", "1.7976931348623157e308", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "9223372036854775807.0", "-9223372036854775808.0", "-9223372036854774784.0",
    "9223372036854774784.0", "123456789012345678901234567890", "NaN", "Infinity", "-Infinity", "-NaN", "true",
    "false", "null", "[]", "{}",
]
NUMERIC_TEXTS = [
    "1", "-5", "+5", "+ 5", "007", "-007", "000", "00.5", "0_5", "1_0", "1__0", "1_", "_1", "-_5", "+_5", "1_0.0",
    "1_0.5", "5.0_0", "1.0", "1.", "1.0 ", ".5", "1.5", "-0", "-0.0", "1e3", "1e5", "1e+5", "1e", "e5", "1e_5",
    "1e1_0", "1._5", "1_.5", "1e400", "-1e400", "nan", "NaN", "NAN", "+nan", "-nan", "inf", "-inf", "INF", "i_nf",
    "Infinity", "infinity", "+infinity", "abc", "", " ", "true", "0x10", "0b1", "1,5", "1f", "1 0", "-", ".", "+",
    "++1", " 5", "5 ", " 1.5 ", "\n5", "\t1.5\n", "\u00a05", "5\u3000", "\u200b1", "\u00001", "1\u0663", "\u0663",
    "0-5", "0__5", "00_5", "0_0", "0+5", "-0_5", "9223372036854775808",
]
LONG_NUMBERS = [
    "1" * 309, "1" * 310, "-" + "1" * 400, "1" * 400 + ".0", "0." + "1" * 400, "1" * 4300, "1" * 4301, "-" + "1" * 4299,
    "-" + "1" * 4300,
]
LONG_TEXTS = ["1" * 400, "1" * 4300, "1" * 4301, "-" + "1" * 4300, "0" * 4300 + "5", "0." + "1" * 400]
LONG_URLS = ["https://example.com/" + "a" * 5000, "https://" + "a" * 300 + ".com", "https://" + "a." * 200 + "com"]
FREE_FORM = [
    '"x"', '"\\u4e2d\\/\\n\\u007f\\b\\f\\u0001"', '"\\ud83e\\udd8a"', '"\\ud800"', '"\u2028"', '"NaN"',
    ' { "b" : [ 1.0 , -0.0,1e300, 12 ] ,\n\t"a": "x" } ', "[NaN,Infinity,{\"a\":-Infinity}]", '{"NaN":NaN}',
    '{"a":1,"b":2,"a":3}', '{"a":[1.10,{"b":1E2}],"":{}}', "[1e400,-1e400]", "[ ]", "{ }", "nan", "inf", "+1", "01", "1.",
]

RECORD = '{"user_id":"u","agent_id":"a","config":{"workspace_id":"w"},"state":%s}'
MESSAGE = RECORD % '{"context":[{"name":"n","role":"assistant","content":[%s]}]}'
# For each place: a record with a gap for the value, and the text before and after the value in the
# response.
PLACES = {
    "time": (
        '{"updated_at":%s,"created_at":"2026-01-01","user_id":"u","agent_id":"a","config":{"workspace_id":"w"}}',
        '"updated_at":', ',"created_at"',
    ),
    "integer": (RECORD % '{"cur_iter":%s}', '"cur_iter":', ',"permission_context"'),
    "float": (
        RECORD % '{"tool_context":{"read_file_cache":[{"lines":[],"updated_at":1,"bytes":%s,"file_path":""}]}}',
        '"bytes":', ',"file_path"',
    ),
    "float over 10000": (
        RECORD % '{"tool_context":{"max_cache_bytes":%s}}', '"max_cache_bytes":', ',"read_file_cache"',
    ),
    "free-form": (
        RECORD % '{"context":[{"name":"n","role":"user","content":[],"metadata":{"v":%s}}]}',
        '"metadata":{"v":', '},"created_at"',
    ),
    "extra": (MESSAGE % '{"type":"thinking","thinking":"t","id":"i","v":%s}', '"id":"i","v":', '}],"role"'),
    "url": (
        MESSAGE % '{"type":"data","source":{"type":"url","url":%s,"media_type":"m"}}', '"url":', ',"media_type"',
    ),
}

app = fastapi.FastAPI()
stored = ""


@app.get("/sessions/")
async def sessions() -> ListSessionsResponse:
    record = SessionRecord.model_validate_json(stored)
    return ListSessionsResponse(sessions=[SessionView(session=record, is_running=False)], total=1)


client = TestClient(app)


def printed(place: str, value: str) -> str | None:
    """What the route prints, which is also what Redis gets when the record is written again."""
    global stored
    template, before, behind = PLACES[place]
    stored = template % value

    def between(text: str) -> str:
        start = text.index(before) + len(before)
        return text[start : text.index(behind, start)]

    try:
        written = SessionRecord.model_validate_json(stored).model_dump_json()
    except pydantic.ValidationError:
        return None
    answer = between(client.get("/sessions/").text)
    assert answer == between(written), (place, value)
    return answer


def quoted(text: str) -> str:
    """A JSON string, in which escapes of the text stay escapes."""
    return '"' + text.replace("\n", "\\n").replace("\t", "\\t").replace("\0", "\\u0000") + '"'


def cases():
    for value in [quoted(text) for text in TIMES] + UNIX_TIMES:
        yield "time", value
    for value in [quoted(text) for text in URLS + LONG_URLS] + ["null", "5", "true", "[]", "{}"]:
        yield "url", value
    for value in NUMBERS + LONG_NUMBERS + [quoted(text) for text in NUMERIC_TEXTS + LONG_TEXTS]:
        # Only integers have a longest length.
        for place in ["integer", "float", "float over 10000"] if len(value) < 1000 else ["integer"]:
            yield place, value
    for value in NUMBERS + LONG_NUMBERS + FREE_FORM:
        yield "free-form", value
    for value in NUMBERS + LONG_NUMBERS + FREE_FORM:
        if printed("extra", value) != printed("free-form", value):
            sys.exit(f"{value} is printed otherwise among the extra fields of a block")


def main() -> None:
    versions = ", ".join(f"{name} {version(name)}" for name in ["agentscope", "fastapi", "pydantic"])
    print(f'{{"recorded_from":"{versions}","cases":[')
    print(",\n".join(json.dumps([place, value, printed(place, value)]) for place, value in cases()))
    print("]}")


main()
