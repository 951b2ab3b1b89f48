//! What differs between Pythons is asked of `prepyc_version`: no other code names a version or compares one.
//!
//! Test code may name what it tests.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;
use super::source::{self, RustFile};

const HOME: &str = "crates/prepyc_version/";

/// Every place outside `prepyc_version` where a version stands literally or is compared with one.
pub(super) fn check(rust_files: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rust in rust_files {
        if rust.file.path.starts_with(HOME) || rust.is_test_code() || rust.is_generated() {
            continue;
        }
        let mut look = Look { path: &rust.file.path, findings: Vec::new() };
        look.visit_file(&rust.syntax);
        findings.extend(look.findings);
    }
    findings
}

struct Look<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Look<'_> {
    fn name(&mut self, name: &str, line: usize) {
        if is_variant(name) {
            let message = format!("{name} is named; ask prepyc_version for the fact instead");
            self.findings.push(Finding::failure(self.path, line, message));
        }
    }

    fn comparison(&mut self, line: usize) {
        let message = "a version is compared; ask prepyc_version for the fact instead";
        self.findings.push(Finding::failure(self.path, line, message));
    }
}

/// Whether a name is a variant such as `Py313`.
fn is_variant(name: &str) -> bool {
    let digits = name.strip_prefix("Py3").unwrap_or("");
    (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The words whose value is a version, or tells one.
fn tells_version(name: &str) -> bool {
    matches!(name, "version" | "release" | "minor" | "magic" | "python_version" | "version_info")
}

/// The last name of a path, field or method call.
fn last_name(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        syn::Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.to_string()),
            syn::Member::Unnamed(_) => last_name(&field.base),
        },
        syn::Expr::MethodCall(call) => Some(call.method.to_string()),
        syn::Expr::Paren(inner) => last_name(&inner.expr),
        syn::Expr::Reference(inner) => last_name(&inner.expr),
        syn::Expr::Unary(inner) => last_name(&inner.expr),
        syn::Expr::Cast(inner) => last_name(&inner.expr),
        _ => None,
    }
}

fn is_literal(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Lit(literal) => !matches!(literal.lit, syn::Lit::Bool(_)),
        syn::Expr::Tuple(tuple) => tuple.elems.iter().all(is_literal),
        syn::Expr::Call(call) => call.args.iter().all(is_literal) && !call.args.is_empty(),
        syn::Expr::Paren(inner) => is_literal(&inner.expr),
        syn::Expr::Reference(inner) => is_literal(&inner.expr),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Look<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !source::is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !source::is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.name(&ident.to_string(), ident.span().start().line);
    }

    // What stands inside a macro's brackets is no syntax tree yet; names are found there as tokens.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for (name, line) in source::identifiers(call.tokens.clone()) {
            self.name(&name, line);
        }
        visit::visit_macro(self, call);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        use syn::BinOp::{Eq, Ge, Gt, Le, Lt, Ne};
        let tells = |side: &syn::Expr| last_name(side).is_some_and(|name| tells_version(&name));
        let (left, right) = (&*binary.left, &*binary.right);
        let with_literal = (tells(left) && is_literal(right)) || (tells(right) && is_literal(left));
        let broken = match binary.op {
            Eq(_) | Ne(_) => with_literal,
            Lt(_) | Le(_) | Ge(_) | Gt(_) => with_literal || (tells(left) && tells(right)),
            _ => false,
        };
        if broken {
            self.comparison(binary.span().start().line);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_match(&mut self, dispatch: &'ast syn::ExprMatch) {
        let on_number = last_name(&dispatch.expr).is_some_and(|name| name == "minor" || name == "magic");
        let literal =
            |arm: &syn::Arm| matches!(arm.pat, syn::Pat::Lit(_) | syn::Pat::Range(_) | syn::Pat::Or(_));
        if on_number && dispatch.arms.iter().any(literal) {
            self.comparison(dispatch.span().start().line);
        }
        visit::visit_expr_match(self, dispatch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, body: &str) -> Vec<usize> {
        let text = format!("//! A.\nfn f() {{\n{body}\n}}\n");
        RustFile::check_one(path, &text, check).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_literal_version_is_found_also_in_patterns_and_macros() {
        for body in [
            "let v = PyVersion::Py313;",
            "let v = PyRelease::Known(PyVersion::Py311);",
            "if let PyRelease::Py38 = r {}",
            "let b = matches!(v, PyVersion::Py312 | PyVersion::Py314);",
            "use prepyc_version::PyVersion::Py315;",
        ] {
            assert!(lines("crates/prepyc_engine/src/a.rs", body).contains(&3), "{body}");
            assert!(lines("crates/prepyc_version/src/a.rs", body).is_empty(), "{body}");
            assert!(lines("crates/prepyc_engine/tests/a.rs", body).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_comparison_is_found() {
        for body in [
            "if version.minor() >= 12 {}",
            "if 12 > minor {}",
            "if target.release.minor() < other.minor() {}",
            "if magic == 3531 {}",
            "if magic.0 == 3531 {}",
            "if python_version == \"3.13\" {}",
            "if version >= (3, 12) {}",
            "match version.minor() { 11 => {} _ => {} }",
        ] {
            assert_eq!(lines("crates/prepyc/src/a.rs", body), [3], "{body}");
        }
    }

    #[test]
    fn sameness_of_two_versions_and_other_numbers_are_no_comparison() {
        for body in [
            "if magic == target.magic() {}",
            "if version != wanted {}",
            "if count >= 12 {}",
            "let py3 = Python3;",
        ] {
            assert!(lines("crates/prepyc/src/a.rs", body).is_empty(), "{body}");
        }
    }

    #[test]
    fn test_modules_may_name_versions() {
        let body = "} #[cfg(test)] mod tests { fn g() { let v = PyVersion::Py313; }";
        assert!(lines("crates/prepyc/src/a.rs", body).is_empty());
    }
}
