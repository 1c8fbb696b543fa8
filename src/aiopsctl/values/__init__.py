"""The third step of a metric: from the summed rows of a slice to a value, its sample size and its interval."""

from aiopsctl.values.business import over_forecast, overruns, revenue, share_of_revenue, so_far
from aiopsctl.values.quantiles import counted_quantile, user_quantile
from aiopsctl.values.rates import distinct_rate, rate
from aiopsctl.values.spread import student_t
from aiopsctl.values.totals import distinct, maximum, mean, per_user, total
from aiopsctl.values.users import largest_over_mean, opted_out, top_share
from aiopsctl.values.value import Value

__all__ = [
    "Value",
    "counted_quantile",
    "distinct",
    "distinct_rate",
    "largest_over_mean",
    "maximum",
    "mean",
    "opted_out",
    "over_forecast",
    "overruns",
    "per_user",
    "rate",
    "revenue",
    "share_of_revenue",
    "so_far",
    "student_t",
    "top_share",
    "total",
    "user_quantile",
]
