"""Make a place for secrets that are a user's own, sealed as people are."""

from alembic import op

revision = "vault_secrets"
down_revision = "row_history"
branch_labels = None
depends_on = None

SECRETS = """
create table vault.secrets (
    id uuid primary key,
    kind text not null check (kind ~ '^[a-z_]+$'),
    key_version text not null,
    wrapped_key bytea not null,
    sealed bytea not null,
    created_at timestamptz not null default now()
)
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(SECRETS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table vault.secrets")
