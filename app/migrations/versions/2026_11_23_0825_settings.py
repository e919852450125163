"""Make the settings and flags: every version is kept, and each process is told of a new one."""

from alembic import op

revision = "settings"
down_revision = "audit"
branch_labels = None
depends_on = None

VERSIONS = """
create table app.setting_versions (
    kind text not null check (kind in ('setting', 'flag')),
    key text not null check (key ~ '^[a-z0-9_]+([.][a-z0-9_]+)*$' and length(key) <= 100),
    version integer not null check (version > 0),
    environment text not null check (environment in ('all', 'sandbox', 'production')),
    value jsonb,
    effective_from timestamptz not null,
    reason text not null check (length(reason) between 1 and 500),
    made_by uuid,
    made_at timestamptz not null default now(),
    constraint setting_versions_pkey primary key (kind, key, version)
);

create trigger setting_versions_append_only before update or delete on app.setting_versions
    for each row execute function app.rows_are_append_only('setting_versions');
revoke update, delete on app.setting_versions from app_rw;

create function app.settings_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('settings', '');
    return null;
end
$$;
create trigger setting_versions_changed after insert on app.setting_versions
    for each statement execute function app.settings_changed();
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(VERSIONS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.setting_versions")
    op.execute("drop function app.settings_changed()")
