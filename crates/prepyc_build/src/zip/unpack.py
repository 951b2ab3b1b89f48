"""Unpacks this archive into a folder of its own, runs the program in it, and takes the folder away whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

interpreter, interpreter_args, environment, magic, made_for = @CONFIGURATION@
archive = os.path.abspath(__loader__.archive)
child = None


def unpack(folder):
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            path = os.path.join(folder, *info.filename.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with packed.open(info) as source, open(path, "xb") as target:
                shutil.copyfileobj(source, target)
                os.fchmod(target.fileno(), info.external_attr >> 16 & 0o777)


def pass_on(number, frame):
    if child is None:
        sys.exit(128 + number)
    # Ctrl-C reaches the child by itself where there is a terminal.
    if number != signal.SIGINT or not has_terminal():
        child.send_signal(number)


def has_terminal():
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True


def check_version():
    from importlib.util import MAGIC_NUMBER

    if magic and not interpreter and MAGIC_NUMBER != magic:
        found = int.from_bytes(MAGIC_NUMBER[:2], "little")
        wanted = int.from_bytes(magic[:2], "little")
        sys.exit(
            f"{archive}: has modules without sources, compiled for {made_for} (magic number {wanted}); "
            f"{sys.executable or 'this interpreter'} has {found}. Run it with {made_for}."
        )


def run(folder):
    global child
    unpack(folder)
    runfiles = os.path.join(folder, "runfiles")
    python = os.path.join(runfiles, interpreter) if interpreter else sys.executable
    # What Python would cache goes with the folder.
    options = ["-B"] + ["-" + "O" * sys.flags.optimize] * (sys.flags.optimize > 0) + interpreter_args
    variables = {**environment, **os.environ, "RUNFILES_DIR": runfiles}
    variables.pop("RUNFILES_MANIFEST_FILE", None)
    child = subprocess.Popen([python, *options, os.path.join(folder, "start.py"), *sys.argv[1:]], env=variables)
    return child.wait()


check_version()
for name in ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]:
    if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
        signal.signal(getattr(signal, name), pass_on)
folder = tempfile.mkdtemp(prefix="prepyc-zip-")
try:
    status = run(folder)
finally:
    shutil.rmtree(folder, ignore_errors=True)
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
