//! The recorded facts, as `record/opcodes.py` writes them, and what they amount to.

use anyhow::{Context, bail};
use serde::Deserialize;

/// All that is recorded of a version.
#[derive(Deserialize)]
pub(super) struct Facts {
    pub(super) python: String,
    pub(super) magic: u16,
    pub(super) marshal_version: u8,
    pub(super) compare_ops: Vec<String>,
    pub(super) binary_ops: Vec<(String, String)>,
    pub(super) intrinsics_1: Vec<String>,
    pub(super) intrinsics_2: Vec<String>,
    pub(super) special_methods: Vec<String>,
    pub(super) common_constants: Vec<String>,
    pub(super) code_flags: std::collections::BTreeMap<u32, String>,
    /// The first and last code points of what `repr` escapes.
    pub(super) unprintable: Vec<(u32, u32)>,
    pub(super) opcodes: Vec<Instruction>,
}

/// An instruction.
#[derive(Deserialize)]
pub(super) struct Instruction {
    pub(super) name: String,
    pub(super) number: u16,
    pub(super) caches: u8,
    oparg: bool,
    sets: Vec<String>,
    effect: Effect,
    jump_effect: Option<Effect>,
    /// How many code units it jumps with oparg 5.
    jump: Option<i32>,
    #[serde(default)]
    shown: Vec<String>,
    beyond: Option<String>,
}

/// What `dis.stack_effect` says.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Effect {
    /// Of any oparg.
    Constant(i8),
    /// Of opargs 0, 1, 2, …, and of 0, 256, 512, ….
    Varying { low: Vec<i32>, high: Vec<i32> },
}

/// The oparg used as the last example of an instruction whose oparg is an index.
const LARGE_EXAMPLE: usize = 0x53;

impl Instruction {
    fn is_in(&self, set: &str) -> bool {
        self.sets.iter().any(|name| name == set)
    }

    /// The expression for what the oparg means.
    pub(super) fn oparg(&self) -> anyhow::Result<String> {
        Ok(if self.is_in("exc") {
            "Oparg::Handler".to_owned()
        } else if self.is_in("jump") {
            match self.jump {
                Some(5) => "Oparg::Jump(Direction::Forward)".to_owned(),
                Some(-5) => "Oparg::Jump(Direction::Backward)".to_owned(),
                // A jump that only the compiler uses has a block for its target.
                None if self.number > 255 => "Oparg::Jump(Direction::Forward)".to_owned(),
                other => bail!("{} jumps by {other:?} with oparg 5", self.name),
            }
        } else if !self.oparg {
            "Oparg::Unused".to_owned()
        } else if self.is_in("const") {
            self.consts().to_owned()
        } else if self.is_in("name") {
            self.names()?
        } else if self.is_in("local") || self.is_in("free") {
            self.locals()?.to_owned()
        } else if let Some(beyond) = &self.beyond {
            let beyond = match beyond.as_str() {
                "nothing" => "Nothing",
                "last" => "Last",
                "period" => "Period",
                other => bail!("{}: {other}", self.name),
            };
            format!("Oparg::Words {{ shown: &{:?}, beyond: Beyond::{beyond} }}", self.shown)
        } else {
            "Oparg::Number".to_owned()
        })
    }

    /// The examples have the constants 1000, 1001, …; an instruction that shows others has none of its own.
    fn consts(&self) -> &'static str {
        if self.shown.first().is_some_and(|text| text == "1000") { "Oparg::Const" } else { "Oparg::Number" }
    }

    /// The examples have the names n0, n1, …; what only the compiler uses has no examples.
    fn names(&self) -> anyhow::Result<String> {
        if self.number > 255 {
            return Ok("Oparg::Name { shift: 0, shown: &[\"{}\"] }".to_owned());
        }
        for shift in 0..3_u8 {
            let bits = 1 << shift;
            let patterns: Option<Vec<String>> = (0..bits)
                .map(|oparg| self.shown.get(oparg).map(|text| text.replacen("n0", "{}", 1)))
                .collect();
            let patterns = patterns.context("too few examples")?;
            let fits = self.examples().all(|(oparg, text)| {
                patterns[oparg % bits].replace("{}", &format!("n{}", oparg >> shift)) == text
            });
            if fits {
                return Ok(format!("Oparg::Name {{ shift: {shift}, shown: &{patterns:?} }}"));
            }
        }
        bail!("{}: no rule gives {:?}", self.name, self.shown)
    }

    /// The examples have the locals v0, v1, ….
    fn locals(&self) -> anyhow::Result<&'static str> {
        if self.number > 255 || self.examples().all(|(oparg, text)| text == format!("v{oparg}")) {
            return Ok("Oparg::Local");
        }
        if self.examples().all(|(oparg, text)| text == format!("v{}, v{}", oparg >> 4, oparg & 15)) {
            return Ok("Oparg::LocalPair");
        }
        bail!("{}: no rule gives {:?}", self.name, self.shown)
    }

    fn examples(&self) -> impl Iterator<Item = (usize, &str)> {
        let last = self.shown.len().saturating_sub(1);
        let oparg = move |index| if index == last { LARGE_EXAMPLE } else { index };
        self.shown.iter().enumerate().map(move |(index, text)| (oparg(index), text.as_str()))
    }

    /// The expressions for the effects without and with a jump.
    pub(super) fn effects(&self) -> anyhow::Result<[String; 2]> {
        let jump_effect = self.jump_effect.as_ref().unwrap_or(&self.effect);
        let render = |effect: &Effect| effect.render().with_context(|| self.name.clone());
        Ok([render(&self.effect)?, render(jump_effect)?])
    }
}

impl Effect {
    fn render(&self) -> anyhow::Result<String> {
        let (low, high) = match self {
            Effect::Constant(effect) => return Ok(format!("StackEffect::Constant({effect})")),
            Effect::Varying { low, high } => (low, high),
        };
        let (base, slope) = (low[0], low[1] - low[0]);
        let all = || {
            let high = high.iter().enumerate().map(|(index, &effect)| (256 * index, effect));
            low.iter().copied().enumerate().chain(high)
        };
        let fits = |rule: &dyn Fn(usize) -> i32| all().all(|(oparg, effect)| rule(oparg) == effect);
        if fits(&|oparg| base + slope * oparg as i32) {
            return Ok(format!("StackEffect::Linear {{ base: {base}, slope: {slope} }}"));
        }
        if fits(&|oparg| base + (oparg & 0xFF) as i32 + (oparg >> 8) as i32) {
            return Ok(format!("StackEffect::ByteSum {{ base: {base} }}"));
        }
        for period in [2, 4, 8, 16] {
            if fits(&|oparg| low[oparg % period]) {
                return Ok(format!("StackEffect::Period(&{:?})", &low[..period]));
            }
        }
        let different = low.iter().rposition(|effect| Some(effect) != low.last()).unwrap_or(0);
        let list = &low[..different + 2];
        if fits(&|oparg| list[oparg.min(list.len() - 1)]) {
            return Ok(format!("StackEffect::List(&{list:?})"));
        }
        bail!("no rule gives the stack effects {low:?} and {high:?}")
    }
}
