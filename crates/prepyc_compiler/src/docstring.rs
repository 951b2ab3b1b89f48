//! Which statement of a body is its docstring.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{ExprKind, Literal, Stmt, StmtKind};

/// The body's docstring: a string, alone as its first statement. An f-string is none.
pub(crate) fn docstring(body: &[Stmt<'_>]) -> Option<StrId> {
    let StmtKind::Expr { value } = body.first()?.kind else { return None };
    match value.kind {
        ExprKind::Constant { value: Literal::Str(text), .. } => Some(text),
        _ => None,
    }
}
