"""Many tasks of one kind: in this process, in several, or by the workers of a Dask cluster."""

import itertools
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeAlias, TypeVar

from stipple.errors import StippleError
from stipple.machine.failures import Failure, explain
from stipple.machine.memory import find_available_memory, limit_memory

Task = TypeVar("Task")
Result = TypeVar("Result")

# A process that is told to end has so long to remove what it was writing.
SECONDS_TO_END = 5.0
SECONDS_TO_CONNECT = 10


Outcomes: TypeAlias = Generator[tuple[Task, Result | Failure], None, None]


def run_all(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, jobs: int, scheduler: str | None
) -> Outcomes[Task, Result]:
    """Do every task, and give what came out, in the order in which they are done.

    A task that fails foreseeably, or whose process dies, gives a `Failure` and stops no other.
    Close the iterator (`contextlib.closing`) to end processes that are still at work.

    Parameters
    ----------
    work : callable
        A function of a module, or a `partial` of one, since it travels to other processes.
    tasks : sequence
    jobs : int
        Tasks at a time, in processes of their own if more than one.
    scheduler : str or None
        Address of a Dask scheduler, whose workers then do everything.

    Raises
    ------
    StippleError
        If there is no such scheduler, or it goes away.
    """
    jobs = min(jobs, len(tasks))
    if scheduler is not None and tasks:
        return _run_on_cluster(work, tasks, scheduler)
    if jobs > 1:
        return _run_in_processes(work, tasks, jobs)
    return ((task, attempt(work, task)) for task in tasks)


def attempt(work: Callable[[Task], Result], task: Task) -> Result | Failure:
    """Do a task, or tell in a sentence why it could not be done."""
    try:
        return work(task)
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        return failure


# --- processes ----------------------------------------------------------------------------------


class _Worker(Generic[Task, Result]):
    """A process that does one task after another, and ends with its parent.

    The pool of the standard library loses every task when one process dies, and leaves orphans
    when the parent does.
    """

    task: Task
    connection: Connection

    def __init__(self, work: Callable[[Task], Result], memory: int | None) -> None:
        self._work = work
        self._memory = memory
        self._process: BaseProcess | None = None

    def begin(self, task: Task) -> None:
        """Start a task, in a new process if there is none."""
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self.connection, theirs = context.Pipe()
            arguments = (theirs, self._work, self._memory)
            process = context.Process(target=_serve, args=arguments, daemon=True)
            with _hold_interrupts():
                process.start()
            self._process = process
            theirs.close()
        self.task = task
        with suppress(OSError):  # a dead process, as `receive` will find
            self.connection.send(task)

    def receive(self) -> Result | Failure:
        """Return what came out of the task."""
        try:
            outcome: Result | Failure = self.connection.recv()
        except (EOFError, OSError):
            ended = self.end()
            return Failure(
                f"its process died ({ended}): ask for less, or for fewer --jobs.", "died"
            )
        return outcome

    def terminate(self) -> None:
        """Tell the process to end."""
        if self._process is not None:
            self._process.terminate()

    def end(self) -> str:
        """Wait for the process to end, kill it if it does not, and return how it ended."""
        if self._process is None:
            return "not started"
        self._process.join(SECONDS_TO_END)
        self._process.kill()
        self._process.join()
        self.connection.close()
        code = self._process.exitcode or 0  # not None once it has been joined
        self._process = None
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _run_in_processes(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Outcomes[Task, Result]:
    waiting = iter(tasks)
    memory = find_available_memory()
    share = None if memory is None else memory // jobs
    workers = [_Worker(work, share) for _ in range(jobs)]
    busy: dict[Any, _Worker[Task, Result]] = {}

    def begin(worker: _Worker[Task, Result]) -> None:
        for task in itertools.islice(waiting, 1):
            worker.begin(task)
            busy[worker.connection] = worker

    try:
        for worker in workers:
            begin(worker)
        while busy:
            for connection in wait(list(busy)):
                worker = busy.pop(connection)
                task, outcome = worker.task, worker.receive()
                begin(worker)
                yield task, outcome
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.end()


def _serve(connection: Connection, work: Callable[[Any], Any], memory: int | None) -> None:
    """Do the tasks that come, with that share of the memory, until the parent hangs up."""
    told_to_end = False
    limit_memory(memory)

    def end(*_: object) -> None:
        nonlocal told_to_end
        told_to_end = True
        sys.exit(1)  # what is half written is removed on the way out

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        while True:
            connection.send(attempt(work, connection.recv()))
    except (EOFError, OSError):
        pass  # the parent has hung up
    except SystemError:
        # So a compiled function ends that a signal met on its way back.
        if not told_to_end:
            raise


def _follow_parent() -> None:
    """End this process when its parent is gone: it would write on, over what a next run writes."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_END)
    os._exit(1)  # in a long compiled loop, which writes nothing


@contextmanager
def _hold_interrupts() -> Iterator[None]:
    """Keep Ctrl-C until the end; processes that begin meanwhile never see it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- Dask ---------------------------------------------------------------------------------------


def _run_on_cluster(
    work: Callable[[Task], Result], tasks: Sequence[Task], address: str
) -> Outcomes[Task, Result]:
    """Let workers do the tasks; those of a worker that dies go to another."""
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise StippleError(
            "--scheduler needs Dask distributed: python -m pip install 'stipple-ot[dask]'."
        ) from None
    # A scheduler that goes away is told in a sentence, not in its log.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError, TimeoutError):
        raise StippleError(
            f"No Dask scheduler answers at {address}: start one with `dask scheduler`."
        ) from None
    # Tasks carry their data, however large: what is scattered dies with its worker.
    quiet = {"distributed.admin.large-graph-warning-threshold": sys.maxsize}
    with client:
        with import_module("dask").config.set(quiet):
            futures = client.map(partial(attempt, work), tasks, pure=False)
        own = {future.key: task for future, task in zip(futures, tasks, strict=True)}
        for future in distributed.as_completed(futures):
            yield own[future.key], _get_outcome(future, address)


def _get_outcome(future: Any, address: str) -> Any:
    """Return what came out of a task, unless the scheduler is gone."""
    from distributed.client import CancelledError

    gone = f"The Dask scheduler at {address} went away: run again for what is missing."
    try:
        if future.status == "finished":
            return future.result()  # a task's own failure is its outcome
        error = future.exception() if future.status == "error" else None
    except (OSError, CancelledError):
        raise StippleError(gone) from None
    if error is None:
        raise StippleError(gone)
    return _explain_error(error, address)


def _explain_error(error: Exception, address: str) -> Failure:
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        return Failure(
            "every worker that tried it died: ask for less, or give workers more memory.", "died"
        )
    for cause in (error, error.__cause__):  # of a worker, or of the scheduler
        if isinstance(cause, ImportError):
            raise StippleError(
                f"The cluster at {address} cannot run it ({cause}): install the same stipple there."
            )
    raise error
