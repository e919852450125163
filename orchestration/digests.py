"""Owns the SQL that digests a table on both sides: the same text of the same types, bucket by bucket."""

from orchestration.contracts import Column, TableContract
from orchestration.file_facts import UNAVAILABLE
from orchestration.snapshots import Snapshot

BUCKETS = 256

# Both sides print values the same way only under the same settings.
SESSION = "set timezone = 'UTC'; set datestyle = 'ISO'; set extra_float_digits = 1; set bytea_output = 'hex'"


def source_rows(contract: TableContract) -> str:
    """(key, digest, bucket) of every row of a table in the core."""
    return f"""
        select key, digest, {_bucket("key")} as bucket
        from (
            select {_key(contract)} as key, {_digest(contract, source=True)} as digest
            from {contract.source} as t
        ) as digested
    """


def folded_rows(contract: TableContract, snapshot: Snapshot) -> str:
    """(key, digest, bucket) of every row the change log says the snapshot holds."""
    columns = ", ".join(f'"{column.name}" {_record_type(column)}' for column in contract.columns)
    return f"""
        select key, digest, {_bucket("key")} as bucket
        from (
            select {_key(contract)} as key, {_digest(contract, source=False)} as digest
            from ({_last_images(contract, snapshot)}) as folded
            cross join lateral jsonb_to_record(folded.image) as t ({columns})
        ) as digested
    """


def by_bucket(rows: str) -> str:
    """Rows and the sum of their digests, per bucket."""
    return f"select bucket, count(*), sum(digest)::text from ({rows}) as rows group by bucket"


def in_buckets(rows: str) -> str:
    """Keys and digests of some buckets; the buckets are the only parameter."""
    return f"select key, digest from ({rows}) as rows where bucket = any(%s)"


def _last_images(contract: TableContract, snapshot: Snapshot) -> str:
    """The last visible version of each key; a wide value left untouched comes from an earlier version."""
    return f"""
        with visible as not materialized (
            select pk, op, lsn, is_snapshot, load_id, after
            from raw.change_log
            where src_table = '{contract.source}' and {snapshot.predicate()}
        ),
        latest as (
            select distinct on (pk) pk, op, after
            from visible
            order by pk, lsn desc, is_snapshot, load_id desc
        )
        select
            case when strpos(after::text, '{UNAVAILABLE}') = 0 then after else (
                select jsonb_object_agg(field.key, field.value order by visible.lsn, visible.load_id)
                from visible
                cross join lateral jsonb_each(visible.after) as field
                where visible.pk = latest.pk
                    and visible.op <> 'd'
                    and field.value not in ('"{UNAVAILABLE}"', '["{UNAVAILABLE}"]')
            ) end as image
        from latest
        where op <> 'd'
    """


def _key(contract: TableContract) -> str:
    return "row(" + ", ".join(f't."{name}"' for name in contract.primary_key) + ")::text"


def _digest(contract: TableContract, source: bool) -> str:
    values = ", ".join(_value(column, source) for column in contract.columns)
    return f"('x' || left(md5(row({values})::text), 15))::bit(60)::bigint"


def _value(column: Column, source: bool) -> str:
    is_document = column.type in ("jsonb", "json")
    return f't."{column.name}"' + ("::jsonb" if is_document and not source else "")


def _record_type(column: Column) -> str:
    """Documents travel as JSON text inside the JSON row."""
    return "text" if column.type in ("jsonb", "json") else column.type


def _bucket(key: str) -> str:
    return f"('x' || left(md5({key}), 4))::bit(16)::int % {BUCKETS}"
