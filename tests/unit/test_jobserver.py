"""The shared pool of job tokens."""

from __future__ import annotations

import os
import threading

from setup_local.build.jobserver import Jobserver


def _free(jobserver: Jobserver) -> int:
    reader, writer = jobserver.descriptors
    os.set_blocking(reader, False)
    try:
        tokens = os.read(reader, 100)
    except BlockingIOError:
        return 0
    finally:
        os.set_blocking(reader, True)
    os.write(writer, tokens)
    return len(tokens)


def test_a_slot_takes_one_token_and_gives_it_back() -> None:
    with Jobserver(3) as jobserver:
        assert _free(jobserver) == 3
        with jobserver.slot(), jobserver.slot():
            assert _free(jobserver) == 1
        assert _free(jobserver) == 3


def test_makeflags_name_the_descriptors() -> None:
    with Jobserver(2) as jobserver:
        reader, writer = jobserver.descriptors
        assert jobserver.makeflags == f"-j2 --jobserver-auth={reader},{writer}"


def test_a_slot_waits_for_a_token_though_a_make_made_the_pipe_non_blocking() -> None:
    with Jobserver(1) as jobserver:
        os.set_blocking(jobserver.descriptors[0], False)
        token = os.read(jobserver.descriptors[0], 1)
        late = threading.Timer(0.05, os.write, (jobserver.descriptors[1], token))
        late.start()
        with jobserver.slot():
            assert _free(jobserver) == 0
        late.join()
