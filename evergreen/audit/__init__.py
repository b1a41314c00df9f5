"""The customer-base audit: five ways to look at who bought what, and when."""

from evergreen.audit.five_lenses import CustomerBaseAudit
from evergreen.audit.one_period import OnePeriod
from evergreen.audit.two_periods import TwoPeriods

__all__ = ["CustomerBaseAudit", "OnePeriod", "TwoPeriods"]
