{{ config(indexes=[{'columns': ['pk'], 'unique': true}] if target.type == 'postgres' else []) }}

{{ cdc_current(ref('base_change_log'), ref('stg_search_events'), 'app.search_events') }}
