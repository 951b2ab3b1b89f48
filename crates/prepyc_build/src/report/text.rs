//! The report as text, for a terminal.

use std::fmt::Write;

use super::{Amounts, Comparison, ImportTimes, Report};

/// How many packages are listed.
const LISTED: usize = 30;

impl Report {
    /// The report as lines of text, the largest packages first.
    pub fn text(&self) -> String {
        let mut rows = vec![row("total", &self.total)];
        rows.extend(
            self.packages.iter().take(LISTED).map(|package| row(&visible(&package.name), &package.amounts)),
        );
        let names = ["", "without pycs", "as shipped", "without sources", "overhead"];
        let mut widths = names.map(str::len);
        for cells in &rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = format!("{}\n\n", visible(&self.target));
        for cells in std::iter::once(&names.map(str::to_owned)).chain(&rows) {
            let [name, numbers @ ..] = cells;
            let mut line = format!("{name:<width$}", width = widths[0]);
            for (cell, width) in numbers.iter().zip(&widths[1..]) {
                let _ = write!(line, "  {cell:>width$}");
            }
            text += line.trim_end();
            text.push('\n');
        }
        if self.packages.len() > LISTED {
            let _ = writeln!(text, "and {} packages more", self.packages.len() - LISTED);
        }
        if let Some(times) = &self.import_times {
            text.push('\n');
            text += &times.sentences().join("\n");
            text.push('\n');
        }
        text
    }
}

impl ImportTimes {
    /// What was measured, in words.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut lines = vec![
            compared("Loading every module (nothing is run)", &self.loading),
            format!("  {} modules, {} of them from pycs", self.modules, self.modules_from_pycs),
        ];
        match &self.importing {
            Some(importing) => {
                lines.push(compared("Importing what the main file imports", importing));
                lines.push(format!(
                    "  {} modules came in, {} of them from pycs; the main file itself was not run",
                    self.imported, self.imported_from_pycs
                ));
            }
            None => lines.push(
                "Importing was not measured: no import statement of the main file could be read".into(),
            ),
        }
        for failure in &self.failures {
            lines.push(format!("  not imported: {}: {}", visible(&failure.name), visible(&failure.reason)));
        }
        lines.push(format!(
            "Medians of {} rounds, pycs and no pycs in turn, by {}",
            self.rounds,
            visible(&self.interpreter)
        ));
        lines
    }
}

fn compared(what: &str, times: &Comparison) -> String {
    let (with, without) = (times.with_pycs.median, times.without_pycs.median);
    let ratio = if with > 0.0 { format!(", {:.1} times as long", without / with) } else { String::new() };
    format!("{what}: {with:.1} ms with pycs, {without:.1} ms without{ratio}")
}

fn row(name: &str, amounts: &Amounts) -> [String; 5] {
    let amount = |amount: super::Amount| format!("{} in {}", bytes(amount.size_bytes), amount.files);
    let overhead = amounts.overhead_bytes();
    let sign = if overhead < 0 { "-" } else { "+" };
    [
        name.to_owned(),
        amount(amounts.without_pycs),
        amount(amounts.shipped),
        amount(amounts.without_sources),
        format!("{sign}{}", bytes(overhead.unsigned_abs())),
    ]
}

/// A size as people read it.
pub(super) fn bytes(size: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = size as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "B" { format!("{size} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// A name without characters that move the cursor.
fn visible(name: &str) -> String {
    name.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_few_digits() {
        let shown = [0, 999, 1000, 12_345, 999_940, 1_000_000, 5_000_000_000_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "12.3 kB", "1.0 MB", "1.0 MB", "5.0 TB"]);
    }
}
