"""Our flags behind OpenFeature: a provider that answers from what this process remembers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, ProviderNotReadyError, TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata

from app.core.config import get_settings
from app.settings import memory, rules
from app.settings.schemas import FlagState, Kind

DOMAIN = "contrail"
# Attributes of the evaluation context beside its targeting key, which is the user's id.
ROLES = "roles"
AT = "at"

Answer = TypeVar("Answer")


class PostgresProvider(AbstractProvider):
    """Resolves without I/O. A flag nobody said anything of is FLAG_NOT_FOUND: the caller's default holds."""

    def get_metadata(self) -> Metadata:
        return Metadata(name="contrail-postgres")

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return _resolve(flag_key, evaluation_context, (bool,))

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return _resolve(flag_key, evaluation_context, (str,))

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return _resolve(flag_key, evaluation_context, (int,))

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return _resolve(flag_key, evaluation_context, (float,))

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        return _resolve(flag_key, evaluation_context, (dict, list))


@lru_cache
def client() -> OpenFeatureClient:
    """The client by which the code asks for its flags."""
    # Waiting, though there is nothing to wait for: else the library makes a thread.
    api.set_provider_and_wait(PostgresProvider(), DOMAIN)
    return api.get_client(DOMAIN)


def _resolve(
    key: str, context: EvaluationContext | None, types: tuple[type, ...]
) -> FlagResolutionDetails[Any]:
    snapshot = memory.current()
    if snapshot is None:
        raise ProviderNotReadyError("this process is not told of changes; ask app.settings.service")
    context = context or EvaluationContext()
    at = context.attributes.get(AT)
    if not isinstance(at, datetime):
        raise TypeMismatchError(f"the attribute {AT} is the moment of the question")
    found = rules.in_effect(snapshot.of(Kind.FLAG, key), get_settings().environment, at)
    if found is None:
        raise FlagNotFoundError(f"nothing was said of {key}")
    state = FlagState.model_validate(found.value)
    roles = context.attributes.get(ROLES, ())
    served = rules.serve(
        key, state, context.targeting_key, [str(role) for role in roles] if isinstance(roles, list) else []
    )
    if type(served.value) not in types:
        raise TypeMismatchError(f"{key} serves values of type {type(served.value).__name__}")
    return FlagResolutionDetails(
        value=served.value,
        variant=served.variant,
        reason=_reason(state, served),
        flag_metadata={"version": found.version},
    )


def _reason(state: FlagState, served: rules.Served) -> Reason:
    if not state.enabled:
        return Reason.DISABLED
    return Reason.TARGETING_MATCH if served.is_targeted else Reason.STATIC
