//! Expressions that need no parentheses, lambdas with their parameters, and comprehensions.

use prepyc_syntax::ast::{
    Arg, Arguments, Call, Comprehension, Dict, DictComp, Expr, ExprKind, Keyword, Literal, Slice,
};

use super::{Precedence, Step, Writer};

impl<'a> Writer<'a, '_> {
    /// An expression that looks the same wherever it stands.
    pub(super) fn atom(&mut self, e: &'a Expr<'a>) {
        match e.kind {
            ExprKind::Name { id, .. } => self.steps.push(Step::Name(id)),
            ExprKind::Attribute { value, attr, .. } => {
                self.then_expression(value, Precedence::Atom);
                let is_integer = matches!(
                    value.kind,
                    ExprKind::Constant { value: Literal::Int(_) | Literal::BigInt(_), .. }
                );
                self.then(if is_integer { " ." } else { "." });
                self.steps.push(Step::Name(attr));
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.then_expression(value, Precedence::Atom);
                self.then("[");
                self.then_expression(slice, Precedence::Tuple);
                self.then("]");
            }
            ExprKind::Starred { value, .. } => {
                self.then("*");
                self.then_expression(value, Precedence::BitOr);
            }
            ExprKind::Slice(node) => self.slice(node),
            ExprKind::List { elts, .. } => self.listed("[", elts, "]"),
            ExprKind::Set { elts } => self.listed("{", elts, "}"),
            ExprKind::Dict(node) => self.dict(node),
            ExprKind::Call(node) => self.call(node),
            ExprKind::ListComp { elt, generators } => self.comprehension("[", elt, generators, "]"),
            ExprKind::SetComp { elt, generators } => self.comprehension("{", elt, generators, "}"),
            ExprKind::GeneratorExp { elt, generators } => self.comprehension("(", elt, generators, ")"),
            ExprKind::DictComp(node) => self.dict_comprehension(node),
            ExprKind::Yield { value: None } => self.then("(yield)"),
            ExprKind::Yield { value: Some(value) } => self.yielded("(yield ", value),
            ExprKind::YieldFrom { value } => self.yielded("(yield from ", value),
            _ => unreachable!("every other expression depends on its place"),
        }
    }

    fn listed(&mut self, open: &'static str, elements: &'a [Expr<'a>], close: &'static str) {
        self.then(open);
        self.then_list(elements);
        self.then(close);
    }

    fn yielded(&mut self, word: &'static str, value: &'a Expr<'a>) {
        self.then(word);
        self.then_expression(value, Precedence::Test);
        self.then(")");
    }

    fn slice(&mut self, node: &'a Slice<'a>) {
        if let Some(lower) = &node.lower {
            self.then_expression(lower, Precedence::Test);
        }
        self.then(":");
        if let Some(upper) = &node.upper {
            self.then_expression(upper, Precedence::Test);
        }
        if let Some(step) = &node.step {
            self.then(":");
            self.then_expression(step, Precedence::Test);
        }
    }

    fn dict(&mut self, node: &'a Dict<'a>) {
        self.then("{");
        for (index, (key, value)) in node.keys.iter().zip(node.values).enumerate() {
            if index > 0 {
                self.then(", ");
            }
            if let Some(key) = key {
                self.then_expression(key, Precedence::Test);
                self.then(": ");
                self.then_expression(value, Precedence::Test);
            } else {
                self.then("**");
                self.then_expression(value, Precedence::BitOr);
            }
        }
        self.then("}");
    }

    fn call(&mut self, node: &'a Call<'a>) {
        self.then_expression(&node.func, Precedence::Atom);
        if let ([only], []) = (node.args, node.keywords)
            && matches!(only.kind, ExprKind::GeneratorExp { .. })
        {
            return self.then_expression(only, Precedence::Test);
        }
        self.then("(");
        self.then_list(node.args);
        for (index, keyword) in node.keywords.iter().enumerate() {
            if index > 0 || !node.args.is_empty() {
                self.then(", ");
            }
            self.keyword(keyword);
        }
        self.then(")");
    }

    fn keyword(&mut self, keyword: &'a Keyword<'a>) {
        match keyword.arg {
            Some(name) => {
                self.steps.push(Step::Name(name));
                self.then("=");
            }
            None => self.then("**"),
        }
        self.then_expression(&keyword.value, Precedence::Test);
    }

    fn comprehension(
        &mut self,
        open: &'static str,
        element: &'a Expr<'a>,
        generators: &'a [Comprehension<'a>],
        close: &'static str,
    ) {
        self.then(open);
        self.then_expression(element, Precedence::Test);
        self.clauses(generators);
        self.then(close);
    }

    fn dict_comprehension(&mut self, node: &'a DictComp<'a>) {
        self.then("{");
        match &node.value {
            Some(value) => {
                self.then_expression(&node.key, Precedence::Test);
                self.then(": ");
                self.then_expression(value, Precedence::Test);
            }
            None => {
                self.then("**");
                self.then_expression(&node.key, Precedence::Test);
            }
        }
        self.clauses(node.generators);
        self.then("}");
    }

    fn clauses(&mut self, generators: &'a [Comprehension<'a>]) {
        for clause in generators {
            self.then(if clause.is_async { " async for " } else { " for " });
            self.then_expression(&clause.target, Precedence::Tuple);
            self.then(" in ");
            self.then_expression(&clause.iter, Precedence::Or);
            for test in clause.ifs {
                self.then(" if ");
                self.then_expression(test, Precedence::Or);
            }
        }
    }

    /// Without positional parameters no space follows `lambda`: `lambda*a: 0`.
    pub(super) fn lambda(&mut self, args: &'a Arguments<'a>, body: &'a Expr<'a>, place: Precedence) {
        let has_positional = !args.posonlyargs.is_empty() || !args.args.is_empty();
        self.bracketed(place, Precedence::Test, |writer| {
            writer.then(if has_positional { "lambda " } else { "lambda" });
            writer.parameters(args);
            writer.then(": ");
            writer.then_expression(body, Precedence::Test);
        });
    }

    fn parameters(&mut self, args: &'a Arguments<'a>) {
        let positional = args.posonlyargs.len() + args.args.len();
        let without_default = positional - args.defaults.len();
        let mut is_first = true;
        for (index, arg) in args.posonlyargs.iter().chain(args.args).enumerate() {
            let default = index.checked_sub(without_default).map(|number| &args.defaults[number]);
            self.parameter("", Some(arg), default, &mut is_first);
            if index + 1 == args.posonlyargs.len() {
                self.then(", /");
            }
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            self.parameter("*", args.vararg, None, &mut is_first);
        }
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            self.parameter("", Some(arg), default.as_ref(), &mut is_first);
        }
        if args.kwarg.is_some() {
            self.parameter("**", args.kwarg, None, &mut is_first);
        }
    }

    fn parameter(
        &mut self,
        stars: &'static str,
        arg: Option<&'a Arg<'a>>,
        default: Option<&'a Expr<'a>>,
        is_first: &mut bool,
    ) {
        if !std::mem::take(is_first) {
            self.then(", ");
        }
        self.then(stars);
        if let Some(arg) = arg {
            self.steps.push(Step::Name(arg.arg));
        }
        if let Some(default) = default {
            self.then("=");
            self.then_expression(default, Precedence::Test);
        }
    }
}
