"""Calls an exported predict.py as the command line would, case after case in one process; prints what each gave as JSON.

    python predict_cases.py FOLDER < CASES     CASES: {name: [arguments]}
"""

import contextlib
import importlib.util
import io
import json
import pathlib
import sys

script = pathlib.Path(sys.argv[1]) / "predict.py"
spec = importlib.util.spec_from_file_location("exported_predict", script)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

results = {}
for name, arguments in json.load(sys.stdin).items():
    sys.argv = [str(script), *arguments]
    output, errors, failure = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            module.main()
        except SystemExit as end:
            failure = str(end.code)
    results[name] = {"output": output.getvalue(), "errors": errors.getvalue(), "failure": failure}
print(json.dumps(results))
