"""A stand-in for `floatip run -c FILE`: n1 takes the first VIP at start, others on SIGUSR1; SIGTERM gives it up."""

import signal
import subprocess
import sys
import tomllib
from pathlib import Path


def main() -> None:
    """Do as told by signals."""
    config = tomllib.loads(Path(sys.argv[1]).read_text())
    vip = config["vip"][0]
    address, interface = vip["addresses"][0], vip["interfaces"][0]
    wanted = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    print(f"{config['node']} of {config['cluster']}, brokers {config['mqtt']['brokers']}", flush=True)
    if config["node"] == "n1":
        _take(address, interface)
    while True:
        number = signal.sigwait(wanted)
        if number == signal.SIGUSR1:
            _take(address, interface)
        else:
            subprocess.run(["ip", "addr", "del", f"{address}/32", "dev", interface], check=False, capture_output=True)
        if number == signal.SIGTERM:
            return


def _take(address: str, interface: str) -> None:
    subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", interface], check=True)
    subprocess.run(["arping", "-q", "-U", "-c", "1", "-w", "1", "-I", interface, address], check=True)


if __name__ == "__main__":
    main()
