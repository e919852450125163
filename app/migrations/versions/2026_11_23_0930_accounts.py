"""Make what an account needs beside its password: proofs by mail, second factors, API keys, consent."""

from alembic import op

revision = "accounts"
down_revision = "fx_rates"
branch_labels = None
depends_on = None

SESSIONS = """
alter table app.sessions add column second_factor_at timestamptz;
alter table app.sessions drop constraint sessions_end_reason_check;
alter table app.sessions add constraint sessions_end_reason_check check (end_reason in (
    'logged_out', 'reuse_detected', 'password_reset', 'expired', 'ended_by_user', 'roles_changed', 'locked',
    'erased'
)) not valid;
alter table app.sessions validate constraint sessions_end_reason_check;
create index sessions_by_end on app.sessions (ended_at) where ended_at is not null;

alter table vault.logins add column email_verified_at timestamptz;

create table vault.session_origins (
    session_id uuid primary key,
    user_id uuid not null,
    sealed bytea not null
);
create index session_origins_by_user on vault.session_origins (user_id);
"""

# A letter carries a token that is derived from this row's id when the letter is written, so that
# neither the stream nor this table ever holds one.
MAIL_TOKENS = """
create table app.mail_tokens (
    id uuid primary key,
    purpose text not null check (purpose in ('password_reset', 'email_verification')),
    user_id uuid not null references app.users (id),
    token_hash bytea not null constraint mail_tokens_hash_key unique,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index mail_tokens_by_user on app.mail_tokens (user_id, purpose, requested_at);
create index mail_tokens_by_end on app.mail_tokens (expires_at);
"""

FACTORS = """
create table vault.second_factors (
    user_id uuid primary key,
    sealed_seed bytea not null,
    last_counter bigint not null default 0,
    failed_attempts integer not null default 0,
    locked_until timestamptz,
    confirmed_at timestamptz,
    created_at timestamptz not null default now()
);

create table vault.recovery_codes (
    user_id uuid not null references vault.second_factors (user_id) on delete cascade,
    code_hash bytea not null,
    used_at timestamptz,
    primary key (user_id, code_hash)
);
"""

API_KEYS = """
create table app.api_keys (
    id uuid primary key,
    user_id uuid not null references app.users (id),
    name text not null,
    prefix text not null,
    key_hash bytea not null constraint api_keys_hash_key unique,
    scopes text[] not null check (cardinality(scopes) > 0),
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    replaced_by uuid references app.api_keys (id)
);
create index api_keys_by_user on app.api_keys (user_id, id);
"""

CONSENTS = """
create table app.consents (
    id uuid primary key,
    user_id uuid not null references app.users (id),
    purpose text not null check (purpose in ('marketing')),
    is_given boolean not null,
    decided_at timestamptz not null,
    request_id text not null
);
create index consents_by_user on app.consents (user_id, purpose, id);
"""

# By a keyed hash of the locator or of the address, for as long as the window lasts.
GUEST_ATTEMPTS = """
create table app.guest_attempts (
    key_hash bytea primary key,
    failures integer not null,
    window_ends_at timestamptz not null
);
create index guest_attempts_by_end on app.guest_attempts (window_ends_at);
"""

TABLES = (
    "app.guest_attempts",
    "app.consents",
    "app.api_keys",
    "vault.recovery_codes",
    "vault.second_factors",
    "app.mail_tokens",
    "vault.session_origins",
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for part in (SESSIONS, MAIL_TOKENS, FACTORS, API_KEYS, CONSENTS, GUEST_ATTEMPTS):
        op.execute(part)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in TABLES:
        op.execute(f"drop table {table}")
    op.execute("drop index app.sessions_by_end")
    op.execute("alter table app.sessions drop constraint sessions_end_reason_check")
    op.execute(
        "update app.sessions set end_reason = 'logged_out' where end_reason in "
        "('ended_by_user', 'roles_changed', 'locked', 'erased')"
    )
    op.execute(
        "alter table app.sessions add constraint sessions_end_reason_check check (end_reason in "
        "('logged_out', 'reuse_detected', 'password_reset', 'expired'))"
    )
    op.execute("alter table app.sessions drop column second_factor_at")
    op.execute("alter table vault.logins drop column email_verified_at")
