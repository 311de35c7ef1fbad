//! What a race was on: an operation of Go's runtime names a map, a channel or a
//! slice; an address a global or an object of the heap.

use super::Race;
use super::process::text;
use super::{record, symbolize, symbols};
use crate::{allocations, go};
use alloc::vec::Vec;
use gosan_wire::{Address, Object, ObjectKind, operation};

/// What the accesses of a race were on.
pub fn of(race: &Race) -> Object {
    let address = race.accesses[0].address;
    let mut object = Object {
        kind: ObjectKind::Unknown,
        operation: None,
        symbol: None,
        address: None,
        offset: None,
        size: None,
        goroutine: None,
        allocated_at: Vec::new(),
    };
    if let Some((start, bytes)) = go::heap_object(address) {
        object.kind = ObjectKind::Heap;
        place(&mut object, address, start, bytes);
        if let Some((stack, goroutine)) = allocations::of(start) {
            object.goroutine = Some(goroutine);
            object.allocated_at = record::frames(&symbolize::stack(stack));
        }
    } else if let Some(symbol) = symbols::at(address) {
        object.kind = ObjectKind::Global;
        object.symbol = Some(text(&symbol.name));
        place(&mut object, address, symbol.start, symbol.bytes);
    }
    let innermost = race
        .accesses
        .iter()
        .filter_map(|access| access.stack.first());
    for frame in innermost {
        if let Some(kind) = operation::of(frame.function) {
            object.kind = kind;
            object.operation = Some(text(frame.function));
            break;
        }
    }
    object
}

fn place(object: &mut Object, address: usize, start: usize, bytes: usize) {
    object.address = Some(Address(start as u64));
    object.offset = Some((address - start) as u64);
    object.size = Some(bytes as u64);
}
