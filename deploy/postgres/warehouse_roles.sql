-- The roles of the warehouse cluster and its two databases. Run as superuser with psql, any number of times.
-- Passwords come from the environment: plain, or already as SCRAM verifiers.
\set ON_ERROR_STOP on
set client_min_messages = warning;

\getenv warehouse_password WAREHOUSE_VERIFIER
\getenv dagster_password DAGSTER_VERIFIER
\getenv bi_reader_password BI_READER_VERIFIER

select format('create role %I login', name)
from unnest(array['warehouse', 'dagster', 'bi_reader']) as name
where not exists (select 1 from pg_roles where rolname = name)
\gexec

alter role warehouse with nosuperuser nocreatedb nocreaterole password :'warehouse_password';
alter role dagster with nosuperuser nocreatedb nocreaterole password :'dagster_password';
alter role bi_reader with nosuperuser nocreatedb nocreaterole password :'bi_reader_password';

select format('create database %I owner %I', name, name)
from unnest(array['warehouse', 'dagster']) as name
where not exists (select 1 from pg_database where datname = name)
\gexec

revoke all on database warehouse, dagster from public;
grant connect on database warehouse to bi_reader;
alter role bi_reader set statement_timeout = '60s';
alter role bi_reader set default_transaction_read_only = on;

\connect warehouse
revoke create on schema public from public;

-- Analysts read what dbt has modelled and nothing below it. The schemas are made here so that the
-- grant is there before the first table is.
set role warehouse;
create schema if not exists marts;
create schema if not exists ops;
grant usage on schema marts, ops to bi_reader;
grant select on all tables in schema marts, ops to bi_reader;
alter default privileges in schema marts grant select on tables to bi_reader;
alter default privileges in schema ops grant select on tables to bi_reader;
reset role;
