select
    measured.indicator_id,
    measured.year,
    measured.sex,
    {{ ten_decimals('measured.expected') }} as expected,
    {{ ten_decimals('measured.found') }} as found,
    {{ ten_decimals('measured.relative_difference') }} as relative_difference,
    {{ ten_decimals('measured.unweighted') }} as unweighted,
    {{ ten_decimals('measured.as_if_none') }} as as_if_none,
    measured.municipalities,
    {{ ten_decimals('measured.coverage') }} as coverage,
    {{ ten_decimals('measured.of_the_others') }} as of_the_others,
    measured.tolerance,
    measured.verdict,
    case measured.verdict
        when 'agrees' then 'Stämmer.'
        when 'counted_as_none'
            then 'Riket räknar kommuner utan värde som om de inte hade något; de vägda värdena gör det inte.'
        when 'municipalities_without_value'
            then 'Skillnaden ryms i vad de kommuner som saknar värde kan ha.'
        when 'unweighted_mean' then 'Riket är ett ovägt medelvärde av kommunerna.'
        when 'declared' then measured.declared_reason_sv
        when 'unexplained' then 'Oförklarad skillnad; gruppernas värden bär en varning.'
        else 'Riket har inget eget värde att jämföra med.'
    end as reason_sv
from {{ ref('int_weight__measured') }} as measured
order by measured.indicator_id, measured.year, measured.sex
