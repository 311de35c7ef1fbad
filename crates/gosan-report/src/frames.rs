//! Whose code a frame is, and which frame of a stack a person wants to see.

use gosan_wire::owner::{GENERATED, Owner, package_of};
use gosan_wire::{Frame, Goroutine};

/// Says whose code a frame is.
pub fn owner(frame: &Frame) -> Owner {
    Owner::of(&frame.function, &frame.file)
}

/// A wrapper that the compiler made: it stands on no line.
fn is_generated(frame: &Frame) -> bool {
    frame.file == GENERATED
}

/// The frame that a person wants to see first: the innermost of the user's, if
/// the user's code reaches the access through dependencies only; else the
/// innermost that is not Go's; else the innermost.
pub fn place(stack: &[Frame]) -> usize {
    let owners: Vec<_> = stack.iter().map(owner).collect();
    let Some(first) = owners.iter().position(|owner| !owner.is_go()) else {
        return 0;
    };
    let dependencies = owners[first..]
        .iter()
        .take_while(|owner| **owner == Owner::Library)
        .count();
    match owners.get(first + dependencies) {
        Some(Owner::User) => first + dependencies,
        _ => first,
    }
}

/// Whether a goroutine is the one in which package testing runs a test: how it
/// was created tells nothing.
pub fn is_start_of_test(goroutine: &Goroutine) -> bool {
    goroutine
        .created_at
        .first()
        .is_some_and(|frame| frame.function.starts_with("testing.(*"))
}

/// Part of a stack as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// A frame.
    Frame(&'a Frame),
    /// Several frames of one package of Go's, or of more.
    Folded {
        /// Which.
        frames: Vec<&'a Frame>,
        /// Whose, where all are of one package.
        package: Option<&'a str>,
    },
}

/// A stack with the frames of Go's own library folded. Wrappers that the
/// compiler made are left out.
pub fn folded(stack: &[Frame]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for frame in stack.iter().filter(|frame| !is_generated(frame)) {
        if !owner(frame).is_go() {
            parts.push(Part::Frame(frame));
            continue;
        }
        let of = package_of(&frame.function);
        match parts.last_mut() {
            Some(Part::Folded { frames, package }) => {
                frames.push(frame);
                *package = package.filter(|known| *known == of);
            }
            _ => parts.push(Part::Folded {
                frames: vec![frame],
                package: Some(of),
            }),
        }
    }
    for part in &mut parts {
        // One frame takes no more room than the word that it is left out.
        if let Part::Folded { frames, .. } = part
            && let [frame] = frames[..]
        {
            *part = Part::Frame(frame);
        }
    }
    parts
}

/// A function's name without its import path: `shop.(*Cart).Add`.
pub fn short(function: &str) -> &str {
    let name = without_type_arguments(function);
    &function[name.rfind('/').map_or(0, |slash| slash + 1)..]
}

/// The name by which a call of the function shows in source: `Add`. None for
/// what has no name there, as function literals.
pub fn called_as(function: &str) -> Option<&str> {
    let name = without_type_arguments(function);
    let name = name.strip_suffix("-fm").unwrap_or(name);
    let last = name.rsplit('.').next()?;
    let is_literal = |prefix| {
        last.strip_prefix(prefix)
            .is_some_and(|rest: &str| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let unnamed = last.is_empty()
        || last.contains('-')
        || last.starts_with(|c: char| c.is_ascii_digit())
        || ["func", "gowrap", "deferwrap"].into_iter().any(is_literal);
    (!unnamed).then_some(last)
}

fn without_type_arguments(function: &str) -> &str {
    function.split('[').next().unwrap_or(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[(&str, &str)]) -> Vec<Frame> {
        let frame = |(function, file): &(&str, &str)| Frame {
            function: (*function).to_owned(),
            file: (*file).to_owned(),
            line: 1,
            inlined: false,
            offset: 0,
        };
        frames.iter().map(frame).collect()
    }

    const MAP: (&str, &str) = ("runtime.mapaccess1", "/go/src/runtime/map.go");
    const HTTP: (&str, &str) = ("net/http.(*conn).serve", "/go/src/net/http/server.go");
    const GIN: (&str, &str) = (
        "github.com/gin-gonic/gin.(*Context).Set",
        "/home/u/go/pkg/mod/github.com/gin-gonic/gin@v1/context.go",
    );
    const OWN: (&str, &str) = ("example.com/shop.handle", "/src/shop/handle.go");

    #[test]
    fn the_users_own_code_comes_first() {
        for (frames, expected) in [
            (&[MAP, OWN, HTTP][..], 1),
            (&[MAP, GIN, OWN, GIN], 2),
            // The user's main starts a server; what races is the dependency.
            (&[MAP, GIN, HTTP, OWN], 1),
            (&[GIN], 0),
            (&[MAP, HTTP], 0),
            (&[], 0),
        ] {
            assert_eq!(place(&stack(frames)), expected, "{frames:?}");
        }
    }

    #[test]
    fn gos_frames_are_folded() {
        let wrapper = ("example.com/shop.handle-fm", "<autogenerated>");
        let frames = stack(&[MAP, wrapper, OWN, HTTP, HTTP, MAP, GIN, HTTP, HTTP]);
        let counts: Vec<_> = folded(&frames)
            .into_iter()
            .map(|part| match part {
                Part::Frame(frame) => (1, Some(short(&frame.function))),
                Part::Folded { frames, package } => (frames.len(), package),
            })
            .collect();
        assert_eq!(
            counts,
            [
                (1, Some("runtime.mapaccess1")),
                (1, Some("shop.handle")),
                (3, None),
                (1, Some("gin.(*Context).Set")),
                (2, Some("net/http")),
            ]
        );
    }

    #[test]
    fn names_are_taken_apart() {
        for (function, shortened, called) in [
            ("main.main", "main.main", Some("main")),
            ("a.com/x.(*T).Do", "x.(*T).Do", Some("Do")),
            ("a.com/x.(*T).Do-fm", "x.(*T).Do-fm", Some("Do")),
            ("main.set[...]", "main.set[...]", Some("set")),
            ("main.set[a.com/b.T]", "main.set[a.com/b.T]", Some("set")),
            ("main.f.func1.2", "main.f.func1.2", None),
            ("main.f.func12", "main.f.func12", None),
            ("main.f.gowrap1", "main.f.gowrap1", None),
            ("main.f-range1", "main.f-range1", None),
            ("main.function", "main.function", Some("function")),
        ] {
            assert_eq!(short(function), shortened);
            assert_eq!(called_as(function), called, "{function}");
        }
    }
}
