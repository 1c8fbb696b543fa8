"""The third step of a metric: from the summed rows of a slice to a value, its sample size and its interval."""

from aiopsctl.values.business import over_forecast, overruns, revenue, share_of_revenue, so_far
from aiopsctl.values.marks import distinct_rate, longest_wait, sampled_share, waiting
from aiopsctl.values.quantiles import counted_quantile, user_quantile
from aiopsctl.values.rates import rate, rate_of_last_days, share
from aiopsctl.values.spread import student_t
from aiopsctl.values.totals import (
    count_beside,
    count_of_last_day,
    distinct,
    maximum,
    mean,
    mean_gap,
    per_active_user,
    per_user,
    total,
)
from aiopsctl.values.users import adopted, largest_over_mean, opted_out, retained, stickiness, top_share
from aiopsctl.values.value import Value

__all__ = [
    "Value",
    "adopted",
    "count_beside",
    "count_of_last_day",
    "counted_quantile",
    "distinct",
    "distinct_rate",
    "largest_over_mean",
    "longest_wait",
    "maximum",
    "mean",
    "mean_gap",
    "opted_out",
    "over_forecast",
    "overruns",
    "per_active_user",
    "per_user",
    "rate",
    "rate_of_last_days",
    "retained",
    "revenue",
    "sampled_share",
    "share",
    "share_of_revenue",
    "so_far",
    "stickiness",
    "student_t",
    "top_share",
    "total",
    "user_quantile",
    "waiting",
]
