//! The report as one page that needs nothing else: a treemap, and tables that say the same to whoever can't see or run it.

use super::text::bytes;
use super::{Amounts, FileKind, Report};
use crate::launcher::filled;

const PAGE: &str = include_str!("page.html");

impl Report {
    /// The page. It is whole in itself: no network, no other file.
    pub fn html(&self) -> String {
        let title = escaped(&self.target);
        let (cards, table, times) = (self.cards(), self.table(), self.times());
        filled(
            PAGE,
            &[
                ("@TITLE@", &title),
                ("@CARDS@", &cards),
                ("@TIMES@", &times),
                ("@TABLE@", &table),
                ("@DATA@", &self.data()),
            ],
        )
    }

    /// The figures at the top.
    fn cards(&self) -> String {
        let total = &self.total;
        let card = |name: &str, figure: &str, more: &str| {
            format!("<div class=\"card\"><dt>{name}</dt><dd>{figure}<small>{more}</small></dd></div>\n")
        };
        let files = |amount: super::Amount| format!("{} files", amount.files);
        let mut cards = card("As shipped", &bytes(total.shipped.size_bytes), &files(total.shipped));
        cards += &card("Without pycs", &bytes(total.without_pycs.size_bytes), &files(total.without_pycs));
        cards +=
            &card("Without sources", &bytes(total.without_sources.size_bytes), &files(total.without_sources));
        cards += &card("Overhead", &signed(total), &share(total));
        if let Some(times) = &self.import_times {
            let shown = times.importing.as_ref().map(|importing| ("Imports", importing));
            let (name, comparison) = shown.unwrap_or(("Loading", &times.loading));
            let figure = format!("{:.0} ms", comparison.with_pycs.median);
            cards += &card(name, &figure, &format!("{:.0} ms without pycs", comparison.without_pycs.median));
        }
        cards
    }

    fn table(&self) -> String {
        let rows = self.packages.iter().map(|package| cells(&escaped(&package.name), &package.amounts));
        rows.chain([cells("Total", &self.total)]).collect()
    }

    fn times(&self) -> String {
        let Some(times) = &self.import_times else { return "<p>Not measured.</p>".into() };
        let scale = [Some(&times.loading), times.importing.as_ref()]
            .into_iter()
            .flatten()
            .flat_map(|comparison| [comparison.with_pycs.max, comparison.without_pycs.max])
            .fold(0.001, f64::max);
        let bar = |name: &str, class: &str, time: &super::Milliseconds| {
            format!(
                "<tr><th scope=\"row\">{name}</th><td class=\"bar\"><span class=\"{class}\" style=\"width:{:.2}%\"></span></td>\
                 <td>{:.1} ms</td><td class=\"range\">{:.1} to {:.1}</td></tr>\n",
                time.median / scale * 100.0,
                time.median,
                time.min,
                time.max
            )
        };
        let mut rows = String::new();
        for (name, comparison) in
            [("Loading every module", Some(&times.loading)), ("Importing", times.importing.as_ref())]
        {
            if let Some(comparison) = comparison {
                rows += &bar(&format!("{name}, with pycs"), "pyc", &comparison.with_pycs);
                rows += &bar(&format!("{name}, without"), "source", &comparison.without_pycs);
            }
        }
        let sentences: String =
            times.sentences().iter().map(|line| format!("<li>{}</li>\n", escaped(line.trim()))).collect();
        format!(
            "<table class=\"times\"><thead><tr><th scope=\"col\">What</th><th class=\"bar\"></th><th scope=\"col\">Median</th>\
             <th scope=\"col\">Range, ms</th></tr></thead><tbody>\n{rows}</tbody></table>\n<ul>\n{sentences}</ul>"
        )
    }

    /// What the treemap is drawn from, as JSON that can stand in a page: package names, and of each file its path, package,
    /// kind, size and in which of the three binaries it is.
    fn data(&self) -> String {
        let packages: Vec<_> = self.packages.iter().map(|package| package.name.as_str()).collect();
        let index: std::collections::BTreeMap<_, _> =
            packages.iter().enumerate().map(|(index, name)| (*name, index)).collect();
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| {
                let kind = match file.kind {
                    FileKind::Source => 0,
                    FileKind::Pyc => 1,
                    FileKind::Data => 2,
                };
                let binaries = u8::from(file.ships_without_pycs)
                    | u8::from(file.ships) << 1
                    | u8::from(file.ships_without_sources) << 2;
                (&file.path, index.get(file.package.as_str()), kind, file.size_bytes, binaries)
            })
            .collect();
        let data = serde_json::json!({ "packages": packages, "files": files });
        // Nothing in it can end the element that it stands in, or begin another.
        data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    }
}

fn cells(name: &str, amounts: &Amounts) -> String {
    let amount = |amount: super::Amount| {
        format!(
            "<td data-value=\"{}\">{}</td><td>{}</td>",
            amount.size_bytes,
            bytes(amount.size_bytes),
            amount.files
        )
    };
    let Amounts { without_pycs, shipped, without_sources } = *amounts;
    format!(
        "<tr><th scope=\"row\">{name}</th>{}{}{}<td>{}</td></tr>\n",
        amount(without_pycs),
        amount(shipped),
        amount(without_sources),
        signed(amounts)
    )
}

fn signed(amounts: &Amounts) -> String {
    let overhead = amounts.overhead_bytes();
    let sign = if overhead < 0 { "\u{2212}" } else { "+" };
    format!("{sign}{}", bytes(overhead.unsigned_abs()))
}

/// The overhead as a share of the binary without pycs.
fn share(amounts: &Amounts) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rounded percentage")]
    let (overhead, whole) = (amounts.overhead_bytes() as f64, amounts.without_pycs.size_bytes.max(1) as f64);
    format!("{:+.0} % over none", overhead / whole * 100.0)
}

/// Text as it stands in HTML, also within quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ if character.is_control() => safe.push('\u{fffd}'),
            _ => safe.push(character),
        }
    }
    safe
}
