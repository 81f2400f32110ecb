{#
  Who belongs to which group: declared groups by Kolada's membership lists, counties by the code, similar municipalities
  by the name in the group's title.
#}
with members as (

    select * from {{ ref('stg_kolada__municipality_groups') }}
    where known_to is null and change <> 'withdrawn'

),

declared as (

    select * from {{ source('declared', 'area_group') }}

)

select
    declared.group_id,
    members.area_id,
    declared.group_type,
    declared.is_aggregated,
    declared.valid_from,
    declared.compared_area_id
from members
inner join declared on members.group_id = declared.kolada_group
