//! Durations, their medians, and the table they are printed in.

use std::fmt;
use std::time::{Duration, Instant};

/// How often something was measured, and how long it took each time.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    /// Measures one more time.
    pub(super) fn measure(&mut self, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let start = Instant::now();
        work()?;
        self.0.push(start.elapsed());
        Ok(())
    }

    /// Adds what was measured elsewhere.
    pub(super) fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// The median, in seconds; of an even number the upper one.
    ///
    /// # Panics
    /// When nothing was measured.
    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[sorted.len() / 2].as_secs_f64()
    }

    /// The least, in seconds.
    ///
    /// # Panics
    /// When nothing was measured.
    pub(super) fn best(&self) -> f64 {
        self.0.iter().min().expect("something was measured").as_secs_f64()
    }
}

/// A row: the same thing done by what people use today and by prepyc.
#[derive(Debug)]
struct Row {
    what: String,
    theirs: String,
    ours: String,
    ratio: f64,
}

/// The rows to print.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    /// Adds how long the same work took both.
    pub(super) fn add_seconds(&mut self, what: impl Into<String>, theirs: f64, ours: f64) {
        self.add(what, seconds(theirs), seconds(ours), theirs / ours);
    }

    /// Adds how many files a second both got through.
    pub(super) fn add_rates(&mut self, what: impl Into<String>, theirs: f64, ours: f64) {
        self.add(what, format!("{theirs:.0}/s"), format!("{ours:.0}/s"), ours / theirs);
    }

    fn add(&mut self, what: impl Into<String>, theirs: String, ours: String, ratio: f64) {
        self.rows.push(Row { what: what.into(), theirs, ours, ratio });
    }

    /// Adds a line below the table.
    pub(super) fn add_note(&mut self, note: String) {
        self.notes.push(note);
    }
}

pub(super) fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{:.1} ms", value * 1000.0) } else { format!("{value:.2} s") }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | theirs | prepyc | times as fast |")?;
        writeln!(f, "|---|---|---|---|")?;
        for Row { what, theirs, ours, ratio } in &self.rows {
            writeln!(f, "| {what} | {theirs} | {ours} | {ratio:.2} |")?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_none_of_the_outliers() {
        let samples = Samples([900, 10, 20].into_iter().map(Duration::from_millis).collect());
        assert!((samples.median() - 0.020).abs() < 1e-9);
        assert!((samples.best() - 0.010).abs() < 1e-9);
    }

    #[test]
    fn a_rate_and_a_duration_both_say_how_many_times_as_fast() {
        let mut table = Table::default();
        table.add_seconds("tree", 2.0, 0.5);
        table.add_rates("worker", 10.0, 40.0);
        let text = table.to_string();
        assert!(text.contains("| tree | 2.00 s | 500.0 ms | 4.00 |"), "{text}");
        assert!(text.contains("| worker | 10/s | 40/s | 4.00 |"), "{text}");
    }
}
