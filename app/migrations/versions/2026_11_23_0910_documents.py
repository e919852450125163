"""Make documents, their number series without gaps, and the names on them in the vault."""

from alembic import op

revision = "documents"
down_revision = "names_and_services"
branch_labels = None
depends_on = None

DOCUMENTS = """
create table app.documents (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    kind text not null check (kind in ('receipt', 'invoice', 'credit_note', 'itinerary')),
    revision integer not null check (revision >= 1),
    number text constraint documents_number_key unique,
    refund_id uuid constraint documents_refund_key unique,
    template text not null,
    facts jsonb not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    issued_at timestamptz not null,
    constraint documents_revision_key unique (booking_id, kind, revision),
    constraint documents_numbered check ((number is not null) = (kind in ('invoice', 'credit_note')))
);

create function app.documents_are_final() returns trigger language plpgsql as $$
begin
    raise exception 'an issued document is not changed' using errcode = 'insufficient_privilege';
end
$$;
create trigger documents_final before update or delete on app.documents
    for each row execute function app.documents_are_final();

create table app.document_series (
    series text primary key,
    last_number integer not null check (last_number >= 1)
);

create table vault.document_names (
    document_id uuid not null references app.documents (id),
    subject_id uuid not null,
    sealed bytea not null,
    primary key (document_id, subject_id)
);
create index document_names_by_subject on vault.document_names (subject_id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(DOCUMENTS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table vault.document_names")
    op.execute("drop table app.document_series")
    op.execute("drop table app.documents")
    op.execute("drop function app.documents_are_final()")
