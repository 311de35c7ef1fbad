//! Which variable the two sides of a race have in common.
//!
//! Each side's line may touch several variables. Those are paired, and the pair
//! wins that is most surely one variable and fits best what the accesses did.
//! What reaches a side under another name, as an argument does, is not found.

use crate::case::Side;
use crate::source::{DeclarationKind, How, Site, Touch};

/// A variable that both sides touch.
#[derive(Clone, Debug)]
pub struct Shared {
    /// As the first side writes it.
    pub name: String,
    /// Its type, or the value that it begins with, where the source says so.
    pub written: Option<String>,
    pub touches: [Touch; 2],
    pub scope: Scope,
}

/// Where a shared variable is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a function around one side or both.
    Captured(DeclarationKind),
    Package,
    /// It is a field of something.
    Field,
}

impl Shared {
    /// Says whether a touch of either side satisfies this.
    pub fn any(&self, test: impl Fn(&How) -> bool) -> bool {
        self.touches.iter().any(|touch| test(&touch.how))
    }

    /// The type is, as far as it is written, of this form.
    pub fn is_written(&self, test: impl Fn(&str) -> bool) -> bool {
        self.written.as_deref().is_some_and(test)
    }

    pub fn is_map(&self) -> bool {
        self.is_written(|text| {
            text.starts_with("map[") || text.starts_with("make(map[") || text.starts_with("*map[")
        })
    }

    pub fn is_slice(&self) -> bool {
        self.is_written(|text| text.starts_with("[]") || text.starts_with("make([]"))
    }

    /// Its name and, where that is short, its type.
    pub fn in_words(&self) -> String {
        const SHORT: usize = 40;
        match self.written.as_deref().filter(|text| text.len() <= SHORT) {
            Some(written) => format!("`{}` ({written})", self.name),
            None => format!("`{}`", self.name),
        }
    }

    /// A sentence about where it is declared.
    pub fn where_declared(&self) -> String {
        let line = self.touches[0].declaration.line;
        match self.scope {
            Scope::Package => format!("`{}` is a variable of the package", self.name),
            Scope::Field => format!("`{}` is a field that both sides reach", self.name),
            Scope::Captured(kind) => {
                let kind = match kind {
                    DeclarationKind::Loop => "loop variable",
                    DeclarationKind::Result => "named result",
                    DeclarationKind::Parameter | DeclarationKind::Receiver => "parameter",
                    DeclarationKind::Local | DeclarationKind::Package => "local variable",
                };
                format!(
                    "`{}` is a {kind}, declared in line {line} outside of the function literal",
                    self.name
                )
            }
        }
    }
}

/// Finds what two sides share.
pub fn shared(one: &Side, other: &Side) -> Option<Shared> {
    let (first, second) = (one.site()?, other.site()?);
    let mut best: Option<(i32, Shared)> = None;
    for (touch, written) in first.typed() {
        for (pair, other_written) in second.typed() {
            let Some((scope, sure)) = same(first, second, touch, pair) else {
                continue;
            };
            let fits = fit(one, touch) + fit(other, pair);
            if fits < 0 {
                continue;
            }
            let depth = i32::try_from(touch.path.matches('.').count().min(3)).unwrap_or(0);
            let score = sure + fits + depth;
            if best.as_ref().is_none_or(|(known, _)| score > *known) {
                let shared = Shared {
                    name: touch.path.clone(),
                    written: written.or(other_written).map(str::to_owned),
                    touches: [touch.clone(), pair.clone()],
                    scope,
                };
                best = Some((score, shared));
            }
        }
    }
    best.map(|(_, shared)| shared)
}

/// Says whether two touches can be of one variable, and how sure that is.
fn same(first: &Site, second: &Site, one: &Touch, other: &Touch) -> Option<(Scope, i32)> {
    let (a, b) = (&one.declaration, &other.declaration);
    let one_file = first.file == second.file;
    let same_root = one.root() == other.root()
        && a.line == b.line
        && (one_file || a.kind == DeclarationKind::Package);
    if one.path != other.path && same_root && is_part(&one.path, &other.path) {
        // All of a struct on one side, and a part of it on the other.
        return match a.kind {
            DeclarationKind::Package => Some((Scope::Package, 5)),
            kind if a.captured || b.captured => Some((Scope::Captured(kind), 6)),
            _ => None,
        };
    }
    if one.is_field() != other.is_field() {
        return None;
    }
    if one.is_field() {
        if one.leaf() != other.leaf() {
            return None;
        }
        let sure = if same_root && one.path == other.path {
            9
        } else {
            6
        };
        // A captured struct's field is still the captured variable's.
        return Some((Scope::Field, sure));
    }
    if !same_root {
        return None;
    }
    match a.kind {
        DeclarationKind::Package => Some((Scope::Package, 8)),
        // Without a literal between, each call has its own.
        kind if a.captured || b.captured => Some((Scope::Captured(kind), 10)),
        _ => None,
    }
}

/// One path goes on where the other ends.
fn is_part(one: &str, other: &str) -> bool {
    let within = |short: &str, long: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    within(one, other) || within(other, one)
}

/// How well a touch fits what the access did; negative if it cannot be.
fn fit(side: &Side, touch: &Touch) -> i32 {
    let direct = side.is_direct();
    let callee = side
        .stack
        .first()
        .map_or("", |frame| frame.function.as_str());
    if callee.starts_with("runtime.map") || callee.starts_with("internal/runtime/maps") {
        return match touch.how {
            How::IndexRead | How::IndexWrite | How::Range | How::Delete => 6,
            How::Pass | How::Update => 1,
            _ => -8,
        };
    }
    if callee.contains("chansend") || callee.contains("chanrecv") || callee.contains("closechan") {
        return match touch.how {
            How::Send | How::Receive | How::Close | How::Range => 6,
            How::Read | How::Pass => 0,
            _ => -8,
        };
    }
    match (side.writes(), direct) {
        (true, true) if touch.how.writes() => 4,
        (true, true) if touch.how.may_write() => 0,
        (true, true) => -8,
        (true, false) => match touch.how {
            How::Call(_) | How::Pass | How::Address => 3,
            _ if touch.how.may_write() => 1,
            _ => -2,
        },
        (false, true) => match touch.how {
            How::Assign => -4,
            How::Read | How::IndexRead | How::Range | How::Update | How::Append => 3,
            _ => 1,
        },
        (false, false) => match touch.how {
            How::Call(_) | How::Pass | How::Address | How::Range => 3,
            _ => 1,
        },
    }
}
