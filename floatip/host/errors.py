"""What can go wrong with this kernel.

HostError
 +-- NetlinkError      the kernel did not answer a question, or not as it should
 +-- LockError         another floatip works in this network namespace
 +-- CapabilityError   this process may not do what it is for
 +-- SysctlError       a kernel setting is wrong and could not be set
 +-- SentinelError     the sentinel of an earlier daemon does not let go
 +-- MemoryLockError   this process may not be kept in memory

Each message names the thing, what was found, and what helps. An address that could not be added or removed is no
exception: it is an Outcome with an error, so that one bad address does not cost the others.
"""


class HostError(Exception):
    """This host, or what floatip may do on it, is not as it must be."""


class NetlinkError(HostError):
    """The kernel's answer over netlink was missing, cut off, or an error."""


class LockError(HostError):
    """Another floatip holds this network namespace; `pid` is None when it cannot be seen from here."""

    def __init__(self, message: str, *, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class CapabilityError(HostError):
    """The process lacks the capabilities in `missing`."""

    def __init__(self, message: str, *, missing: tuple[str, ...]) -> None:
        super().__init__(message)
        self.missing = missing


class SentinelError(HostError):
    """The sentinel of an earlier daemon neither answers nor can be ended."""


class MemoryLockError(HostError):
    """The kernel does not keep this process in memory."""
