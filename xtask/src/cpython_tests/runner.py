"""Runs `python -m test ARGUMENTS` and writes down what becomes of each case: `python -c THIS LOG ARGUMENTS`.

A line of the log is a JSON list: the case, what became of it, and in what words (a reason, an exception). The report that
`python -m test` writes itself knows nothing of subtests, nor of what fails before a case begins.
"""

import json
import os
import runpy
import sys
import traceback
from test.libregrtest.testresult import RegressionTestResult as Result

log, owner = sys.argv.pop(1), os.getpid()
# Tests replace what they like, and close what they find open.
getpid, os_open, os_write, os_close, dumps = os.getpid, os.open, os.write, os.close, json.dumps
flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def write(test, outcome, words):
    if getpid() != owner:
        return  # a test's own child
    line = dumps([str(test.id() if hasattr(test, "id") else test), outcome, words]) + "\n"
    file = os_open(log, flags, 0o666)
    os_write(file, line.encode())
    os_close(file)


def exception(error):
    return "".join(traceback.format_exception_only(*error[:2]))


def watch(method, outcome, words):
    original = getattr(Result, method)

    def watched(self, test, *rest):
        write(test, outcome, words(*rest))
        return original(self, test, *rest)

    setattr(Result, method, watched)


def watch_subtests():
    original = Result.addSubTest

    def watched(self, test, subtest, error):
        if error is not None:
            write(subtest, "failed", exception(error))
        return original(self, test, subtest, error)

    Result.addSubTest = watched


watch("addSuccess", "passed", lambda: "")
watch("addFailure", "failed", exception)
watch("addError", "failed", exception)
watch("addSkip", "skipped", str)
watch("addExpectedFailure", "failed as expected", exception)
watch("addUnexpectedSuccess", "passed unexpectedly", lambda: "")
watch_subtests()
runpy.run_module("test", run_name="__main__", alter_sys=True)
