"""The third step of a metric: from the summed rows of a slice to a value, its sample size and its interval."""

from aiopsctl.values.marks import distinct_rate, longest_wait, sampled_share, waiting
from aiopsctl.values.quantiles import counted_quantile, user_quantile
from aiopsctl.values.rates import rate, rate_of_last_days, share
from aiopsctl.values.spread import student_t
from aiopsctl.values.totals import count_beside, count_of_last_day, distinct, maximum, mean, per_user, total
from aiopsctl.values.users import largest_over_mean, opted_out, top_share
from aiopsctl.values.value import Value

__all__ = [
    "Value", "count_beside", "count_of_last_day", "counted_quantile", "distinct", "distinct_rate", "largest_over_mean",
    "longest_wait", "maximum", "mean", "opted_out", "per_user", "rate", "rate_of_last_days", "sampled_share", "share",
    "student_t", "top_share", "total", "user_quantile", "waiting",
]  # fmt: skip
