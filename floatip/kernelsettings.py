"""The sysctls that VIPs need, set at the start, at a reload, and whenever something set them otherwise.

Knows: which rows, and what was there before. Never: which sysctls and why (that is ``floatip.host.sysctls``).
"""

import structlog

from floatip.config import Config
from floatip.host.errors import HostError
from floatip.host.sysctls import Change, Row, SysctlError, Sysctls


class KernelSettings:
    """Those of one daemon."""

    def __init__(self, table: Sysctls | None = None) -> None:
        self._table = table or Sysctls()
        self._rows: list[Row] = []
        self._changes: list[Change] = []
        self._restores = False

    def apply(self, config: Config) -> None:
        """Set what this configuration needs, and see to it from now on; SysctlError, and nothing has changed."""
        rows = self._set(config) if config.sysctl.enforce else ()
        self._rows, self._restores = list(rows), config.sysctl.restore_on_exit

    def _set(self, config: Config) -> tuple[Row, ...]:
        rows = self._table.wanted(
            config.interfaces,
            prefixes_other_than_host=config.has_wide_prefixes,
            all_too=config.sysctl.all,
            failover_interfaces=config.failover_interfaces,
        )
        try:
            changes = self._table.enforce(rows)
        except SysctlError as error:
            self._table.restore(error.changes)
            raise
        self._changes += changes
        for change in changes:
            structlog.get_logger().info(
                "sysctl set", key=change.key, found=change.before, wanted=change.after, reason=change.row.rule.reason
            )
        return rows

    def look_again(self, interface: str | None = None) -> None:
        """Set what has come to be wrong since, on one interface or on all, and say so."""
        log = structlog.get_logger()
        try:
            for change in self._table.enforce([row for row in self._rows if interface in {None, row.interface}]):
                log.warning("a sysctl was not as it must be; set again", key=change.key, found=change.before)
        except HostError as error:
            log.warning(str(error))

    def restore(self) -> None:
        """Put back what was there before, if the configuration says so."""
        if self._restores:
            self._table.restore(self._changes)
