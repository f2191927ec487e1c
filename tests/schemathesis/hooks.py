"""What Schemathesis cannot know: how callers are named here, and which ids and cursors there are."""

import schemathesis

# Of the sample data, so that there is something to list.
USERS = ["alice"]
AGENTS = ["release-captain", "triage-bot"]
SCHEDULES = ["nightly-triage"]

# The cursors that answers had.
cursors = set()


def or_any(known):
    return {"anyOf": [{"enum": known}, {"type": "string", "minLength": 1}]}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The local gateway takes its callers from the header, which authenticates nobody: here it is a parameter, and required."""
    del raw_schema["security"]
    user = {"name": "x-user-id", "in": "header", "required": True, "schema": or_any(USERS), "example": USERS[0]}
    for path in raw_schema["paths"].values():
        path["get"]["parameters"].append(user)
        for parameter in path["get"]["parameters"]:
            if parameter.get("name") == "agent_id":
                parameter["schema"] = or_any(AGENTS)
            if parameter.get("name") == "schedule_id":
                parameter["schema"] = or_any(SCHEDULES)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A cursor is valid if a page had it. Where requests are meant to be valid, others are left out."""
    if case.meta is not None and case.meta.generation.mode.is_positive and case.query.get("cursor") not in cursors:
        case.query.pop("cursor", None)


@schemathesis.hook
def after_call(context, case, response):
    """Keeps the cursors, and tells in the folder of the run which statuses there were, once an answer."""
    with open("statuses", "a") as statuses:
        print(response.status_code, case.operation.path, file=statuses)
    if response.status_code == 200:
        cursors.add(response.json().get("next_cursor"))
        cursors.discard(None)
