//! What a stack does with a map, by the runtime's functions at its top.

use crate::case::{Case, Side};
use crate::model::Frame;
use crate::source::How;

/// An operation on a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapUse {
    Read,
    Write,
    Iterate,
}

/// What a stack does with a map, if it does.
pub fn map_use(side: &Side) -> Option<MapUse> {
    let by_name = side.callees().iter().find_map(of_function);
    // `len(m)` is read without a call, and so is the value behind a key.
    by_name.or_else(|| {
        let site = side.site().filter(|_| side.is_direct())?;
        let is_map = |written: Option<&str>| {
            written.is_some_and(|text| text.starts_with("map[") || text.starts_with("make(map["))
        };
        site.typed()
            .filter(|(_, written)| is_map(*written))
            .find_map(|(touch, _)| match (&touch.how, side.writes()) {
                (How::IndexWrite, true) => Some(MapUse::Write),
                (How::IndexRead | How::IndexWrite, false) => Some(MapUse::Read),
                (How::Read, false) if site.text.contains("len(") => Some(MapUse::Read),
                _ => None,
            })
    })
}

fn of_function(frame: &Frame) -> Option<MapUse> {
    let name = frame.function.as_str();
    let name = name
        .strip_prefix("runtime.")
        .or_else(|| name.strip_prefix("internal/runtime/maps."))
        .or_else(|| name.strip_prefix("reflect."))
        .or_else(|| name.strip_prefix("maps."))?;
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if begins(&[
        "mapassign",
        "mapdelete",
        "mapclear",
        "(*Map).PutSlot",
        "(*Map).Delete",
        "(*Map).Clear",
    ]) {
        return Some(MapUse::Write);
    }
    if begins(&[
        "mapiter",
        "(*Iter)",
        "mapclone",
        "mapIter",
        "(*MapIter)",
        "Iter",
    ]) {
        return Some(MapUse::Iterate);
    }
    if begins(&["mapaccess", "maplen", "(*Map).get", "(*Map).Get"]) {
        return Some(MapUse::Read);
    }
    None
}

/// The two uses of a race on a map.
pub fn map_race(case: &Case) -> Option<(MapUse, MapUse)> {
    let (_, one, other) = case.race()?;
    let ranges = |side: &Side| {
        let touches = &side.site().filter(|_| side.is_direct())?.touches;
        let range = touches.iter().any(|touch| touch.how == How::Range);
        range.then_some(MapUse::Iterate)
    };
    // The value that a `range` reads is read without a call.
    let uses = match (map_use(one), map_use(other)) {
        (Some(MapUse::Write), None) => (MapUse::Write, ranges(other)?),
        (None, Some(MapUse::Write)) => (ranges(one)?, MapUse::Write),
        (one, other) => (one?, other?),
    };
    // `m[k]++` reads and writes: which of the two was caught is chance.
    let both_write = case.shared.as_ref().is_some_and(|shared| {
        let [one, other] = &shared.touches;
        one.how == How::IndexWrite && other.how == How::IndexWrite
    });
    Some(if both_write {
        (MapUse::Write, MapUse::Write)
    } else {
        uses
    })
}

/// Which map it is, where the source says it.
pub fn named(case: &Case) -> String {
    case.shared.as_ref().map_or_else(
        || "the address is the same".to_owned(),
        |shared| format!("it is the map `{}`", shared.name),
    )
}
