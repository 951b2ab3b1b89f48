//! Patterns of `match`.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{ExprContext, Location, MatchCase, Pattern, PatternKind};

use super::{Builder, Walk};
use crate::symtable::scope::SymbolFlags;

impl Builder<'_> {
    pub(super) fn visit_match_case(&mut self, case: &MatchCase<'_>) -> Walk {
        self.visit_pattern(&case.pattern)?;
        self.visit_optional(case.guard.as_ref())?;
        self.visit_body(case.body)
    }

    fn visit_pattern(&mut self, pattern: &Pattern<'_>) -> Walk {
        self.descend(pattern.location)?;
        self.visit_pattern_inside(pattern)?;
        self.ascend();
        Ok(())
    }

    fn visit_pattern_inside(&mut self, pattern: &Pattern<'_>) -> Walk {
        let location = pattern.location;
        match &pattern.kind {
            PatternKind::MatchValue { value } => self.visit(value),
            PatternKind::MatchSingleton { .. } => Ok(()),
            PatternKind::MatchSequence { patterns } | PatternKind::MatchOr { patterns } => {
                self.visit_patterns(patterns)
            }
            PatternKind::MatchStar { name } => self.capture(*name, location),
            PatternKind::MatchMapping(node) => {
                self.visit_all(node.keys)?;
                self.visit_patterns(node.patterns)?;
                self.capture(node.rest, location)
            }
            PatternKind::MatchClass(node) => {
                self.visit(&node.cls)?;
                self.visit_patterns(node.patterns)?;
                for (&name, pattern) in node.kwd_attrs.iter().zip(node.kwd_patterns) {
                    self.check_name(name, ExprContext::Store, pattern.location)?;
                }
                self.visit_patterns(node.kwd_patterns)
            }
            PatternKind::MatchAs { pattern, name } => {
                pattern.map_or(Ok(()), |pattern| self.visit_pattern(pattern))?;
                self.capture(*name, location)
            }
        }
    }

    fn visit_patterns(&mut self, patterns: &[Pattern<'_>]) -> Walk {
        patterns.iter().try_for_each(|pattern| self.visit_pattern(pattern))
    }

    fn capture(&mut self, name: Option<StrId>, location: Location) -> Walk {
        let Some(name) = name else { return Ok(()) };
        self.check_name(name, ExprContext::Store, location)?;
        self.add(name, SymbolFlags::LOCAL, location)
    }
}
