//! `ast.dump(tree, include_attributes=True)`, byte for byte, for comparing trees with CPython's.
//!
//! What is left out differs by version: `ast.dump` knows the optional fields, later the empty lists, and from 3.15 on
//! `ctx=Load()` as defaults (`Grammar::ast_dump`).

use std::io::Write;

use prepyc_bytecode::{PyStr, StrId, Strings};
use prepyc_version::{AstDump, Grammar};

use crate::ast::*;

/// The text that CPython would dump.
pub fn dump(module: &Module<'_>, grammar: &Grammar, strings: &Strings) -> Vec<u8> {
    let mut dumper = Dumper { out: Vec::with_capacity(1 << 16), grammar, strings };
    dumper.module(module);
    dumper.out
}

struct Dumper<'d> {
    out: Vec<u8>,
    grammar: &'d Grammar,
    strings: &'d Strings,
}

/// A node under way: whether its next field is its first.
struct Node {
    empty: bool,
}

impl Dumper<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn open(&mut self, name: &str) -> Node {
        self.text(name);
        self.text("(");
        Node { empty: true }
    }

    fn key(&mut self, node: &mut Node, key: &str) {
        if !std::mem::take(&mut node.empty) {
            self.text(", ");
        }
        self.text(key);
        self.text("=");
    }

    fn close(&mut self) {
        self.text(")");
    }

    /// The attributes and the closing parenthesis.
    fn close_at(&mut self, node: &mut Node, location: Location) {
        for (key, value) in [
            ("lineno", location.lineno),
            ("col_offset", location.col_offset),
            ("end_lineno", location.end_lineno),
            ("end_col_offset", location.end_col_offset),
        ] {
            self.int(node, key, i64::from(value));
        }
        self.close();
    }

    fn int(&mut self, node: &mut Node, key: &str, value: i64) {
        self.key(node, key);
        write!(self.out, "{value}").expect("writing to memory");
    }

    fn name(&mut self, node: &mut Node, key: &str, id: StrId) {
        self.key(node, key);
        self.str(id);
    }

    fn optional_name(&mut self, node: &mut Node, key: &str, id: Option<StrId>) {
        if let Some(id) = id {
            self.name(node, key, id);
        }
    }

    fn str(&mut self, id: StrId) {
        let strings = self.strings;
        write_str_repr(&mut self.out, strings.get(id));
    }

    fn list<T>(&mut self, node: &mut Node, key: &str, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        if items.is_empty() && self.grammar.ast_dump != AstDump::OmitsNone {
            return;
        }
        self.key(node, key);
        self.text("[");
        for (index, value) in items.iter().enumerate() {
            if index > 0 {
                self.text(", ");
            }
            item(self, value);
        }
        self.text("]");
    }

    fn ids(&mut self, node: &mut Node, key: &str, ids: &[StrId]) {
        self.list(node, key, ids, |dumper, id| dumper.str(*id));
    }

    fn module(&mut self, module: &Module<'_>) {
        let mut node = self.open("Module");
        self.stmts(&mut node, "body", module.body);
        self.list::<()>(&mut node, "type_ignores", &[], |_, ()| {});
        self.close();
    }

    fn stmts(&mut self, node: &mut Node, key: &str, stmts: &[Stmt<'_>]) {
        self.list(node, key, stmts, |dumper, stmt| dumper.stmt(stmt));
    }

    fn exprs(&mut self, node: &mut Node, key: &str, exprs: &[Expr<'_>]) {
        self.list(node, key, exprs, |dumper, expr| dumper.expr(expr));
    }

    fn child(&mut self, node: &mut Node, key: &str, expr: &Expr<'_>) {
        self.key(node, key);
        self.expr(expr);
    }

    fn optional(&mut self, node: &mut Node, key: &str, expr: Option<&Expr<'_>>) {
        if let Some(expr) = expr {
            self.child(node, key, expr);
        }
    }

    fn ctx(&mut self, node: &mut Node, ctx: ExprContext) {
        let name = match ctx {
            ExprContext::Load if self.grammar.ast_dump == AstDump::OmitsLoad => return,
            ExprContext::Load => "Load()",
            ExprContext::Store => "Store()",
            ExprContext::Del => "Del()",
        };
        self.key(node, "ctx");
        self.text(name);
    }

    fn operator(&mut self, node: &mut Node, name: impl std::fmt::Debug) {
        self.key(node, "op");
        write!(self.out, "{name:?}()").expect("writing to memory");
    }

    fn stmt(&mut self, stmt: &Stmt<'_>) {
        let mut node;
        match stmt.kind {
            StmtKind::FunctionDef(def) => node = self.function("FunctionDef", def),
            StmtKind::AsyncFunctionDef(def) => node = self.function("AsyncFunctionDef", def),
            StmtKind::ClassDef(class) => {
                node = self.open("ClassDef");
                self.name(&mut node, "name", class.name);
                self.exprs(&mut node, "bases", class.bases);
                self.keywords(&mut node, class.keywords);
                self.stmts(&mut node, "body", class.body);
                self.exprs(&mut node, "decorator_list", class.decorator_list);
                self.type_params(&mut node, class.type_params);
            }
            StmtKind::Return { value } => {
                node = self.open("Return");
                self.optional(&mut node, "value", value);
            }
            StmtKind::Delete { targets } => {
                node = self.open("Delete");
                self.exprs(&mut node, "targets", targets);
            }
            StmtKind::Assign { targets, value } => {
                node = self.open("Assign");
                self.exprs(&mut node, "targets", targets);
                self.child(&mut node, "value", value);
            }
            StmtKind::TypeAlias(alias) => {
                node = self.open("TypeAlias");
                self.child(&mut node, "name", &alias.name);
                self.type_params(&mut node, alias.type_params);
                self.child(&mut node, "value", &alias.value);
            }
            StmtKind::AugAssign { target, op, value } => {
                node = self.open("AugAssign");
                self.child(&mut node, "target", target);
                self.operator(&mut node, op);
                self.child(&mut node, "value", value);
            }
            StmtKind::AnnAssign(assign) => {
                node = self.open("AnnAssign");
                self.child(&mut node, "target", &assign.target);
                self.child(&mut node, "annotation", &assign.annotation);
                self.optional(&mut node, "value", assign.value.as_ref());
                self.int(&mut node, "simple", i64::from(assign.simple));
            }
            StmtKind::For(for_) => node = self.for_("For", for_),
            StmtKind::AsyncFor(for_) => node = self.for_("AsyncFor", for_),
            StmtKind::While(While { test, body, orelse }) | StmtKind::If(If { test, body, orelse }) => {
                node = self.open(if matches!(stmt.kind, StmtKind::If(_)) { "If" } else { "While" });
                self.child(&mut node, "test", test);
                self.stmts(&mut node, "body", body);
                self.stmts(&mut node, "orelse", orelse);
            }
            StmtKind::With(with) => node = self.with("With", with),
            StmtKind::AsyncWith(with) => node = self.with("AsyncWith", with),
            StmtKind::Match { subject, cases } => {
                node = self.open("Match");
                self.child(&mut node, "subject", subject);
                self.list(&mut node, "cases", cases, |dumper, case| dumper.match_case(case));
            }
            StmtKind::Raise { exc, cause } => {
                node = self.open("Raise");
                self.optional(&mut node, "exc", exc);
                self.optional(&mut node, "cause", cause);
            }
            StmtKind::Try(try_) => node = self.try_("Try", try_),
            StmtKind::TryStar(try_) => node = self.try_("TryStar", try_),
            StmtKind::Assert { test, msg } => {
                node = self.open("Assert");
                self.child(&mut node, "test", test);
                self.optional(&mut node, "msg", msg);
            }
            StmtKind::Import { names, is_lazy } => {
                node = self.open("Import");
                self.list(&mut node, "names", names, |dumper, alias| dumper.alias(alias));
                self.is_lazy(&mut node, is_lazy);
            }
            StmtKind::ImportFrom(import) => {
                node = self.open("ImportFrom");
                self.optional_name(&mut node, "module", import.module);
                self.list(&mut node, "names", import.names, |dumper, alias| dumper.alias(alias));
                self.int(&mut node, "level", i64::from(import.level));
                self.is_lazy(&mut node, import.is_lazy);
            }
            StmtKind::Global { names } => {
                node = self.open("Global");
                self.ids(&mut node, "names", names);
            }
            StmtKind::Nonlocal { names } => {
                node = self.open("Nonlocal");
                self.ids(&mut node, "names", names);
            }
            StmtKind::Expr { value } => {
                node = self.open("Expr");
                self.child(&mut node, "value", value);
            }
            StmtKind::Pass => node = self.open("Pass"),
            StmtKind::Break => node = self.open("Break"),
            StmtKind::Continue => node = self.open("Continue"),
        }
        self.close_at(&mut node, stmt.location);
    }

    fn is_lazy(&mut self, node: &mut Node, is_lazy: bool) {
        if self.grammar.lazy_imports {
            self.int(node, "is_lazy", i64::from(is_lazy));
        }
    }

    fn function(&mut self, name: &str, def: &FunctionDef<'_>) -> Node {
        let mut node = self.open(name);
        self.name(&mut node, "name", def.name);
        self.key(&mut node, "args");
        self.arguments(def.args);
        self.stmts(&mut node, "body", def.body);
        self.exprs(&mut node, "decorator_list", def.decorator_list);
        self.optional(&mut node, "returns", def.returns);
        self.type_params(&mut node, def.type_params);
        node
    }

    fn for_(&mut self, name: &str, for_: &For<'_>) -> Node {
        let mut node = self.open(name);
        self.child(&mut node, "target", &for_.target);
        self.child(&mut node, "iter", &for_.iter);
        self.stmts(&mut node, "body", for_.body);
        self.stmts(&mut node, "orelse", for_.orelse);
        node
    }

    fn with(&mut self, name: &str, with: &With<'_>) -> Node {
        let mut node = self.open(name);
        self.list(&mut node, "items", with.items, |dumper, item| {
            let mut node = dumper.open("withitem");
            dumper.child(&mut node, "context_expr", &item.context_expr);
            dumper.optional(&mut node, "optional_vars", item.optional_vars.as_ref());
            dumper.close();
        });
        self.stmts(&mut node, "body", with.body);
        node
    }

    fn try_(&mut self, name: &str, try_: &Try<'_>) -> Node {
        let mut node = self.open(name);
        self.stmts(&mut node, "body", try_.body);
        self.list(&mut node, "handlers", try_.handlers, |dumper, handler| {
            let mut node = dumper.open("ExceptHandler");
            dumper.optional(&mut node, "type", handler.type_.as_ref());
            dumper.optional_name(&mut node, "name", handler.name);
            dumper.stmts(&mut node, "body", handler.body);
            dumper.close_at(&mut node, handler.location);
        });
        self.stmts(&mut node, "orelse", try_.orelse);
        self.stmts(&mut node, "finalbody", try_.finalbody);
        node
    }

    fn alias(&mut self, alias: &Alias) {
        let mut node = self.open("alias");
        self.name(&mut node, "name", alias.name);
        self.optional_name(&mut node, "asname", alias.asname);
        self.close_at(&mut node, alias.location);
    }

    fn keywords(&mut self, node: &mut Node, keywords: &[Keyword<'_>]) {
        self.list(node, "keywords", keywords, |dumper, keyword| {
            let mut node = dumper.open("keyword");
            dumper.optional_name(&mut node, "arg", keyword.arg);
            dumper.child(&mut node, "value", &keyword.value);
            dumper.close_at(&mut node, keyword.location);
        });
    }

    fn type_params(&mut self, node: &mut Node, params: &[TypeParam<'_>]) {
        if !self.grammar.type_params {
            return;
        }
        self.list(node, "type_params", params, |dumper, param| {
            let (name, bound) = match param.kind {
                TypeParamKind::TypeVar { bound } => ("TypeVar", bound),
                TypeParamKind::ParamSpec => ("ParamSpec", None),
                TypeParamKind::TypeVarTuple => ("TypeVarTuple", None),
            };
            let mut node = dumper.open(name);
            dumper.name(&mut node, "name", param.name);
            dumper.optional(&mut node, "bound", bound);
            dumper.optional(&mut node, "default_value", param.default_value.as_ref());
            dumper.close_at(&mut node, param.location);
        });
    }

    fn arguments(&mut self, arguments: &Arguments<'_>) {
        let mut node = self.open("arguments");
        self.list(&mut node, "posonlyargs", arguments.posonlyargs, |dumper, arg| dumper.arg(arg));
        self.list(&mut node, "args", arguments.args, |dumper, arg| dumper.arg(arg));
        self.optional_arg(&mut node, "vararg", arguments.vararg);
        self.list(&mut node, "kwonlyargs", arguments.kwonlyargs, |dumper, arg| dumper.arg(arg));
        self.optional_exprs(&mut node, "kw_defaults", arguments.kw_defaults);
        self.optional_arg(&mut node, "kwarg", arguments.kwarg);
        self.exprs(&mut node, "defaults", arguments.defaults);
        self.close();
    }

    fn optional_exprs(&mut self, node: &mut Node, key: &str, exprs: &[Option<Expr<'_>>]) {
        self.list(node, key, exprs, |dumper, expr| match expr {
            Some(expr) => dumper.expr(expr),
            None => dumper.text("None"),
        });
    }

    fn arg(&mut self, arg: &Arg<'_>) {
        let mut node = self.open("arg");
        self.name(&mut node, "arg", arg.arg);
        self.optional(&mut node, "annotation", arg.annotation);
        self.close_at(&mut node, arg.location);
    }

    fn optional_arg(&mut self, node: &mut Node, key: &str, arg: Option<&Arg<'_>>) {
        if let Some(arg) = arg {
            self.key(node, key);
            self.arg(arg);
        }
    }

    fn match_case(&mut self, case: &MatchCase<'_>) {
        let mut node = self.open("match_case");
        self.key(&mut node, "pattern");
        self.pattern(&case.pattern);
        self.optional(&mut node, "guard", case.guard.as_ref());
        self.stmts(&mut node, "body", case.body);
        self.close();
    }

    fn patterns(&mut self, node: &mut Node, key: &str, patterns: &[Pattern<'_>]) {
        self.list(node, key, patterns, |dumper, pattern| dumper.pattern(pattern));
    }

    fn pattern(&mut self, pattern: &Pattern<'_>) {
        let mut node;
        match pattern.kind {
            PatternKind::MatchValue { value } => {
                node = self.open("MatchValue");
                self.child(&mut node, "value", value);
            }
            PatternKind::MatchSingleton { value } => {
                node = self.open("MatchSingleton");
                self.key(&mut node, "value");
                self.literal(&value);
            }
            PatternKind::MatchSequence { patterns } => {
                node = self.open("MatchSequence");
                self.patterns(&mut node, "patterns", patterns);
            }
            PatternKind::MatchMapping(mapping) => {
                node = self.open("MatchMapping");
                self.exprs(&mut node, "keys", mapping.keys);
                self.patterns(&mut node, "patterns", mapping.patterns);
                self.optional_name(&mut node, "rest", mapping.rest);
            }
            PatternKind::MatchClass(class) => {
                node = self.open("MatchClass");
                self.child(&mut node, "cls", &class.cls);
                self.patterns(&mut node, "patterns", class.patterns);
                self.ids(&mut node, "kwd_attrs", class.kwd_attrs);
                self.patterns(&mut node, "kwd_patterns", class.kwd_patterns);
            }
            PatternKind::MatchStar { name } => {
                node = self.open("MatchStar");
                self.optional_name(&mut node, "name", name);
            }
            PatternKind::MatchAs { pattern, name } => {
                node = self.open("MatchAs");
                if let Some(pattern) = pattern {
                    self.key(&mut node, "pattern");
                    self.pattern(pattern);
                }
                self.optional_name(&mut node, "name", name);
            }
            PatternKind::MatchOr { patterns } => {
                node = self.open("MatchOr");
                self.patterns(&mut node, "patterns", patterns);
            }
        }
        self.close_at(&mut node, pattern.location);
    }

    fn expr(&mut self, expr: &Expr<'_>) {
        let mut node;
        match expr.kind {
            ExprKind::BoolOp { op, values } => {
                node = self.open("BoolOp");
                self.operator(&mut node, op);
                self.exprs(&mut node, "values", values);
            }
            ExprKind::NamedExpr { target, value } => {
                node = self.open("NamedExpr");
                self.child(&mut node, "target", target);
                self.child(&mut node, "value", value);
            }
            ExprKind::BinOp { left, op, right } => {
                node = self.open("BinOp");
                self.child(&mut node, "left", left);
                self.operator(&mut node, op);
                self.child(&mut node, "right", right);
            }
            ExprKind::UnaryOp { op, operand } => {
                node = self.open("UnaryOp");
                self.operator(&mut node, op);
                self.child(&mut node, "operand", operand);
            }
            ExprKind::Lambda { args, body } => {
                node = self.open("Lambda");
                self.key(&mut node, "args");
                self.arguments(args);
                self.child(&mut node, "body", body);
            }
            ExprKind::IfExp(if_exp) => {
                node = self.open("IfExp");
                self.child(&mut node, "test", &if_exp.test);
                self.child(&mut node, "body", &if_exp.body);
                self.child(&mut node, "orelse", &if_exp.orelse);
            }
            ExprKind::Dict(dict) => {
                node = self.open("Dict");
                self.optional_exprs(&mut node, "keys", dict.keys);
                self.exprs(&mut node, "values", dict.values);
            }
            ExprKind::Set { elts } => {
                node = self.open("Set");
                self.exprs(&mut node, "elts", elts);
            }
            ExprKind::ListComp { elt, generators } => node = self.comprehension("ListComp", elt, generators),
            ExprKind::SetComp { elt, generators } => node = self.comprehension("SetComp", elt, generators),
            ExprKind::GeneratorExp { elt, generators } => {
                node = self.comprehension("GeneratorExp", elt, generators)
            }
            ExprKind::DictComp(comp) => {
                node = self.open("DictComp");
                self.child(&mut node, "key", &comp.key);
                self.optional(&mut node, "value", comp.value.as_ref());
                self.generators(&mut node, comp.generators);
            }
            ExprKind::Await { value } => {
                node = self.open("Await");
                self.child(&mut node, "value", value);
            }
            ExprKind::Yield { value } => {
                node = self.open("Yield");
                self.optional(&mut node, "value", value);
            }
            ExprKind::YieldFrom { value } => {
                node = self.open("YieldFrom");
                self.child(&mut node, "value", value);
            }
            ExprKind::Compare(compare) => {
                node = self.open("Compare");
                self.child(&mut node, "left", &compare.left);
                self.list(&mut node, "ops", compare.ops, |dumper, op| {
                    write!(dumper.out, "{op:?}()").expect("writing to memory");
                });
                self.exprs(&mut node, "comparators", compare.comparators);
            }
            ExprKind::Call(call) => {
                node = self.open("Call");
                self.child(&mut node, "func", &call.func);
                self.exprs(&mut node, "args", call.args);
                self.keywords(&mut node, call.keywords);
            }
            ExprKind::FormattedValue(field) => {
                node = self.open("FormattedValue");
                self.child(&mut node, "value", &field.value);
                self.conversion(&mut node, field.conversion);
                self.optional(&mut node, "format_spec", field.format_spec.as_ref());
            }
            ExprKind::Interpolation(field) => {
                node = self.open("Interpolation");
                self.child(&mut node, "value", &field.value);
                self.name(&mut node, "str", field.str);
                self.conversion(&mut node, field.conversion);
                self.optional(&mut node, "format_spec", field.format_spec.as_ref());
            }
            ExprKind::JoinedStr { values } => {
                node = self.open("JoinedStr");
                self.exprs(&mut node, "values", values);
            }
            ExprKind::TemplateStr { values } => {
                node = self.open("TemplateStr");
                self.exprs(&mut node, "values", values);
            }
            ExprKind::Constant { value, kind } => {
                node = self.open("Constant");
                self.key(&mut node, "value");
                self.literal(&value);
                if kind == ConstantKind::U {
                    self.key(&mut node, "kind");
                    self.text("'u'");
                }
            }
            ExprKind::Attribute { value, attr, ctx } => {
                node = self.open("Attribute");
                self.child(&mut node, "value", value);
                self.name(&mut node, "attr", attr);
                self.ctx(&mut node, ctx);
            }
            ExprKind::Subscript { value, slice, ctx } => {
                node = self.open("Subscript");
                self.child(&mut node, "value", value);
                self.child(&mut node, "slice", slice);
                self.ctx(&mut node, ctx);
            }
            ExprKind::Starred { value, ctx } => {
                node = self.open("Starred");
                self.child(&mut node, "value", value);
                self.ctx(&mut node, ctx);
            }
            ExprKind::Name { id, ctx } => {
                node = self.open("Name");
                self.name(&mut node, "id", id);
                self.ctx(&mut node, ctx);
            }
            ExprKind::List { elts, ctx } => node = self.elements("List", elts, ctx),
            ExprKind::Tuple { elts, ctx } => node = self.elements("Tuple", elts, ctx),
            ExprKind::Slice(slice) => {
                node = self.open("Slice");
                self.optional(&mut node, "lower", slice.lower.as_ref());
                self.optional(&mut node, "upper", slice.upper.as_ref());
                self.optional(&mut node, "step", slice.step.as_ref());
            }
        }
        self.close_at(&mut node, expr.location);
    }

    fn elements(&mut self, name: &str, elts: &[Expr<'_>], ctx: ExprContext) -> Node {
        let mut node = self.open(name);
        self.exprs(&mut node, "elts", elts);
        self.ctx(&mut node, ctx);
        node
    }

    fn comprehension(&mut self, name: &str, elt: &Expr<'_>, generators: Generators<'_>) -> Node {
        let mut node = self.open(name);
        self.child(&mut node, "elt", elt);
        self.generators(&mut node, generators);
        node
    }

    fn generators(&mut self, node: &mut Node, generators: Generators<'_>) {
        self.list(node, "generators", generators, |dumper, generator| {
            let mut node = dumper.open("comprehension");
            dumper.child(&mut node, "target", &generator.target);
            dumper.child(&mut node, "iter", &generator.iter);
            dumper.exprs(&mut node, "ifs", generator.ifs);
            dumper.int(&mut node, "is_async", i64::from(generator.is_async));
            dumper.close();
        });
    }

    fn conversion(&mut self, node: &mut Node, conversion: Conversion) {
        let code = match conversion {
            Conversion::None => -1,
            Conversion::Str => i64::from(b's'),
            Conversion::Repr => i64::from(b'r'),
            Conversion::Ascii => i64::from(b'a'),
        };
        self.int(node, "conversion", code);
    }

    fn literal(&mut self, literal: &Literal<'_>) {
        match *literal {
            Literal::None => self.text("None"),
            Literal::True => self.text("True"),
            Literal::False => self.text("False"),
            Literal::Ellipsis => self.text("Ellipsis"),
            Literal::Int(value) => write!(self.out, "{value}").expect("writing to memory"),
            Literal::BigInt(digits) => {
                let value = num_bigint::BigUint::from_slice(digits);
                write!(self.out, "{value}").expect("writing to memory");
            }
            Literal::Float(value) => self.float(value, ".0"),
            Literal::Complex(value) => {
                self.float(value, "");
                self.text("j");
            }
            Literal::Str(id) => self.str(id),
            Literal::Bytes(bytes) => write_bytes_repr(&mut self.out, bytes),
        }
    }

    /// `float.__repr__`, with that behind a whole number.
    fn float(&mut self, value: f64, whole: &str) {
        let text = prepyc_bytecode::float_text(value);
        self.text(&text);
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            self.text(whole);
        }
    }
}

/// `repr` of a string. Unlike CPython's it escapes whatever is beyond ASCII, as `ascii` does: which characters are printable
/// differs by version and says nothing about the tree.
fn write_str_repr(out: &mut Vec<u8>, text: PyStr<'_>) {
    let bytes = text.as_bytes();
    let quote = quote_for(bytes);
    out.push(quote);
    for code_point in text.code_points() {
        match code_point {
            0..=0x7F => write_ascii(out, code_point as u8, quote),
            0x80..=0xFF => write!(out, "\\x{code_point:02x}").expect("writing to memory"),
            0x100..=0xFFFF => write!(out, "\\u{code_point:04x}").expect("writing to memory"),
            _ => write!(out, "\\U{code_point:08x}").expect("writing to memory"),
        }
    }
    out.push(quote);
}

fn write_bytes_repr(out: &mut Vec<u8>, bytes: &[u8]) {
    let quote = quote_for(bytes);
    out.extend_from_slice(b"b");
    out.push(quote);
    for &byte in bytes {
        if byte < 0x80 {
            write_ascii(out, byte, quote);
        } else {
            write!(out, "\\x{byte:02x}").expect("writing to memory");
        }
    }
    out.push(quote);
}

fn quote_for(bytes: &[u8]) -> u8 {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' }
}

fn write_ascii(out: &mut Vec<u8>, byte: u8, quote: u8) {
    match byte {
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\\' => out.extend_from_slice(b"\\\\"),
        byte if byte == quote => out.extend_from_slice(&[b'\\', byte]),
        0x20..=0x7E => out.push(byte),
        _ => write!(out, "\\x{byte:02x}").expect("writing to memory"),
    }
}
