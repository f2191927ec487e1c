"""Records parameters.json: what FastAPI answers to values of the parameters that AgentScope's own service does not have.

    pip install fastapi==0.165.0 pydantic==2.14.3 httpx
    python parameters.py >parameters.json
"""

import itertools
import json
import urllib.parse
from typing import Annotated, Literal

import fastapi
import pydantic
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from fastapi.testclient import TestClient
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

app = FastAPI()


def caller(x_user_id: Annotated[str, Header()]) -> str:
    if not x_user_id:
        raise HTTPException(401, "X-User-ID header is required.")
    return x_user_id


def no_cursor(cursor: str) -> str:
    raise PydanticCustomError("value_error", "Value error, not a cursor of this list: ask for its first page again")


Caller = Annotated[str, Depends(caller)]
Limit = Annotated[int | None, Query(ge=1, le=100)]
Cursor = Annotated[Annotated[str, AfterValidator(no_cursor)] | None, Query()]
View = Literal["full", "summary"]


@app.get("/sessions/")
def sessions(
    user: Caller, agent_id: str, limit: Limit = None, cursor: Cursor = None, count: bool = False, view: View = "full"
):
    return {"limit": limit, "count": count, "view": view}


@app.get("/schedule/{schedule_id}/sessions")
def schedule_sessions(
    user: Caller,
    schedule_id: str,
    limit: Limit = None,
    cursor: Cursor = None,
    count: bool = False,
    view: View = "full",
):
    return {"limit": limit, "count": count, "view": view}


LIMITS = [
    "", "0", "1", "2", "7", "99", "100", "101", "-1", "-0", "-5.0", "+5", "+0", " 5 ", "\t5", "1\n", "\u00a05", "5\u3000",
    "\u200b5", "\ufeff5", "5.0", "5.00", "5.0 ", "100.0", "100.1", "101.0", "0.0", "5.", ".0", "5.5", "5..0", "5.0.0",
    "5.0_0", "1_0", "1_0.0", "1_00", "0_5", "-1_0", "_1", "1_", "1__0", "+_5", "1e2", "1.e", "0x10", "0b1", "007", "+ 5",
    "--5", "+-5", "-", "+", ".", "_", "1 0", "1,5", "abc", "null", "true", "NaN", "inf", "%", "٣", "１", "−5", "5\0",
    "9223372036854775808", "-9223372036854775809", "99999999999999999999", "9" * 4300, "9" * 4301, "-" + "9" * 4300,
    "0" * 4300 + "5", "\"\\\u2028\u007f\u001f🦊",
]
COUNTS = [
    "", "true", "True", "TRUE", "tRue", "1", "0", "on", "oN", "off", "OFF", "yes", "YES", "no", "t", "f", "y", "n", "T",
    "false", "False", "2", "-1", "00", " true", "true ", "1.0", "null", "ｔrue", "tru", "enabled",
]
VIEWS = ["", "full", "summary", "Full", "SUMMARY", " summary", "summary ", "full,summary", "'full'", "x", "null", "🦊"]
QUERIES = [
    "", "limit", "limit=0&limit=5", "limit=5&limit=0", "view=x&view=summary", "count=1&count=0&limit=3", "Limit=0",
    "limit[]=0", "LIMIT=x&Count=x&VIEW=x", "limit=%35", "limit=%zz", "limit=%FF", "limit=+5+", "limit=%2B5", "limit=5;view=x",
    "view=full%00", "&&limit=2&", "limit=2=3", "count=1", "limit=2&count=1", "limit=2&count=0&view=summary",
]


def encoded(**parameters: str) -> str:
    return urllib.parse.urlencode(parameters)


def requests():
    """Who asks (null: nobody), the path, and the query string."""
    queries = QUERIES + [encoded(limit=value) for value in LIMITS]
    queries += [encoded(count=value, limit="2") for value in COUNTS] + [encoded(view=value) for value in VIEWS]
    queries += [encoded(cursor=value) for value in ["", "x", "null", "🦊\0"]] + ["cursor", "cursor=%FF"]
    # Both routes declare these parameters alike, so that one record is enough.
    for query in queries:
        yield "alice", "/schedule/s/sessions", query
    wrong = {"limit": "0", "cursor": "x", "count": "z", "view": "q"}
    for user, has_agent, *names in itertools.product(["alice", "", None], [True, False], *([name, None] for name in wrong)):
        names = [name for name in names if name]
        # Whether a cursor is wrong depends on whose list it is for.
        unknown = "cursor" in names and user is None
        # The order of the parameters is none of the answer's.
        query = encoded(**{name: wrong[name] for name in reversed(names)})
        if not unknown and (has_agent or "cursor" not in names):
            yield user, "/sessions/", f"{query}&agent_id=a" if has_agent else query
        if not unknown and has_agent:
            yield user, "/schedule/s/sessions", query


def main() -> None:
    client = TestClient(app)
    print(f'{{"recorded_from":"FastAPI {fastapi.__version__}, Pydantic {pydantic.VERSION}","responses":[')
    lines = []
    for user, path, query in requests():
        headers = {} if user is None else {"x-user-id": user}
        answer = client.get(f"{path}?{query}" if query else path, headers=headers)
        recorded = {"user": user, "path": path, "query": query, "status": answer.status_code, "body": answer.text}
        lines.append(json.dumps(recorded, ensure_ascii=True))
    print(",\n".join(lines))
    print("]}")


main()
