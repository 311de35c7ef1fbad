//! Reads race reports out of what a test printed.

/// The line that opens a report.
pub const WARNING: &str = "WARNING: DATA RACE";

/// A report, as far as a verdict needs it.
pub struct Report {
    pub stacks: Vec<Stack>,
}

/// A stack of a report: of an access, or of a goroutine's creation.
#[derive(Default)]
pub struct Stack {
    pub frames: Vec<Frame>,
}

pub struct Frame {
    /// The function without its package: `(*T).Run`, `TestRaceX.func1`.
    pub function: String,
    pub file: String,
}

impl Report {
    /// Finds all reports in a text.
    pub fn all(text: &str) -> Vec<Self> {
        let mut reports = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line == WARNING {
                let body = lines.by_ref().take_while(|line| !line.starts_with("====="));
                reports.push(Self::read(body));
            }
        }
        reports
    }

    fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut stacks = Vec::new();
        for line in lines {
            if let Some(place) = line.strip_prefix("      ") {
                let frame = stacks
                    .last_mut()
                    .and_then(|stack: &mut Stack| stack.frames.last_mut());
                if let Some(frame) = frame {
                    // "/dir/file.go:12 +0x34"
                    frame.file = place.split(".go:").next().unwrap_or(place).to_owned() + ".go";
                }
            } else if let Some(function) = line.strip_prefix("  ") {
                if let Some(stack) = stacks.last_mut() {
                    stack.frames.push(Frame {
                        function: without_package(function),
                        file: String::new(),
                    });
                }
            } else if !line.is_empty() {
                stacks.push(Stack::default());
            }
        }
        Self { stacks }
    }

    /// Says whether a frame lies in this directory.
    pub fn touches(&self, dir: &std::path::Path) -> bool {
        self.stacks
            .iter()
            .flat_map(|stack| &stack.frames)
            .any(|frame| std::path::Path::new(&frame.file).parent() == Some(dir))
    }
}

impl Stack {
    /// The functions of the user's part: what runs tests is left out.
    pub fn functions(&self) -> Vec<&str> {
        self.frames
            .iter()
            .map(|frame| frame.function.as_str())
            .take_while(|function| *function != "tRunner")
            .collect()
    }
}

/// Makes `TestRaceX.func1` of `corpus.example/a/b.TestRaceX.func1()`.
fn without_package(function: &str) -> String {
    let function = function.strip_suffix("()").unwrap_or(function);
    let after_path = function.rsplit('/').next().unwrap_or(function);
    after_path
        .split_once('.')
        .map_or(after_path, |(_, name)| name)
        .to_owned()
}
