-- The roles of the core cluster and its database. Run as superuser with psql, any number of times.
-- Passwords come from the environment: plain, or already as SCRAM verifiers.
\set ON_ERROR_STOP on
set client_min_messages = warning;

\getenv contrail_owner_password CONTRAIL_OWNER_VERIFIER
\getenv app_rw_password APP_RW_VERIFIER
\getenv app_ro_password APP_RO_VERIFIER
\getenv cdc_password CDC_VERIFIER
\getenv live_rw_password LIVE_RW_VERIFIER
\getenv bi_reader_password BI_READER_VERIFIER

select format('create role %I login', name)
from unnest(array['contrail_owner', 'app_rw', 'app_ro', 'cdc', 'live_rw', 'bi_reader']) as name
where not exists (select 1 from pg_roles where rolname = name)
\gexec

alter role contrail_owner with nosuperuser nocreatedb nocreaterole password :'contrail_owner_password';
alter role app_rw with nosuperuser nocreatedb nocreaterole password :'app_rw_password';
alter role app_ro with nosuperuser nocreatedb nocreaterole password :'app_ro_password';
alter role cdc with nosuperuser nocreatedb nocreaterole replication password :'cdc_password';
alter role live_rw with nosuperuser nocreatedb nocreaterole password :'live_rw_password';
alter role bi_reader with nosuperuser nocreatedb nocreaterole password :'bi_reader_password';

select 'create database contrail owner contrail_owner'
where not exists (select 1 from pg_database where datname = 'contrail')
\gexec

revoke all on database contrail from public;
grant connect on database contrail to app_rw, app_ro, cdc, live_rw, bi_reader;

-- For app.make_month_partition: a row that moves to its month is no change that a trigger should see.
grant set on parameter session_replication_role to contrail_owner;

-- A request that waits longer than its caller does only holds locks. Migrations and capture set their own.
alter role app_rw set statement_timeout = '5s';
alter role app_rw set lock_timeout = '2s';
alter role app_rw set idle_in_transaction_session_timeout = '10s';
alter role live_rw set statement_timeout = '30s';
alter role live_rw set lock_timeout = '5s';
alter role live_rw set idle_in_transaction_session_timeout = '30s';
alter role app_ro set statement_timeout = '60s';
alter role app_ro set default_transaction_read_only = on;
alter role bi_reader set statement_timeout = '60s';
alter role bi_reader set default_transaction_read_only = on;

\connect contrail
revoke create on schema public from public;
