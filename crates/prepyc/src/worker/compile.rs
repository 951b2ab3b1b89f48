//! A batch in three steps: read every source, compile all, publish all pycs or none.
//!
//! The steps are apart because only the first and the last touch files of the request, and each may be refused once the
//! request is cancelled. Nothing is published unless every source of the batch compiled and every pyc may be written.

use prepyc_engine::Source;
use prepyc_engine::publish::{check_destination, publish};
use prepyc_execution::precompiler::{Batch, CompiledBatch, Failure, Failures};

/// Reads all sources, in order. Looks at the pycs' places too, so that nothing is compiled in vain.
pub(super) fn read(batch: &Batch) -> Result<Vec<Source>, Failure> {
    let mut failures = Failures::default();
    let mut sources = Vec::with_capacity(batch.modules.len());
    for module in &batch.modules {
        if let Err(error) = check_destination(&module.pyc) {
            failures.environment(&error);
        }
        match Source::read(&module.source) {
            Ok(source) => sources.push(source),
            Err(error) => failures.environment(&error),
        }
    }
    failures.unless_none(sources)
}

/// Writes all pycs. If the machine fails half-way, those before stay; each is whole.
pub(super) fn publish_all(batch: &Batch, sources: &[Source], output: &CompiledBatch) -> Result<(), Failure> {
    let mut failures = Failures::default();
    for module in &batch.modules {
        if let Err(error) = check_destination(&module.pyc) {
            failures.environment(&error);
        }
    }
    failures.unless_none(())?;
    for ((module, source), pyc) in batch.modules.iter().zip(sources).zip(&output.pycs) {
        publish(&module.pyc, pyc, source.stat.mode).map_err(|error| Failure::environment(&error))?;
    }
    Ok(())
}
