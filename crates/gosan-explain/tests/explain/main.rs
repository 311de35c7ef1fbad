//! What is found in logs: of every kind, of every Go, under every decoration,
//! and what is not.
//!
//! | module | concept |
//! |---|---|
//! | `fixtures` | the logs: real ones, made by `cargo xtask fixtures`, and old ones |
//! | `run` | a log with its source, changed and judged |
//! | `kinds` | what each log holds, whatever Go it is of |
//! | `decorated` | what loggers, containers and CI systems do to a log |
//! | `cut` | logs of which a part is missing |
//! | `mixed` | logs in which several programs write |
//! | `diagnoses` | a file for each: what must get its code, and what must not |

mod cut;
mod decorated;
mod diagnoses;
mod fixtures;
mod kinds;
mod mixed;
mod random;
mod run;
