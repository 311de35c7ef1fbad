//! Tells the user about the steps that take long: building the standard library
//! with a root's first use, and running tests under many schedules.

use std::io::IsTerminal;
use std::time::Duration;

use gosan_schedule::campaign::Totals;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::messages;

/// A line on the standard error stream: with a spinner that is gone in the end
/// on a terminal, once and for all elsewhere.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn start(text: &str, quiet: bool) -> Self {
        if quiet {
            return Self { bar: None };
        }
        if !std::io::stderr().is_terminal() {
            messages::say(text);
            return Self { bar: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} gosan: {msg} ({elapsed})")
            .expect("the template is well formed");
        bar.set_style(style);
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar: Some(bar) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar of runs, on a terminal only: elsewhere the summary says it all.
pub struct Runs {
    bar: ProgressBar,
}

impl Runs {
    pub fn start(quiet: bool) -> Self {
        let bar = match quiet || !std::io::stderr().is_terminal() {
            true => ProgressBar::hidden(),
            false => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        };
        let style = ProgressStyle::with_template(
            "gosan: {bar:30} {pos} of {len} runs ({elapsed}), {msg}; Ctrl-C ends",
        )
        .expect("the template is well formed");
        bar.set_style(style);
        Self { bar }
    }

    pub fn show(&self, totals: &Totals) {
        self.bar.set_length(u64::from(totals.runs + totals.left));
        self.bar.set_position(u64::from(totals.runs));
        self.bar.set_message(format!(
            "{} races, {} orders of synchronisation",
            totals.races, totals.orders
        ));
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
