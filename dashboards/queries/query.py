"""Owns what a query is: a name, a statement, and the relations it reads."""

import re
from dataclasses import dataclass

RELATION = re.compile(r"\b(marts|ops|live)\.([a-z_]+)")


@dataclass(frozen=True)
class Query:
    """One named statement. Published marts take $parameters, live tables %(parameters)s."""

    name: str
    sql: str

    @property
    def relations(self) -> frozenset[str]:
        """Qualified names of the relations read, e.g. {"marts.fct_booking"}."""
        return frozenset(f"{schema}.{table}" for schema, table in RELATION.findall(self.sql))
