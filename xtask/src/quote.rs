//! What a task printed, quoted in a page: put there by the task, and compared by
//! a test, so that the page never shows anything else.

use std::fs;

use anyhow::{Context, Result};

use crate::workspace;

/// A code block of a page, between two comments that no reader sees.
pub struct Quote {
    /// Relative to the repository's root.
    pub page: &'static str,
    /// The command that prints it and puts it there.
    pub command: &'static str,
}

impl Quote {
    fn around(&self) -> (String, &'static str) {
        let before = format!("<!-- Put here by {} -->\n```\n", self.command);
        (before, "```\n<!-- End -->")
    }

    /// Puts `text` into the page.
    pub fn put(&self, text: &str) -> Result<()> {
        let page = workspace::root().join(self.page);
        let old = fs::read_to_string(&page).with_context(|| format!("cannot read {page}"))?;
        let new = self.replaced(&old, text);
        let new = new.with_context(|| format!("{page} has no place for {}", self.command))?;
        fs::write(&page, new).with_context(|| format!("cannot write {page}"))
    }

    fn replaced(&self, page: &str, text: &str) -> Option<String> {
        let (before, after) = self.around();
        let (head, rest) = page.split_once(&before)?;
        let (_, tail) = rest.split_once(after)?;
        Some(format!("{head}{before}{text}\n{after}{tail}"))
    }

    /// Does the page show `text`?
    #[cfg(test)]
    pub fn shows(&self, text: &str) -> bool {
        let page = fs::read_to_string(workspace::root().join(self.page)).unwrap_or_default();
        self.replaced(&page, text) == Some(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_block_changes() {
        let quote = Quote {
            page: "README.md",
            command: "a task",
        };
        let page = "top\n<!-- Put here by a task -->\n```\nold\n```\n<!-- End -->\nend\n";
        let new = quote.replaced(page, "new").expect("there is a place");
        assert_eq!(new, page.replace("old", "new"));
        assert_eq!(quote.replaced("no place", "new"), None);
        assert!(!quote.shows("a page without the block"));
    }
}
