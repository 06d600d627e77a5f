"""Tables on the terminal, and the bars of product.md ("Numbers to reach") with whether this run met them."""

import dataclasses


@dataclasses.dataclass
class Bar:
    what: str
    asked: str
    got: str
    met: bool


def table(title, columns, rows):
    print(f"\n{title}")
    cells = [columns, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for number, row in enumerate(cells):
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def us(value):
    return f"{value:.0f}"


def ratio(value, base):
    return f"{value / base:.2f}x" if base > 0 else "-"


def latency_bars(added, nginx):
    """`added`, `nginx`: (p50, p99) in microseconds, of the 190 KB request with a TLS upstream; nginx may be None."""
    bars = [Bar("added latency p50, 190 KB, TLS", "at most 300 us", us(added[0]) + " us", added[0] <= 300),
            Bar("added latency p99, 190 KB, TLS", "at most 1000 us", us(added[1]) + " us", added[1] <= 1000)]
    if nginx:
        bars.append(Bar("added latency p50 against nginx, 190 KB, TLS", "at most 2.0x",
                        ratio(added[0], nginx[0]), added[0] <= 2 * nginx[0]))
    return bars


def throughput_bar(what, ours, theirs, least):
    return Bar(f"throughput against {what}", f"at least {least:g}x", ratio(ours, theirs), ours >= least * theirs)


def records_bar(lost):
    return Bar("records of the throughput runs", "all stored", "all stored" if lost == 0 else f"{lost} lost", lost == 0)


def event_bars(kind, added):
    return [Bar(f"delay added to an SSE event p50, {kind}", "at most 100 us", us(added[0]) + " us", added[0] <= 100),
            Bar(f"delay added to an SSE event p99, {kind}", "at most 500 us", us(added[1]) + " us", added[1] <= 500)]


def memory_bars(idle_mb, streams_mb):
    return [Bar("memory, idle", "at most 30 MB", f"{idle_mb:.1f} MB", idle_mb <= 30),
            Bar("memory, 256 streams", "at most 100 MB", f"{streams_mb:.1f} MB", streams_mb <= 100)]


def start_bar(what, milliseconds):
    return Bar(f"start to ready ({what})", "at most 50 ms", f"{milliseconds:.1f} ms", milliseconds <= 50)


def faults_bar(faults):
    return Bar("bytes checked at both ends", "no fault", "no fault" if not faults else "; ".join(faults), not faults)


def print_bars(bars):
    table("Bars (product.md, numbers to reach)", ["what", "asked", "this run", "met"],
          [[bar.what, bar.asked, bar.got, "yes" if bar.met else "NO"] for bar in bars])
