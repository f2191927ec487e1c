"""The data set of the golden responses of the contract, and those responses."""

import gzip
import json
from pathlib import Path

CONTRACT = Path(__file__).parents[1] / "contract"
WORLD = CONTRACT / "world.json.gz"


def renamed(folder: Path, names: dict[str, str]) -> Path:
    """The data set with other users' ids: an identity provider chooses what `sub` is."""
    world = json.loads(gzip.decompress(WORLD.read_bytes()))
    for records in world.values():
        for record in records:
            if isinstance(record, dict) and record.get("user_id") in names:
                record["user_id"] = names[record["user_id"]]
    file = folder / "renamed.json"
    file.write_text(json.dumps(world))
    return file


def golden(user, route):
    """The golden responses to a user about its own sessions: paths with query, and bodies."""
    cases = json.loads(gzip.decompress((CONTRACT / "golden.json.gz").read_bytes()))
    for case in cases:
        request = case["request"]
        if (
            case["group"] == f"{route}/own"
            and case["status"] == 200
            and request["headers"] == [["x-user-id", user]]
            # Where the reference's order is by chance, the tests in Rust compare without the order.
            and not case.get("unordered")
            and not case.get("ambiguous_members")
            and case["body"]["sessions"]
            # The emulator leaves %25 in paths as it is.
            and "%25" not in request["path"]
        ):
            path = request["path"] + (f"?{request['query']}" if request["query"] else "")
            yield path, case["body"]


def with_names(body, names):
    """A response about a data set with other users' ids, as `renamed` makes it."""
    if isinstance(body, list):
        return [with_names(item, names) for item in body]
    if isinstance(body, dict):
        renamed = {name: with_names(value, names) for name, value in body.items()}
        return renamed | ({"user_id": names.get(body["user_id"], body["user_id"])} if "user_id" in body else {})
    return body


def a_list(user, route):
    return max(golden(user, route), key=lambda case: len(case[1]["sessions"]))


def ids(body):
    """The ids of the sessions of a list, of either route."""
    return [row.get("session", row)["id"] for row in body["sessions"]]
