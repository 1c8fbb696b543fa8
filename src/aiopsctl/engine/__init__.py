"""Sum, add, value: the plan that every engine follows (`plan.py`), and one file for each engine."""
