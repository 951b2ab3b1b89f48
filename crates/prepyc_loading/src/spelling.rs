//! "Did you mean …?"

/// ` (did you mean 'srcs'?)` where a known word is close to one that isn't, else nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const LONGEST: usize = 100;
    if word.len() > LONGEST {
        return String::new();
    }
    let allowed = (word.chars().count() / 3).clamp(1, 4);
    let best = known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST && *candidate != word)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min();
    match best {
        Some((_, candidate)) => format!(" (did you mean '{candidate}'?)"),
        None => String::new(),
    }
}
