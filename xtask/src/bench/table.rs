//! The benchmark as text: a line for each row, printed as soon as it is known.

use super::figures::{Comparison, Ratio, geometric_mean};
use super::rows::{Goals, Group};
use super::{Measured, Report, Verdict, logs};

/// The table of a report that is complete.
pub fn all(report: &Report) -> String {
    let mut lines = vec![title(report)];
    for group in Group::ALL {
        if report.of(group).next().is_some() {
            lines.push(heading(group));
            lines.extend(report.of(group).flat_map(self::lines));
            lines.extend(means(group, report));
        }
    }
    if !report.logs.is_empty() {
        lines.push(logs::heading());
        lines.extend(logs::lines(&report.logs));
    }
    lines.join("\n")
}

/// The lines above all groups.
pub fn title(report: &Report) -> String {
    let mut title = format!(
        "Go {}, {} processors, {} rounds: medians, and the spread from the least to the greatest.",
        report.go, report.processors, report.rounds
    );
    if report.gosan.len() > 1 {
        for (index, gosan) in report.gosan.iter().enumerate() {
            title += &format!("\nLine {} of a row: {gosan}", index + 1);
        }
    }
    title
}

/// The lines above a group's rows.
pub fn heading(group: Group) -> String {
    format!(
        "\n{}: gosan / stock, goals: {}\n{:<19} {:>8} {:>8}  {:>6}{:>6}  {:>6}{:>6}  {:<17}  {:>6}  {}",
        group.title(),
        goals(group.goals()),
        "",
        "plain",
        "peak",
        "stock",
        "peak",
        "gosan",
        "peak",
        "processor",
        "wall",
        "memory added"
    )
}

/// The goals in words.
fn goals(goals: Goals) -> String {
    let mut words = Vec::new();
    if let Some(goal) = goals.processor {
        words.push(match goals.processor_mean {
            Some(mean) => format!("processor {goal} each and {mean} in the mean"),
            None => format!("processor {goal}"),
        });
    }
    words.extend(goals.wall.map(|goal| format!("wall {goal}")));
    words.push(format!("memory {}", goals.memory));
    words.join(", ")
}

/// A line of a row for each gosan.
pub fn lines(measured: &Measured) -> Vec<String> {
    let indices = 0..measured.gosan.len();
    indices.map(|index| line(measured, index)).collect()
}

fn line(measured: &Measured, index: usize) -> String {
    let gosan = &measured.gosan[index];
    let plain = measured.plain;
    let times = |value: f64, of: f64| {
        if of < 0.005 {
            "-".to_owned()
        } else {
            format!("{:.1}x", value / of)
        }
    };
    let both = |processor: f64, peak: f64| {
        format!(
            "{:>6}{:>6}",
            times(processor, plain.processor),
            times(peak, plain.peak)
        )
    };
    let line = format!(
        "{:<19} {:>6.2} s {:>5.0} MB  {}  {}  {}  {:>6}  {}  {}",
        measured.row.name,
        plain.processor,
        plain.peak / 1e6,
        both(measured.stock.processor, measured.stock.peak),
        both(gosan.medians.processor, gosan.medians.peak),
        spread(Some(gosan.processor)),
        figure(gosan.wall.median),
        spread(gosan.memory),
        remarks(measured.row.group.goals(), gosan),
    );
    line.trim_end().to_owned()
}

/// What is to be said of a row besides its figures.
fn remarks(goals: Goals, gosan: &Comparison) -> String {
    let mut remarks = Vec::new();
    let behind = super::behind(goals, gosan);
    if !behind.is_empty() {
        remarks.push(format!("BEHIND: {}", behind.join(", ")));
    }
    if gosan.processor.is_wide() && goals.processor.is_some() {
        remarks.push("unsteady".to_owned());
    }
    remarks.join("; ")
}

/// A line below a group's rows for each gosan; one row is its own mean.
pub fn means(group: Group, report: &Report) -> Vec<String> {
    if report.of(group).count() < 2 {
        return Vec::new();
    }
    let indices = 0..report.gosan.len();
    indices
        .filter_map(|index| mean(group, report, index))
        .collect()
}

fn mean(group: Group, report: &Report, index: usize) -> Option<String> {
    let gosans = || report.of(group).map(|row| &row.gosan[index]);
    let processor = geometric_mean(gosans().map(|gosan| gosan.processor.median))?;
    let wall = geometric_mean(gosans().map(|gosan| gosan.wall.median))?;
    let verdict = match group.goals().processor_mean {
        Some(goal) => Verdict::of(processor, goal).word(),
        None => "",
    };
    let line = format!(
        "{:<19} {:>8} {:>8}  {:>12}  {:>12}  {:<17}  {:>6}  {:>17}  {verdict}",
        "geometric mean",
        "",
        "",
        "",
        "",
        figure(processor),
        figure(wall),
        ""
    );
    Some(line.trim_end().to_owned())
}

/// A ratio with what lies around it.
fn spread(ratio: Option<Ratio>) -> String {
    let text = match ratio {
        Some(ratio) => format!(
            "{} ({}-{})",
            figure(ratio.median),
            figure(ratio.low),
            figure(ratio.high)
        ),
        None => "-".to_owned(),
    };
    format!("{text:<17}")
}

/// Two decimals, and no minus before a zero.
fn figure(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{:.2}", if rounded == 0.0 { 0.0 } else { rounded })
}
