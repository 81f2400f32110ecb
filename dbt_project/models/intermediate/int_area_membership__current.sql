{#
  Who belongs to which group: by Kolada's membership lists (of similar municipalities, by the name in the group's title),
  or by the members that the declaration of a group of our own names.
#}
with members as (

    select * from {{ ref('stg_kolada__municipality_groups') }}
    where known_to is null and change <> 'withdrawn'

),

own as (

    select * from {{ ref('stg_declared__group_member') }}

),

declared as (

    select * from {{ ref('stg_declared__area_group') }}

)

select
    declared.group_id,
    members.area_id,
    declared.group_type,
    declared.is_aggregated,
    declared.valid_from,
    declared.valid_to,
    declared.compared_area_id,
    declared.recipe_id
from members
inner join declared on members.group_id = declared.kolada_group

union all

select
    declared.group_id,
    own.area_id,
    declared.group_type,
    declared.is_aggregated,
    declared.valid_from,
    declared.valid_to,
    declared.compared_area_id,
    declared.recipe_id
from own
inner join declared on own.group_id = declared.group_id
