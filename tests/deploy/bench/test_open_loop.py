"""The load generator, against small servers that stall, hang up, and answer in pieces."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploy.bench.open_loop import NO_ANSWER, Address, Load, Outcome, encode, run, run_apart

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
ASK = encode("GET", "/")
RATE = 1000.0
REQUESTS = 20
# Much longer than the requests take to become due (20 ms), so that all of them wait.
STALL_SECONDS = 0.3

# From the number of a request on its server, counted from 0, to what is sent; None hangs up.
Script = Callable[[int, bytes], bytes | None]


@contextmanager
def serving(script: Script) -> Iterator[Address]:
    """A server of one thread: while it deals with one request, all others wait."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=_serve, args=(listening, script))
    server.start()
    try:
        yield listening.getsockname()
    finally:
        # Wakes the thread from accept(), which closing alone does not.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        server.join()


def _serve(listening: socket.socket, script: Script) -> None:
    number = 0
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            while request := connection.recv(65_536):
                answer = script(number, request)
                number += 1
                if answer is None:
                    break
                connection.sendall(answer)


def stalls_once(number: int, request: bytes) -> bytes:
    """Quick for every request but the first."""
    if number == 0:
        threading.Event().wait(STALL_SECONDS)
    return OK


def test_waiting_behind_a_stall_is_counted() -> None:
    """All requests were due during the stall, so their waits overlap and exceed the time that passed."""
    with serving(stalls_once) as target:
        outcome = run(Load([target], [ASK] * REQUESTS, connections=1, rate=RATE))

    assert outcome.statuses == [200] * REQUESTS
    assert sum(outcome.latencies_ms) / 1000 > 2 * outcome.seconds
    assert min(outcome.latencies_ms) / 1000 > STALL_SECONDS - REQUESTS / RATE


def test_closed_loop_hides_the_stall() -> None:
    """The negative control: with the clock started at sending, one request alone knows of the stall."""
    with serving(stalls_once) as target:
        outcome = run(Load([target], [ASK] * REQUESTS, connections=1))

    assert outcome.statuses == [200] * REQUESTS
    assert sum(outcome.latencies_ms) / 1000 <= outcome.seconds
    assert outcome.latencies_ms[0] / 1000 >= STALL_SECONDS


def test_requests_are_due_at_fixed_times_and_never_early() -> None:
    with serving(lambda number, request: OK) as target:
        outcome = run(Load([target], [ASK] * REQUESTS, connections=1, rate=RATE))

    assert len(outcome.lateness_ms) == REQUESTS
    assert min(outcome.lateness_ms) >= 0
    assert outcome.seconds >= (REQUESTS - 1) / RATE
    assert outcome.cpu_us_a_request > 0


def test_connection_that_breaks_costs_its_own_request_alone() -> None:
    def hangs_up_on_the_third(number: int, request: bytes) -> bytes | None:
        return None if number == 2 else OK

    with serving(hangs_up_on_the_third) as target:
        outcome = run(Load([target], [ASK] * 6, connections=1))

    assert outcome.statuses == [200, 200, NO_ANSWER, 200, 200, 200]
    assert outcome.count(200) == 5


def test_bodies_come_back_in_the_order_of_the_requests() -> None:
    requests = [encode("POST", "/", {"x-number": str(n)}, b'{"n": %d}' % n) for n in range(5)]

    with serving(_in_chunks) as target:
        outcome = run(Load([target], requests, connections=1, keeps_bodies=True))

    assert outcome.bodies == [b'{"n": %d}' % n for n in range(5)]


def _in_chunks(number: int, request: bytes) -> bytes:
    """The request's body back, in chunks and under another status."""
    body = request.partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def test_closed_loop_ends_with_its_time_and_leaves_the_rest_unsent() -> None:
    with serving(stalls_once) as target:
        outcome = run(Load([target], [ASK] * REQUESTS, connections=1, seconds=STALL_SECONDS / 2))

    assert outcome.statuses == [200]
    assert outcome.rate_of(200) == 1 / outcome.seconds


def test_process_of_its_own_measures_the_same() -> None:
    with serving(lambda number, request: OK) as target:
        outcome = run_apart(Load([target], [ASK] * REQUESTS, connections=1, rate=RATE))

    assert isinstance(outcome, Outcome)
    assert outcome.statuses == [200] * REQUESTS
