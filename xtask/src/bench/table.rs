//! The benchmark as text: a line for each row, printed as soon as it is known.

use super::figures::{Comparison, Ratio, geometric_mean};
use super::rows::{Goals, Group};
use super::{Measured, Verdict};

/// The lines above a group's rows.
pub fn heading(group: Group) -> String {
    format!(
        "\n{}: gosan / stock, goals: {}\n{:<16} {:>8} {:>8}  {:>12}  {:>12}  {:^17}  {:^6}  {:^17}",
        group.title(),
        goals(group.goals()),
        "",
        "plain",
        "",
        "stock",
        "gosan",
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

/// The line of one row and one gosan.
pub fn line(measured: &Measured, index: usize) -> String {
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
        "{:<16} {:>6.2} s {:>5.0} MB  {}  {}  {}  {:>6}  {}  {}",
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
    let mut remarks: Vec<String> = super::behind(goals, gosan)
        .iter()
        .map(|what| format!("BEHIND in {what}"))
        .collect();
    if gosan.processor.is_wide() && goals.processor.is_some() {
        remarks.push("unsteady".to_owned());
    }
    remarks.join(", ")
}

/// The line below a group's rows.
pub fn mean(group: Group, rows: &[&Measured], index: usize) -> Option<String> {
    let gosans = || rows.iter().map(|row| &row.gosan[index]);
    let processor = geometric_mean(gosans().map(|gosan| gosan.processor.median))?;
    let wall = geometric_mean(gosans().map(|gosan| gosan.wall.median))?;
    let verdict = match group.goals().processor_mean {
        Some(goal) => Verdict::of(processor, goal).word(),
        None => "",
    };
    let line = format!(
        "{:<16} {:>8} {:>8}  {:>12}  {:>12}  {:<17}  {:>6}  {:>17}  {verdict}",
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
