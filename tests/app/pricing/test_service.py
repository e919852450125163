"""The fare products as the process keeps them."""

from datetime import date, timedelta

import pytest

from app.core.db import transaction
from app.core.ids import uuid7
from app.core.money import Money
from app.pricing import service
from app.pricing.errors import FareProductNotFound
from app.pricing.schemas import Condition, FareComponent, PassengerType
from tests.app.conftest import Owner

TODAY = date(2031, 5, 4)

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]


async def test_conditions_are_three_valued() -> None:
    async with transaction() as tx:
        listed = await service.list_fare_products(tx, "economy", TODAY, TODAY + timedelta(days=30))
    products = {product.fare_basis: product for product in listed}

    standard, basic = products["H7STD"].conditions, products["K21BAS"].conditions
    penalty = Money(amount_minor=10000, currency="USD")
    assert standard.cancel_before_departure == Condition(allowed=True, penalty=penalty)
    assert basic.cancel_before_departure == Condition(allowed=False, penalty=None)
    assert basic.change_before_departure is None


async def test_only_the_cabins_own_products_bought_in_time_are_listed() -> None:
    async with transaction() as tx:
        economy = await service.list_fare_products(tx, "economy", TODAY, TODAY + timedelta(days=7))
        business = await service.list_fare_products(tx, "business", TODAY, TODAY)

    assert {product.fare_class for product in economy} == {"Y", "B", "M", "H"}
    assert {product.fare_class for product in business} == {"J"}


async def test_a_quote_adds_up_its_passengers() -> None:
    async with transaction() as tx:
        product = (await service.list_fare_products(tx, "economy", TODAY, TODAY))[0]

    quote = service.quote([FareComponent(product, 3983)], [PassengerType.INFANT, PassengerType.ADULT])

    assert [price.type for price in quote.passengers] == [PassengerType.INFANT, PassengerType.ADULT]
    assert quote.total == quote.passengers[0].total + quote.passengers[1].total


async def test_an_unknown_product_is_refused() -> None:
    async with transaction() as tx:
        with pytest.raises(FareProductNotFound):
            await service.get_fare_product(tx, uuid7())


async def test_a_change_is_seen_once_the_cache_is_a_minute_old(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction() as tx:
        product = (await service.list_fare_products(tx, "economy", TODAY, TODAY))[0]

    try:
        owner.execute("update app.fare_products set brand = 'Renamed' where id = %s", (product.id,))
        async with transaction() as tx:
            kept = await service.get_fare_product(tx, product.id)
            monkeypatch.setattr(service, "CACHE_SECONDS", 0)
            fresh = await service.get_fare_product(tx, product.id)
    finally:
        owner.execute("update app.fare_products set brand = %s where id = %s", (product.brand, product.id))

    assert (kept.brand, fresh.brand) == (product.brand, "Renamed")
    async with transaction() as tx:
        assert (await service.get_fare_product(tx, product.id)).brand == product.brand
