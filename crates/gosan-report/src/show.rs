//! A record with every text in it made visible, so that no rendering can
//! forget to.

use gosan_wire::{Frame, Lock, Process, Race};

use crate::escape::visible;

/// The record as it may be shown.
pub fn made_visible(record: &Race) -> Race {
    let mut race = record.clone();
    [&mut race.test, &mut race.package, &mut race.suppressed_by]
        .into_iter()
        .flatten()
        .for_each(text);
    for access in &mut race.accesses {
        access.test.iter_mut().for_each(text);
        stack(&mut access.stack);
    }
    for goroutine in &mut race.goroutines {
        goroutine.test.iter_mut().for_each(text);
        stack(&mut goroutine.created_at);
    }
    race.object.operation.iter_mut().for_each(text);
    race.object.symbol.iter_mut().for_each(text);
    stack(&mut race.object.allocated_at);
    let held = race.locks.iter_mut().flatten().flatten();
    held.for_each(|Lock { taken_at, .. }| stack(taken_at));
    race.process.iter_mut().for_each(process);
    race
}

fn stack(frames: &mut [Frame]) {
    for frame in frames {
        text(&mut frame.function);
        text(&mut frame.file);
    }
}

fn process(process: &mut Process) {
    process.command.iter_mut().for_each(text);
    text(&mut process.directory);
    text(&mut process.go);
    text(&mut process.gosan);
    for parent in &mut process.parents {
        parent.command.iter_mut().for_each(text);
    }
}

fn text(text: &mut String) {
    if let std::borrow::Cow::Owned(shown) = visible(text) {
        *text = shown;
    }
}
