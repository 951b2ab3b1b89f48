//! Expressions as text, for PEP 563: what `from __future__ import annotations` makes of annotations.
//!
//! Mirrors `Python/ast_unparse.c`, which knows expressions alone and keeps to the tree: parentheses come from
//! precedence, spaces and quotes are its own. Texts are WTF-8, as the strings they are made of.
//!
//! Nothing here calls itself: what is still to be written stands on a list of [`Step`]s, so that a deep tree takes memory
//! and no stack. An f-string within an f-string is quoted again with each level, which can double its backslashes: the
//! length of all texts together is bounded.

mod atoms;
mod formatted;
mod literal;
#[cfg(test)]
mod tests;

use prepyc_bytecode::{StrId, Strings};
use prepyc_syntax::ast::{BoolOp, CmpOp, Compare, Expr, ExprKind, IfExp, Operator, UnaryOp};
use prepyc_version::Features;

use crate::codegen::Failure;
use crate::limits::{Limit, MAX_ANNOTATION_TEXT};

/// How tightly an expression holds together; one that holds less than its place asks for gets parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Tuple,
    /// `if` and `else`, `lambda`.
    Test,
    Or,
    And,
    Not,
    Comparison,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Term,
    /// Unary `+`, `-`, `~`.
    Factor,
    Power,
    Await,
    Atom,
}

impl Precedence {
    /// The next tighter one.
    const fn tighter(self) -> Precedence {
        match self {
            Precedence::Tuple => Precedence::Test,
            Precedence::Test => Precedence::Or,
            Precedence::Or => Precedence::And,
            Precedence::And => Precedence::Not,
            Precedence::Not => Precedence::Comparison,
            Precedence::Comparison => Precedence::BitOr,
            Precedence::BitOr => Precedence::BitXor,
            Precedence::BitXor => Precedence::BitAnd,
            Precedence::BitAnd => Precedence::Shift,
            Precedence::Shift => Precedence::Sum,
            Precedence::Sum => Precedence::Term,
            Precedence::Term => Precedence::Factor,
            Precedence::Factor => Precedence::Power,
            Precedence::Power => Precedence::Await,
            Precedence::Await | Precedence::Atom => Precedence::Atom,
        }
    }
}

/// Something that is still to be written, or done with what is written.
#[derive(Clone, Copy)]
enum Step<'a> {
    Text(&'static str),
    Name(StrId),
    Expression(&'a Expr<'a>, Precedence),
    /// A part of an f-string or t-string, within its quotes.
    Piece(&'a Expr<'a>),
    /// Puts quotes around what is written from there on, and escapes what needs it.
    Quote {
        start: usize,
    },
    /// Keeps the brace of a replacement field apart from one that begins its expression.
    PartBraces {
        at: usize,
    },
}

/// Steps that most annotations have no more of at a time.
const FEW_STEPS: usize = 16;

/// Bytes that most annotations have no more of.
const SHORT_TEXT: usize = 64;

/// Writes the annotations of one program.
#[derive(Debug, Default)]
pub(crate) struct Unparser {
    /// How many bytes all texts so far have.
    written: usize,
}

/// What writes one expression.
struct Writer<'a, 's> {
    strings: &'s Strings,
    features: &'static Features,
    text: Vec<u8>,
    /// How long the text may become.
    limit: usize,
    /// What follows, the next last.
    steps: Vec<Step<'a>>,
}

impl Unparser {
    /// The text of an annotation (CPython: `_PyAST_ExprAsUnicode`).
    ///
    /// # Errors
    /// All texts together are too long, or a number in it is too large to be shown in decimal.
    pub(crate) fn unparse<'a>(
        &mut self,
        annotation: &'a Expr<'a>,
        strings: &Strings,
        features: &'static Features,
    ) -> Result<Vec<u8>, Failure> {
        let limit = MAX_ANNOTATION_TEXT - self.written;
        let mut steps = Vec::with_capacity(FEW_STEPS);
        steps.push(Step::Expression(annotation, Precedence::Test));
        let mut writer = Writer { strings, features, text: Vec::with_capacity(SHORT_TEXT), limit, steps };
        writer.run()?;
        self.written += writer.text.len();
        Ok(writer.text)
    }
}

impl<'a> Writer<'a, '_> {
    fn run(&mut self) -> Result<(), Failure> {
        while let Some(step) = self.steps.pop() {
            let rest = self.steps.len();
            match step {
                Step::Text(text) => self.write(text),
                Step::Name(name) => self.text.extend_from_slice(self.strings.get(name).as_bytes()),
                Step::Expression(e, place) => self.expression(e, place)?,
                Step::Piece(e) => self.piece(e),
                Step::Quote { start } => self.quote(start)?,
                Step::PartBraces { at } => {
                    if self.text.get(at) == Some(&b'{') {
                        self.text.insert(at, b' ');
                    }
                }
            }
            // Steps are added in the order in which they are to be taken.
            self.steps[rest..].reverse();
            self.check(self.text.len())?;
        }
        Ok(())
    }

    /// Whether the text may be that long.
    fn check(&self, length: usize) -> Result<(), Failure> {
        if length > self.limit { Err(Limit::AnnotationText.into()) } else { Ok(()) }
    }

    /// Writes at once; only before any step is added.
    fn write(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    fn then(&mut self, text: &'static str) {
        self.steps.push(Step::Text(text));
    }

    fn then_expression(&mut self, e: &'a Expr<'a>, place: Precedence) {
        self.steps.push(Step::Expression(e, place));
    }

    /// Expressions with commas between them.
    fn then_list(&mut self, elements: &'a [Expr<'a>]) {
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.then(", ");
            }
            self.then_expression(element, Precedence::Test);
        }
    }

    /// Steps that are between parentheses if the place asks for more than they hold.
    fn bracketed(&mut self, place: Precedence, own: Precedence, steps: impl FnOnce(&mut Self)) {
        let is_bracketed = place > own;
        if is_bracketed {
            self.then("(");
        }
        steps(self);
        if is_bracketed {
            self.then(")");
        }
    }

    fn expression(&mut self, e: &'a Expr<'a>, place: Precedence) -> Result<(), Failure> {
        match e.kind {
            ExprKind::BoolOp { op, values } => self.bool_op(op, values, place),
            ExprKind::NamedExpr { target, value } => self.bracketed(place, Precedence::Tuple, |writer| {
                writer.then_expression(target, Precedence::Atom);
                writer.then(" := ");
                writer.then_expression(value, Precedence::Atom);
            }),
            ExprKind::BinOp { left, op, right } => self.binary(left, op, right, place),
            ExprKind::UnaryOp { op, operand } => self.unary(op, operand, place),
            ExprKind::Lambda { args, body } => self.lambda(args, body, place),
            ExprKind::IfExp(node) => self.conditional(node, place),
            ExprKind::Await { value } => self.bracketed(place, Precedence::Await, |writer| {
                writer.then("await ");
                writer.then_expression(value, Precedence::Atom);
            }),
            ExprKind::Compare(node) => self.compare(node, place),
            ExprKind::Tuple { elts: [], .. } => self.write("()"),
            ExprKind::Tuple { elts, .. } => self.bracketed(place, Precedence::Tuple, |writer| {
                writer.then_list(elts);
                if elts.len() == 1 {
                    writer.then(",");
                }
            }),
            ExprKind::Constant { value, kind } => return self.constant(value, kind),
            ExprKind::JoinedStr { values } => self.string_of(b'f', values),
            ExprKind::TemplateStr { values } => self.string_of(b't', values),
            ExprKind::FormattedValue(_) | ExprKind::Interpolation(_) => self.piece(e),
            _ => self.atom(e),
        }
        Ok(())
    }

    fn bool_op(&mut self, op: BoolOp, values: &'a [Expr<'a>], place: Precedence) {
        let (own, word) = match op {
            BoolOp::And => (Precedence::And, " and "),
            BoolOp::Or => (Precedence::Or, " or "),
        };
        self.bracketed(place, own, |writer| {
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    writer.then(word);
                }
                writer.then_expression(value, own.tighter());
            }
        });
    }

    fn binary(&mut self, left: &'a Expr<'a>, op: Operator, right: &'a Expr<'a>, place: Precedence) {
        let (own, word) = match op {
            Operator::Add => (Precedence::Sum, " + "),
            Operator::Sub => (Precedence::Sum, " - "),
            Operator::Mult => (Precedence::Term, " * "),
            Operator::MatMult => (Precedence::Term, " @ "),
            Operator::Div => (Precedence::Term, " / "),
            Operator::Mod => (Precedence::Term, " % "),
            Operator::FloorDiv => (Precedence::Term, " // "),
            Operator::LShift => (Precedence::Shift, " << "),
            Operator::RShift => (Precedence::Shift, " >> "),
            Operator::BitOr => (Precedence::BitOr, " | "),
            Operator::BitXor => (Precedence::BitXor, " ^ "),
            Operator::BitAnd => (Precedence::BitAnd, " & "),
            Operator::Pow => (Precedence::Power, " ** "),
        };
        let (at_left, at_right) =
            if op == Operator::Pow { (own.tighter(), own) } else { (own, own.tighter()) };
        self.bracketed(place, own, |writer| {
            writer.then_expression(left, at_left);
            writer.then(word);
            writer.then_expression(right, at_right);
        });
    }

    fn unary(&mut self, op: UnaryOp, operand: &'a Expr<'a>, place: Precedence) {
        let (own, word) = match op {
            UnaryOp::Invert => (Precedence::Factor, "~"),
            UnaryOp::Not => (Precedence::Not, "not "),
            UnaryOp::UAdd => (Precedence::Factor, "+"),
            UnaryOp::USub => (Precedence::Factor, "-"),
        };
        self.bracketed(place, own, |writer| {
            writer.then(word);
            writer.then_expression(operand, own);
        });
    }

    fn conditional(&mut self, node: &'a IfExp<'a>, place: Precedence) {
        self.bracketed(place, Precedence::Test, |writer| {
            writer.then_expression(&node.body, Precedence::Or);
            writer.then(" if ");
            writer.then_expression(&node.test, Precedence::Or);
            writer.then(" else ");
            writer.then_expression(&node.orelse, Precedence::Test);
        });
    }

    fn compare(&mut self, node: &'a Compare<'a>, place: Precedence) {
        self.bracketed(place, Precedence::Comparison, |writer| {
            writer.then_expression(&node.left, Precedence::BitOr);
            for (op, comparator) in node.ops.iter().zip(node.comparators) {
                writer.then(match op {
                    CmpOp::Eq => " == ",
                    CmpOp::NotEq => " != ",
                    CmpOp::Lt => " < ",
                    CmpOp::LtE => " <= ",
                    CmpOp::Gt => " > ",
                    CmpOp::GtE => " >= ",
                    CmpOp::Is => " is ",
                    CmpOp::IsNot => " is not ",
                    CmpOp::In => " in ",
                    CmpOp::NotIn => " not in ",
                });
                writer.then_expression(comparator, Precedence::BitOr);
            }
        });
    }
}
