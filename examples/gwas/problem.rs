//! What went wrong and where: file, line, column, value, and what to do about it.

use std::fmt;

/// A message for a person. As an error it stops the program; of a row it is counted and reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) file: String,
    pub(crate) line: Option<u64>,
    pub(crate) column: Option<String>,
    /// What was found, with the value.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl Problem {
    pub(crate) fn of_file(file: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_string(), line: None, column: None, what: what.into(), remedy: remedy.into() }
    }

    pub(crate) fn of_command(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::of_file("", what, remedy)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = false;
        if !self.file.is_empty() {
            write!(f, "{}", self.file)?;
            before = true;
        }
        if let Some(line) = self.line {
            write!(f, "{}line {line}", if before { ", " } else { "" })?;
            before = true;
        }
        if let Some(column) = &self.column {
            write!(f, "{}column {column}", if before { ", " } else { "" })?;
            before = true;
        }
        write!(f, "{}{}; {}", if before { ": " } else { "" }, self.what, self.remedy)
    }
}

/// Bytes of a file as a message shows them: not too long, and nothing that moves the cursor.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let mut text = bytes.get(..LONGEST).unwrap_or(bytes).escape_ascii().to_string();
    if bytes.len() > LONGEST {
        text.push_str("...");
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_place_the_value_and_the_remedy() {
        let problem = Problem {
            file: "one.txt".into(),
            line: Some(7),
            column: Some("SE".into()),
            what: "\"abc\" is not a number".into(),
            remedy: "write a decimal number".into(),
        };
        assert_eq!(problem.to_string(), "one.txt, line 7, column SE: \"abc\" is not a number; write a decimal number");
        assert_eq!(Problem::of_command("no files", "name some").to_string(), "no files; name some");
    }

    #[test]
    fn a_value_is_shown_short_and_escaped() {
        assert_eq!(shown(b"a\x1b[2Jb"), "\"a\\x1b[2Jb\"");
        assert_eq!(shown(&[b'x'; 100]).len(), 45);
    }
}
