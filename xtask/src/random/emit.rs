//! Writes a program as Go, one function for each goroutine, and says on which
//! line each step stands.

use super::oracle::Line;
use super::program::{Goroutine, Op, Place, Program, Use};

/// The Go file of program `number`, and the line of each step.
pub fn file(number: usize, program: &Program) -> (String, Vec<Line>) {
    let mut out = Writer::default();
    out.line("package main");
    out.line("");
    out.line("import \"sync/atomic\"");
    out.line("");
    out.line("var _ = atomic.AddInt64");
    let mut lines = vec![0; program.steps.len()];
    for goroutine in 0..program.goroutines {
        out.line("");
        out.line(&format!("func p{number}g{goroutine}(v *vars) {{"));
        // What a failed compare-and-swap would expect, and the values before.
        let mut values = [0_i64; 2];
        for (index, step) in program.steps.iter().enumerate() {
            let before = values;
            follow(&mut values, step.op, index);
            let receives = step.op == Op::HandTo(goroutine);
            if step.by != goroutine && !receives {
                continue;
            }
            out.line(&format!("\tturn({index})"));
            if receives {
                out.line("\t<-v.u");
            } else {
                lines[index] = out.next_line();
                out.line(&format!("\t{}", statement(number, index, step.op, before)));
            }
            // Of two that meet, the receiver ends the step.
            if receives || !matches!(step.op, Op::HandTo(_)) {
                out.line("\tdone()");
            }
        }
        if goroutine == 0 {
            out.line(&format!("\tturn({})", program.steps.len()));
        }
        out.line("}");
    }
    (out.text, lines)
}

/// The program's set-up in main, a line or two.
pub fn call(number: usize, program: &Program) -> String {
    let [first, second] = program.capacities;
    let mut text = String::from("\tbegin()\n\tv = &vars{m: map[int]int{}, u: make(chan int)}\n");
    text += &format!("\tv.c[0], v.c[1] = make(chan int, {first}), make(chan int, {second})\n");
    text += &format!("\tv.wg.Add({})\n", program.waited_for);
    text + &format!("\tp{number}g0(v)\n")
}

/// The values of the atomic variables after a step.
fn follow(values: &mut [i64; 2], op: Op, index: usize) {
    let value = index as i64 + 1;
    match op {
        Op::AtomicStore(i) | Op::Access(Place::Atomic(i), Use::Write) => values[i] = value,
        Op::AtomicAdd(i) | Op::Access(Place::Atomic(i), Use::Increment) => values[i] += 1,
        Op::Swap(i, true) => values[i] = value,
        _ => {}
    }
}

fn statement(number: usize, index: usize, op: Op, values: [i64; 2]) -> String {
    let value = index + 1;
    match op {
        Op::Access(place, how) => access(place, how, value),
        Op::AtomicLoad(i) => format!("atomic.LoadInt64(&v.a[{i}])"),
        Op::AtomicStore(i) => format!("atomic.StoreInt64(&v.a[{i}], {value})"),
        Op::AtomicAdd(i) => format!("atomic.AddInt64(&v.a[{i}], 1)"),
        Op::Swap(i, true) => {
            format!(
                "atomic.CompareAndSwapInt64(&v.a[{i}], {}, {value})",
                values[i]
            )
        }
        Op::Swap(i, false) => format!("atomic.CompareAndSwapInt64(&v.a[{i}], -1, {value})"),
        Op::Lock(i) => format!("v.mu[{i}].Lock()"),
        Op::Unlock(i) => format!("v.mu[{i}].Unlock()"),
        Op::ReadLock => "v.rw.RLock()".to_owned(),
        Op::ReadUnlock => "v.rw.RUnlock()".to_owned(),
        Op::WriteLock => "v.rw.Lock()".to_owned(),
        Op::WriteUnlock => "v.rw.Unlock()".to_owned(),
        Op::Send(c) => format!("v.c[{c}] <- {value}"),
        Op::Receive(c) | Op::ReceiveClosed(c) => format!("<-v.c[{c}]"),
        Op::TrySend(c, _) => {
            format!("select {{ case v.c[{c}] <- {value}: default: }}")
        }
        Op::TryReceive(c, _) => format!("select {{ case <-v.c[{c}]: default: }}"),
        Op::Select(_) => "select { case <-v.c[0]: case <-v.c[1]: }".to_owned(),
        Op::Close(c) => format!("close(v.c[{c}])"),
        Op::HandTo(_) => format!("v.u <- {value}"),
        Op::Done => "v.wg.Done()".to_owned(),
        Op::Wait => "v.wg.Wait()".to_owned(),
        Op::Start(child) => start(number, child),
    }
}

fn start(number: usize, child: Goroutine) -> String {
    format!("go p{number}g{child}(v)")
}

fn access(place: Place, how: Use, value: usize) -> String {
    let name = match place {
        Place::Field(i) => format!("v.f[{i}]"),
        Place::Half(i) => format!("v.h[{i}]"),
        Place::Atomic(i) => format!("v.a[{i}]"),
        Place::Map => "v.m[1]".to_owned(),
        Place::Row(..) => "v.r[i]".to_owned(),
        Place::Copied(from, to) => {
            let (words, room) = (
                format!("v.r[{from}:{to}]"),
                format!("make([]int64, {})", to - from),
            );
            return match how {
                Use::Read => format!("copy({room}, {words})"),
                Use::Write | Use::Increment => format!("copy({words}, {room})"),
            };
        }
        Place::Bytes(from, to) if to - from == 1 => format!("v.b[{from}]"),
        Place::Bytes(from, to) => {
            let range = format!("v.b[{from}:{to}]");
            return match how {
                Use::Read => format!("copy(make([]byte, 8), {range})"),
                Use::Write | Use::Increment => format!("copy({range}, make([]byte, 8))"),
            };
        }
    };
    let one = match how {
        Use::Read => format!("use({name})"),
        Use::Write if matches!(place, Place::Bytes(..)) => format!("{name} = {}", value % 256),
        Use::Write => format!("{name} = {value}"),
        Use::Increment => format!("{name}++"),
    };
    match place {
        Place::Row(from, to) => format!("for i := {from}; i < {to}; i++ {{ {one} }}"),
        _ => one,
    }
}

#[derive(Default)]
struct Writer {
    text: String,
    lines: usize,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
        self.lines += 1;
    }

    fn next_line(&self) -> Line {
        self.lines + 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::program;
    use super::*;

    #[test]
    fn each_step_stands_on_its_line() {
        for seed in 0..50 {
            let program = program::make(seed);
            let (text, lines) = file(seed as usize, &program);
            let text: Vec<&str> = text.lines().collect();
            for (index, line) in lines.iter().enumerate() {
                assert_eq!(text[line - 2], format!("\tturn({index})"), "{seed}");
            }
            let meetings = program.steps.iter();
            let meetings = meetings.filter(|step| matches!(step.op, Op::HandTo(_)));
            let received = text.iter().filter(|line| **line == "\t<-v.u").count();
            assert_eq!(meetings.count(), received);
        }
    }
}
