//! Holds `compile` against an interpreter: `compare VERSION LEVEL FILES…` (or directories), one line a differing file, and the
//! causes by number. `VERBOSE=1` shows each file's first difference, `LISTINGS=FOLDER` writes both listings of the last.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use prepyc_bytecode::{Program, diff::first_differences};
use prepyc_compiler::{CompileOptions, Optimize, compile};
use prepyc_testing::Oracle;
use prepyc_version::PyVersion;

const SCRIPT: &str = "import sys,marshal,warnings
warnings.simplefilter('ignore')
out=sys.stdout.buffer
for path in sys.stdin.read().split('\\n'):
    if not path: continue
    try: data=b'C'+marshal.dumps(compile(open(path,'rb').read(),path,'exec',dont_inherit=True,optimize=int(sys.argv[1])))
    except Exception as e: data=b'E'+repr(e).encode('utf-8','replace')
    out.write(len(data).to_bytes(4,'little')+data)
";

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| collect(entry, files));
    } else if path.is_file() && path.extension().is_some_and(|extension| extension == "py") {
        files.push(path.to_owned());
    }
}

/// In what the two differ, and how it looks; the interpreter's answer begins with `C` (code) or `E` (an exception).
fn difference(source: &[u8], options: &CompileOptions, answer: &[u8]) -> Option<(String, String)> {
    let is_accepted = answer[0] == b'C';
    let theirs = &answer[1..];
    match std::panic::catch_unwind(|| compile(source, options)) {
        Err(_) => Some(("panic".to_owned(), String::new())),
        Ok(Err(_)) if !is_accepted => None,
        Ok(Err(error)) => {
            let text = error.to_string();
            let cause = text.split(" (line").next().unwrap();
            Some((format!("refused: {cause}"), text.clone()))
        }
        Ok(Ok(_)) if !is_accepted => {
            Some(("accepted".to_owned(), String::from_utf8_lossy(theirs).into_owned()))
        }
        Ok(Ok(ours)) => {
            let theirs = Program::from_marshal(theirs, options.version).unwrap();
            if let Some(folder) = std::env::var_os("LISTINGS") {
                std::fs::write(Path::new(&folder).join("ours.txt"), ours.program.to_string()).unwrap();
                std::fs::write(Path::new(&folder).join("theirs.txt"), theirs.to_string()).unwrap();
            }
            let differences = first_differences(&ours.program, &theirs);
            differences.first().map(|first| (first.field.to_owned(), first.to_string()))
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let version: PyVersion = arguments[0].parse().unwrap();
    let optimize = match arguments[1].as_str() {
        "0" => Optimize::Level0,
        "1" => Optimize::Level1,
        _ => Optimize::Level2,
    };
    let mut files = Vec::new();
    for path in &arguments[2..] {
        collect(Path::new(path), &mut files);
    }
    let mut child = Oracle::find(&arguments[0])
        .expect("an interpreter from cargo xtask oracles")
        .command()
        .args(["-c", SCRIPT, &arguments[1]])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for file in &files {
        writeln!(input, "{}", file.display()).unwrap();
    }
    drop(input);
    let mut output = child.stdout.take().unwrap();
    let mut out = std::io::stdout().lock();
    let (mut same, mut causes) = (0, BTreeMap::<String, (usize, String)>::new());
    for file in &files {
        let mut length = [0; 4];
        output.read_exact(&mut length).unwrap();
        let mut data = vec![0; u32::from_le_bytes(length) as usize];
        output.read_exact(&mut data).unwrap();
        let source = std::fs::read(file).unwrap();
        let options = CompileOptions { version, filename: file.display().to_string(), optimize };
        let Some((cause, detail)) = difference(&source, &options, &data) else {
            same += 1;
            continue;
        };
        let entry = causes.entry(cause.clone()).or_insert((0, file.display().to_string()));
        entry.0 += 1;
        if std::env::var_os("VERBOSE").is_some() {
            writeln!(out, "{} {cause} {detail}", file.display()).unwrap();
        }
    }
    writeln!(out, "{same} of {} alike", files.len()).unwrap();
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (cause, (count, example)) in causes {
        writeln!(out, "{count:5} {cause}   e.g. {example}").unwrap();
    }
    child.wait().unwrap();
}
