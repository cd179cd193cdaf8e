"""A look at this host and its brokers, without a daemon and beside one: what is wrong, and what helps.

findings (values) <- host, interfaces, kernel, boot, managers (this host), brokers with caller and order (MQTT); examine
puts them together and keeps the time. Never: changes anything, on this host or on a broker.
"""

from floatip.doctor.examine import examine
from floatip.doctor.findings import Finding, Report, Severity

__all__ = ["Finding", "Report", "Severity", "examine"]
