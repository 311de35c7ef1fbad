//! The two lines of a frame: `main.(*T).f(0xc000, ...)` and `/src/main.go:7 +0x1d`.
//!
//! Both races and goroutine dumps have them, and logs lose their indentation,
//! so a line is judged by its content alone.

use crate::frames::normal_function;
use crate::model::Frame;

/// A deeper stack is cut here; Go itself cuts at 100 in dumps.
const MAX_FRAMES: usize = 512;

/// A stack that is being read.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    frames: Vec<Frame>,
    /// A function whose file has not been seen.
    pending: Option<String>,
}

impl Builder {
    /// Takes one of the two lines; false if it is neither.
    pub fn feed(&mut self, line: &str) -> bool {
        if let Some((file, number)) = file_line(line) {
            if let Some(function) = self.pending.take() {
                self.push(Frame::new(&function, file, number));
                return true;
            }
            return false;
        }
        match function_line(line) {
            Some(function) => {
                self.flush();
                self.pending = Some(function);
                true
            }
            None => false,
        }
    }

    /// Takes a function without arguments, as behind `created by`.
    pub fn function(&mut self, name: &str) {
        self.flush();
        self.pending = Some(normal_function(name));
    }

    /// The line with the file of a function is still to come.
    pub fn is_within_frame(&self) -> bool {
        self.pending.is_some()
    }

    pub fn has_frames(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Ends the stack.
    pub fn take(&mut self) -> Vec<Frame> {
        self.flush();
        std::mem::take(&mut self.frames)
    }

    /// A function whose line with the file is missing.
    fn flush(&mut self) {
        if let Some(function) = self.pending.take() {
            self.push(Frame::new(&function, "", 0));
        }
    }

    fn push(&mut self, frame: Frame) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
        }
    }
}

/// Reads `main.(*T).f(0xc000, {0x1, 0x2})`, and gives the name.
pub fn function_line(line: &str) -> Option<String> {
    let line = line.trim();
    if !line.ends_with(')') || line.len() > 4096 {
        return None;
    }
    let mut depth = 0;
    let mut open = None;
    for (at, byte) in line.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' => {
                depth -= 1;
                if depth == 0 {
                    open = Some(at);
                    break;
                }
            }
            _ => {}
        }
    }
    let name = &line[..open?];
    let first = name.chars().next()?;
    let starts_well = first.is_alphabetic() || first == '_';
    if !starts_well || !name.contains('.') || name.ends_with(['.', '/', ':']) {
        return None;
    }
    let mut brackets = 0;
    for character in name.chars() {
        match character {
            '[' => brackets += 1,
            ']' => brackets -= 1,
            ' ' | '\t' | '"' | '=' | ',' if brackets == 0 => return None,
            _ => {}
        }
    }
    Some(normal_function(name))
}

/// Reads `/src/main.go:7 +0x1d`.
pub fn file_line(line: &str) -> Option<(&str, u32)> {
    let line = line.trim();
    // From the last one: the path may hold anything.
    let place = match line.rfind(" +0x") {
        Some(at) if line[at + 4..].bytes().all(|byte| byte.is_ascii_hexdigit()) => &line[..at],
        // GOTRACEBACK=system: " fp=0x… sp=0x… pc=0x…".
        _ => match line.find(" fp=0x") {
            Some(at) => line[..at].split(" +0x").next()?,
            None => line,
        },
    };
    let (file, number) = place.rsplit_once(':')?;
    let number = number.parse().ok()?;
    (is_source(file) && begins_like_path(file)).then_some((file, number))
}

/// A path with blanks begins at a root. What has blanks before it is the line of
/// another container.
fn begins_like_path(file: &str) -> bool {
    let drive = file.as_bytes().get(1) == Some(&b':');
    file.starts_with('/') || drive || !file.contains(' ')
}

fn is_source(file: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".go", ".s", ".c", ".cc", ".cpp", ".h", ".S", ".pb", ".y", ".rl",
    ];
    if file.starts_with('<') || file.starts_with("_cgo_") || file == "??" {
        return file.len() < 64;
    }
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    ENDINGS.iter().any(|ending| name.ends_with(ending)) && !file.contains(['"', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_functions() {
        for (line, name) in [
            ("  main.main()", Some("main.main")),
            (
                "main.(*T).f(0xc000012345, {0x1, 0x2}, ...)",
                Some("main.(*T).f"),
            ),
            ("main.F[...](0x1)", Some("main.F[...]")),
            (
                "main.F[go.shape.struct { X int }]()",
                Some("main.F[go.shape.struct { X int }]"),
            ),
            ("main.func·001()", Some("main.func1")),
            (
                "net/http.HandlerFunc.ServeHTTP(0x1?, {0x2?, 0x3?}, 0x4?)",
                Some("net/http.HandlerFunc.ServeHTTP"),
            ),
            ("panic({0x1, 0x2})", None),
            ("level=info main.f()", None),
            ("(x.y)", None),
            ("a request took 3.5 s (slow)", None),
            ("main.f(", None),
            ("main.f)", None),
            ("", None),
        ] {
            assert_eq!(function_line(line).as_deref(), name, "{line}");
        }
    }

    #[test]
    fn reads_files() {
        for (line, place) in [
            ("      /src/main.go:7 +0x1d", Some(("/src/main.go", 7))),
            (
                "\tC:/Users/me/a b/main.go:12 +0x1d",
                Some(("C:/Users/me/a b/main.go", 12)),
            ),
            ("\tC:\\src\\main.go:12", Some(("C:\\src\\main.go", 12))),
            (
                "/go/src/runtime/asm_amd64.s:1650 +0x1 fp=0xc0 sp=0xc0 pc=0x46",
                Some(("/go/src/runtime/asm_amd64.s", 1650)),
            ),
            ("<autogenerated>:1", Some(("<autogenerated>", 1))),
            ("??:0", Some(("??", 0))),
            ("10:11:12", None),
            ("listening on :8080", None),
            ("db-1 |   /src/main.go:7 +0x1d", None),
            ("main.go:x", None),
            ("", None),
        ] {
            assert_eq!(file_line(line), place, "{line}");
        }
    }
}
