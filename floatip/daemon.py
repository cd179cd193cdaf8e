"""The one place where a daemon is built and joined. Knows: every room. Never: decides about a VIP."""

import asyncio
import gc
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import structlog

from floatip import __version__
from floatip.bus.errors import BusError
from floatip.bus.signing import load_keys
from floatip.config import Config, warnings
from floatip.control import ControlError, ControlServer
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.engine import Engine
from floatip.core.types import BrokerName, NodeSpec, Policy, VipName
from floatip.driver import Driver
from floatip.hands.broker import embedded_broker
from floatip.hands.bus import BusHand
from floatip.hands.errands import ErrandHand
from floatip.hands.kernel import KernelHand
from floatip.hands.lan import LanHand
from floatip.host import capabilities, memory
from floatip.host.clock import boottime_s
from floatip.host.errors import HostError
from floatip.host.lock import HostLock
from floatip.host.sentinel import Sentinel
from floatip.kernelsettings import KernelSettings
from floatip.lan.heard import LanError
from floatip.observe.logs import setup
from floatip.ops.errors import FloatipError
from floatip.preflight import RefusalError, broker_options, http_listener, refuse_missing, refuse_rank, take_over
from floatip.reload import Hands, Reloader
from floatip.services import Services
from floatip.store import Store
from floatip.systemd import Notifier, watchdog_interval_s

SYSCTL_EVERY_S = 60.0
STOP_S = 5.0
"""How long a farewell may take before the process ends without it."""
HOOKS_S = 10.0
"""How long the hooks that are told of the end may take."""
REFUSED = 4
DEFECT = 1
"""The exit code that the engine never gives: the program itself is wrong. It dies of it, then, as by a signal, so that
brokers publish its last will and the sentinel holds what must not be lost; a farewell would prevent both.
"""


def run(config: Config, path: Path, *, lock_memory: bool = False) -> int:
    """Run until SIGTERM, paged out or never; return the exit code (0, 1, or 4: refused)."""
    logs = setup(config.log.level, config.log.format)

    def die(code: int) -> NoReturn:
        logs.close()
        os._exit(code)

    try:
        with HostLock():
            capabilities.require()
            refuse_rank()
            if lock_memory:
                memory.lock()
            return asyncio.run(_serve(config, path, die), debug=None)
    except (RefusalError, HostError, LanError, BusError, ControlError) as error:
        logs.close()
        sys.stderr.write(f"floatip: {error}\n")
        return REFUSED
    finally:
        logs.close()


# -- building ---------------------------------------------------------------------------------------------------------


def _kernel_hand(spec: NodeSpec, sentinel: Sentinel, told: Callable[[ev.Event], None]) -> KernelHand:
    return KernelHand(
        spec.vips,
        timing=spec.timing,
        sentinel=sentinel,
        post=told,
        warn=structlog.get_logger().warning,
    )


# -- running ----------------------------------------------------------------------------------------------------------


class _Reloads:
    """SIGHUP: reads the configuration again, and says in the log what came of it."""

    def __init__(self, driver: Driver, notifier: Notifier) -> None:
        self._driver = driver
        self._notifier = notifier
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin one; beside one that is under way another waits, and no more: that one reads what all are about."""
        if len(self._tasks) > 1:
            return
        task = asyncio.get_running_loop().create_task(self._reload(), name="reload")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self) -> None:
        self._notifier.reloading()
        try:
            await self._driver.reload()
        except FloatipError:
            pass  # it was logged
        finally:
            self._notifier.ready()


class _Told:
    """Where the hands put their news: the driver, once there is one."""

    def __init__(self) -> None:
        self.driver: Driver | None = None

    def __call__(self, event: ev.Event) -> None:
        if self.driver is not None:
            self.driver.post(event)


async def _serve(config: Config, path: Path, die: Callable[[int], NoReturn]) -> int:
    """Build everything from the kernel up, run, and take it down in the reverse order; after a defect, die."""
    spec = config.node_spec(__version__)
    notifier, log = Notifier(os.environ), structlog.get_logger()
    told = _Told()
    for warning in warnings(config):
        log.warning(warning)
    async with AsyncExitStack() as stack:
        keys, options = load_keys(config.security.keys), broker_options(config)
        refuse_missing(config)
        listener = http_listener(config)
        settings = KernelSettings()
        stack.callback(settings.restore)
        settings.apply(config)
        lan = LanHand(spec.vips, rate_per_s=config.garp.rate, post=told, warn=log.warning)
        sentinel = Sentinel(log.warning)
        kernel = _kernel_hand(spec, sentinel, told)
        kernel.on_link_change(_on_link_change(lan, settings))
        heirs = _open(stack, kernel, sentinel, lan)
        embedded = config.mqtt.embedded
        await stack.enter_async_context(embedded_broker(str(embedded.listen) if embedded else None, log.warning))
        driver = _mind(config, spec, stack)
        bus = BusHand(spec, options, keys=keys, post=told, defect=driver.defect)
        stack.push_async_callback(bus.close)
        control = _control(config, driver)
        for warning in await control.start():
            log.warning(warning)
        stack.push_async_callback(control.close)
        if listener is not None:
            await _serve_http(listener, config, driver, stack)
        told.driver = driver
        errands = ErrandHand(lan.lan, lan.overhear, told, config.documented)
        stack.push_async_callback(errands.close)
        services = Services(config, lan, told)
        stack.push_async_callback(services.checks.close)
        hands = Hands(kernel=kernel, lan=lan, bus=bus, errands=errands, settings=settings, services=services)
        driver.start(hands, Reloader(path, config, hands, driver.post))
        _begin(driver, hands, heirs)
        log.info("runs", version=__version__, cluster=spec.cluster, node=spec.node, config=str(path))
        notifier.ready()
        code = await _until_ended(driver, hands, notifier)
        if driver.ended.done() and driver.ended.result().code == DEFECT:
            kernel.remove_all([Policy.RELEASE])
            die(code)
        if kernel.remove_all(list(Policy)):
            sentinel.part(farewell=True)
        await services.hooks.close(HOOKS_S)
        return code


def _open(stack: AsyncExitStack, kernel: KernelHand, sentinel: Sentinel, lan: LanHand) -> dict[VipName, str]:
    """Open kernel and wire, and take over what an earlier daemon left; return the VIPs of it, and where each is."""
    stack.callback(kernel.close)
    kernel.open()
    heirs = take_over(kernel)
    stack.callback(sentinel.part, farewell=False)
    sentinel.start()
    stack.callback(lan.close)
    lan.open()
    return heirs


def _begin(driver: Driver, hands: Hands, heirs: dict[VipName, str]) -> None:
    """Tell the engine how things are, and let it hear of everything from now on."""
    for vip, interface in heirs.items():
        driver.post(ev.Inherited(vip=vip, interface=interface))
    hands.kernel.survey()
    hands.kernel.watcher.start(asyncio.get_running_loop())
    hands.services.checks.start()
    hands.bus.start()
    gc.collect()
    gc.freeze()  # what is there now stays: searching it for garbage would hold the loop up for 50 ms now and then


def _control(config: Config, driver: Driver) -> ControlServer:
    return ControlServer(
        config.control.socket,
        group=config.control.group,
        backend=driver,
        urls=_urls(config),
    )


async def _serve_http(listener: socket.socket, config: Config, driver: Driver, stack: AsyncExitStack) -> None:
    """Serve the status page; its libraries are loaded by those who have it alone, and before anything is owned."""
    from floatip.observe.web import WebServer

    web = WebServer(listener, backend=driver, urls=_urls(config))
    await web.start()
    stack.push_async_callback(web.close)


def _urls(config: Config) -> dict[BrokerName, str]:
    """Brokers as the user wrote them."""
    return {broker.name: str(broker) for broker in config.mqtt.brokers}


def _mind(config: Config, spec: NodeSpec, stack: AsyncExitStack) -> Driver:
    """The engine with what it remembers, in its driver; the new incarnation is on disk before it speaks."""
    store = Store(config.state_dir, structlog.get_logger().warning)
    stored = store.load()
    engine = Engine(
        spec,
        stored=stored,
        wall_us=time.time_ns() // 1000,
        now=boottime_s(),
        entropy=random.SystemRandom().random,
    )
    store.save_now(replace(stored, incarnation=engine.incarnation, lives=stored.past_lives))
    driver = Driver(engine, store, spec.timing, boottime_s)
    stack.push_async_callback(store.close)
    stack.callback(driver.close)
    return driver


async def _until_ended(driver: Driver, hands: Hands, notifier: Notifier) -> int:
    """Serve until the engine, a signal or a defect ends it; return the exit code."""
    loop, log = asyncio.get_running_loop(), structlog.get_logger()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _Reloads(driver, notifier).begin)
    chores = [
        asyncio.create_task(_keep_settings(hands.settings, hands.kernel), name="sysctls"),
        asyncio.create_task(_feed_watchdog(notifier), name="watchdog"),
    ]
    try:
        driver.ended.add_done_callback(lambda _: stop.set())
        await stop.wait()
        notifier.stopping()
        driver.post(ev.StopAsked())
        async with asyncio.timeout(STOP_S):
            end = await asyncio.shield(driver.ended)
    except TimeoutError:
        end = ef.Exit(code=1, reason=f"the farewell took longer than {STOP_S:.0f} s")
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
    (log.info if end.code == 0 else log.error)(f"ends: {end.reason}", code=end.code)
    return end.code


async def _keep_settings(settings: KernelSettings, kernel: KernelHand) -> None:
    """Look every minute whether the kernel is still as it must be."""
    while True:
        await asyncio.sleep(SYSCTL_EVERY_S)
        settings.look_again()
        kernel.survey()


def _on_link_change(lan: LanHand, settings: KernelSettings) -> Callable[[str], None]:
    """An interface that was made anew has the kernel's defaults, and sockets on it are dead."""

    def changed(interface: str) -> None:
        settings.look_again(interface)
        lan.reopen(interface)

    return changed


async def _feed_watchdog(notifier: Notifier) -> None:
    """Tell systemd that the loop turns, as long as it does."""
    interval_s = watchdog_interval_s(os.environ)
    while interval_s is not None:
        notifier.watchdog()
        await asyncio.sleep(interval_s)
