//! The picture of a race: a lane for each goroutine from the common ancestor
//! of both sides, time going down. An arrow is an ordering; there is none
//! between the two accesses, and the picture says so where it would be.

use std::cmp::Reverse;

use gosan_wire::{Frame, Goroutine};
use maud::{Markup, html};

use crate::frames;
use crate::model::{Finding, Side};
use crate::paths::Paths;
use crate::words;

// Measures, in the units of the picture: about a pixel on a large screen.
const LANE: usize = 158;
const ROW: usize = 80;
const TOP: usize = 26;
const HEADER: (usize, usize) = (136, 40);

/// Characters that fit into a lane.
const LABEL: usize = 23;

/// A goroutine's lane.
struct Lane<'a> {
    goroutine: u64,
    about: Option<&'a Goroutine>,
    /// The goroutine that it descends from, and how many between are left out.
    parent: Option<(u64, usize)>,
    /// The row in which it begins.
    row: usize,
}

/// What is drawn.
struct Picture<'a> {
    lanes: Vec<Lane<'a>>,
    /// The lane of each side.
    sides: [usize; 2],
    /// The row of each side's access.
    rows: [usize; 2],
}

/// Draws a race.
pub fn of(finding: &Finding, paths: &Paths) -> Markup {
    let picture = Picture::new(finding);
    let width = picture.lanes.len() * LANE;
    let height = y(picture.rows[1] + 1);
    let told = description(finding, paths);
    html! {
        figure {
            div.scroll tabindex="0" role="group" aria-label="picture of the goroutines" {
                svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
                    role="img" aria-label=(told) {
                    @for (index, lane) in picture.lanes.iter().enumerate() {
                        (line(&picture, index, lane, height))
                    }
                    @for (index, lane) in picture.lanes.iter().enumerate() {
                        (creation(&picture, index, lane, paths))
                        (header(index, lane))
                    }
                    (no_order(&picture, width))
                    @for (index, side) in finding.sides.iter().enumerate() {
                        (access(finding, &picture, index, side, paths))
                    }
                }
            }
            figcaption { "Time goes down; an arrow starts a goroutine. None leads from (1) to (2)." }
        }
    }
}

impl<'a> Picture<'a> {
    fn new(finding: &'a Finding) -> Self {
        let of_side = |side: &Side| finding.access(side).goroutine;
        let ids = finding.sides.each_ref().map(of_side);
        // From the common ancestor, itself first, to the goroutine of the side.
        let lines = ids.map(|id| finding.ancestry(id));
        let common = lines[0]
            .iter()
            .find(|one| lines[1].iter().any(|other| other.id == one.id))
            .map(|goroutine| goroutine.id);
        let below = [0, 1].map(|side| -> Vec<u64> {
            if lines[side].is_empty() {
                // The record does not say where it comes from.
                return vec![ids[side]];
            }
            let line = lines[side].iter().map(|goroutine| goroutine.id);
            line.take_while(|id| Some(*id) != common).collect()
        });

        let mut picture = Self {
            lanes: Vec::new(),
            sides: [0; 2],
            rows: [0; 2],
        };
        // The first side stands left of the ancestor, the second right of it.
        // Goroutines between the ancestor and a side have no lane.
        let has_parent = |line: &[u64]| {
            let skipped = line.len().checked_sub(1)?;
            common.map(|parent| (parent, skipped))
        };
        let [first, second] = below;
        if let Some(id) = first.first() {
            picture.add(finding, *id, has_parent(&first));
        }
        if let Some(common) = common {
            picture.add(finding, common, None);
        }
        if let Some(id) = second.first() {
            picture.add(finding, *id, has_parent(&second));
        }
        picture.sides = ids.map(|id| picture.lane_of(id));
        picture.set_rows();
        picture
    }

    fn lane_of(&self, goroutine: u64) -> usize {
        let found = self
            .lanes
            .iter()
            .position(|lane| lane.goroutine == goroutine);
        found.unwrap_or(0)
    }

    fn add(&mut self, finding: &'a Finding, goroutine: u64, parent: Option<(u64, usize)>) {
        self.lanes.push(Lane {
            goroutine,
            about: finding.goroutine(goroutine),
            parent,
            row: 0,
        });
    }

    /// Goroutines are numbered in the order of their creation, which gives the
    /// order of the rows.
    fn set_rows(&mut self) {
        let mut order: Vec<_> = (0..self.lanes.len()).collect();
        order.sort_by_key(|lane| self.lanes[*lane].goroutine);
        let mut row = 0;
        for lane in order {
            if self.lanes[lane].parent.is_some() {
                row += 1;
                self.lanes[lane].row = row;
            }
        }
        self.rows = [row + 1, row + 2];
    }
}

fn x(lane: usize) -> usize {
    lane * LANE + LANE / 2
}

fn y(row: usize) -> usize {
    TOP + row * ROW
}

fn line(picture: &Picture, index: usize, lane: &Lane, height: usize) -> Markup {
    let last = (0..2).filter(|side| picture.sides[*side] == index);
    let last = last
        .map(|side| picture.rows[side])
        .max_by_key(|row| Reverse(*row));
    let ended = lane.about.is_some_and(|about| !about.running);
    let end = match last {
        Some(row) if ended => y(row) + 58,
        _ => height,
    };
    html! {
        line.lane x1=(x(index)) x2=(x(index)) y1=(y(lane.row)) y2=(end) {}
        @if ended && last.is_some() {
            line.lane x1=(x(index) - 7) x2=(x(index) + 7) y1=(end) y2=(end) {}
        }
    }
}

fn header(index: usize, lane: &Lane) -> Markup {
    let (width, height) = HEADER;
    let name = words::goroutine(lane.goroutine, None);
    let test = lane.about.and_then(words::own_test);
    let top = y(lane.row) - height / 2;
    html! {
        rect.goroutine x=(x(index) - width / 2) y=(top) width=(width) height=(height) rx="6" {}
        text.name x=(x(index)) y=(y(lane.row) + if test.is_some() { 0 } else { 5 })
            text-anchor="middle" { (name) }
        @if let Some(test) = test {
            text.small x=(x(index)) y=(y(lane.row) + 14) text-anchor="middle" { (cut(test, LABEL)) }
        }
    }
}

fn creation(picture: &Picture, index: usize, lane: &Lane, paths: &Paths) -> Markup {
    let Some((parent, left_out)) = lane.parent else {
        return html! {};
    };
    let parent = picture.lane_of(parent);
    let half = HEADER.0 / 2;
    let from = x(parent);
    // The point of the arrow, and where its wings end.
    let (to, wings) = match parent < index {
        true => (x(index) - half, x(index) - half - 9),
        false => (x(index) + half, x(index) + half + 9),
    };
    let height = y(lane.row);
    let at = lane.about.map(|about| about.created_at.as_slice());
    let place = at.and_then(|stack| stack.get(frames::place(stack)));
    let middle = x(parent).midpoint(x(index));
    html! {
        line.creation .shortened[left_out > 0] x1=(from) x2=(wings) y1=(height) y2=(height) {}
        path.arrow d={ "M" (wings) " " (height - 5) " " (to) " " (height) " " (wings) " " (height + 5) "z" } {}
        @if let Some(place) = place {
            text.small x=(middle) y=(height - 25) text-anchor="middle" {
                (cut(&format!("go at {}", file_and_line(place, paths)), LABEL + 4))
            }
        }
        @if left_out > 0 {
            text.small x=(from.midpoint(to)) y=(height + 16) text-anchor="middle" {
                "via " (left_out) " more"
            }
        }
    }
}

fn no_order(picture: &Picture, width: usize) -> Markup {
    // Below the words of the first access, above the point of the second.
    let middle = y(picture.rows[1]) - 20;
    html! {
        line.unordered x1="8" x2=(width - 8) y1=(middle) y2=(middle) {}
        text.unordered x=(width / 2) y=(middle + 4) text-anchor="middle" { "no order between (1) and (2)" }
    }
}

fn access(
    finding: &Finding,
    picture: &Picture,
    index: usize,
    side: &Side,
    paths: &Paths,
) -> Markup {
    let place = finding.frame(side).map(|frame| file_and_line(frame, paths));
    let (x, y) = (x(picture.sides[index]), y(picture.rows[index]));
    let held = finding.locks(side).map(|held| match held.len() {
        0 => "holds no lock".to_owned(),
        count => format!("holds {}", words::count(count as u64, "lock", "locks")),
    });
    html! {
        circle.access .first[side.number == 1] .second[side.number == 2] cx=(x) cy=(y) r="11" {}
        text.number x=(x) y=(y + 4) text-anchor="middle" { (side.number) }
        text.deed x=(x) y=(y + 25) text-anchor="middle" { (cut(side.deed.noun, LABEL)) }
        @for (line, text) in [place, held].iter().flatten().enumerate() {
            text.small x=(x) y=(y + 39 + 13 * line) text-anchor="middle" { (cut(text, LABEL)) }
        }
    }
}

/// The picture in words, for whoever does not see it.
fn description(finding: &Finding, paths: &Paths) -> String {
    let mut told = Vec::new();
    for side in &finding.sides {
        let access = finding.access(side);
        for goroutine in finding.ancestry(access.goroutine).into_iter().rev() {
            let Some(parent) = goroutine.parent else {
                continue;
            };
            let place = words::at(&goroutine.created_at, paths).unwrap_or_default();
            let sentence = format!(
                "{} creates {} at {place}.",
                words::goroutine(parent, None),
                words::goroutine(goroutine.id, None),
            );
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
    }
    for side in &finding.sides {
        told.push(format!("{}.", words::side(finding, side, paths)));
    }
    told.push("Nothing orders (1) and (2).".to_owned());
    told.join(" ")
}

/// The file's own name will do in a picture.
fn file_and_line(frame: &Frame, paths: &Paths) -> String {
    let location = words::location(frame, paths);
    match location.rsplit_once('/') {
        Some((_, name)) => name.to_owned(),
        None => location,
    }
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit - 1).collect();
    format!("{kept}…")
}
