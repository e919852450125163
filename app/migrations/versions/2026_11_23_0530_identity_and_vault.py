"""Make users, their sessions, and the vault that alone knows who they are."""

from alembic import op

revision = "0004_identity"
down_revision = "0003_inventory"
branch_labels = None
depends_on = None

HASH_PARTITIONS = 8

USERS = """
create table app.users (
    id uuid primary key,
    status text not null default 'active' check (status in ('active', 'locked', 'erased')),
    email_hash text not null,
    prior_hashes jsonb,
    marketing_consent boolean not null default false,
    simulated boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null default now()
) partition by hash (id);
"""

SESSIONS = """
create table app.user_roles (
    user_id uuid not null references app.users (id),
    role text not null check (role in (
        'customer', 'agent', 'analyst', 'fraud', 'operations', 'admin', 'simulator'
    )),
    granted_at timestamptz not null default now(),
    primary key (user_id, role)
);

create table app.sessions (
    id uuid primary key,
    user_id uuid not null references app.users (id),
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    ended_at timestamptz,
    end_reason text check (end_reason in ('logged_out', 'reuse_detected', 'password_reset', 'expired'))
);
create index sessions_by_user on app.sessions (user_id) where ended_at is null;

create table app.refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references app.sessions (id) on delete cascade,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_by_session on app.refresh_tokens (session_id);
"""

# One sealed envelope per subject: AES-GCM under a key of the subject's own, which is itself wrapped
# by the vault's master key. Erasing a person deletes the row, and with it the only copy of the key.
VAULT = """
create table vault.people (
    subject_id uuid primary key,
    kind text not null check (kind in ('user', 'contact', 'passenger')),
    key_version text not null,
    wrapped_key bytea not null,
    sealed bytea not null,
    created_at timestamptz not null default now()
);

create table vault.logins (
    user_id uuid primary key,
    email_lookup bytea not null constraint logins_email_lookup_key unique,
    password_hash text not null,
    failed_attempts integer not null default 0,
    locked_until timestamptz
);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(USERS)
    for remainder in range(HASH_PARTITIONS):
        op.execute(
            f"create table app.users_{remainder} partition of app.users "
            f"for values with (modulus {HASH_PARTITIONS}, remainder {remainder})"
        )
        op.execute(f"alter table app.users_{remainder} replica identity full")
    op.execute("alter table app.users replica identity full")
    op.execute(SESSIONS)
    op.execute(VAULT)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in (
        "vault.logins",
        "vault.people",
        "app.refresh_tokens",
        "app.sessions",
        "app.user_roles",
        "app.users",
    ):
        op.execute(f"drop table {table}")
