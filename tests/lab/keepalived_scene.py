"""keepalived on the nodes of a lab cluster, and floatip with what was imported from it. Never: judges."""

from floatip.keepalived import Wishes, import_file
from floatip.lab import tools
from floatip.lab.cluster import Cluster
from floatip.lab.process import Process
from floatip.lab.settings import DAEMON


def keepalived(cluster: Cluster, node: str) -> Process:
    """Start the node's keepalived, with the keepalived.conf in its folder."""
    home = cluster.home_of(node)
    argv = [tools.find("keepalived"), "--dont-fork", "--log-console", "--no-syslog", "--vrrp", "-f"]
    argv += [str(home / "keepalived.conf"), "-p", str(home / "k.pid"), "-r", str(home / "vrrp.pid")]
    return cluster.net.spawn(node, argv, home / "keepalived.log")


def floatip(cluster: Cluster, node: str) -> Process:
    """Import the node's keepalived.conf, and start floatip with what came of it and its files in that folder."""
    home = cluster.home_of(node)
    brokers = tuple(f"mqtt://{broker.address}" for broker in cluster.brokers.values())
    text = import_file(home / "keepalived.conf", Wishes(brokers=brokers, cluster="lab", node=node)).config
    control = f'[control]\nsocket = "{home}/floatip.sock"\ngroup = "root"\n'
    (home / "floatip.toml").write_text(f'state_dir = "{home}/state"\n{text}\n{control}')
    cluster.daemons[node] = cluster.net.spawn(node, [*DAEMON, str(home / "floatip.toml")], home / "daemon.log")
    return cluster.daemons[node]
