"""Waits that grow, an end after 72 hours, and addresses that are never sent to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notifications.webhooks import rules
from app.notifications.webhooks.errors import EndpointUnfit

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
INNER = ("10.0.0.0/8", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "fc00::/7", "fe80::/10")


@given(st.integers(1, 1000))
def test_waits_never_shrink(attempts: int) -> None:
    assert rules.wait_after(attempts + 1) >= rules.wait_after(attempts) > timedelta()


def test_tries_span_72_hours_and_no_more() -> None:
    at, attempts = NOON, 0
    while True:
        attempts += 1
        following = at + rules.wait_after(attempts)
        if rules.is_given_up(NOON, following):
            break
        at = following

    assert timedelta(hours=60) < at - NOON <= timedelta(hours=72)
    assert 10 <= attempts <= 20


@given(st.one_of(*(st.ip_addresses(network=network) for network in INNER)))
def test_no_inner_address_is_public(address: object) -> None:
    with pytest.raises(EndpointUnfit):
        rules.ensure_public([str(address)], may_be_loopback=False)


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(EndpointUnfit):
        rules.ensure_public(["8.8.8.8", "10.0.0.1"], may_be_loopback=True)
    rules.ensure_public(["8.8.8.8", "2606:4700::1111"], may_be_loopback=False)
