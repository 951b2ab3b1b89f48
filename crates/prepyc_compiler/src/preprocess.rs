//! What is looked at in the tree before its names: statements that leave a `finally` (PEP 765).
//!
//! Mirrors what `Python/ast_preprocess.c` (3.14) warns of; what it folds is `codegen/fold.rs`.

use prepyc_syntax::ast::{Module, Stmt, StmtKind};

use crate::warning::Warnings;

/// Where a statement stands, as far as leaving a `finally` goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    /// In no `finally` of the function at hand; or in a loop inside one, for whose `return` CPython does not warn either.
    Free,
    /// In a `finally`.
    Finally,
}

/// Warns of each `return`, `break` and `continue` that leaves a `finally`, and with it forgets an exception.
pub(crate) fn warn_of_finally_exits(module: &Module<'_>, warnings: &mut Warnings) {
    walk(module.body, Surroundings::Free, warnings);
}

fn walk(body: &[Stmt<'_>], around: Surroundings, warnings: &mut Warnings) {
    for statement in body {
        let mut leave = |word: &str| {
            if around == Surroundings::Finally {
                warnings.issue(format!("'{word}' in a 'finally' block"), statement.location.lineno);
            }
        };
        match statement.kind {
            StmtKind::Return { .. } => leave("return"),
            StmtKind::Break => leave("break"),
            StmtKind::Continue => leave("continue"),
            StmtKind::FunctionDef(def) | StmtKind::AsyncFunctionDef(def) => {
                walk(def.body, Surroundings::Free, warnings);
            }
            StmtKind::ClassDef(def) => walk(def.body, around, warnings),
            StmtKind::For(node) | StmtKind::AsyncFor(node) => {
                walk(node.body, Surroundings::Free, warnings);
                walk(node.orelse, around, warnings);
            }
            StmtKind::While(node) => {
                walk(node.body, Surroundings::Free, warnings);
                walk(node.orelse, around, warnings);
            }
            StmtKind::If(mut node) => {
                // Without recursion: nothing has seen yet how long the chain is.
                while let [Stmt { kind: StmtKind::If(next), .. }] = node.orelse {
                    walk(node.body, around, warnings);
                    node = next;
                }
                walk(node.body, around, warnings);
                walk(node.orelse, around, warnings);
            }
            StmtKind::With(node) | StmtKind::AsyncWith(node) => walk(node.body, around, warnings),
            StmtKind::Match { cases, .. } => {
                cases.iter().for_each(|case| walk(case.body, around, warnings));
            }
            StmtKind::Try(node) | StmtKind::TryStar(node) => {
                walk(node.body, around, warnings);
                node.handlers.iter().for_each(|handler| walk(handler.body, around, warnings));
                walk(node.orelse, around, warnings);
                walk(node.finalbody, Surroundings::Finally, warnings);
            }
            _ => {}
        }
    }
}
