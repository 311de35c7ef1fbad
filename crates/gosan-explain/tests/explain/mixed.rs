//! Logs in which several programs write at the same time.

use std::collections::BTreeSet;

use crate::fixtures;
use crate::random::Random;
use crate::run::verdicts_of;

/// So many pairs are tried.
const PAIRS: u64 = 200;

fn codes(text: &str) -> BTreeSet<&'static str> {
    verdicts_of(text)
        .iter()
        .map(|verdict| verdict.code)
        .collect()
}

/// Lines of both, a few of one, then a few of the other.
fn mixed(texts: [&str; 2], random: &mut Random, dress: impl Fn(usize, &str) -> String) -> String {
    let mut lines = texts.map(|text| text.lines().peekable());
    let mut out = String::new();
    while lines.iter_mut().any(|lines| lines.peek().is_some()) {
        let which = random.below(2);
        for line in lines[which].by_ref().take(1 + random.below(4)) {
            out += &dress(which, line);
            out.push('\n');
        }
    }
    out
}

#[test]
fn programs_are_told_apart() {
    let plain: Vec<_> = fixtures::all()
        .iter()
        .filter(|fixture| !fixture.text.starts_with('{'))
        .collect();
    for seed in 0..PAIRS {
        let mut random = Random::new(seed);
        let pair = [0, 1].map(|_| plain[random.below(plain.len())]);
        let texts = pair.map(|fixture| fixture.text.as_str());
        let expected: BTreeSet<_> = texts.iter().flat_map(|text| codes(text)).collect();
        let containers = mixed(texts, &mut random, |which, line| {
            format!("{} | {line}", ["web-a", "db-b"][which])
        });
        let packages = mixed(texts, &mut random, |which, line| {
            let output = serde_json::Value::from(format!("{line}\n"));
            format!(
                r#"{{"Action":"output","Package":"example.com/{}","Output":{output}}}"#,
                ["web", "db"][which]
            )
        });
        for (how, text) in [("containers", containers), ("packages", packages)] {
            assert_eq!(
                codes(&text),
                expected,
                "seed {seed}, {how} of {} and {}:\n{text}",
                pair[0].title(),
                pair[1].title()
            );
        }
    }
}
