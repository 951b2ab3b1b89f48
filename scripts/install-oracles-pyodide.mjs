// node run.mjs PYODIDE_PACKAGE SCRIPT ARGS…
// Runs a Python script in Pyodide's CPython with the host's folders at their own paths.
import fs from 'node:fs';
import path from 'node:path';

const [pkg, script, ...args] = process.argv.slice(2);
const { loadPyodide } = await import(path.resolve(pkg, 'pyodide.mjs'));
const py = await loadPyodide({ indexURL: path.resolve(pkg) + '/' });

const own = new Set(['dev', 'proc', 'lib', 'lib64', 'bin', 'sbin', 'sys']); // Pyodide's own, or of no use
for (const name of fs.readdirSync('/')) {
  if (own.has(name) || !fs.statSync('/' + name).isDirectory()) continue;
  py.FS.mkdirTree('/' + name);
  py.FS.mount(py.FS.filesystems.NODEFS, { root: '/' + name }, '/' + name);
}
py.FS.chdir(process.cwd());
py.runPython(`import sys; sys.argv = ${JSON.stringify([script, ...args])}`);
try {
  const globals = py.toPy({ __name__: '__main__', __file__: script });
  py.runPython(fs.readFileSync(script, 'utf8'), { globals, filename: script });
} catch (error) {
  const exit = /^SystemExit: ?(\d*)$/m.exec(String(error));
  process.exitCode = exit ? Number(exit[1] || 0) : 1;
  if (!exit) console.error(String(error));
}
