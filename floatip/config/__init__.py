"""The configuration: one TOML file to one frozen model, all errors at once. Never: anything that acts on it.

fields (one value) -> tables, model (all keys) -> relations (what must hold between them); explain puts what pydantic
finds into sentences; reading is the door; advice is what is allowed and unwise.
"""

from floatip.config.advice import warnings
from floatip.config.fields import Broker, HostPort
from floatip.config.model import Config
from floatip.config.problems import ConfigError
from floatip.config.reading import find, load, parse
from floatip.config.tables import Handover, LogFormat, LogLevel, QuorumPolicy, Vip

__all__ = [
    "Broker",
    "Config",
    "ConfigError",
    "Handover",
    "HostPort",
    "LogFormat",
    "LogLevel",
    "QuorumPolicy",
    "Vip",
    "find",
    "load",
    "parse",
    "warnings",
]
