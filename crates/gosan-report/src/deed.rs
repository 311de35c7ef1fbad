//! What an access does, in words, and what to look for in its source line.
//!
//! A race inside a map or channel is an access in Go's runtime; to whoever
//! wrote the line it is a map that is read, or a channel that is closed. The
//! table tells them by the runtime's function.

use gosan_wire::{Access, Op};

use crate::frames;
use crate::source::Wanted;

/// What one side of a race does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// As a noun, for labels: `map read`.
    pub noun: &'static str,
    /// What is done to the thing: `read`, `written`, `closed`.
    pub done: &'static str,
    /// What to look for on the line that is shown; None where it has no form.
    pub wanted: Option<Wanted>,
    atomic: bool,
}

/// How a line shows an operation of Go's runtime.
#[derive(Clone, Copy)]
enum Form {
    MapRead,
    MapWrite,
    Range,
    Send,
    Receive,
    /// A call of a builtin function, or of one of a package.
    Call(&'static str),
    /// In several ways.
    Any,
}

/// What the runtime's functions begin with, the longer before the shorter.
const OPERATIONS: &[(&str, &str, &str, Form)] = &[
    ("runtime.mapaccess", "map read", "read", Form::MapRead),
    ("runtime.mapassign", "map write", "written", Form::MapWrite),
    (
        "runtime.mapdelete",
        "map delete",
        "written",
        Form::Call("delete"),
    ),
    (
        "runtime.mapclear",
        "map clear",
        "written",
        Form::Call("clear"),
    ),
    ("runtime.mapclone", "map copy", "read", Form::Call("Clone")),
    ("maps.clone", "map copy", "read", Form::Call("Clone")),
    ("runtime.mapiter", "map iteration", "read", Form::Range),
    ("runtime.mapIter", "map iteration", "read", Form::Range),
    (
        "internal/runtime/maps.(*Iter)",
        "map iteration",
        "read",
        Form::Range,
    ),
    (
        "reflect.map",
        "map operation by reflection",
        "used",
        Form::Any,
    ),
    ("runtime.chansend", "channel send", "sent to", Form::Send),
    (
        "runtime.chanrecv",
        "channel receive",
        "received from",
        Form::Receive,
    ),
    (
        "runtime.closechan",
        "channel close",
        "closed",
        Form::Call("close"),
    ),
    ("runtime.selectgo", "select", "used", Form::Any),
    ("runtime.growslice", "append", "read", Form::Call("append")),
    ("runtime.slicecopy", "copy", "copied", Form::Call("copy")),
    (
        "runtime.slicebytetostring",
        "conversion to string",
        "read",
        Form::Call("string"),
    ),
];

impl Deed {
    /// What this access does, as seen from the frame at `place` of its stack.
    pub fn of(access: &Access, place: usize) -> Self {
        let below = place
            .checked_sub(1)
            .and_then(|below| access.stack.get(below));
        let operation = access.stack.first().and_then(|innermost| {
            OPERATIONS
                .iter()
                .find(|(prefix, ..)| innermost.function.starts_with(prefix))
        });
        let (noun, done, form) = match operation {
            Some((_, noun, done, form)) => (*noun, *done, Some(*form)),
            None => plain(access),
        };
        // One frame below the shown line is the runtime's operation itself; if
        // there are more, the line calls what leads there.
        let wanted = match (below, form) {
            (None, _) => Some(match access.op {
                Op::Read => Wanted::Read,
                Op::Write => Wanted::Write,
            }),
            (Some(_), Some(form)) if place == 1 => form.wanted(),
            (Some(callee), _) => {
                frames::called_as(&callee.function).map(|name| Wanted::Call(name.to_owned()))
            }
        };
        Self {
            noun,
            done,
            wanted,
            atomic: access.atomic,
        }
    }

    /// Whether it goes through `sync/atomic`.
    pub fn is_atomic(&self) -> bool {
        self.atomic
    }
}

fn plain(access: &Access) -> (&'static str, &'static str, Option<Form>) {
    match (access.op, access.atomic) {
        (Op::Read, false) => ("read", "read", None),
        (Op::Write, false) => ("write", "written", None),
        (Op::Read, true) => ("atomic read", "read atomically", None),
        (Op::Write, true) => ("atomic write", "written atomically", None),
    }
}

impl Form {
    fn wanted(self) -> Option<Wanted> {
        Some(match self {
            Form::MapRead => Wanted::MapRead,
            Form::MapWrite => Wanted::MapWrite,
            Form::Range => Wanted::Range,
            Form::Send => Wanted::Send,
            Form::Receive => Wanted::Receive,
            Form::Call(name) => Wanted::Call(name.to_owned()),
            Form::Any => return None,
        })
    }
}
