//! Scripts that tests write and then start, such as a `go` that answers what the test
//! wants.
//!
//! A file that some process has open for writing cannot be started: Linux refuses it
//! as "text file busy" (execve(2), `ETXTBSY`). Tests run in threads of one process.
//! While one of them writes its script, another may start a program, and until that
//! has replaced itself it holds what was open here, for writing. So the script is
//! written by a process of its own, which ends before anybody starts it.

use std::path::Path;
use std::process::Command;

/// Writes `text`, which begins with its `#!` line, to `path`, for everybody to start.
///
/// # Panics
/// Where it cannot be written: a test has nothing to go on with.
pub fn write_script(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    let written = Command::new("sh")
        .args(["-c", r#"printf %s "$1" >"$0" && chmod 755 "$0""#])
        .arg(path)
        .arg(text)
        .status();
    assert!(
        written.is_ok_and(|status| status.success()),
        "{} cannot be written",
        path.display()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn scripts_start_while_others_are_being_written() {
        let dir = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for number in 0..8 {
                let path = dir.path().join(number.to_string());
                scope.spawn(move || {
                    for _ in 0..50 {
                        write_script(&path, "#!/bin/sh\nexit 3\n");
                        let code = Command::new(&path).status().unwrap().code();
                        assert_eq!(code, Some(3));
                    }
                });
            }
        });
    }
}
