"""Rates by day: loaded once, found by the newest day, told with their date."""

from datetime import date, timedelta
from decimal import Decimal

import httpx2
import pytest

from app.core.db import transaction
from app.pricing.fx import ecb, service
from app.pricing.fx.errors import CurrencyUnavailable
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]


@pytest.fixture
async def loaded(core: None) -> date:
    """The bank's rates in the database; gives their last day."""
    await load_every_rate()
    return ecb.newest_day()


async def load_every_rate() -> None:
    written = 1
    while written:
        async with transaction() as session:
            written = await service.load_rates(session)


def a_friday(loaded: date) -> date:
    day = loaded - timedelta(days=30)
    while day.isoweekday() != 5:
        day -= timedelta(days=1)
    return day


async def test_rates_are_loaded_once(loaded: date, owner: Owner) -> None:
    async with transaction() as session:
        again = await service.load_rates(session)

    counted = owner.execute("select count(*) > 5000, max(rate_date) from app.fx_rates").fetchone()
    assert (again, counted) == (0, (True, loaded))


async def test_only_days_that_are_missing_are_loaded(loaded: date, owner: Owner) -> None:
    owner.execute("delete from app.fx_rates where rate_date > %s", (loaded - timedelta(days=7),))

    async with transaction() as session:
        written = await service.load_rates(session)

    assert 0 < written < 40 * 7
    assert owner.execute("select max(rate_date) from app.fx_rates").fetchone() == (loaded,)


async def test_on_a_day_without_a_market_the_rate_is_the_one_of_the_day_before(loaded: date) -> None:
    friday = a_friday(loaded)

    async with transaction() as session:
        on_friday = await service.get_exchange(session, "USD", "EUR", friday)
        on_sunday = await service.get_exchange(session, "USD", "EUR", friday + timedelta(days=2))

    assert on_friday == on_sunday
    assert on_sunday.as_of <= friday
    assert on_sunday.source == "ECB"


async def test_a_rate_is_what_the_bank_published(loaded: date, owner: Owner) -> None:
    row = owner.execute(
        "select rate from app.fx_rates where rate_date = %s and currency = 'USD'", (loaded,)
    ).fetchone()

    async with transaction() as session:
        exchange = await service.get_exchange(session, "EUR", "USD", loaded)

    assert row is not None
    assert exchange.rate == Decimal(str(row[0]))


@pytest.mark.parametrize(("base", "currency"), [("USD", "XXX"), ("XXX", "USD")])
async def test_a_currency_the_bank_does_not_know_is_refused(loaded: date, base: str, currency: str) -> None:
    async with transaction() as session:
        with pytest.raises(CurrencyUnavailable):
            await service.get_exchange(session, base, currency, loaded)


async def test_before_all_rates_there_is_none(loaded: date) -> None:
    async with transaction() as session:
        with pytest.raises(CurrencyUnavailable):
            await service.get_exchange(session, "USD", "EUR", date(1998, 1, 1))


async def test_rates_are_listed_against_any_base(loaded: date, client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/v1/fx-rates?base=USD&day={loaded.isoformat()}")

    body = answer.json()
    assert (answer.status_code, body["base_currency"], body["as_of"]) == (200, "USD", loaded.isoformat())
    by_currency = {entry["currency"]: entry for entry in body["rates"]}
    assert Decimal(by_currency["USD"]["rate"]) == 1
    assert by_currency["JPY"]["minor_units"] == 0
    assert 0 < Decimal(by_currency["EUR"]["rate"]) < 2


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("base=XXX", "/(query)/base"), ("base=usd", "/(query)/base"), ("day=yesterday", "/(query)/day")],
)
async def test_what_cannot_be_listed_is_refused(
    loaded: date, client: httpx2.AsyncClient, query: str, pointer: str
) -> None:
    answer = await client.get(f"/v1/fx-rates?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
