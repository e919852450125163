"""A load generator that does not wait for slow answers: arrival times are fixed before the first request.

`run` sends, in this process; `run_apart` does so in a process of its own, so that only the machine is shared
with whoever starts it. Plain sockets and one parser: see README for what a request costs.
"""

import multiprocessing
import select
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache

import httptools

# A server that has not answered by then, counted from the last arrival, is not slow but gone.
ANSWER_LIMIT_SECONDS = 30.0
RECEIVE_BYTES = 65_536
NO_ANSWER = 0

Address = tuple[str, int]


@dataclass(frozen=True)
class Load:
    """What is sent, in order, and how. With a `rate` (a second) request i is due i / rate after the start;
    without one each connection sends its next request as soon as it has an answer (closed loop).
    Connections are spread over `targets` in turn. A closed loop ends after `seconds`, if any are given."""

    targets: Sequence[Address]
    requests: Sequence[bytes]
    connections: int
    rate: float | None = None
    seconds: float | None = None
    keeps_bodies: bool = False


@dataclass
class Outcome:
    """One entry a request that was due, in the order of `requests`.

    `latencies_ms` count from the moment a request was due (open loop) or sent (closed); one that was never
    answered has status 0. `lateness_ms` is the generator's own part: how long after its time it noticed
    that a request was due. `seconds` last from the start to the last answer."""

    latencies_ms: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    lateness_ms: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def cpu_us_a_request(self) -> float:
        return 1e6 * self.cpu_seconds / max(1, len(self.statuses))

    def count(self, *statuses: int) -> int:
        return sum(status in statuses for status in self.statuses)

    def rate_of(self, *statuses: int) -> float:
        """Answers with one of these statuses, a second."""
        return self.count(*statuses) / self.seconds if self.seconds else 0.0


def encode(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """A request as it goes over the wire, on a connection that stays open."""
    lines = [f"{method} {path} HTTP/1.1", "host: contrail.bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    elif method != "GET":
        lines.append("content-length: 0")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def run_apart(load: Load) -> Outcome:
    """`run` in a process of its own, which imports nothing but this module and serves later loads too."""
    return _apart().submit(run, load).result()


@cache
def _apart() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def run(load: Load) -> Outcome:
    """Send the load and wait for every answer, but no longer than ANSWER_LIMIT_SECONDS after the last."""
    generator = _Generator(load)
    try:
        return generator.run()
    finally:
        generator.close()


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self.number: int | None = None
        self.socket = self._connect()
        self._parser = httptools.HttpResponseParser(self)
        self.is_answered = False
        self.body: list[bytes] = []

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(self._target, timeout=ANSWER_LIMIT_SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def send(self, number: int, request: bytes) -> None:
        self.number, self.is_answered = number, False
        self.body = []
        # To an idle connection a request goes at once: the kernel's buffer is larger than any of ours.
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status, once an answer is whole. Raises ConnectionError when the server hangs up."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        self._parser.feed_data(data)
        if not self.is_answered:
            return None
        return int(self._parser.get_status_code())

    def reopen(self) -> None:
        self.socket.close()
        self.number = None
        self.socket = self._connect()
        self._parser = httptools.HttpResponseParser(self)

    # What the parser calls.
    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.is_answered = True


class _Generator:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._poll = select.epoll()
        self._by_file: dict[int, _Connection] = {}
        self._idle: deque[_Connection] = deque()
        count = len(load.requests)
        # When each request's clock began to run; None until it was due.
        self._began: list[float | None] = [None] * count
        self._latencies: list[float | None] = [None] * count
        self._statuses = [NO_ANSWER] * count
        self._bodies: list[bytes] = [b""] * count if load.keeps_bodies else []
        self._lateness: list[float] = []
        self._due: deque[int] = deque()
        self._next = 0
        self._under_way = 0
        self._last_answer = 0.0
        for position in range(load.connections):
            connection = _Connection(load.targets[position % len(load.targets)])
            self._watch(connection)
            self._idle.append(connection)

    def run(self) -> Outcome:
        self._start, cpu = time.perf_counter(), time.process_time()
        if self._load.rate is None:
            self._run_closed()
        else:
            self._run_open(1 / self._load.rate)
        return self._outcome(time.process_time() - cpu)

    def close(self) -> None:
        for connection in self._by_file.values():
            connection.socket.close()
        self._poll.close()

    def _run_open(self, interval: float) -> None:
        count = len(self._load.requests)
        give_up = self._start + count * interval + ANSWER_LIMIT_SECONDS
        while self._next < count or self._due or self._under_way:
            now = time.perf_counter()
            while self._next < count and (at := self._start + self._next * interval) <= now:
                self._began[self._next] = at
                self._lateness.append((now - at) * 1000)
                self._due.append(self._next)
                self._next += 1
            while self._due and self._idle:
                self._send(self._idle.popleft(), self._due.popleft())
            if now > give_up:
                return
            until = self._start + self._next * interval if self._next < count else give_up
            self._receive_until(until)

    def _run_closed(self) -> None:
        count = len(self._load.requests)
        until = self._start + (self._load.seconds or float("inf"))
        give_up = until + ANSWER_LIMIT_SECONDS
        while True:
            now = time.perf_counter()
            while self._next < count and self._idle and now < until:
                self._began[self._next] = time.perf_counter()
                self._send(self._idle.popleft(), self._next)
                self._next += 1
            if not self._under_way or now > give_up:
                return
            self._receive_until(now + ANSWER_LIMIT_SECONDS)

    def _send(self, connection: _Connection, number: int) -> None:
        self._under_way += 1
        try:
            connection.send(number, self._load.requests[number])
        except ConnectionError:
            self._lose(connection)

    def _receive_until(self, moment: float) -> None:
        """Take what answers there are, at the latest at `moment`.

        epoll waits in whole milliseconds, select in microseconds: so the one is asked through the other."""
        wait = max(0.0, moment - time.perf_counter())
        if not select.select([self._poll], [], [], wait)[0]:
            return
        for file, _ in self._poll.poll(0):
            connection = self._by_file[file]
            try:
                status = connection.receive()
            except (ConnectionError, TimeoutError):
                self._lose(connection)
            else:
                if status is not None:
                    self._answered(connection, status)

    def _answered(self, connection: _Connection, status: int) -> None:
        number, now = connection.number, time.perf_counter()
        if number is None:
            raise RuntimeError("an answer came to no request")
        self._record(number, status, now)
        if self._load.keeps_bodies:
            self._bodies[number] = b"".join(connection.body)
        connection.number = None
        self._under_way -= 1
        self._idle.append(connection)

    def _lose(self, connection: _Connection) -> None:
        """A connection broke: its request stays unanswered, and a new one takes its place."""
        if connection.number is not None:
            self._record(connection.number, NO_ANSWER, time.perf_counter())
            self._under_way -= 1
            self._idle.append(connection)
        del self._by_file[connection.socket.fileno()]
        connection.reopen()
        self._watch(connection)

    def _watch(self, connection: _Connection) -> None:
        self._by_file[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.EPOLLIN)

    def _record(self, number: int, status: int, now: float) -> None:
        began = self._began[number]
        if began is None:
            raise RuntimeError("a request was answered before it was due")
        self._latencies[number] = (now - began) * 1000
        self._statuses[number] = status
        self._last_answer = now

    def _outcome(self, cpu_seconds: float) -> Outcome:
        ended = time.perf_counter()
        begun = [(number, at) for number, at in enumerate(self._began) if at is not None]
        return Outcome(
            latencies_ms=[self._latency(number, at, ended) for number, at in begun],
            statuses=[self._statuses[number] for number, _ in begun],
            lateness_ms=self._lateness,
            bodies=[self._bodies[number] for number, _ in begun] if self._bodies else [],
            seconds=(self._last_answer or ended) - self._start,
            cpu_seconds=cpu_seconds,
        )

    def _latency(self, number: int, began: float, ended: float) -> float:
        """Of one without an answer: as long as it was waited for."""
        known = self._latencies[number]
        return (ended - began) * 1000 if known is None else known
