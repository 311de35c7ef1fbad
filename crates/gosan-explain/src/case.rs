//! A problem as the diagnoses see it: its sides, and what is shared.

use crate::frames::{Owner, own_frame, own_index};
use crate::model::{Crash, Ending, Frame, Goroutines, Notice, Operation, Problem, Race, Stuck};
use crate::shared::{Shared, shared};
use crate::source::{Held, Site, Sources};

/// So many of the user's frames are looked up in the source, from the access
/// outwards: callers hold locks too.
const SITES: usize = 6;
/// Functions that make atomic accesses and no others.
const ATOMIC: [&str; 2] = ["sync/atomic.", "internal/sync.(*Mutex)."];

/// One problem, with all that is known of it.
pub struct Case<'a> {
    pub problem: &'a Problem,
    /// The accesses of a race; the goroutines of a crash, that which failed
    /// first; those that are stuck, and some of the others.
    pub sides: Vec<Side<'a>>,
    /// The variable that both sides of a race touch, where the source says so.
    pub shared: Option<Shared>,
}

/// One stack of a problem.
pub struct Side<'a> {
    /// What it did, if it is a side of a race.
    pub operation: Option<Operation>,
    pub stack: &'a [Frame],
    pub created: &'a [Frame],
    /// The locks that the log names.
    pub named_locks: &'a [String],
    own: Option<usize>,
    sites: Vec<Site>,
    creator: Option<Site>,
}

impl<'a> Case<'a> {
    pub fn new(problem: &'a Problem, sources: &Sources) -> Self {
        let sides: Vec<_> = match problem {
            Problem::Race(race) => race
                .accesses
                .iter()
                .map(|access| {
                    let mut side = Side::new(&access.stack, &access.created, sources);
                    side.operation = Some(access.operation);
                    side.named_locks = &access.locks;
                    side
                })
                .collect(),
            Problem::Crash(crash) => crash
                .goroutines
                .iter()
                .take(64)
                .map(|place| Side::new(&place.stack, &place.created, sources))
                .collect(),
            Problem::Stuck(stuck) => std::iter::once(&stuck.goroutines)
                .chain(stuck.others.iter().take(16))
                .map(|place| Side::new(&place.stack, &place.created, sources))
                .collect(),
            Problem::Notice(_) => Vec::new(),
        };
        let shared = match (problem, sides.as_slice()) {
            (Problem::Race(_), [one, other]) => shared(one, other),
            _ => None,
        };
        Self {
            problem,
            sides,
            shared,
        }
    }

    /// The two sides of a race.
    pub fn race(&self) -> Option<(&Race, &Side<'a>, &Side<'a>)> {
        match (self.problem, self.sides.as_slice()) {
            (Problem::Race(race), [one, other]) => Some((race, one, other)),
            _ => None,
        }
    }

    /// A race's sides, whole or cut.
    pub fn race_sides(&self) -> &[Side<'a>] {
        match self.problem {
            Problem::Race(_) => &self.sides,
            _ => &[],
        }
    }

    /// The language version that a race's source is compiled with.
    pub fn language(&self) -> Option<(u32, u32)> {
        self.race_sides()
            .iter()
            .find_map(|side| side.site()?.language)
    }

    /// A crash with this text in its message.
    pub fn crash(&self, message: &str) -> Option<&Crash> {
        match self.problem {
            Problem::Crash(crash) if crash.message.contains(message) => Some(crash),
            _ => None,
        }
    }

    /// A fatal error with exactly this message.
    pub fn fatal(&self, message: &str) -> Option<&Crash> {
        self.crash(message)
            .filter(|crash| crash.ending == Ending::Fatal && crash.message == message)
    }

    pub fn stuck(&self) -> Option<(&Stuck, &Side<'a>)> {
        match (self.problem, self.sides.first()) {
            (Problem::Stuck(stuck), Some(side)) => Some((stuck, side)),
            _ => None,
        }
    }

    pub fn notice(&self) -> Option<&Notice> {
        match self.problem {
            Problem::Notice(notice) => Some(notice),
            _ => None,
        }
    }

    /// The goroutines of a dump, whatever ended it: for what stands in the way
    /// of each other.
    pub fn goroutines(&self) -> Vec<&Goroutines> {
        match self.problem {
            Problem::Crash(crash) => crash.goroutines.iter().collect(),
            Problem::Stuck(stuck) => std::iter::once(&stuck.goroutines)
                .chain(&stuck.others)
                .collect(),
            Problem::Race(_) | Problem::Notice(_) => Vec::new(),
        }
    }

    /// Says whether both sides of a race satisfy this.
    pub fn both(&self, test: impl Fn(&Side<'a>) -> bool) -> bool {
        self.race()
            .is_some_and(|(_, one, other)| test(one) && test(other))
    }

    /// Says whether a side of a race satisfies this.
    pub fn either(&self, test: impl Fn(&Side<'a>) -> bool) -> bool {
        self.race_sides().iter().any(test)
    }

    /// The sides of a race in the order in which they satisfy the two tests.
    pub fn ordered(
        &self,
        first: impl Fn(&Side<'a>) -> bool,
        second: impl Fn(&Side<'a>) -> bool,
    ) -> Option<(&Side<'a>, &Side<'a>)> {
        let (_, one, other) = self.race()?;
        if first(one) && second(other) {
            Some((one, other))
        } else if first(other) && second(one) {
            Some((other, one))
        } else {
            None
        }
    }
}

impl<'a> Side<'a> {
    fn new(stack: &'a [Frame], created: &'a [Frame], sources: &Sources) -> Self {
        let own = own_index(stack);
        let sites = stack
            .iter()
            .skip(own.unwrap_or(stack.len()))
            .enumerate()
            .filter(|(index, frame)| *index == 0 || frame.owner() == Owner::User)
            .take(SITES)
            .filter_map(|(index, frame)| Some((index, sources.site(frame)?)));
        // The first one is the access itself, or is missing.
        let mut sites: Vec<_> = sites.collect();
        if sites.first().is_some_and(|(index, _)| *index != 0) {
            sites.clear();
        }
        Self {
            operation: None,
            stack,
            created,
            named_locks: &[],
            own,
            creator: own_frame(created)
                .filter(|frame| frame.owner() == Owner::User)
                .and_then(|frame| sources.site(frame)),
            sites: sites.into_iter().map(|(_, site)| site).collect(),
        }
    }

    /// The user's frame.
    pub fn own(&self) -> Option<&'a Frame> {
        self.own.map(|index| &self.stack[index])
    }

    /// There is code in the stack that did not come with Go.
    pub fn has_own_code(&self) -> bool {
        self.own().is_some_and(|frame| !frame.owner().is_go())
    }

    /// What the user's code had called when it happened, innermost first.
    pub fn callees(&self) -> &'a [Frame] {
        // Where no code is the user's, all of it is what somebody called.
        let own = self
            .own
            .filter(|index| self.stack[*index].owner() != Owner::Std);
        &self.stack[..own.unwrap_or(self.stack.len())]
    }

    /// Those who called the user's frame.
    pub fn callers(&self) -> &'a [Frame] {
        match self.own {
            Some(index) => &self.stack[index + 1..],
            None => &[],
        }
    }

    /// The access is in the user's own code, and not in what it calls.
    pub fn is_direct(&self) -> bool {
        self.own == Some(0)
    }

    /// It is, or it is inside one of the runtime's functions for channels.
    pub fn is_direct_or_channel(&self) -> bool {
        self.callees()
            .iter()
            .all(|frame| frame.function.starts_with("runtime."))
    }

    pub fn writes(&self) -> bool {
        self.operation.is_some_and(Operation::writes)
    }

    pub fn is_atomic(&self) -> bool {
        self.operation.is_some_and(Operation::is_atomic)
            || self
                .stack
                .first()
                .is_some_and(|frame| ATOMIC.iter().any(|name| frame.function.starts_with(name)))
    }

    /// A frame of the stack whose function begins with one of these.
    pub fn frame_of(&self, functions: &[&str]) -> Option<&'a Frame> {
        self.stack.iter().find(|frame| {
            functions
                .iter()
                .any(|name| frame.function.starts_with(name))
        })
    }

    /// Such a frame of what the user's code had called.
    pub fn callee_of(&self, functions: &[&str]) -> Option<&'a Frame> {
        self.callees().iter().find(|frame| {
            functions
                .iter()
                .any(|name| frame.function.starts_with(name))
        })
    }

    /// A frame whose function has one of these in its name.
    pub fn frame_with(&self, parts: &[&str]) -> Option<&'a Frame> {
        self.stack
            .iter()
            .find(|frame| parts.iter().any(|part| frame.function.contains(part)))
    }

    /// What the source says about the user's frame.
    pub fn site(&self) -> Option<&Site> {
        self.sites.first()
    }

    /// What it says about that frame and those that called it.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// What it says about where the goroutine was started.
    pub fn creator(&self) -> Option<&Site> {
        self.creator.as_ref()
    }

    /// The locks that the text of the user's frames holds, the innermost first.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.sites.iter().flat_map(|site| &site.held)
    }

    /// The function of the user's frame is a literal of the function of the
    /// other's, or the other way round, or both are literals of one.
    pub fn shares_scope(&self, other: &Side) -> bool {
        let (Some(one), Some(two)) = (self.own(), other.own()) else {
            return false;
        };
        one.file == two.file
            && base(one.name()) == base(two.name())
            && one.package() == two.package()
            && (one.name() != two.name() || is_closure(one.name()))
    }

    /// The user's frame is in a function literal.
    pub fn in_closure(&self) -> bool {
        self.own().is_some_and(|frame| is_closure(frame.name()))
    }
}

/// `(*T).f` of `(*T).f.func1.2`.
pub fn base(name: &str) -> &str {
    let end = [".func", ".gowrap", ".deferwrap", "-range"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min();
    &name[..end.unwrap_or(name.len())]
}

fn is_closure(name: &str) -> bool {
    base(name).len() < name.len()
}
