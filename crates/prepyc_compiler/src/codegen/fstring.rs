//! f-strings, t-strings, and `'…' % (…)` where it is as good as an f-string.

use prepyc_bytecode::{Constant, StrId};
use prepyc_syntax::ast::{Conversion, Expr, ExprKind, FormattedValue, Interpolation, Operator};

use super::display::STACK_USE_GUIDELINE;
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;

fn conversion_number(conversion: Conversion) -> u32 {
    match conversion {
        Conversion::None => 0,
        Conversion::Str => 1,
        Conversion::Repr => 2,
        Conversion::Ascii => 3,
    }
}

/// A piece of a `%` format: text, or a value to be formatted.
enum Piece {
    Text(Vec<u8>),
    Value { index: usize, conversion: Conversion, spec: Vec<u8> },
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn joined_str(&mut self, values: &'a [Expr<'a>], loc: Location) -> Generated {
        if values.len() > STACK_USE_GUIDELINE {
            self.load_str(self.names.empty, loc);
            self.emit_name(Op::LoadAttr, self.names.join, 1, 1, loc);
            self.emit_with(Op::BuildList, 0, loc);
            for value in values {
                self.expression(value)?;
                self.emit_with(Op::ListAppend, 1, loc);
            }
            self.emit_with(Op::Call, 1, loc);
            return Ok(());
        }
        self.expressions(values)?;
        match values.len() {
            0 => self.load_str(self.names.empty, loc),
            1 => {}
            count => self.emit_with(Op::BuildString, count as u32, loc),
        }
        Ok(())
    }

    pub(super) fn formatted_value(&mut self, node: &'a FormattedValue<'a>, loc: Location) -> Generated {
        self.expression(&node.value)?;
        let conversion = conversion_number(node.conversion);
        if conversion > 0 {
            self.emit_with(Op::ConvertValue, conversion, loc);
        }
        if let Some(spec) = &node.format_spec {
            self.expression(spec)?;
            self.emit(Op::FormatWithSpec, loc);
        } else {
            self.emit(Op::FormatSimple, loc);
        }
        Ok(())
    }

    pub(super) fn interpolation(&mut self, node: &'a Interpolation<'a>, loc: Location) -> Generated {
        self.expression(&node.value)?;
        self.load_str(node.str, loc);
        let mut oparg = 2 | conversion_number(node.conversion) << 2;
        if let Some(spec) = &node.format_spec {
            oparg += 1;
            self.expression(spec)?;
        }
        self.emit_with(Op::BuildInterpolation, oparg, loc);
        Ok(())
    }

    pub(super) fn template_str(&mut self, values: &'a [Expr<'a>], loc: Location) -> Generated {
        let is_interpolation = |e: &Expr<'_>| matches!(e.kind, ExprKind::Interpolation(_));
        let (mut strings, mut interpolations, mut after_interpolation) = (0, 0, true);
        for value in values {
            if is_interpolation(value) {
                if after_interpolation {
                    self.load_str(self.names.empty, loc);
                    strings += 1;
                }
                after_interpolation = true;
            } else {
                self.expression(value)?;
                strings += 1;
                after_interpolation = false;
            }
        }
        if after_interpolation {
            self.load_str(self.names.empty, loc);
            strings += 1;
        }
        self.emit_with(Op::BuildTuple, strings, loc);
        for value in values.iter().filter(|value| is_interpolation(value)) {
            self.expression(value)?;
            interpolations += 1;
        }
        self.emit_with(Op::BuildTuple, interpolations, loc);
        self.emit(Op::BuildTemplate, loc);
        Ok(())
    }

    /// Whether [`Codegen::percent_format`] takes it.
    pub(super) fn is_percent_format(&mut self, e: &'a Expr<'a>) -> bool {
        let ExprKind::BinOp { left, op: Operator::Mod, right } = e.kind else { return false };
        let ExprKind::Tuple { elts, .. } = right.kind else { return false };
        let Some(Constant::Str(format)) = self.constant(left) else { return false };
        !elts.iter().any(|element| matches!(element.kind, ExprKind::Starred { .. }))
            && split_format(self.strings.get(format).as_bytes(), elts.len()).is_some()
    }

    /// `'%s and %r' % (a, b)` as the f-string it amounts to; whether it does.
    pub(super) fn percent_format(
        &mut self,
        e: &'a Expr<'a>,
        _left: &'a Expr<'a>,
        format: StrId,
        elts: &'a [Expr<'a>],
    ) -> Generated<bool> {
        if elts.iter().any(|element| matches!(element.kind, ExprKind::Starred { .. })) {
            return Ok(false);
        }
        let Some(pieces) = split_format(self.strings.get(format).as_bytes(), elts.len()) else {
            return Ok(false);
        };
        let loc = place(e.location);
        let count = pieces.len();
        let is_long = count > STACK_USE_GUIDELINE;
        if is_long {
            self.load_str(self.names.empty, loc);
            self.emit_name(Op::LoadAttr, self.names.join, 1, 1, loc);
            self.emit_with(Op::BuildList, 0, loc);
        }
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    let text = self.intern_bytes(&text);
                    self.load_const(Constant::Str(text), Location::NONE);
                }
                Piece::Value { index, conversion, spec } => {
                    let at = self.place_of(&elts[index]);
                    self.expression(&elts[index])?;
                    self.emit_with(Op::ConvertValue, conversion_number(conversion), at);
                    if spec.is_empty() {
                        self.emit(Op::FormatSimple, at);
                    } else {
                        let spec = self.intern_bytes(&spec);
                        self.load_const(Constant::Str(spec), at);
                        self.emit(Op::FormatWithSpec, at);
                    }
                }
            }
            if is_long {
                self.emit_with(Op::ListAppend, 1, loc);
            }
        }
        if is_long {
            self.emit_with(Op::Call, 1, loc);
        } else if count == 0 {
            self.load_str(self.names.empty, loc);
        } else if count > 1 {
            self.emit_with(Op::BuildString, count as u32, loc);
        }
        Ok(true)
    }
}

/// Splits a format of `%s`, `%r` and `%a`, with widths and precisions at most; nothing if there is more to it.
fn split_format(format: &[u8], values: usize) -> Option<Vec<Piece>> {
    let (mut pieces, mut at, mut used) = (Vec::new(), 0, 0);
    loop {
        let mut text = Vec::new();
        while at < format.len() && (format[at] != b'%' || format.get(at + 1) == Some(&b'%')) {
            text.push(format[at]);
            at += if format[at] == b'%' { 2 } else { 1 };
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        if at >= format.len() {
            break;
        }
        if used >= values {
            return None;
        }
        pieces.push(split_value(format, &mut at, used)?);
        used += 1;
    }
    (used == values).then_some(pieces)
}

fn split_value(format: &[u8], at: &mut usize, index: usize) -> Option<Piece> {
    const MAX_DIGITS: usize = 3;
    *at += 1;
    let mut is_left = false;
    while let Some(flag @ (b'-' | b'+' | b' ' | b'#' | b'0')) = format.get(*at) {
        is_left |= *flag == b'-';
        *at += 1;
    }
    let digits = |at: &mut usize| -> Option<Vec<u8>> {
        let start = *at;
        while format.get(*at).is_some_and(u8::is_ascii_digit) {
            *at += 1;
        }
        (*at - start < MAX_DIGITS).then(|| format[start..*at].to_vec())
    };
    let width = digits(at)?;
    let mut precision = None;
    if format.get(*at) == Some(&b'.') {
        *at += 1;
        let mut given = digits(at)?;
        if given.is_empty() {
            given.push(b'0');
        }
        precision = Some(given);
    }
    let conversion = match format.get(*at)? {
        b's' => Conversion::Str,
        b'r' => Conversion::Repr,
        b'a' => Conversion::Ascii,
        _ => return None,
    };
    *at += 1;
    let number = |digits: &[u8]| -> Vec<u8> {
        let start =
            digits.iter().take_while(|&&digit| digit == b'0').count().min(digits.len().saturating_sub(1));
        digits[start..].to_vec()
    };
    let mut spec = Vec::new();
    if !width.is_empty() {
        let width = number(&width);
        if width != b"0" && !is_left {
            spec.push(b'>');
        }
        spec.extend_from_slice(&width);
    }
    if let Some(precision) = precision {
        spec.push(b'.');
        spec.extend_from_slice(&number(&precision));
    }
    Some(Piece::Value { index, conversion, spec })
}
