-- What the loader and the checks write, apart from what dbt builds. Safe to run again.
create schema if not exists raw;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists marts;
create schema if not exists ops;

-- Arrival order in the warehouse, and the only incremental watermark: an LSN is neither an identity
-- nor an order across keys.
create sequence if not exists raw.load_ids as bigint;

create table if not exists raw.change_log (
    topic_id text not null,
    topic text not null,
    kpart integer not null,
    koffset bigint not null,
    load_id bigint not null default nextval('raw.load_ids'),
    src_table text not null,
    op text not null check (op in ('c', 'u', 'd', 'r')),
    is_snapshot boolean not null,
    pk text not null,
    lsn bigint not null,
    tx_id bigint,
    source_ts timestamptz not null,
    source_date date not null,
    connector_ts timestamptz,
    kafka_ts timestamptz,
    landed_at timestamptz,
    before jsonb,
    after jsonb,
    schema_fp text,
    source_file text not null,
    primary key (topic_id, kpart, koffset, source_date)
) partition by range (source_date);
create index if not exists change_log_by_key on raw.change_log (src_table, pk);
create index if not exists change_log_by_arrival on raw.change_log (src_table, load_id);

-- Where DuckDB puts the rows of one load; empty between transactions.
create unlogged table if not exists raw.incoming (
    topic_id text,
    topic text,
    kpart integer,
    koffset bigint,
    src_table text,
    op text,
    is_snapshot boolean,
    pk text,
    lsn bigint,
    tx_id bigint,
    source_ts timestamptz,
    connector_ts timestamptz,
    kafka_ts timestamptz,
    landed_at timestamptz,
    before text,
    after text,
    schema_fp text,
    source_file text
);

create table if not exists raw.load_manifest (
    topic_id text not null,
    topic text not null,
    partition integer not null,
    start_offset bigint not null,
    next_offset bigint not null check (next_offset >= start_offset),
    row_count bigint not null,
    path text,
    sha256 text,
    previous_hash text not null,
    hash text not null,
    min_source_ts timestamptz,
    max_source_ts timestamptz,
    written_at timestamptz not null,
    contract_status text not null check (contract_status in ('passed', 'extra_columns', 'empty')),
    loaded_at timestamptz not null default clock_timestamp(),
    run_id text not null,
    primary key (topic_id, partition, start_offset, hash)
);
create index if not exists load_manifest_by_time on raw.load_manifest (loaded_at);

create table if not exists raw.quarantine (
    quarantine_id bigint generated always as identity primary key,
    topic_id text not null,
    topic text not null,
    partition integer not null,
    start_offset bigint not null,
    path text,
    reason text not null,
    run_id text not null,
    quarantined_at timestamptz not null default clock_timestamp(),
    last_tried_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz
);
create unique index if not exists quarantine_open
    on raw.quarantine (topic_id, partition) where resolved_at is null;

create table if not exists ops.reconciliation_run (
    reconciliation_id text primary key,
    checked_at timestamptz not null default clock_timestamp(),
    snapshot text not null,
    snapshot_at timestamptz not null,
    is_ok boolean not null
);
create table if not exists ops.reconciliation_table (
    reconciliation_id text not null references ops.reconciliation_run (reconciliation_id),
    table_name text not null,
    source_rows bigint not null,
    missing bigint not null,
    extra bigint not null,
    different bigint not null,
    primary key (reconciliation_id, table_name)
);

create table if not exists ops.publication (
    version text primary key,
    file_name text not null,
    published_at timestamptz not null,
    max_source_ts timestamptz
);

create table if not exists ops.alert (
    run_id text not null,
    check_name text not null,
    asset text not null,
    job_name text not null,
    reason text not null,
    raised_at timestamptz not null default clock_timestamp(),
    primary key (run_id, check_name, asset)
);

grant usage on schema marts, ops to bi_reader;
alter default privileges in schema marts grant select on tables to bi_reader;
alter default privileges in schema ops grant select on tables to bi_reader;
grant select on all tables in schema ops to bi_reader;
