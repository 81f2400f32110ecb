{#
  Each share of a questionnaire's answers beside how many of those asked answered, and what that leaves open: the limits of
  the share among all who were asked, if those who did not answer are like the others, and the widest if they are not.
#}
{% set z = 1.959963984540054 %}
with answered as (

    select
        observations.indicator_id,
        observations.area_id,
        observations.year,
        observations.value,
        observations.denominator as answers,
        observations.lower_95,
        observations.upper_95,
        rates.value / 100 as response,
        observations.denominator / nullif(rates.value / 100, 0) as asked
    from {{ ref('observation') }} as observations
    inner join {{ ref('stg_declared__survey') }} as surveys
        on observations.indicator_id = surveys.indicator_id
    inner join {{ ref('observation') }} as rates
        on
            surveys.response_rate = rates.indicator_id
            and observations.area_id = rates.area_id
            and observations.year = rates.year
            and observations.sex = rates.sex
    where
        observations.sex = 'T'
        and observations.value between 0 and 100
        and observations.caution is null
        and observations.denominator > 0
        and rates.value > 0
        and rates.value <= 100
        and rates.caution is null

),

corrected as (

    -- The number of answers that an unlimited population would have to give for the same precision.
    select
        *,
        case when asked > answers then answers * (asked - 1) / (asked - answers) end as worth
    from answered

)

select
    indicator_id,
    area_id,
    year,
    value,
    cast(round(answers) as integer) as answers,
    {{ ten_decimals('100 * response') }} as response_rate,
    cast(round(asked) as integer) as asked,
    {{ ten_decimals('lower_95') }} as lower_95,
    {{ ten_decimals('upper_95') }} as upper_95,
    {%- for side, sign in {'lower': -1, 'upper': 1}.items() %}
    {{ ten_decimals(
        'case when worth is null then value else 100 * ' ~ wilson('value / 100', 'worth', z, sign) ~ ' end'
    ) }} as asked_{{ side }}_95,
    {%- endfor %}
    {{ ten_decimals('response * value') }} as least_possible,
    {{ ten_decimals('response * value + 100 * (1 - response)') }} as most_possible
from corrected
order by indicator_id, area_id, year
