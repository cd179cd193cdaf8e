"""The operator's verbs as a Python client API: asks a daemon over its control socket, and does nothing itself."""

from floatip.ops.client import Cluster, connect
from floatip.ops.errors import (
    BadRequest,
    Failed,
    FloatipError,
    NotPermitted,
    NotRunning,
    ProtocolMismatch,
    Refused,
    TimedOut,
    UnknownNode,
    UnknownVip,
)
from floatip.ops.models import (
    BrokerStatus,
    Conflict,
    EventRecord,
    MoveResult,
    NodeStatus,
    Plan,
    Status,
    Step,
    VipStatus,
)

__all__ = [
    "BadRequest",
    "BrokerStatus",
    "Cluster",
    "Conflict",
    "EventRecord",
    "Failed",
    "FloatipError",
    "MoveResult",
    "NodeStatus",
    "NotPermitted",
    "NotRunning",
    "Plan",
    "ProtocolMismatch",
    "Refused",
    "Status",
    "Step",
    "TimedOut",
    "UnknownNode",
    "UnknownVip",
    "VipStatus",
    "connect",
]
