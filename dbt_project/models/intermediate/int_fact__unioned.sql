{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(materialized='view') }}

select
    'kolada.values' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_kolada__values') }}

union all

select
    'kolada.values' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_kolada__ou_values') }}

union all

select
    'kolada.other_values' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_kolada__other_values') }}

union all

select
    'kolada.other_values' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_kolada__other_ou_values') }}

union all

select
    'scb.population' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_scb__population') }}

union all

select
    'scb.kostnader' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_scb__kostnader') }}

union all

select
    'scb.yrken' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_scb__yrken') }}

union all

select
    'skr.personal' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_skr__personal') }}

union all

select
    'socialstyrelsen.statistik' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_socialstyrelsen__statistik') }}

union all

select
    'socialstyrelsen.enhetsundersokning' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_socialstyrelsen__enhetsundersokning') }}

union all

select
    'socialstyrelsen.brukarundersokning' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_socialstyrelsen__brukarundersokning') }}

union all

select
    'socialstyrelsen.halso_och_sjukvard' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_socialstyrelsen__halso_och_sjukvard') }}

union all

select
    'submissions.varden' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    status,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref('stg_submissions__varden') }}
