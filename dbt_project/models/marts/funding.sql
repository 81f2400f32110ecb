{#
  The reform's money, with what its parts add up to, and per inhabitant 65 years and older where it is said whose
  municipalities got it. Nothing is split by guess.
#}
with ledger as (

    select * from {{ ref('stg_declared__funding') }}

),

parts as (

    select
        parent_id,
        split,
        {{ exact_sum('amount_mnkr') }} as amount_mnkr
    from ledger
    where parent_id is not null
    group by parent_id, split

),

inhabitants as (

    select
        area_id,
        year,
        {{ exact_sum('value') }} as value
    from {{ ref('observation') }}
    where indicator_id in ('invanare_65_79', 'invanare_80') and sex = 'T' and value is not null
    group by area_id, year
    having count(*) = 2

)

select
    ledger.funding_id,
    ledger.parent_id,
    ledger.split,
    ledger.year,
    ledger.payer,
    ledger.receiver,
    ledger.receiver_area_id,
    ledger.purpose_sv,
    ledger.amount_mnkr,
    ledger.is_approximate,
    ledger.basis,
    ledger.derived_from_sv,
    ledger.complete_by,
    parts.amount_mnkr as parts_mnkr,
    ledger.amount_mnkr - parts.amount_mnkr as discrepancy_mnkr,
    ledger.discrepancy_sv,
    inhabitants.value as inhabitants_65,
    1000000 * ledger.amount_mnkr / inhabitants.value as sek_per_inhabitant_65,
    ledger.document_id,
    ledger.section,
    ledger.read_on
from ledger
left join parts on ledger.funding_id = parts.parent_id and ledger.complete_by = parts.split
left join inhabitants on ledger.receiver_area_id = inhabitants.area_id and ledger.year = inhabitants.year
order by ledger.funding_id
