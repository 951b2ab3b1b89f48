//! The smallest part of a program that is still compiled differently in the same way.

/// More attempts than this are not worth the time.
const ATTEMPTS: usize = 4000;

/// Drops lines, levels of indentation and pieces of lines for as long as `is_kept` says that the rest will do.
pub(super) fn minimize(
    program: &[u8],
    mut is_kept: impl FnMut(&[u8]) -> anyhow::Result<bool>,
) -> anyhow::Result<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(program) else { return Ok(program.to_vec()) };
    let mut smallest: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut attempts = 0;
    let mut attempt = |lines: &[String]| {
        attempts += 1;
        Ok::<_, anyhow::Error>(attempts <= ATTEMPTS && is_kept(lines.join("\n").as_bytes())?)
    };
    loop {
        let before = smallest.clone();
        drop_lines(&mut smallest, &mut attempt)?;
        drop_margin(&mut smallest, &mut attempt)?;
        unwrap_blocks(&mut smallest, &mut attempt)?;
        shorten_lines(&mut smallest, &mut attempt)?;
        if smallest == before {
            return Ok(smallest.join("\n").into_bytes());
        }
    }
}

type Attempt<'a> = &'a mut dyn FnMut(&[String]) -> anyhow::Result<bool>;

fn drop_lines(lines: &mut Vec<String>, attempt: Attempt<'_>) -> anyhow::Result<()> {
    let mut size = lines.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size <= lines.len() {
            let mut fewer = lines.clone();
            fewer.drain(at..at + size);
            if attempt(&fewer)? {
                *lines = fewer;
            } else {
                at += size.div_ceil(2);
            }
        }
        size /= 2;
    }
    Ok(())
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Drops the indentation that all lines share.
fn drop_margin(lines: &mut Vec<String>, attempt: Attempt<'_>) -> anyhow::Result<()> {
    let written = lines.iter().filter(|line| !line.trim().is_empty());
    let margin = written.map(|line| indentation(line)).min().unwrap_or(0);
    let fewer: Vec<String> =
        lines.iter().map(|line| line.get(margin..).unwrap_or_default().to_owned()).collect();
    if margin > 0 && attempt(&fewer)? {
        *lines = fewer;
    }
    Ok(())
}

/// Puts a block in the place of the statement it belongs to.
fn unwrap_blocks(lines: &mut Vec<String>, attempt: Attempt<'_>) -> anyhow::Result<()> {
    let mut at = 0;
    while at + 1 < lines.len() {
        let (outer, inner) = (indentation(&lines[at]), indentation(&lines[at + 1]));
        if inner > outer {
            let mut fewer = lines.clone();
            let head = fewer.remove(at);
            for line in fewer[at..].iter_mut().take_while(|line| indentation(line) >= inner) {
                *line = format!("{}{}", &head[..outer], &line[inner..]);
            }
            if attempt(&fewer)? {
                *lines = fewer;
                continue;
            }
        }
        at += 1;
    }
    Ok(())
}

/// Cuts pieces out of lines, long ones first.
fn shorten_lines(lines: &mut [String], attempt: Attempt<'_>) -> anyhow::Result<()> {
    for at in 0..lines.len() {
        let mut size = lines[at].chars().count() / 2;
        while size > 0 {
            let mut from = indentation(&lines[at]);
            loop {
                let characters: Vec<char> = lines[at].chars().collect();
                if from + size > characters.len() {
                    break;
                }
                let shorter: String = characters[..from].iter().chain(&characters[from + size..]).collect();
                let longer = std::mem::replace(&mut lines[at], shorter);
                if !attempt(lines)? {
                    lines[at] = longer;
                    from += size.div_ceil(2);
                }
            }
            size = if size > 12 { size / 2 } else { size - 1 };
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_all_that_is_left() {
        let program = b"import a\nif b:\n    x = f(1, wanted + 2)\n    y = 2\nz = 3\n";
        let kept = |text: &[u8]| Ok(String::from_utf8_lossy(text).contains("wanted"));
        assert_eq!(minimize(program, kept).unwrap(), b"wanted");
    }
}
