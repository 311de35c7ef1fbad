//! Steps through a program instruction by instruction.
//!
//! The kernel does the stepping (ptrace), so the program is the real one: Go's
//! compiler's code, the thunks of the assembled GOROOT, and the runtime object.
//! A simulator would do the same, but those that are common cannot give a race
//! program the addresses that it insists on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    Register, UsedMemory,
};
use nix::errno::Errno;
use nix::libc::user_regs_struct;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use object::{File, Object, ObjectSymbol, SymbolKind};

const LINE_BYTES: u64 = 64;
const LONGEST_INSTRUCTION: usize = 15;

/// For a million steps; a program whose first thread waits for one that is held
/// would never end.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// What a stretch of instructions did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub instructions: u32,
    pub calls: u32,
    pub pushes: u32,
    /// Different cache lines that were read or written.
    pub lines: u32,
}

/// The costs of each kind's events, one after the other.
pub struct Kind {
    pub name: String,
    pub events: Vec<Cost>,
    /// The instructions of all its events, by function.
    pub functions: BTreeMap<String, u32>,
}

/// Why there is nothing to count: the machine does not let us.
pub struct Refused(pub Errno);

/// Counts what each event of `bench/events`, built at `program`, costs.
pub fn count(program: &Utf8Path) -> Result<Result<Vec<Kind>, Refused>> {
    // On a thread of its own, which the program shares a processor with: the two
    // take turns, and a switch on one processor is the fastest.
    thread::scope(|scope| {
        let counting = scope.spawn(|| {
            pin_to_one_processor();
            count_here(program)
        });
        let ended = counting.join();
        ended.unwrap_or_else(|_| bail!("the counting of {program} broke off"))
    })
}

/// Binds this thread, and what it starts; where that fails it is only slower.
fn pin_to_one_processor() {
    let this = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(this) else {
        return;
    };
    let mut one = CpuSet::new();
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu) == Ok(true));
    if first.is_some_and(|cpu| one.set(cpu).is_ok()) {
        let _ = sched_setaffinity(this, &one);
    }
}

fn count_here(program: &Utf8Path) -> Result<Result<Vec<Kind>, Refused>> {
    let marks = Marks::of(program)?;
    let mut tracee = Tracee::start(program)?;
    if let Err(errno) = tracee.seize() {
        return Ok(Err(Refused(errno)));
    }
    let mut kinds: Vec<Kind> = Vec::new();
    let mut names = std::mem::take(&mut tracee.names).into_iter();
    let mut stretch: Option<Stretch> = None;
    loop {
        let registers = ptrace::getregs(tracee.pid).context("cannot read registers")?;
        let at = registers.rip;
        if at == marks.next || at == marks.finish {
            stretch = None;
        }
        if at == marks.finish {
            return Ok(Ok(kinds));
        }
        if at == marks.next {
            kinds.push(Kind {
                name: names.next().context("more kinds than names")?,
                events: Vec::new(),
                functions: BTreeMap::new(),
            });
        }
        if at == marks.mark {
            if let (Some(done), Some(kind)) = (stretch.take(), kinds.last_mut()) {
                for (at, count) in &done.instructions_at {
                    *kind.functions.entry(marks.function(*at)).or_default() += count;
                }
                kind.events.push(done.cost());
            }
            stretch = Some(Stretch::default());
        }
        if let Some(stretch) = &mut stretch {
            let code = tracee.code(at)?;
            stretch.step(code, &registers);
        }
        tracee.step()?;
    }
}

/// The program's functions, and those of them that divide the counts.
struct Marks {
    mark: u64,
    next: u64,
    finish: u64,
    /// By address.
    functions: BTreeMap<u64, String>,
}

impl Marks {
    fn of(program: &Utf8Path) -> Result<Marks> {
        let bytes = std::fs::read(program).with_context(|| format!("cannot read {program}"))?;
        let file = File::parse(&*bytes).with_context(|| format!("{program} is no program"))?;
        let functions: BTreeMap<u64, String> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text)
            .filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?.to_owned())))
            .collect();
        let address = |name: &str| {
            let named = functions.iter().find(|(_, function)| *function == name);
            let found = named.map(|(address, _)| *address);
            found.with_context(|| format!("{program} has no symbol {name}"))
        };
        Ok(Marks {
            mark: address("main.mark")?,
            next: address("main.next")?,
            finish: address("main.finish")?,
            functions,
        })
    }

    /// The function that an address lies in, or behind.
    fn function(&self, address: u64) -> String {
        let before = self.functions.range(..=address).next_back();
        before.map_or_else(|| "?".to_owned(), |(_, name)| name.clone())
    }
}

/// What lies between two marks.
#[derive(Default)]
struct Stretch {
    cost: Cost,
    /// The address of the last instruction.
    last: u64,
    instructions_at: HashMap<u64, u32>,
    lines: HashSet<u64>,
}

impl Stretch {
    fn step(&mut self, code: &Code, registers: &user_regs_struct) {
        // A repeated string instruction stops before each of its turns.
        if self.last != registers.rip {
            self.last = registers.rip;
            self.cost.instructions += 1;
            *self.instructions_at.entry(registers.rip).or_default() += 1;
            self.cost.calls += u32::from(code.is_call);
            self.cost.pushes += u32::from(code.is_push);
        }
        for memory in &code.memory {
            let address = memory.virtual_address(0, |register, _, _| value(register, registers));
            if let Some(address) = address {
                let last = address + memory.memory_size().size().max(1) as u64 - 1;
                self.lines.extend(address / LINE_BYTES..=last / LINE_BYTES);
            }
        }
    }

    fn cost(self) -> Cost {
        Cost {
            lines: self.lines.len() as u32,
            ..self.cost
        }
    }
}

/// What is asked of an instruction.
struct Code {
    is_call: bool,
    is_push: bool,
    memory: Vec<UsedMemory>,
}

impl Code {
    fn of(instruction: &Instruction) -> Code {
        let mut factory = InstructionInfoFactory::new();
        let memory = factory.info(instruction).used_memory();
        let touched = |memory: &&UsedMemory| memory.access() != OpAccess::NoMemAccess;
        let flow = instruction.flow_control();
        Code {
            is_call: matches!(flow, FlowControl::Call | FlowControl::IndirectCall),
            is_push: matches!(instruction.mnemonic(), Mnemonic::Push | Mnemonic::Pushfq),
            memory: memory.iter().filter(touched).copied().collect(),
        }
    }
}

/// A register's value, as addresses are computed from it.
fn value(register: Register, registers: &user_regs_struct) -> Option<u64> {
    Some(match register {
        Register::RAX => registers.rax,
        Register::RBX => registers.rbx,
        Register::RCX => registers.rcx,
        Register::RDX => registers.rdx,
        Register::RSI => registers.rsi,
        Register::RDI => registers.rdi,
        Register::RBP => registers.rbp,
        Register::RSP => registers.rsp,
        Register::R8 => registers.r8,
        Register::R9 => registers.r9,
        Register::R10 => registers.r10,
        Register::R11 => registers.r11,
        Register::R12 => registers.r12,
        Register::R13 => registers.r13,
        Register::R14 => registers.r14,
        Register::R15 => registers.r15,
        Register::FS => registers.fs_base,
        Register::GS => registers.gs_base,
        // The other segments begin at zero in 64-bit programs.
        Register::CS | Register::DS | Register::ES | Register::SS => 0,
        _ => return None,
    })
}

/// The program, of which the first thread is stepped through.
struct Tracee {
    child: Child,
    pid: Pid,
    names: Vec<String>,
    /// The threads that were stopped and do not go on.
    held: Vec<Pid>,
    known: HashMap<u64, Code>,
    /// Ends the thread that watches over the limit.
    _limit: mpsc::Sender<()>,
}

impl Tracee {
    /// Starts the program and reads until it waits for its first byte.
    fn start(program: &Utf8Path) -> Result<Tracee> {
        let mut command = Command::new(program);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // One thread runs all goroutines, and nothing interrupts it.
            .env("GOMAXPROCS", "1")
            .env("GOGC", "off")
            .env("GODEBUG", "asyncpreemptoff=1")
            .env_remove("GORACE");
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let pid = i32::try_from(child.id()).context("a process id")?;
        let pid = Pid::from_raw(pid);
        let mut tracee = Tracee {
            child,
            pid,
            names: Vec::new(),
            held: Vec::new(),
            known: HashMap::new(),
            _limit: kill_at_limit(pid),
        };
        let output = tracee.child.stdout.take().context("its output")?;
        for line in BufReader::new(output).lines() {
            let line = line.with_context(|| format!("cannot read what {program} prints"))?;
            if line == "ready" {
                return Ok(tracee);
            }
            tracee.names.push(line);
        }
        bail!("{program} ended before it was ready");
    }

    /// Stops all threads, and gives the program its byte.  Only the first will
    /// go on: Go's monitor would take its processor away at every other step.
    fn seize(&mut self) -> Result<(), Errno> {
        for thread in threads(self.pid) {
            ptrace::seize(thread, ptrace::Options::PTRACE_O_EXITKILL)?;
            ptrace::interrupt(thread)?;
            waitpid(thread, Some(WaitPidFlag::__WALL))?;
            if thread != self.pid {
                self.held.push(thread);
            }
        }
        match &mut self.child.stdin {
            Some(input) => input.write_all(b"\n").map_err(|_| Errno::EPIPE),
            None => Err(Errno::EPIPE),
        }
    }

    /// Executes one instruction.
    fn step(&self) -> Result<()> {
        let mut signal: Option<Signal> = None;
        loop {
            ptrace::step(self.pid, signal).context("cannot step")?;
            match waitpid(self.pid, Some(WaitPidFlag::__WALL)).context("cannot wait for a step")? {
                WaitStatus::Stopped(_, Signal::SIGTRAP) => return Ok(()),
                WaitStatus::Stopped(_, other) => signal = Some(other),
                WaitStatus::PtraceEvent(..) => signal = None,
                other => bail!("the program did not come to its last event: {other:?}"),
            }
        }
    }

    /// The instruction at an address.
    fn code(&mut self, address: u64) -> Result<&Code> {
        if !self.known.contains_key(&address) {
            let mut bytes = Vec::new();
            while bytes.len() < LONGEST_INSTRUCTION {
                let at = address + bytes.len() as u64;
                match ptrace::read(self.pid, at as ptrace::AddressType) {
                    Ok(word) => bytes.extend(word.to_ne_bytes()),
                    // The last instruction of a mapping.
                    Err(_) if !bytes.is_empty() => break,
                    Err(errno) => bail!("cannot read the code at {address:#x}: {errno}"),
                }
            }
            let mut decoder = Decoder::with_ip(64, &bytes, address, DecoderOptions::NONE);
            self.known.insert(address, Code::of(&decoder.decode()));
        }
        self.known.get(&address).context("it was just read")
    }
}

/// Kills a process that takes too long, unless what this gives is dropped before.
fn kill_at_limit(process: Pid) -> mpsc::Sender<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        if receiver.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            // It may just have ended by itself.
            let _ = kill(process, Signal::SIGKILL);
        }
    });
    sender
}

/// The threads of a process, the first among them.
fn threads(process: Pid) -> Vec<Pid> {
    let mut threads = vec![process];
    if let Ok(entries) = std::fs::read_dir(format!("/proc/{process}/task")) {
        let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        threads.extend(ids.map(Pid::from_raw).filter(|thread| *thread != process));
    }
    threads
}

impl Drop for Tracee {
    fn drop(&mut self) {
        // It has ended already, or is of no more use.
        let _ = self.child.kill();
        // A thread that was seized stays until its tracer has seen its end, and
        // the process with it.
        for thread in &self.held {
            while let Ok(WaitStatus::Stopped(..) | WaitStatus::PtraceEvent(..)) =
                waitpid(*thread, Some(WaitPidFlag::__WALL))
            {}
        }
        let _ = self.child.wait();
    }
}
