"""The sandbox payment provider: a process and ledger of its own, so that it can charge and not answer."""

from deploy.local.sandbox_gateway.routes import app

__all__ = ["app"]
