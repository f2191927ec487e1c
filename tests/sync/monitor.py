"""The commands that Redis receives, by client."""

import threading

from redis import Redis


class Monitor:
    """The commands that Redis reports with MONITOR, by client."""

    def __init__(self, redis):
        self.connect = lambda: Redis(port=redis.port, password=redis.PASSWORD, decode_responses=True)
        self.commands, self.users = [], {}
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(10)
        return self

    def __exit__(self, *_):
        with self.connect() as client:
            client.echo("the end")
        self.thread.join(10)
        assert not self.thread.is_alive()

    def _listen(self):
        with self.connect() as client, client.monitor() as monitor:
            self.ready.set()
            for seen in monitor.listen():
                sender = f"{seen['client_address']}:{seen['client_port']}"
                if sender not in self.users:
                    self.users |= {one["addr"]: one["user"] for one in client.client_list()}
                self.commands.append((self.users.get(sender), seen["command"]))
                if seen["command"].endswith("the end"):
                    return

    def of_sync(self):
        """Its commands, and those of clients that closed their connection before they were identified."""
        return [command for user, command in self.commands if user != "default"]
