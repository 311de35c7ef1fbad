//! The function around a line, what the line touches, and the locks that the
//! text says are held there.

use tree_sitter::Node;

use super::file::{GoFile, ancestors, children, walk};
use super::package::locks_and_returns;
use super::touches::{How, Touch, touches};
use super::{DeclarationKind, Package};
use crate::model::Frame;

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    Exclusive,
    /// By RLock.
    Shared,
}

/// A lock that is held on a line, as far as the function's text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// As it is written: `h.mu`; what is embedded has the receiver's name.
    pub path: String,
    pub mode: LockMode,
    /// What declares the first identifier.
    pub root: DeclarationKind,
}

/// The function that a line is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    pub is_literal: bool,
    /// The type, with `*` if it is a pointer.
    pub receiver: Option<String>,
    /// `go func() { … }()`, or an argument of something that runs it so.
    pub in_go_statement: bool,
    /// The text of the body.
    pub body: String,
    /// The text of the outermost declaration around it.
    pub whole: String,
    pub first_line: u32,
}

/// What the source says about a frame.
#[derive(Clone, Debug)]
pub struct Site {
    pub file: String,
    pub line: u32,
    pub text: String,
    pub function: Function,
    pub touches: Vec<Touch>,
    pub held: Vec<Held>,
    /// A lock was held and given back before this line, in the same function.
    pub released: Vec<String>,
    /// The language version that the file is compiled with.
    pub language: Option<(u32, u32)>,
    /// The line is a `go` statement that copies its receiver, which this is.
    pub copied_by_go: Option<String>,
    /// What the line uses was returned from under a lock, by this function.
    pub out_of_lock: Option<String>,
    /// The types of the touched fields and variables, in their order.
    pub types: Vec<Option<String>>,
}

impl Site {
    /// Looks at a frame's line; nothing if its function does not stand there.
    pub fn at(file: &GoFile, frame: &Frame, package: &Package) -> Option<Self> {
        let row = usize::try_from(frame.line).ok()?.checked_sub(1)?;
        let text = file.line(frame.line)?.to_owned();
        let function = function_at(file, frame, row)?;
        let body = function.child_by_field_name("body").unwrap_or(function);
        let touches = touches(file, function, row);
        let types = touches
            .iter()
            .map(|touch| type_of(file, function, touch, package))
            .collect();
        let copied_by_go = touches
            .iter()
            .filter(|_| text.trim_start().starts_with("go "))
            .find(|touch| matches!(&touch.how, How::Call(method) if package.is_by_value(method)))
            .map(|touch| touch.path.clone());
        let out_of_lock = touches.iter().find_map(|touch| out_of_lock(touch, package));
        let (held, released) = locks(file, body, row);
        let outermost = ancestors(function)
            .chain([function])
            .filter(|node| node.kind() != "func_literal" && is_function(*node))
            .last()
            .unwrap_or(function);
        Some(Self {
            file: file.path.as_str().to_owned(),
            line: frame.line,
            text,
            function: Function {
                is_literal: function.kind() == "func_literal",
                receiver: receiver(file, outermost),
                in_go_statement: ancestors(function)
                    .take(3)
                    .any(|node| node.kind() == "go_statement"),
                body: file.text(body).to_owned(),
                whole: file.text(outermost).to_owned(),
                first_line: super::declaration::line_of(function),
            },
            touches,
            held,
            released,
            language: file.language().or(package.language),
            copied_by_go,
            out_of_lock,
            types,
        })
    }

    /// The touches with their types.
    pub fn typed(&self) -> impl Iterator<Item = (&Touch, Option<&str>)> {
        self.touches
            .iter()
            .zip(self.types.iter().map(Option::as_deref))
    }
}

/// `r.Find(name).Load`, where Find takes a lock and gives it back.
fn out_of_lock(touch: &Touch, package: &Package) -> Option<String> {
    let of_value = touch.declaration.kind != DeclarationKind::Package
        && touch
            .declaration
            .written
            .as_deref()
            .is_some_and(|written| written.starts_with("func(") && locks_and_returns(written));
    if of_value {
        return Some(touch.root().to_owned());
    }
    let named = |name: &&str| package.is_locking(name);
    let method = match &touch.how {
        How::Call(method) => Some(method.as_str()).filter(named),
        _ => None,
    };
    // The last one is the field itself.
    let parts = touch.path.split('.').rev().skip(1);
    method
        .or_else(|| parts.into_iter().find(named))
        .map(str::to_owned)
}

fn is_function(node: Node) -> bool {
    matches!(
        node.kind(),
        "func_literal" | "function_declaration" | "method_declaration"
    )
}

/// The function of a frame: of those around the line the one that the frame's
/// name speaks of.
fn function_at<'a>(file: &'a GoFile, frame: &Frame, row: usize) -> Option<Node<'a>> {
    let mut around = Vec::new();
    let enter = |node: Node| node.start_position().row <= row && row <= node.end_position().row;
    walk(file.root(), &enter, &mut |node| {
        if is_function(node) && enter(node) {
            around.push(node);
        }
    });
    let name = frame.name();
    let declared = around.iter().find(|node| node.kind() != "func_literal");
    if let Some(declared) = declared {
        let own = file.text(declared.child_by_field_name("name")?);
        let plain = name.split('[').next().unwrap_or(name);
        let named = plain.split(['.', '-']).any(|part| part == own);
        if !named {
            return None;
        }
    }
    let literal = is_literal_name(name);
    let literals: Vec<_> = around
        .iter()
        .filter(|node| node.kind() == "func_literal")
        .collect();
    match (literal, declared) {
        // The innermost: literals on one line cannot be told apart.
        (true, _) => literals.last().map(|node| **node),
        (false, Some(declared)) => Some(*declared),
        (false, None) => literals.first().map(|node| **node),
    }
}

/// `F.func1`, `F.func2.1`, `F.G.func1`; not `F-range1`, which is F's own text.
fn is_literal_name(name: &str) -> bool {
    name.split(['.', '-']).any(|part| {
        part.strip_prefix("func")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn receiver(file: &GoFile, function: Node) -> Option<String> {
    let list = function.child_by_field_name("receiver")?;
    let parameter = children(list).next()?;
    Some(file.text(parameter.child_by_field_name("type")?).to_owned())
}

/// The type of a touched variable, as it is written where it is declared.
fn type_of(file: &GoFile, function: Node, touch: &Touch, package: &Package) -> Option<String> {
    if touch.is_field() {
        let structure = receiver_of_root(file, function, touch);
        let known = structure.and_then(|name| package.field_of(&name, touch.leaf()));
        if let Some(known) = known {
            return Some(known.to_owned());
        }
        // Of whichever struct, if all agree.
        let mut types = package.field_types(touch.leaf());
        let first = types.next();
        return match first {
            Some(first) if types.all(|other| other == first) => Some(first.to_owned()),
            // `package.Variable`.
            _ => None,
        };
    }
    if touch.declaration.kind == DeclarationKind::Package {
        return package
            .variable(&touch.path)
            .map(|variable| variable.written.clone());
    }
    touch.declaration.written.clone()
}

fn receiver_of_root(file: &GoFile, function: Node, touch: &Touch) -> Option<String> {
    let written = match touch.declaration.kind {
        DeclarationKind::Receiver => {
            let outermost = ancestors(function)
                .chain([function])
                .find(|node| node.kind() == "method_declaration")?;
            receiver(file, outermost)
        }
        _ => touch.declaration.written.clone(),
    }?;
    let name = written.trim_start_matches(['*', '&']);
    let end = name.find(['[', '{', '(']).unwrap_or(name.len());
    Some(name[..end].to_owned())
}

/// The locks that are held on a row: taken before in a block around it, and not
/// given back.
fn locks(file: &GoFile, body: Node, row: usize) -> (Vec<Held>, Vec<String>) {
    let mut held: Vec<Held> = Vec::new();
    let mut released = Vec::new();
    let own = body.id();
    let enter = |node: Node| node.kind() != "func_literal" || node.id() == own;
    walk(body, &enter, &mut |node| {
        if node.kind() != "call_expression" || node.start_position().row > row {
            return;
        }
        let Some((path, method, operand)) = method_call(file, node) else {
            return;
        };
        let deferred = node
            .parent()
            .is_some_and(|parent| parent.kind() == "defer_statement");
        // Only what every way to the row passes.
        let block = ancestors(node).find(|around| around.kind() == "block");
        let around = block.is_none_or(|block| {
            block.start_position().row <= row && row <= block.end_position().row
        });
        if deferred || !around {
            return;
        }
        let mode = match method {
            "Lock" => LockMode::Exclusive,
            "RLock" => LockMode::Shared,
            "Unlock" | "RUnlock" => {
                if let Some(index) = held.iter().rposition(|lock| lock.path == path) {
                    held.remove(index);
                    released.push(path);
                }
                return;
            }
            _ => return,
        };
        if node.start_position().row == row {
            return;
        }
        let root = path.split('.').next().unwrap_or_default();
        let declared = super::declaration::resolve(file, root, operand);
        // What RLocker returns locks for readers.
        let readers = declared
            .written
            .is_some_and(|written| written.ends_with(".RLocker()"));
        let mode = if readers { LockMode::Shared } else { mode };
        held.push(Held {
            path,
            mode,
            root: declared.kind,
        });
    });
    (held, released)
}

fn method_call<'a>(file: &'a GoFile, call: Node<'a>) -> Option<(String, &'a str, Node<'a>)> {
    let function = call.child_by_field_name("function")?;
    if function.kind() != "selector_expression" {
        return None;
    }
    let operand = function.child_by_field_name("operand")?;
    let method = file.text(function.child_by_field_name("field")?);
    Some((file.text(operand).to_owned(), method, operand))
}
