//! What a `py_exec_tools_toolchain` precompiles with, and how that may be run.
//!
//! As rules_python takes it: a `py_interpreter_program`, or anything that can be executed. Only the first says how it may be
//! run; `--execution_requirements` says it of any.

use std::collections::{BTreeMap, BTreeSet};

use prepyc_loading::{Rule, Target, Value};
use prepyc_plan::{ExecutionRequirements, Given, Label, Precompiler};

use super::condition::Conditions;
use super::configuration::{FlagName, is_rules_python};
use super::error::AnalysisError;
use super::found::Declared;
use super::labels::Referent;
use super::target::{File, Interpreter, PrecompilerProgram, PrecompilerTool, Python};
use super::toolchains::as_string;

/// So many targets a `sh_binary` may reach by `deps` and `data`.
const MAX_REACHED: usize = 10_000;

impl Conditions<'_> {
    /// The precompiler of a toolchain, if it has one.
    pub(super) fn exec_tools(
        &self,
        toolchain: &Declared,
        python: &Python,
    ) -> Result<(Precompiler, Option<PrecompilerTool>), AnalysisError> {
        let target = toolchain.target();
        if target.rule != Rule::PyExecToolsToolchain {
            let message = format!(
                "{}: an exec tools toolchain is a py_exec_tools_toolchain, not a {}",
                target.label, target.rule
            );
            return Err(AnalysisError::at(&target.location, message));
        }
        let Some(label) = self.label(target, "precompiler")? else {
            return Ok((Precompiler::Missing, None));
        };
        if is_known_precompiler(&label) {
            return Ok((Precompiler::Registered, None));
        }
        let tool = match self.refer(target, &label)? {
            Referent::File(file) => {
                let program = PrecompilerProgram::Executable { file, runfiles: Vec::new() };
                PrecompilerTool { program, requirements: self.given_requirements()?.unwrap_or_default() }
            }
            Referent::Target(found) if is_prepyc(&found.target().rule) => {
                return Ok((Precompiler::Registered, None));
            }
            Referent::Target(found) => {
                let program = self.precompiler_program(target, found.target(), python)?;
                PrecompilerTool { program, requirements: self.requirements_of(found.target())? }
            }
        };
        Ok((Precompiler::Registered, Some(tool)))
    }

    /// What `--execution_requirements` says, if it was given.
    fn given_requirements(&self) -> Result<Option<BTreeMap<String, String>>, AnalysisError> {
        let flags = self.configuration.precompiling_flags();
        let flag = flags.map_err(|error| AnalysisError::Given(error.to_string()))?.execution_requirements;
        Ok((flag.given != Given::Default).then(|| as_map(&flag.value)))
    }

    /// How a program may be run: `execution_requirements` of a `py_interpreter_program` names a flag that says it.
    fn requirements_of(&self, program: &Target) -> Result<BTreeMap<String, String>, AnalysisError> {
        if let Some(given) = self.given_requirements()? {
            return Ok(given);
        }
        let Some(label) = self.label(program, "execution_requirements")? else { return Ok(BTreeMap::new()) };
        let name = FlagName::of_label(&label);
        let bad = |problem: String| {
            let message = format!("{}: execution_requirements: {problem}", program.label);
            AnalysisError::at(&program.location, message)
        };
        let texts = match self.configuration.values(&name) {
            [] if is_rules_python(label.repository()) => return Ok(as_map(&ExecutionRequirements::stock())),
            [] => self.default_of(&label)?.ok_or_else(|| bad(format!("{label} is no flag")))?,
            given => given.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect(),
        };
        let mut requirements = BTreeMap::new();
        for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            let Some((key, value)) = text.split_once('=') else {
                return Err(bad(format!("{label}: {text:?} is not of the form key=value")));
            };
            requirements.insert(key.to_owned(), value.to_owned());
        }
        Ok(requirements)
    }

    fn precompiler_program(
        &self,
        toolchain: &Target,
        program: &Target,
        python: &Python,
    ) -> Result<PrecompilerProgram, AnalysisError> {
        let bad = |problem: String| {
            AnalysisError::at(&toolchain.location, format!("{}: precompiler: {problem}", toolchain.label))
        };
        match &program.rule {
            Rule::Filegroup => match &self.referents(program, "srcs")?.files[..] {
                [file] => Ok(PrecompilerProgram::Executable { file: file.clone(), runfiles: Vec::new() }),
                files => Err(bad(format!(
                    "{} is a group of {} files; a precompiler is one that can be executed",
                    program.label,
                    files.len()
                ))),
            },
            Rule::PyBinary => Ok(PrecompilerProgram::Binary(program.label.clone())),
            Rule::Unknown(name) if &**name == "py_interpreter_program" => {
                self.interpreter_program(toolchain, program, python)
            }
            Rule::Unknown(name) if &**name == "sh_binary" => self.shell_program(program),
            Rule::Unknown(name) => Err(bad(format!(
                "{} is a {name}, a rule that prepyc build does not know ({})",
                program.label, program.location
            ))),
            rule => Err(bad(format!(
                "{} is a {rule}; a precompiler is a file that can be executed, a py_binary, a sh_binary or a \
                 py_interpreter_program",
                program.label
            ))),
        }
    }

    fn interpreter_program(
        &self,
        toolchain: &Target,
        program: &Target,
        python: &Python,
    ) -> Result<PrecompilerProgram, AnalysisError> {
        let mut files = self.referents(program, "data")?.files;
        let interpreter = match self.label(toolchain, "exec_interpreter")? {
            Some(label) if !is_rules_python(label.repository()) => match self.refer(toolchain, &label)? {
                Referent::File(file) => Interpreter::File(file),
                Referent::Target(_) => python.interpreter.clone(),
            },
            _ => python.interpreter.clone(),
        };
        if interpreter == python.interpreter {
            files.extend(python.files.iter().cloned());
        }
        let main = self.referents(program, "main")?.files;
        let [main] = &main[..] else {
            let message = format!("{}: main has to be one file", program.label);
            return Err(AnalysisError::at(&program.location, message));
        };
        let mut named = BTreeSet::from([main.label.clone()]);
        if let Interpreter::File(file) = &interpreter {
            named.insert(file.label.clone());
        }
        files.retain(|file| named.insert(file.label.clone()));
        let interpreter_args = match self.attribute(program, "interpreter_args")? {
            Some(Value::List(values)) => values.iter().filter_map(as_string).collect(),
            _ => Vec::new(),
        };
        let env = self.dict(program, "env")?;
        Ok(PrecompilerProgram::Interpreted { interpreter, interpreter_args, main: main.clone(), files, env })
    }

    /// A `sh_binary`: its script, and the files of all that it reaches.
    fn shell_program(&self, program: &Target) -> Result<PrecompilerProgram, AnalysisError> {
        let bad =
            |problem: String| AnalysisError::at(&program.location, format!("{}: {problem}", program.label));
        let script = self.referents(program, "srcs")?;
        let ([file], []) = (&script.files[..], &script.targets[..]) else {
            return Err(bad("srcs of a sh_binary is one file of the workspace".to_owned()));
        };
        let mut runfiles = vec![file.clone()];
        let mut seen: BTreeSet<Label> = BTreeSet::from([file.label.clone()]);
        let mut waiting = Vec::new();
        let reach = |from: &Target, runfiles: &mut Vec<File>, seen: &mut BTreeSet<Label>| {
            let mut found: Vec<Declared> = Vec::new();
            for name in ["srcs", "data", "deps"] {
                let referents = self.referents(from, name)?;
                runfiles.extend(referents.files.into_iter().filter(|file| seen.insert(file.label.clone())));
                let targets = referents.targets.into_iter();
                found.extend(targets.filter(|found| seen.insert(found.target().label.clone())));
            }
            Ok::<_, AnalysisError>(found)
        };
        waiting.extend(reach(program, &mut runfiles, &mut seen)?);
        while let Some(found) = waiting.pop() {
            match &found.target().rule {
                Rule::Unknown(name) if &**name == "sh_library" && seen.len() < MAX_REACHED => {
                    waiting.extend(reach(found.target(), &mut runfiles, &mut seen)?);
                }
                rule => {
                    let other = &found.target().label;
                    return Err(bad(format!("it needs {other}, a {rule}, whose files are not known")));
                }
            }
        }
        Ok(PrecompilerProgram::Executable { file: file.clone(), runfiles })
    }
}

/// Whether a label is that of rules_python's own precompiler, or of prepyc's Bazel module: here prepyc itself does.
fn is_known_precompiler(label: &Label) -> bool {
    let repository = label.repository();
    is_rules_python(repository) && label.package() == "tools/precompiler"
        || repository.trim_end_matches(['+', '~']) == "prepyc" && label.name() == "precompiler"
}

/// Whether a rule is that of prepyc's own Bazel module, which runs `prepyc-worker`: here prepyc itself does.
fn is_prepyc(rule: &Rule) -> bool {
    matches!(rule, Rule::Unknown(name) if &**name == "prepyc_precompiler")
}

fn as_map(requirements: &ExecutionRequirements) -> BTreeMap<String, String> {
    requirements.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
