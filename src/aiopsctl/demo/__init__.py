"""Sample logs: three months of an imagined product, with faults planted where they can be looked for."""

from aiopsctl.demo.faults import FAULTS, Fault
from aiopsctl.demo.write import END, fitting, write

__all__ = ["END", "FAULTS", "Fault", "fitting", "write"]
