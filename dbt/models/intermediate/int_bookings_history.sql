{{ config(indexes=[{'columns': ['pk', 'valid_from']}] if target.type == 'postgres' else []) }}

{{ cdc_history(ref('base_change_log'), ref('stg_bookings'), 'app.bookings') }}
