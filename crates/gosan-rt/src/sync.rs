//! Sync objects: what is released to an address and acquired from it.
//!
//! They hang on the box of the word that they live in, so memory that is freed
//! takes them along, and an atomic finds its records and its clock in one
//! place.  Objects of the same word are told apart by their byte: the slots of
//! a channel of bytes are objects of their own.

use crate::boxes::{self, BoxId};
use crate::cell::Owned;
use crate::ids;
use crate::racectx::Inner;
use crate::shadow;
use alloc::boxed::Box;
use gosan_engine::record::Segment;
use gosan_engine::span::WORD_BYTES;
use gosan_engine::sync_clock::SyncClock;

/// One sync object, and the next of the same word.
pub struct SyncObject {
    byte: u8,
    clock: SyncClock,
    next: Option<Box<SyncObject>>,
}

/// Learns all that was released to `address`.
pub fn acquire(inner: &mut Inner, address: usize) {
    let Some((cell, _)) = shadow::locate(address) else {
        return;
    };
    let Some(mut owned) = cell.lock_boxed() else {
        return;
    };
    if let Some(clock) = existing(&mut owned, address) {
        inner.hb.acquire(clock, ids::era());
    }
    drop(owned);
    after_sync(inner);
}

/// How a release treats what was there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Replaces it.
    Store,
    /// Adds to it.
    Merge,
    /// Replaces it and learns it.
    StoreAndAcquire,
}

/// Hands over all that the goroutine knows.
pub fn release(inner: &mut Inner, address: usize, how: Release) {
    let Some(mut owned) = own(address) else {
        return;
    };
    let clock = created(&mut owned, address);
    let era = ids::era();
    match how {
        Release::Store => inner.hb.release(clock, era),
        Release::Merge => inner.hb.release_merge(clock, era),
        Release::StoreAndAcquire => inner.hb.release_and_acquire_previous(clock, era),
    }
    drop(owned);
    after_sync(inner);
}

/// Owns the box of an address.
pub fn own(address: usize) -> Option<Owned<'static>> {
    let (cell, touched) = shadow::locate(address)?;
    shadow::touch(touched);
    Some(cell.lock())
}

/// The sync object at an address whose box is owned, if there is one.
#[inline]
pub fn existing<'a>(owned: &'a mut Owned, address: usize) -> Option<&'a mut SyncClock> {
    // SAFETY: as long as the result is used, the box is owned.
    unsafe { in_box(owned.id(), address) }
}

/// The sync object at an address, if there is one.
///
/// # Safety
/// The caller owns the box as long as it uses the result, and has no other
/// reference to it.
#[inline]
pub unsafe fn in_box<'a>(id: BoxId, address: usize) -> Option<&'a mut SyncClock> {
    let byte = (address % WORD_BYTES) as u8;
    let mut pointer = boxes::sync_pointer(id);
    loop {
        // SAFETY: the box owns the list, and by the contract the caller the box.
        let object = unsafe { pointer.as_mut()? };
        if object.byte == byte {
            return Some(&mut object.clock);
        }
        pointer = match &mut object.next {
            Some(next) => &mut **next,
            None => return None,
        };
    }
}

/// The sync object at an address whose box is owned.
#[inline]
pub fn created<'a>(owned: &'a mut Owned, address: usize) -> &'a mut SyncClock {
    if existing(owned, address).is_none() {
        create(owned, address);
    }
    match existing(owned, address) {
        Some(clock) => clock,
        None => crate::fatal("gosan: a sync object was lost"),
    }
}

#[cold]
#[inline(never)]
fn create(owned: &mut Owned, address: usize) {
    let next = boxes::take_sync(owned.id());
    let byte = (address % WORD_BYTES) as u8;
    boxes::set_sync(
        owned.id(),
        Some(Box::new(SyncObject {
            byte,
            clock: SyncClock::new(),
            next,
        })),
    );
}

/// The objects whose byte is not in the mask.
pub fn without_bytes(list: Option<Box<SyncObject>>, mask: u8) -> Option<Box<SyncObject>> {
    let mut kept = None;
    let mut rest = list;
    while let Some(mut object) = rest {
        rest = object.next.take();
        if mask & 1 << object.byte == 0 {
            object.next = kept;
            kept = Some(object);
        }
    }
    kept
}

/// A new or published time needs a new segment for the next record.
#[inline]
pub fn after_sync(inner: &mut Inner) {
    if end_segment(inner) && inner.hb.is_at_end_of_slot() {
        ids::renew_slot(&mut inner.hb);
    }
}

/// As [`after_sync`], where the slot has times left.  Whether a new segment is
/// needed.
#[inline]
pub fn end_segment(inner: &mut Inner) -> bool {
    let ends = !inner.hb.records_at(inner.segment_time);
    if ends {
        inner.segment = Segment(0);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Life;
    use gosan_engine::goroutine::{Goroutine, LAST_TIME};

    #[test]
    fn time_goes_on_past_the_end_of_a_slot() {
        crate::test_support::reserve();
        let (slot, time) = ids::slot_for_first();
        let giver = crate::racectx::create(Goroutine::first(slot, time), Life(0));
        let (slot, _) = ids::slot_for_first();
        let taker = crate::racectx::create(Goroutine::first(slot, LAST_TIME - 9), Life(0));
        // SAFETY: nobody else uses the contexts that this test made.
        let (giver, taker) = unsafe { (giver.inner(), taker.inner()) };
        let mut object = SyncClock::new();
        for _ in 0..40 {
            giver.hb.time_for_record();
            giver.hb.release(&mut object, ids::era());
            let before = (taker.hb.slot(), taker.hb.time());
            taker.hb.release(&mut SyncClock::new(), ids::era());
            taker.hb.acquire(&object, ids::era());
            after_sync(taker);
            let now = (taker.hb.slot(), taker.hb.time());
            assert!(now.0 != before.0 || now.1 > before.1, "{before:?} {now:?}");
            assert!(taker.hb.knows(before.0, before.1));
        }
        assert_ne!(taker.hb.slot(), slot);
    }
}
