//! How much stack the object's functions take that run on a goroutine's stack.
//!
//! Go's hooks call the `__gosan_quick_` functions without looking whether there
//! is room.  A nosplit chain of Go functions may take 800 bytes
//! (internal/abi.StackNosplitBase), and with -race there is twice as much
//! (cmd/internal/objabi): so the rest is for the hook.
//!
//! The bound is an upper one: it adds all that a function's instructions ever
//! push or subtract, and the deepest of those that it calls or jumps to.  A jump
//! by a register is one by a table of the function's own: nothing here is called
//! by its address.
//! Functions that report a defect and end the process are left out.

use anyhow::{Context, Result, bail};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use object::{File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex};
use std::collections::BTreeMap;

/// What a quick function may take, in bytes, its return address included.
pub const LIMIT: u64 = 768;
/// What the names of those functions begin with.
const QUICK: &str = "__gosan_quick_";
/// Parts of the names of functions that do not come back.
const LAST_WORDS: [&str; 4] = ["panic", "slice_index_fail", "unwrap_failed", "fatal"];
const WORD: u64 = 8;

/// The functions and what they take, in bytes.
pub fn quick(file: &File) -> Result<Vec<(String, u64)>> {
    let mut known = BTreeMap::new();
    let mut takes = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
        let name = symbol.name().context("a symbol's name is not text")?;
        if let (true, Some(section)) = (name.starts_with(QUICK), symbol.section_index()) {
            let depth = depth(file, section, &mut known)
                .with_context(|| format!("{name} runs on the goroutine's stack"))?;
            takes.push((name.to_owned(), WORD + depth));
        }
    }
    Ok(takes)
}

/// What the function in a section takes, with all that it calls.  The compiler
/// puts each function into a section of its own.
fn depth(
    file: &File,
    index: SectionIndex,
    known: &mut BTreeMap<usize, Option<u64>>,
) -> Result<u64> {
    match known.get(&index.0) {
        Some(Some(depth)) => return Ok(*depth),
        Some(None) => bail!("a function calls itself"),
        None => {}
    }
    known.insert(index.0, None);
    let section = file.section_by_index(index)?;
    let targets: BTreeMap<u64, SectionIndex> = section
        .relocations()
        .filter_map(|(at, relocation)| match relocation.target() {
            RelocationTarget::Symbol(symbol) => {
                Some((at, file.symbol_by_index(symbol).ok()?.section_index()?))
            }
            RelocationTarget::Section(section) => Some((at, section)),
            _ => None,
        })
        .collect();
    let code = section.data()?;
    let (mut own, mut deepest) = (0, 0);
    for instruction in Decoder::new(64, code, DecoderOptions::NONE) {
        own += takes(&instruction);
        let call = match instruction.flow_control() {
            FlowControl::Call => WORD,
            FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => 0,
            FlowControl::IndirectCall => {
                bail!("{} goes where nobody knows", section.name()?)
            }
            _ => continue,
        };
        // The place that the linker fills in is the instruction's last word.
        let place = instruction.next_ip().wrapping_sub(4);
        let Some(target) = targets.get(&place) else {
            continue;
        };
        let name = file.section_by_index(*target)?.name()?.to_owned();
        if *target != index && !LAST_WORDS.iter().any(|word| name.contains(word)) {
            deepest = deepest.max(call + depth(file, *target, known)?);
        }
    }
    known.insert(index.0, Some(own + deepest));
    Ok(own + deepest)
}

/// What one instruction takes of the stack, in bytes.
fn takes(instruction: &Instruction) -> u64 {
    match instruction.mnemonic() {
        Mnemonic::Push => WORD,
        Mnemonic::Sub
            if instruction.op0_register() == Register::RSP
                && instruction.op1_kind() != OpKind::Register =>
        {
            instruction.immediate(1)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &[u8]) -> u64 {
        Decoder::new(64, code, DecoderOptions::NONE)
            .iter()
            .map(|instruction| takes(&instruction))
            .sum()
    }

    #[test]
    fn pushes_and_frames_are_counted() {
        // push rbp; push r15; sub rsp, 0x38; sub rax, 8; pop rbp; ret
        let code = [
            0x55, 0x41, 0x57, 0x48, 0x83, 0xec, 0x38, 0x48, 0x83, 0xe8, 0x08, 0x5d, 0xc3,
        ];
        assert_eq!(of(&code), 2 * WORD + 0x38);
    }

    #[test]
    fn the_objects_quick_functions_are_found() {
        let file = File::parse(gosan_object::OBJECT).expect("it is an object");
        let functions = quick(&file).expect("they can be read");
        assert!(functions.len() >= 2, "{functions:?}");
        assert!(
            functions.iter().all(|(_, bytes)| *bytes > WORD),
            "{functions:?}"
        );
    }
}
