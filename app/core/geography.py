"""Coarse geography of an address: the country and the nearest airport, and no finer."""

import csv
import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.core.config import get_settings

SANDBOX_TABLE = Path(__file__).with_name("geography_sandbox.csv")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Place:
    country: str
    airport: str


@lru_cache
def _table() -> tuple[tuple[Network, Place], ...]:
    settings = get_settings()
    path = settings.geoip_csv or (SANDBOX_TABLE if settings.is_sandbox else None)
    if path is None:
        return ()
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(
            (ipaddress.ip_network(row["network"]), Place(row["country"], row["airport"]))
            for row in csv.DictReader(lines)
        )


@lru_cache(maxsize=4096)
def place_of(ip: str) -> Place | None:
    """Where an address is, by the narrowest network of the table that holds it; None when none does."""
    address = ipaddress.ip_address(ip)
    holding = [entry for entry in _table() if entry[0].version == address.version and address in entry[0]]
    return max(holding, key=lambda entry: entry[0].prefixlen)[1] if holding else None
