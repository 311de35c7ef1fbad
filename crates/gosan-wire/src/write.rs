//! How each type of a record is written; the order of fields is that of the
//! types.

use crate::fingerprint::Fingerprint;
use crate::json::{Json, ToJson};
use crate::record::{
    Access, Address, Frame, Goroutine, Kind, Line, Lock, LockMode, Object, ObjectKind, Op, Parent,
    Process, Race, Repeat, SCHEMA, Status,
};
use alloc::vec::Vec;

/// The line with its end.
pub fn line(line: &Line) -> Vec<u8> {
    let mut out = Json::default();
    match line {
        Line::Process(process) => out.object(|members| {
            members.member("schema", &SCHEMA).member("process", process);
        }),
        Line::Repeat(repeat) => out.object(|members| {
            members.member("schema", &SCHEMA).member("repeat", repeat);
        }),
        Line::Race(race) => race.to_json(&mut out),
    }
    out.into_line()
}

/// Writes a type's fields in their order.
macro_rules! fields {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl ToJson for $name {
            fn to_json(&self, out: &mut Json) {
                out.object(|members| {
                    $(members.member(stringify!($field), &self.$field);)*
                });
            }
        }
    )*};
}

fields! {
    Process { pid, started_ms, command, directory, go, gosan, child, parents }
    Parent { pid, command }
    Access { op, atomic, size, address, goroutine, test, stack, order }
    Frame { function, file, line, inlined, offset }
    Goroutine { id, running, parent, created_at, test }
    Object { kind, operation, symbol, address, offset, size, goroutine, allocated_at }
    Lock { address, mode, taken_at }
    Repeat { race, fingerprint, count }
}

impl ToJson for Race {
    fn to_json(&self, out: &mut Json) {
        out.object(|members| {
            members
                .member("schema", &self.schema)
                .member("fingerprint", &self.fingerprint)
                .member("kind", &self.kind)
                .member("status", &self.status)
                .member("suppressed_by", &self.suppressed_by)
                .member("test", &self.test)
                .member("package", &self.package)
                .member("accesses", &self.accesses)
                .member("goroutines", &self.goroutines)
                .member("object", &self.object)
                .member("locks", &self.locks)
                .member("count", &self.count)
                .member("time_ms", &self.time_ms);
            if let Some(process) = &self.process {
                members.member("process", process);
            }
        });
    }
}

/// Writes a type as the name of its value.
macro_rules! names {
    ($($name:ident)*) => {$(
        impl ToJson for $name {
            fn to_json(&self, out: &mut Json) {
                out.string(self.name());
            }
        }
    )*};
}

names! { Kind Status Op ObjectKind LockMode }

impl ToJson for Address {
    fn to_json(&self, out: &mut Json) {
        out.plain(format_args!("\"{self}\""));
    }
}

impl ToJson for Fingerprint {
    fn to_json(&self, out: &mut Json) {
        out.plain(format_args!("\"{self}\""));
    }
}
