"""How each thing that may be done with a booking is done through the API, by somebody who keeps accounts."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2

from app.bookings import action_rules
from app.bookings.schemas import Action
from app.core.ids import encode
from tests.app.bookings.travellers import Traveller, booking_request, payment_request
from tests.app.departures import Departure

GIVEN_BACK = {str(status) for status in action_rules.GIVEN_BACK}
SEATS = ("10A", "10C", "7A", "12F", "3B")

Body = dict[str, Any]
Try = Callable[[str], Awaitable[httpx2.Response]]


def travelling(booking: Body) -> list[str]:
    """Passengers with a coupon that is worth something."""
    return [
        ticket["passenger_id"]
        for ticket in booking["tickets"]
        if any(coupon["status"] not in GIVEN_BACK for coupon in ticket["coupons"])
    ]


class Hands:
    """One traveller at a moment of their own, and what they were charged and given back."""

    def __init__(self, traveller: Traveller, departures: list[Departure]) -> None:
        self.traveller, self.departures = traveller, departures
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.charged = self.given_back = 0
        self.bookings: list[Body] = []
        self.acts: Mapping[Action, Callable[[Body], Coroutine[Any, Any, httpx2.Response]]] = {
            Action.PAY: self.pay,
            Action.REPRICE: lambda booking: self.post(booking, "reprice"),
            Action.CANCEL: self.cancel,
            Action.CANCEL_PART: self.cancel_part,
            Action.CHANGE: self.change,
            Action.SPLIT: self.split,
            Action.CHECK_IN: self.check_in,
            Action.CORRECT_NAMES: self.correct_names,
            Action.ADD_EXTRAS: self.add_extras,
            Action.REQUEST_SERVICE: self.request_service,
        }

    @property
    def at(self) -> Traveller:
        return self.traveller.at(self.now)

    async def post(self, booking: Body, path: str, body: Any = None) -> httpx2.Response:
        return await self.at.post(f"/v1/bookings/{booking['id']}/{path}", body)

    async def book(self, types: tuple[str, ...], brand: str, hold: str) -> None:
        offer = await self.at.offer(self.departures[0], types, brand)
        answer = await self.at.post("/v1/bookings", booking_request(offer, types) | {"hold": hold})
        assert answer.status_code == 201, answer.text
        self.bookings.append(answer.json())

    async def pay(self, booking: Body, token: str = "tok_ok_US_card") -> httpx2.Response:
        return self._paid(await self.post(booking, "payments", payment_request(token)))

    async def cancel(self, booking: Body, body: Any = None) -> httpx2.Response:
        quote = await self.post(booking, "cancellations", body)
        if not quote.is_success:
            return quote
        answer = await self.at.post(f"/v1/cancellations/{quote.json()['id']}/confirm")
        if answer.is_success:
            self.given_back += sum(each["amount"]["amount_minor"] for each in answer.json()["refunds"])
        return answer

    async def cancel_part(self, booking: Body) -> httpx2.Response:
        """Of who travels alone, everything is all there is: that is no part, so a second slice is named."""
        more = {"slice_numbers": [2]} if len(set(travelling(booking))) == 1 else {}
        return await self._for_anybody(
            booking, lambda who: self.cancel(booking, {"passenger_ids": [who]} | more)
        )

    async def change(self, booking: Body) -> httpx2.Response:
        going = set(travelling(booking))
        types = tuple(each["type"] for each in booking["passengers"] if each["id"] in going)
        there = {segment["flight_id"] for part in booking["slices"] for segment in part["segments"]}
        elsewhere = [d for d in self.departures[1:] if encode("flt", d.flight_id) not in there]
        offer = await self.at.offer(elsewhere[0], types or ("adult",), "Flex")
        quote = await self.post(booking, "changes", {"offer_id": offer["id"]})
        if not quote.is_success:
            return quote
        body = {"payment": payment_request()}
        answer = await self.at.post(f"/v1/changes/{quote.json()['id']}/confirm", body)
        if answer.is_success:
            change = answer.json()
            assert change["status"] == "confirmed"
            self.charged += change["due"]["amount_minor"]
            self.given_back += change["residual"]["amount_minor"]
        return answer

    async def split(self, booking: Body) -> httpx2.Response:
        answer = await self._for_anybody(
            booking, lambda who: self.post(booking, "split", {"passenger_ids": [who]})
        )
        if answer.is_success:
            self.bookings.append(answer.json())
        return answer

    async def check_in(self, booking: Body) -> httpx2.Response:
        return await self._for_anybody(
            booking, lambda who: self.post(booking, "check-in", {"passenger_ids": [who]})
        )

    async def correct_names(self, booking: Body) -> httpx2.Response:
        """Large letters for small ones, so that no limit of letters is met."""

        async def correct(who: str) -> httpx2.Response:
            name = next(each["given_name"] for each in booking["passengers"] if each["id"] == who)
            return await self.at.client.patch(
                f"/v1/bookings/{booking['id']}/passengers/{who}",
                json={"given_name": name.swapcase()},
                headers=self.at.headers() | {"if-match": "*"},
            )

        return await self._for_anybody(booking, correct)

    async def add_extras(self, booking: Body) -> httpx2.Response:
        """Whatever there is most of, paid for where it waits for that."""
        found = (await self.at.get(f"/v1/bookings/{booking['id']}/ancillaries")).json()["available"]
        extra = max(found, key=lambda each: (each["most"], each["code"]), default=None) or {
            "passenger_id": booking["passengers"][0]["id"],
            "code": "SNACK",
        }
        choice = {name: extra[name] for name in ("passenger_id", "segment_id", "code") if name in extra}
        ordered = await self.post(booking, "ancillaries", {"extras": [choice]})
        if ordered.is_success:
            await self._pay_order(booking, ordered.json())
        return ordered

    async def request_service(self, booking: Body) -> httpx2.Response:
        path = f"/v1/bookings/{booking['id']}/service-requests"
        for known in (await self.at.get(path)).json()["data"]:
            await self.at.client.delete(f"{path}/{known['id']}", headers=self.at.headers())
        segment = booking["slices"][-1]["segments"][0]["id"]
        return await self._for_anybody(
            booking,
            lambda who: self.at.post(path, {"passenger_id": who, "segment_id": segment, "code": "VGML"}),
        )

    async def choose_seat(self, booking: Body, seat: str) -> httpx2.Response:
        place = {
            "passenger_id": booking["passengers"][0]["id"],
            "segment_id": booking["slices"][-1]["segments"][0]["id"],
            "seat": seat,
        }
        path = f"/v1/bookings/{booking['id']}/seats"
        headers = self.at.headers(f"{self.now.timestamp()} {seat} {len(self.bookings)} {self.charged}")
        answer = await self.at.client.put(path, json={"seats": [place]}, headers=headers)
        if answer.is_success and answer.json()["order"] is not None:
            await self._pay_order(booking, answer.json()["order"])
        return answer

    async def undo_check_in(self, booking: Body) -> httpx2.Response:
        return await self.post(booking, "check-in/undo", {})

    async def _pay_order(self, booking: Body, ordered: Body) -> None:
        if ordered["status"] == "waiting":
            paid = await self.post(booking, f"ancillaries/{ordered['id']}/payments", payment_request())
            assert paid.status_code == 201, paid.text
            self._paid(paid)

    def _paid(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.is_success and answer.json()["status"] != "failed":
            self.charged += answer.json()["amount"]["amount_minor"]
            self.given_back += answer.json()["refunded"]["amount_minor"]
        return answer

    async def _for_anybody(self, booking: Body, attempt: Try) -> httpx2.Response:
        """What can be done for some passenger can be done: the first answer that says so, or the last."""
        for passenger in booking["passengers"]:
            answer = await attempt(passenger["id"])
            if answer.is_success:
                break
        return answer
