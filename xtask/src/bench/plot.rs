//! The benchmark as a picture: for each row a bar of time and a bar of memory,
//! as part of what stock takes.
//!
//! The colours follow the reader's light or dark theme, so the picture can stand
//! in a page on a site with either.

use maud::{Markup, html};

use super::figures::{Ratio, geometric_mean};
use super::rows::Group;
use super::{Measured, Report, Verdict};

const WIDTH: f64 = 880.0;
const ROW: f64 = 20.0;
const BAR: f64 = 11.0;
/// Above a group's rows.
const HEADING: f64 = 30.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 30.0;
/// The greatest ratio that has room; a longer bar ends there and has its figure.
const MOST: f64 = 1.5;

/// The left edges of the two panels, and their width.
const PANELS: [f64; 2] = [150.0, 535.0];
const PANEL: f64 = 280.0;

const STYLE: &str = "
text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.group { font-weight: 600 }
.small { font-size: 11px; fill: #57606a }
.met { fill: #1f883d }
.behind { fill: #d4722a }
.stock { stroke: #57606a; stroke-width: 1 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.goal { stroke: #24292f; stroke-width: 2 }
.spread { stroke: #24292f; stroke-width: 1; opacity: 0.7 }
.paper { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  .met { fill: #2ea043 }
  .stock { stroke: #9198a1 }
  .grid { stroke: #30363d }
  .goal, .spread { stroke: #e6edf3 }
  .paper { fill: #0d1117 }
}
";

/// A place in the picture: more digits would only tell how a computer adds.
fn place(at: f64) -> f64 {
    (at * 10.0).round() / 10.0
}

/// Draws what gosan number `index` took.
pub fn draw(report: &Report, index: usize) -> String {
    let groups: Vec<(Group, Vec<&Measured>)> = Group::ALL
        .map(|group| {
            let rows = report.rows.iter();
            (group, rows.filter(|row| row.row.group == group).collect())
        })
        .into_iter()
        .filter(|(_, rows): &(Group, Vec<&Measured>)| !rows.is_empty())
        .collect();
    let mut places = Vec::new();
    let mut y = TOP;
    for (_, rows) in &groups {
        places.push(y);
        y += HEADING + rows.len() as f64 * ROW;
    }
    let height = y + BOTTOM;
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(height)
            viewBox={ "0 0 " (WIDTH) " " (height) } role="img"
            aria-label="Time and memory of gosan as part of what go test -race takes" {
            style { (STYLE) }
            rect.paper width=(WIDTH) height=(height) {}
            text.title x="16" y="26" { "gosan / go -race" }
            text.small x="180" y="26" {
                "Go " (report.go) ", median of " (report.rounds) " rounds; shorter is better"
            }
            (legend())
            @for (x, title) in PANELS.iter().zip(["processor time", "memory added to the plain program"]) {
                text.group x=(x) y=(TOP - 8.0) { (title) }
                (grid(*x, y))
            }
            @for ((group, rows), y) in groups.iter().zip(&places) {
                (heading(*group, rows, index, *y))
                @for (number, row) in rows.iter().enumerate() {
                    (line(row, index, y + HEADING + number as f64 * ROW))
                }
            }
        }
    };
    picture.into_string() + "\n"
}

fn legend() -> Markup {
    html! {
        rect.met x="535" y="17" width="18" height=(BAR) {}
        text.small x="558" y="26" { "goal reached" }
        rect.behind x="640" y="17" width="18" height=(BAR) {}
        text.small x="663" y="26" { "behind" }
        line.goal x1="720" x2="720" y1="15" y2="30" {}
        text.small x="727" y="26" { "goal" }
        line.spread x1="765" x2="785" y1="22.5" y2="22.5" {}
        text.small x="790" y="26" { "least to most" }
    }
}

/// A panel's lines, with that of stock at 1.
fn grid(x: f64, bottom: f64) -> Markup {
    html! {
        @for (ratio, label) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1 = go -race"), (1.5, "1.5")] {
            @let at = place(x + ratio / MOST * PANEL);
            line class=(if ratio == 1.0 { "stock" } else { "grid" })
                x1=(at) x2=(at) y1=(TOP) y2=(bottom + 4.0) {}
            text.small x=(at) y=(bottom + 18.0) text-anchor="middle" { (label) }
        }
    }
}

fn heading(group: Group, rows: &[&Measured], index: usize, y: f64) -> Markup {
    let goals = group.goals();
    let processor = rows.iter().map(|row| row.gosan[index].processor.median);
    let mean = goals.processor_mean.zip(geometric_mean(processor));
    html! {
        rect.paper x="8" y=(y + 5.0) width=(WIDTH - 16.0) height="22" {}
        text.group x="16" y=(y + 20.0) { (group.title()) }
        @if let Some((goal, mean)) = mean {
            text.small x=(PANELS[0]) y=(y + 20.0) {
                "geometric mean " (format!("{mean:.2}")) ", goal " (goal)
                @if Verdict::of(mean, goal) == Verdict::Behind { ": behind" }
            }
        }
        @if group == Group::StartUp {
            text.small x=(PANELS[0]) y=(y + 20.0) { "time on the clock: go -race sleeps a second at the end" }
        }
    }
}

fn line(row: &Measured, index: usize, y: f64) -> Markup {
    let gosan = &row.gosan[index];
    let goals = row.row.group.goals();
    let (time, goal) = match goals.processor {
        Some(goal) => (gosan.processor, Some(goal)),
        None => (gosan.wall, goals.wall),
    };
    html! {
        text x=(PANELS[0] - 10.0) y=(y + 10.0) text-anchor="end" { (row.row.name) }
        (bar(PANELS[0], y, time, goal))
        @if let Some(memory) = gosan.memory {
            (bar(PANELS[1], y, memory, Some(goals.memory)))
        }
    }
}

fn bar(x: f64, y: f64, ratio: Ratio, goal: Option<f64>) -> Markup {
    let place = |ratio: f64| place(x + ratio.clamp(0.0, MOST) / MOST * PANEL);
    let met = goal.is_none_or(|goal| Verdict::of(ratio.median, goal) == Verdict::Met);
    let end = place(ratio.median.max(0.005));
    let middle = y + BAR / 2.0;
    html! {
        rect class=(if met { "met" } else { "behind" })
            x=(x) y=(y) width=(self::place(end - x)) height=(BAR) rx="1.5" {}
        line.spread x1=(place(ratio.low)) x2=(place(ratio.high)) y1=(middle) y2=(middle) {}
        @if let Some(goal) = goal {
            line.goal x1=(place(goal)) x2=(place(goal)) y1=(y - 2.0) y2=(y + BAR + 2.0) {}
        }
        text.small x=(self::place(place(ratio.high.max(ratio.median).max(goal.unwrap_or(0.0))) + 6.0)) y=(y + 10.0) {
            (format!("{:.2}", ratio.median.max(0.0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::round;
    use super::super::{Measured, Report};
    use super::*;

    #[test]
    fn each_row_has_its_bars_and_its_verdict() {
        let of = |name: &str, gosan| {
            let rounds = vec![round((0.1, 10), (1.0, 30), gosan)];
            Measured::of(super::super::rows::find(name).expect("a row"), rounds).expect("figures")
        };
        let report = Report {
            version: 1,
            go: "1.26.8".to_owned(),
            processors: 2,
            rounds: 1,
            gosan: vec!["gosan".to_owned()],
            rows: vec![of("json", (0.3, 15)), of("sort", (0.9, 40))],
            logs: Vec::new(),
        };
        let picture = draw(&report, 0);
        assert!(
            picture.contains(">json<") && picture.contains(">0.30<"),
            "{picture}"
        );
        assert_eq!(picture.matches("<rect class=\"met\" x=\"150\"").count(), 1);
        assert_eq!(
            picture.matches("<rect class=\"behind\" x=\"150\"").count(),
            1
        );
        // A bar that is too long ends at the edge and says how long it is.
        assert!(picture.contains(">1.50<"), "{picture}");
    }
}
