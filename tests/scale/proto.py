import sys, time, cProfile, pstats
from tests.scale.crowd import Crowd


def show(crowd, name, seconds):
    m = crowd.meter
    tot = sum(p.cpu_s for p in m.parts.values())
    print(
        f"{name}: {tot / seconds * 100:.1f}% of a core",
        {
            k: (v.count, f"{v.cpu_s * 1000 / seconds:.1f} ms/s", f"{v.cpu_s / v.count * 1e6:.0f} us")
            for k, v in m.parts.items()
        },
        {k: (len(v), sorted(v)[len(v) // 2], max(v)) for k, v in m.heard_bytes.items()},
        flush=True,
    )


n, v = int(sys.argv[1]), int(sys.argv[2])
c = Crowd(n, v)
c.start()
t = time.time()
c.run(8)
print("wall", time.time() - t)
show(c, "start", 8)
print(c.owned())
c.run(4)
show(c, "settling", 4)
c.run(4)
show(c, "steady", 4)
if len(sys.argv) > 3:
    pr = cProfile.Profile()
    old = c.members[0].take
    real = c.members[0].engine.steps

    def steps(e, n):
        pr.enable()
        try:
            return real(e, n)
        finally:
            pr.disable()

    c.members[0].engine.steps = steps
    c.run(3)
    c.members[0].engine.steps = real
    pstats.Stats(pr).sort_stats("tottime").print_stats(25)
v0 = c.members[-1]
print("kill", v0.label)
v0.end(machine=True)
c.run(4)
show(c, "takeover", 4)
print(sum(c.owned().values()))
print("wall", time.time() - t)
