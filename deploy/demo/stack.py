"""The stack that the demo works on: the one under CONTRAIL_HOME, as it was last started."""

import os

from deploy.local.settings import StackSettings


def stack_settings() -> StackSettings:
    """Settings of the stack; programs started from here and libraries used here see the same ones."""
    settings = StackSettings.resolve(None, os.environ)
    os.environ.update(settings.environment())
    return settings


def core_dsn(settings: StackSettings, role: str) -> str:
    """How to reach the core database in a role."""
    return settings.dsn("core", "contrail", role, f"{role.removeprefix('contrail_')}_password")


def gateway_url(settings: StackSettings) -> str:
    return f"http://{settings.host}:{settings.ports.gateway}"
