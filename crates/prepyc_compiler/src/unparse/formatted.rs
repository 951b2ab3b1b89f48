//! f-strings and t-strings: their parts are written one after the other, then all of it is quoted as one string.

use prepyc_syntax::ast::{Conversion, Expr, ExprKind, Literal};

use super::literal::write_string;
use super::{Precedence, Step, Writer};
use crate::codegen::Failure;

impl<'a> Writer<'a, '_> {
    /// A whole string with its prefix.
    pub(super) fn string_of(&mut self, prefix: u8, values: &'a [Expr<'a>]) {
        self.text.push(prefix);
        let start = self.text.len();
        self.steps.extend(values.iter().map(Step::Piece));
        self.steps.push(Step::Quote { start });
    }

    /// Quotes the end of the text.
    pub(super) fn quote(&mut self, start: usize) -> Result<(), Failure> {
        let body = self.text.split_off(start);
        let limit = self.limit;
        write_string(&mut self.text, &body, limit, self.features)
    }

    /// A part of a string, within its quotes.
    pub(super) fn piece(&mut self, e: &'a Expr<'a>) {
        match e.kind {
            ExprKind::Constant { value: Literal::Str(id), .. } => {
                for &byte in self.strings.get(id).as_bytes() {
                    self.text.push(byte);
                    if matches!(byte, b'{' | b'}') {
                        self.text.push(byte);
                    }
                }
            }
            ExprKind::FormattedValue(node) => {
                self.text.push(b'{');
                let at = self.text.len();
                // Within the braces a lambda needs parentheses, for its colon.
                self.then_expression(&node.value, Precedence::Or);
                self.steps.push(Step::PartBraces { at });
                self.conversion_and_spec(node.conversion, node.format_spec.as_ref());
            }
            ExprKind::Interpolation(node) => {
                self.text.push(b'{');
                let at = self.text.len();
                self.steps.extend([Step::Name(node.str), Step::PartBraces { at }]);
                self.conversion_and_spec(node.conversion, node.format_spec.as_ref());
            }
            // A format specification, which stands within the quotes of its string.
            ExprKind::JoinedStr { values } => self.steps.extend(values.iter().map(Step::Piece)),
            _ => self.then_expression(e, Precedence::Test),
        }
    }

    fn conversion_and_spec(&mut self, conversion: Conversion, spec: Option<&'a Expr<'a>>) {
        match conversion {
            Conversion::None => {}
            Conversion::Str => self.then("!s"),
            Conversion::Repr => self.then("!r"),
            Conversion::Ascii => self.then("!a"),
        }
        if let Some(spec) = spec {
            self.then(":");
            self.steps.push(Step::Piece(spec));
        }
        self.then("}");
    }
}
