"""Trains what runs at the same time: coroutines, tasks, streams, threads, queues."""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import socket
import threading
from collections.abc import AsyncIterator

ROUNDS = 24


async def leaf(value: int) -> int:
    """Wait for the loop once in a while."""
    if value % 8 == 0:
        await asyncio.sleep(0)
    return value


async def branch(depth: int) -> int:
    """Gather the results of a tree of tasks."""
    if depth == 0:
        return await leaf(depth)
    return sum(await asyncio.gather(*(branch(depth - 1) for _ in range(4))))


async def count(stop: int) -> AsyncIterator[int]:
    """Yield numbers."""
    for value in range(stop):
        yield await leaf(value)


async def chain(length: int) -> int:
    """Await a coroutine that awaits a coroutine."""
    return 1 + await chain(length - 1) if length else 0


async def produce_and_consume() -> int:
    """Hand numbers from task to task, with a lock and an event."""
    numbers: asyncio.Queue[int | None] = asyncio.Queue(5)
    lock, done = asyncio.Lock(), asyncio.Event()

    async def produce() -> None:
        for value in range(300):
            async with lock:
                await numbers.put(value)
        await numbers.put(None)
        done.set()

    task = asyncio.create_task(produce())
    total = 0
    while (value := await numbers.get()) is not None:
        total += value
    await asyncio.wait_for(done.wait(), 60)
    await task
    return total


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each line with itself."""
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def stream() -> int:
    """Talk over a pair of connected sockets."""
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    other = asyncio.create_task(echo(*await asyncio.open_connection(sock=there)))
    size = 0
    for number in range(300):
        writer.write(b"%d " % number + b"x" * (number * 20) + b"\n")
        size += len(await reader.readline())
    writer.close()
    await other
    return size


async def everything() -> int:
    """Run all of it in one loop."""
    total = sum([value async for value in count(2000)]) + sum([await chain(60) for _ in range(40)])
    total += await branch(5) + await produce_and_consume() + await stream()
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.001)
    except asyncio.TimeoutError:
        total += 1
    return total


def threads() -> int:
    """Share work among threads."""
    work: queue.Queue[int] = queue.Queue()
    lock, totals = threading.Lock(), [0]

    def run() -> None:
        while (value := work.get()) >= 0:
            with lock:
                totals[0] += value

    workers = [threading.Thread(target=run) for _ in range(3)]
    for worker in workers:
        worker.start()
    for value in [*range(500), -1, -1, -1]:
        work.put(value)
    for worker in workers:
        worker.join()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return totals[0] + len(list(pool.map(abs, range(200))))


def main() -> None:
    """Repeat everything."""
    for _ in range(ROUNDS):
        asyncio.run(everything())
        threads()


if __name__ == "__main__":
    main()
