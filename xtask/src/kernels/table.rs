//! The table, as it stands in docs/design/schedules.md.

use std::fmt;
use std::time::Duration;

use super::rate::Rate;

/// A kernel's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub kernel: String,
    pub stock: Rate,
    pub stock_ten: Rate,
    /// Ten runs that go through the tests as often as gosan's do.
    pub stock_often: Rate,
    pub gosan: Rate,
    pub gosan_ten: Rate,
}

/// How long each column took, and how much of the tests that was.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// What -test.count was, for the runs of stock that go through the tests often.
    pub times: usize,
    /// How often gosan went through tests in ten runs, the mean.
    pub rounds: f64,
    pub stock: Duration,
    pub stock_ten: Duration,
    pub stock_often: Duration,
    pub gosan: Duration,
    pub gosan_ten: Duration,
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "In the mean gosan went through the tests {:.1} times in ten runs; -test.count={} gives \
             stock as many or more. Time: stock {:.2} s for 1 run, {:.2} s for 10 and {:.2} s for \
             10 with -test.count={}; gosan {:.2} s for 1 and {:.2} s for 10, go's own included.",
            self.rounds,
            self.times,
            self.stock.as_secs_f64(),
            self.stock_ten.as_secs_f64(),
            self.stock_often.as_secs_f64(),
            self.times,
            self.gosan.as_secs_f64(),
            self.gosan_ten.as_secs_f64()
        )
    }
}

/// Below this a kernel is found by luck.
const RARE: f64 = 20.0;

/// A table in Markdown: a line for each kernel, and one for all.
pub fn markdown(package: &str, rows: &[Row]) -> String {
    let mut text = format!(
        "| {package} | stock, 1 run | stock, 10 runs | stock, 10 runs with -test.count | gosan, 1 run | gosan, 10 runs |\n\
         |---|---|---|---|---|---|\n"
    );
    for row in rows {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            row.kernel, row.stock, row.stock_ten, row.stock_often, row.gosan, row.gosan_ten
        ));
    }
    let sum = |of: fn(&Row) -> Rate| {
        let rates = rows.iter().map(of);
        rates.fold(Rate::default(), Rate::add)
    };
    text.push_str(&format!(
        "| all {} | {} | {} | {} | {} | {} |\n",
        rows.len(),
        sum(|row| row.stock),
        sum(|row| row.stock_ten),
        sum(|row| row.stock_often),
        sum(|row| row.gosan),
        sum(|row| row.gosan_ten)
    ));
    let rare = rows.iter().filter(|row| row.stock.per_cent() < RARE);
    text.push_str(&format!(
        "\n{} of {} are found by stock in under {RARE} % of runs.\n",
        rare.count(),
        rows.len()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_found_by_luck_and_sums_up() {
        let rate = |found| Rate { found, of: 10 };
        let row = |kernel: &str, stock| Row {
            kernel: kernel.to_owned(),
            stock: rate(stock),
            stock_ten: rate(5),
            stock_often: rate(5),
            gosan: rate(stock),
            gosan_ten: rate(10),
        };
        let text = markdown("tuned", &[row("TestA", 1), row("TestB", 2)]);
        assert!(text.contains("| TestA | 10.0 % (2–40) | 50.0 %"), "{text}");
        assert!(text.contains("| all 2 | 15.0 %"), "{text}");
        assert!(text.contains("\n1 of 2 are found by stock in under 20 % of runs."));
    }
}
