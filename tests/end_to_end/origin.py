"""A stand-in for the AgentScope service behind the API: it records the requests that reach it."""

import json

from server import Certificate, JsonHandler, Server


class Origin(Server):
    """A service with a certificate, or one for HTTP."""

    def __init__(self, certificate: Certificate | None = None):
        self.seen = []
        seen = self.seen

        class Handler(JsonHandler):
            def response(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen.append({"method": self.command, "path": self.path, "headers": headers, "body": self.body()})
                self.respond(200, json.dumps({"answered": "by AgentScope"}))

            do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = response

        super().__init__(Handler, certificate)

    def take(self):
        """What came since the last call."""
        seen = list(self.seen)
        self.seen.clear()
        return seen
