//! Programs out of others: files of the corpora with lines and words swapped, dropped, doubled or taken from elsewhere.

use super::random::Random;

/// Of larger files, a part is taken.
const LARGEST: usize = 6000;

/// Words that turn one program into another, often a wrong one.
const WORDS: [&str; 40] = [
    "not", "await", "yield", "lambda: ", "*", "**", "(", ")", "[", "]", "{", "}", ":", ",", "=", ":=", "==",
    "in", "is", "if", "else", "for", "async ", "return", "None", "0", "1.5", "''", "f'{a}'", "b''", "del ",
    "global x", "pass", "@", "...", "-", "->", "import a", "x", ";",
];

/// A file, changed a little.
pub(super) fn program(random: &mut Random, sources: &[Vec<u8>]) -> Vec<u8> {
    let mut lines = excerpt(random, sources);
    for _ in 0..random.between(1, 3) {
        if lines.is_empty() {
            break;
        }
        let at = random.below(lines.len());
        match random.below(10) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let other = random.below(lines.len());
                lines.swap(at, other);
            }
            3 => {
                let other = excerpt(random, sources);
                if !other.is_empty() {
                    lines.insert(at, other[random.below(other.len())].clone());
                }
            }
            4 => {
                let indent = if random.percent(50) { "    " } else { " " };
                lines[at] = format!("{indent}{}", lines[at]);
            }
            5 => lines[at] = lines[at].strip_prefix("    ").unwrap_or(lines[at].trim_start()).to_owned(),
            _ => change_words(random, &mut lines[at]),
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}

/// The lines of a file, or of a part of it that begins at its margin.
fn excerpt(random: &mut Random, sources: &[Vec<u8>]) -> Vec<String> {
    let source = &sources[random.below(sources.len())];
    let Ok(text) = std::str::from_utf8(source) else { return Vec::new() };
    let lines: Vec<&str> = text.lines().collect();
    if text.len() <= LARGEST {
        return lines.into_iter().map(str::to_owned).collect();
    }
    let starts: Vec<usize> = (0..lines.len())
        .filter(|&line| lines[line].starts_with(|first: char| first.is_alphabetic() || first == '@'))
        .collect();
    let start = if starts.is_empty() { 0 } else { starts[random.below(starts.len())] };
    let mut length = 0;
    let part = lines[start..].iter().take_while(|line| {
        length += line.len() + 1;
        length < LARGEST
    });
    part.map(|&line| line.to_owned()).collect()
}

/// Drops, doubles, swaps or replaces words of a line.
fn change_words(random: &mut Random, line: &mut String) {
    let mut words = words(line);
    if words.is_empty() {
        return;
    }
    let at = random.below(words.len());
    match random.below(6) {
        0 => drop(words.remove(at)),
        1 => words.insert(at, words[at].clone()),
        2 => {
            let other = random.below(words.len());
            words.swap(at, other);
        }
        3 => words.insert(at, random.pick(&WORDS).to_owned()),
        4 => {
            let other = random.below(words.len());
            words[at] = words[other].clone();
        }
        _ => words[at] = random.pick(&WORDS).to_owned(),
    }
    *line = words.concat();
}

/// A line in pieces: names and numbers, white space, and every other character by itself.
fn words(line: &str) -> Vec<String> {
    let kind = |character: char| match character {
        _ if character.is_alphanumeric() || character == '_' => 0,
        _ if character.is_whitespace() => 1,
        _ => 2,
    };
    let mut words: Vec<String> = Vec::new();
    let mut before = 2;
    for character in line.chars() {
        let now = kind(character);
        match words.last_mut() {
            Some(word) if now == before && now != 2 => word.push(character),
            _ => words.push(character.to_string()),
        }
        before = now;
    }
    words
}
