"""`multiprocessing`, `concurrent.futures`, `subprocess`, `asyncio`, threads, signals, shared memory."""

from __future__ import annotations

import asyncio
import concurrent.futures
import mmap
import multiprocessing
import multiprocessing.shared_memory
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

import harness


def _square(number: int) -> int:
    return number * number


def _bump(counter: object, times: int) -> None:
    for _ in range(times):
        with counter.get_lock():  # type: ignore[attr-defined]
            counter.value += 1  # type: ignore[attr-defined]


def _write_shared(name: str) -> None:
    block = multiprocessing.shared_memory.SharedMemory(name)
    block.buf[:5] = b"hello"
    block.close()


def _pools(method: str) -> None:
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        harness.equal(pool.map_async(_square, range(20)).get(30), [n * n for n in range(20)])
    counter = context.Value("i", 0)
    workers = [context.Process(target=_bump, args=(counter, 200)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    harness.equal(([worker.exitcode for worker in workers], counter.value), ([0, 0, 0], 600))


def test_spawn() -> None:
    _pools("spawn")


def test_fork() -> None:
    _pools("fork")


def test_forkserver() -> None:
    _pools("forkserver")


def test_shared_memory() -> None:
    block = multiprocessing.shared_memory.SharedMemory(create=True, size=100)
    try:
        worker = multiprocessing.get_context("spawn").Process(target=_write_shared, args=(block.name,))
        worker.start()
        worker.join(30)
        harness.equal(bytes(block.buf[:5]), b"hello")
    finally:
        block.close()
        block.unlink()


def test_queue_semaphore_and_manager() -> None:
    context = multiprocessing.get_context("fork")
    semaphore = context.BoundedSemaphore(1)
    harness.equal((semaphore.acquire(timeout=1), semaphore.acquire(timeout=0.01)), (True, False))
    queue = context.Queue()
    context.Process(target=queue.put, args=({"key": [1, 2]},)).start()
    harness.equal(queue.get(timeout=30), {"key": [1, 2]})
    with context.Manager() as manager:
        shared = manager.dict(a=1)
        shared["b"] = 2
        harness.equal(dict(shared), {"a": 1, "b": 2})


def test_process_pool_executor() -> None:
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        harness.equal(list(pool.map(_square, range(5), timeout=30)), [0, 1, 4, 9, 16])


def test_subprocess_with_pipes() -> None:
    code = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data[::-1])"
    data = os.urandom(300_000)
    done = subprocess.run([sys.executable, "-c", code], input=data, stdout=subprocess.PIPE, timeout=30, check=True)
    harness.holds(done.stdout == data[::-1])


def test_subprocess_is_ended_after_its_time() -> None:
    start = time.monotonic()
    with harness.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.5, check=False)
    harness.holds(time.monotonic() - start < 20)


def test_asyncio_subprocess() -> None:
    async def talk() -> tuple[bytes, int]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(input() * 2)", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(process.communicate(b"ab\n"), 30)
        return output, await process.wait()

    async def both() -> list[tuple[bytes, int]]:
        return await asyncio.gather(talk(), talk())

    harness.equal(asyncio.run(both()), [(b"abab\n", 0)] * 2)


def test_asyncio_streams() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    async def talk() -> bytes:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"over a socket\n")
            line = await asyncio.wait_for(reader.readline(), 10)
            writer.close()
            return line

    harness.equal(asyncio.run(talk()), b"OVER A SOCKET\n")
    harness.holds(selectors.DefaultSelector is selectors.EpollSelector)


def test_threads() -> None:
    total: list[int] = []
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        total.extend(pool.map(_square, range(1000)))
    harness.equal(sum(total), sum(n * n for n in range(1000)))
    local = threading.local()
    local.name = "main"
    thread = threading.Thread(target=lambda: total.append(hasattr(local, "name")))
    thread.start()
    thread.join(10)
    harness.holds(not total[-1])


def test_deep_recursion_in_a_thread() -> None:
    """A thread's stack must be large enough for the interpreter's recursion limit."""
    depths: list[int] = []

    def dive(depth: int) -> int:
        return depth if depth == 900 else dive(depth + 1)

    thread = threading.Thread(target=lambda: depths.append(dive(0)))
    thread.start()
    thread.join(10)
    harness.equal(depths, [900])


def test_functions_get_names_for_perf() -> None:
    """Every function is then called through a copy of assembly code that the interpreter finds by two labels."""
    code = """
import os, sys
try:
    sys.activate_stack_trampoline("perf")
except (AttributeError, ValueError) as error:
    sys.exit(print("unavailable:", error))
def named():
    return sys.is_stack_trampoline_active()
print(named())
sys.deactivate_stack_trampoline()
with open(f"/tmp/perf-{os.getpid()}.map") as names:
    print("py::named" in names.read())
os.remove(names.name)
"""
    printed = harness.python("-c", code)
    if printed.startswith("unavailable:"):
        raise harness.Skip(printed.strip())
    harness.equal(printed.split(), ["True", "True"])


def test_signals() -> None:
    seen: list[int] = []
    previous = signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, previous)
    harness.equal(seen, [signal.SIGUSR1])
    signal.signal(signal.SIGALRM, lambda *_: seen.append(0))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    harness.equal(signal.sigtimedwait([signal.SIGUSR2], 0.2), None)
    time.sleep(0.1)
    harness.equal(seen[-1], 0)
    harness.holds(len(signal.valid_signals()) > 60)


def test_sockets() -> None:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right, open(__file__, "rb") as stream:
        socket.send_fds(left, [b"x"], [stream.fileno()])
        _, handles, _, _ = socket.recv_fds(right, 10, 1)
        harness.equal(os.fstat(handles[0]).st_ino, os.fstat(stream.fileno()).st_ino)
        os.close(handles[0])
    harness.equal(socket.getaddrinfo("localhost", 80, socket.AF_INET)[0][4], ("127.0.0.1", 80))


def test_functions_newer_than_the_oldest_c_library() -> None:
    handle = os.memfd_create("x", os.MFD_CLOEXEC)
    os.write(handle, b"in memory")
    with mmap.mmap(handle, 9) as view:
        harness.equal(view[:], b"in memory")
    harness.equal(os.preadv(handle, [bytearray(2)], 3, getattr(os, "RWF_HIPRI", 0) * 0), 2)
    target = os.memfd_create("y")
    harness.equal(os.copy_file_range(handle, target, 9, 0), 9)
    harness.equal(os.pread(target, 9, 0), b"in memory")
    os.close(handle)
    os.close(target)
    harness.equal(len(os.getrandom(16)), 16)
    harness.holds(os.sched_getaffinity(0) != set())


if __name__ == "__main__":
    harness.main()
