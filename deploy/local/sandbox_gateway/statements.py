"""The sandbox gateway's tables and statements, in SQLite."""

TABLES = """
create table if not exists charges (
    key text primary key,
    reference text not null unique,
    status text not null check (
        status in ('pending', 'requires_action', 'authorised', 'captured', 'failed', 'voided')
    ),
    amount_minor integer check (amount_minor > 0),
    currency text,
    token text,
    decline_code text,
    made_at text not null,
    capture integer not null default 1,
    return_url text,
    finish_at real
);
create table if not exists refunds (
    key text primary key,
    reference text not null unique,
    charge_key text not null references charges (key),
    amount_minor integer not null check (amount_minor > 0),
    status text not null check (status in ('in_transit', 'done')),
    made_at text not null,
    finish_at real
);
create table if not exists disputes (
    reference text primary key,
    charge_key text not null unique references charges (key),
    status text not null check (status in ('open', 'won', 'lost')),
    open_at real,
    close_at real,
    close_as text
);
create table if not exists events (
    id text primary key,
    charge_key text not null,
    payload text not null,
    made_at real not null,
    attempts integer not null default 0,
    next_at real,
    delivered_at real
);
create index if not exists events_due on events (next_at) where next_at is not null;
create index if not exists events_by_charge on events (charge_key);
create index if not exists charges_due on charges (finish_at) where finish_at is not null;
create index if not exists refunds_due on refunds (finish_at) where finish_at is not null;
create index if not exists disputes_due on disputes (open_at) where open_at is not null;
"""

# A ledger written before the gateway learnt to wait has tables that know fewer states.
IS_OLD = "select count(*) = 1 from sqlite_master where name = 'charges' and sql not like '%finish_at%'"
SET_OLD_ASIDE = """
alter table refunds rename to old_refunds;
alter table charges rename to old_charges;
"""
TAKE_OVER_OLD = """
insert into charges (key, reference, status, amount_minor, currency, token, decline_code, made_at)
select key, reference, status, amount_minor, currency, token, decline_code, made_at from old_charges;
insert into refunds (key, reference, charge_key, amount_minor, status, made_at)
select key, reference, charge_key, amount_minor, status, made_at from old_refunds;
drop table old_refunds;
drop table old_charges;
"""

FIND_CHARGE = """
select
    key, reference, status, amount_minor, currency, token, decline_code, made_at, capture, return_url,
    (select coalesce(sum(amount_minor), 0) from refunds where charge_key = charges.key) as refunded_minor
from charges where key = ?
"""
INSERT_CHARGE = """
insert into charges (
    key, reference, status, amount_minor, currency, token, decline_code, made_at, capture, return_url,
    finish_at
) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
FIND_REFUND = "select key, reference, charge_key, amount_minor, status, made_at from refunds where key = ?"
INSERT_REFUND = """
insert into refunds (key, reference, charge_key, amount_minor, status, made_at, finish_at)
values (?, ?, ?, ?, ?, ?, ?)
"""
FIND_DISPUTE = """
select reference, charge_key, status, open_at, close_at, close_as from disputes where charge_key = ?
"""
INSERT_EVENT = "insert into events (id, charge_key, payload, made_at, next_at) values (?, ?, ?, ?, ?)"
