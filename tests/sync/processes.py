"""The programs that the tests run: redis-server, AgentScope's service, the functions over DynamoDB, `agentscope-sync`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import redis
from records import RELEASE

ROOT_FOLDER = Path(__file__).parents[2]
BINARIES = Path(os.environ.get("CARGO_TARGET_DIR", ROOT_FOLDER / "target")) / "debug"
ACL_FILE = ROOT_FOLDER / "sync" / "deploy" / "redis.acl"
PATIENCE_SECONDS = 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what, process=None):
    """Waits for something to come true, as long as the process that shall bring it about runs."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_SECONDS:
        if condition():
            return
        assert process is None or process.poll() is None, f"{what}: the process has ended"
        time.sleep(0.02)
    raise AssertionError(f"{what}: not after {PATIENCE_SECONDS} seconds")


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def http(url, method="GET", **headers):
    """The status and the body of a response; None without one."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers), timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as response:
        return response.code, response.read()
    except OSError:
        return None, b""


def ended(process, by=signal.SIGTERM):
    """Ends a process and returns its exit status."""
    process.send_signal(by)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{process.args[0]} does not end by {by.name}") from None


class Redis:
    """A redis-server that keeps what it was told when it is restarted, even if it is killed."""

    PASSWORD = "redis-password-of-the-service"
    SYNC_PASSWORD = "redis-password-of-sync"

    def __init__(self, folder: Path):
        self.port = free_port()
        folder.mkdir()
        self.log = folder / "redis.log"
        self.configuration = folder / "redis.conf"
        self.configuration.write_text(
            f'bind 127.0.0.1\nport {self.port}\ndir {folder}\nlogfile {self.log}\nappendonly yes\nsave ""\n'
            f"user default on >{self.PASSWORD} ~* &* +@all\nuser sync on >{self.SYNC_PASSWORD} {self.acl()}\n"
        )
        self.start()

    @staticmethod
    def acl():
        """What the documentation lets its user do, and what `--configure` needs besides."""
        return " ".join([*ACL_FILE.read_text().split(), "+config|get", "+config|set"])

    @property
    def url(self):
        return f"redis://sync:{self.SYNC_PASSWORD}@127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(["redis-server", self.configuration], stdout=subprocess.DEVNULL)
        wait_until(self.is_ready, "redis-server", self.process)

    def is_ready(self):
        """It may listen, and be reading its file still."""
        try:
            with redis.Redis(port=self.port, password=self.PASSWORD) as client:
                return client.ping()
        except redis.exceptions.ConnectionError:
            return False

    def restart(self, by):
        self.stop(by)
        self.start()

    def stop(self, by=signal.SIGTERM):
        ended(self.process, by)


class Service:
    """AgentScope's agent service."""

    def __init__(self, redis: Redis, folder: Path, python=sys.executable, bus="redis"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "service.log"
        arguments = [str(self.port), str(redis.port), redis.PASSWORD, str(folder / "workspaces"), bus]
        self.process = subprocess.Popen(
            [python, "-B", Path(__file__).with_name("service.py"), *arguments],
            stdout=self.log.open("a"), stderr=subprocess.STDOUT,
        )  # fmt: skip

    def wait(self):
        wait_until(lambda: listens(self.port), "AgentScope's service", self.process)

    def stop(self):
        ended(self.process)


class Stack:
    """Both functions behind a gateway, over an embedded DynamoDB."""

    def __init__(self, release=RELEASE):
        self.process = subprocess.Popen(
            [BINARIES / "test_stack"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(release)
        )
        where = json.loads(self.process.stdout.readline())
        self.url, self.dynamodb, self.throttled_dynamodb = where["gateway"], where["dynamodb"], where["throttled_dynamodb"]
        self.sessions, self.agents, self.teams, self.schedules = self.tables = where["tables"]

    def set_release(self, release):
        """Starts the functions anew, for another release of AgentScope."""
        assert http(f"{self.url}/_stack/release/{release}", "POST")[0] == 200

    def throttle(self, percent):
        """Lets DynamoDB refuse this percentage of sync's requests, and process as many batches in part."""
        assert http(f"{self.url}/_stack/throttling/{percent}", "POST")[0] == 200

    def requests(self):
        """What sync has sent to DynamoDB so far: counts by operation, and how many were refused or processed in part."""
        return json.loads(http(f"{self.url}/_stack/requests")[1])

    def writes(self):
        requests = self.requests()["requests"]
        reading = ("Get", "BatchGet", "Query", "Scan", "Describe")
        return sum(count for operation, count in requests.items() if not operation.startswith(reading))

    def dump(self):
        """All that the tables hold."""
        status, body = http(f"{self.url}/_stack/dump")
        assert status == 200, body
        return json.loads(body)

    def call(self, operation, **request):
        """A request to DynamoDB itself."""
        signature = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        headers = {
            "x-amz-target": f"DynamoDB_20120810.{operation}",
            "content-type": "application/x-amz-json-1.0",
            "authorization": signature,
            "x-amz-date": "20260101T000000Z",
        }
        call = urllib.request.Request(self.dynamodb, json.dumps(request).encode(), headers)
        with urllib.request.urlopen(call, timeout=30) as response:
            return json.loads(response.read())

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


def environment(release):
    """What the programs of this workspace are started with."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TEST_DYNAMODB", "RUST_"))}
    return {**inherited, "AGENTSCOPE_RELEASE": release}


class Sync:
    """`agentscope-sync`, from a Redis to the tables of a test_stack."""

    def __init__(self, redis: Redis, test_stack: Stack, folder: Path, release=RELEASE):
        self.redis, self.test_stack, self.release = redis, test_stack, release
        self.log = folder / "sync.log"
        self.process = None

    def start(self, *options, configure=True):
        """Starts it to follow, and waits until it says that it does."""
        self.address = f"127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            self._command("redis", "--listen", self.address, *(["--configure"] if configure else []), *options),
            stdout=self.log.open("a"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment(self.release),
        )  # fmt: skip
        self.wait()
        return self

    def logged(self):
        """What it has logged, but for what is no JSON: the sums that a run prints at its end."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def complaints(self):
        """What it has logged as a warning or as an error."""
        return [line for line in self.logged() if line.get("level") not in ("INFO", "DEBUG", "TRACE")]

    def wait(self):
        """Waits until it follows."""
        wait_until(self.follows, "agentscope-sync", self.process)

    def follows(self):
        return http(f"http://{self.address}/healthz")[0] == 200

    def stop(self, by=signal.SIGTERM):
        process, self.process = self.process, None
        return ended(process, by)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def once(self, *options):
        return self._run("redis", "--once", *options)

    def verify(self, *options):
        return self._run("verify", *options)

    def _run(self, command, *options):
        """Runs it to its end, and returns its exit status, and what it wrote to standard output."""
        with self.log.open("a") as log:
            done = subprocess.run(
                self._command(command, *options), stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                env=environment(self.release), timeout=PATIENCE_SECONDS, text=True,
            )  # fmt: skip
            log.write(done.stdout)
        return done.returncode, done.stdout

    def _command(self, command, *options):
        endpoint = ("--endpoint-url", self.test_stack.throttled_dynamodb)
        return [BINARIES / "agentscope-sync", command, self.redis.url, *endpoint, *options]
