//! Which variables a line reads and writes.
//!
//! Go's line tables have no columns, so every expression of the line is a
//! candidate. What the access did, and what stands at the other side, chooses
//! between them later.

use tree_sitter::Node;

use super::declaration::{Declaration, DeclarationKind, resolve};
use super::file::{GoFile, ancestors, walk};

/// What a line does with a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    Read,
    Assign,
    /// `x++`, `x += 1`.
    Update,
    /// `x = append(x, …)`.
    Append,
    /// `append(x, …)` that goes elsewhere.
    AppendCopy,
    IndexRead,
    IndexWrite,
    /// `delete(m, k)` and `clear(m)`.
    Delete,
    Range,
    /// A method of it is called.
    Call(String),
    Address,
    Send,
    Receive,
    Close,
    /// It is sliced, copied from, or handed to a function.
    Pass,
}

impl How {
    /// Says whether the variable, or what it refers to, may change.
    pub fn may_write(&self) -> bool {
        !matches!(
            self,
            Self::Read | Self::IndexRead | Self::Range | Self::Send | Self::Receive
        )
    }

    /// Says whether this can be seen to change it.
    pub fn writes(&self) -> bool {
        matches!(
            self,
            Self::Assign
                | Self::Update
                | Self::Append
                | Self::IndexWrite
                | Self::Delete
                | Self::Close
        )
    }
}

/// A variable on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// As it is written: `h.byPath`.
    pub path: String,
    pub how: How,
    /// Of the first identifier of the path.
    pub declaration: Declaration,
    /// Byte columns in the line.
    pub columns: (usize, usize),
}

impl Touch {
    /// The first identifier.
    pub fn root(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }

    /// The last one: the field, or the variable itself.
    pub fn leaf(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    pub fn is_field(&self) -> bool {
        self.path.contains('.')
    }
}

/// All variables of a line within one function. Literals inside of it have
/// stacks of their own.
pub fn touches(file: &GoFile, body: Node, row: usize) -> Vec<Touch> {
    let mut found = Vec::new();
    let own = body.id();
    let enter = |node: Node| {
        let inside = node.start_position().row <= row && row <= node.end_position().row;
        inside && (node.kind() != "func_literal" || node.id() == own)
    };
    walk(body, &enter, &mut |node| {
        let is_path = matches!(node.kind(), "identifier" | "selector_expression");
        if !is_path || node.start_position().row != row || is_definition(node) {
            return;
        }
        // `a` of `a.b` is no variable of its own interest, unless `a.b` is a
        // method; the call says so.
        if let Some(touch) = touch(file, node) {
            found.push(touch);
        }
    });
    found
}

/// Names that are no variables.
fn is_definition(node: Node) -> bool {
    let Some(parent) = node.parent() else {
        return true;
    };
    matches!(
        parent.kind(),
        "parameter_declaration"
            | "function_declaration"
            | "keyed_element"
            | "literal_element"
            | "label_name"
            | "package_clause"
    ) && parent.child(0).is_some_and(|first| first.id() == node.id())
        && parent.kind() != "literal_element"
}

fn touch(file: &GoFile, node: Node) -> Option<Touch> {
    let path = path_of(file, node)?;
    let root = path.split('.').next()?.to_owned();
    if matches!(root.as_str(), "_" | "nil" | "true" | "false" | "iota") {
        return None;
    }
    let how = how(file, node, &path)?;
    let start = node.start_position();
    let end = node.end_position();
    let end = if end.row == start.row {
        end.column
    } else {
        start.column + 1
    };
    let declaration = resolve(file, &root, node);
    // A function of the package is no variable; one that was captured is.
    let called = node
        .parent()
        .and_then(|parent| parent.child_by_field_name("function"))
        .is_some_and(|function| function.id() == node.id());
    if called && declaration.kind == DeclarationKind::Package {
        return None;
    }
    Some(Touch {
        declaration,
        path,
        how,
        columns: (start.column, end),
    })
}

/// `a.b.c` of identifiers; an index or a call inside keeps only what follows.
fn path_of(file: &GoFile, node: Node) -> Option<String> {
    match node.kind() {
        "identifier" => Some(file.text(node).to_owned()),
        "selector_expression" => {
            let mut parts = Vec::new();
            let mut at = node;
            loop {
                match at.kind() {
                    "selector_expression" => {
                        parts.push(file.text(at.child_by_field_name("field")?));
                        at = at.child_by_field_name("operand")?;
                    }
                    "identifier" => {
                        parts.push(file.text(at));
                        break;
                    }
                    "parenthesized_expression" | "unary_expression" => {
                        at = at.named_child(0)?;
                    }
                    "index_expression" | "type_assertion_expression" => {
                        at = at.child_by_field_name("operand")?;
                    }
                    "call_expression" => at = at.child_by_field_name("function")?,
                    _ => return None,
                }
                if parts.len() > 32 {
                    return None;
                }
            }
            parts.reverse();
            Some(parts.join("."))
        }
        _ => None,
    }
}

/// What the surroundings do with an expression.
fn how(file: &GoFile, node: Node, path: &str) -> Option<How> {
    let parent = node.parent()?;
    let field = |name: &str| {
        parent
            .child_by_field_name(name)
            .is_some_and(|child| child.id() == node.id())
    };
    Some(match parent.kind() {
        "parenthesized_expression" => how(file, parent, path)?,
        "selector_expression" if field("operand") => {
            let method = file.text(parent.child_by_field_name("field")?).to_owned();
            let called = parent
                .parent()
                .filter(|call| call.kind() == "call_expression")
                .and_then(|call| call.child_by_field_name("function"))
                .is_some_and(|function| function.id() == parent.id());
            if called { How::Call(method) } else { How::Read }
        }
        // The name of a method is no variable.
        "call_expression" if field("function") && node.kind() != "identifier" => return None,
        "index_expression" if field("operand") => match how(file, parent, path)? {
            How::Assign | How::Update | How::IndexWrite => How::IndexWrite,
            How::Address => How::Address,
            _ => How::IndexRead,
        },
        "slice_expression" if field("operand") => How::Pass,
        "inc_statement" | "dec_statement" => How::Update,
        "range_clause" if field("right") => How::Range,
        "send_statement" if field("channel") => How::Send,
        "unary_expression" => match file.source().as_bytes().get(parent.start_byte()) {
            Some(b'&') => How::Address,
            Some(b'<') => How::Receive,
            Some(b'*') => how(file, parent, path)?,
            _ => How::Read,
        },
        "expression_list" => in_list(file, node, parent, path)?,
        "argument_list" => as_argument(file, parent, path)?,
        _ => How::Read,
    })
}

fn in_list(file: &GoFile, node: Node, list: Node, path: &str) -> Option<How> {
    let statement = list.parent()?;
    let is_left = statement
        .child_by_field_name("left")
        .is_some_and(|left| left.id() == list.id());
    if !is_left {
        return Some(How::Read);
    }
    Some(match statement.kind() {
        "assignment_statement" => {
            let operator = statement.child_by_field_name("operator");
            if operator.is_some_and(|operator| file.text(operator) != "=") {
                How::Update
            } else if appends_to(file, statement, path) {
                How::Append
            } else {
                How::Assign
            }
        }
        "short_var_declaration" | "range_clause" | "receive_statement" => How::Assign,
        _ => {
            let _ = node;
            How::Read
        }
    })
}

/// `x = append(x, …)`.
fn appends_to(file: &GoFile, statement: Node, path: &str) -> bool {
    let Some(right) = statement.child_by_field_name("right") else {
        return false;
    };
    let text: String = file.text(right).split_whitespace().collect();
    text.strip_prefix("append(")
        .and_then(|rest| rest.strip_prefix(path))
        .is_some_and(|rest| rest.starts_with([',', ')', '[']))
}

fn as_argument(file: &GoFile, list: Node, path: &str) -> Option<How> {
    let call = list.parent()?;
    let function = call.child_by_field_name("function")?;
    let text: String = file.text(list).split_whitespace().collect();
    let first = text
        .strip_prefix('(')
        .is_some_and(|text| text.starts_with(path));
    Some(match file.text(function) {
        "delete" | "clear" if first => How::Delete,
        "close" => How::Close,
        "len" | "cap" => How::Read,
        "append" if first => {
            let statement = ancestors(call).find(|node| node.kind() == "assignment_statement");
            if statement.is_some_and(|statement| appends_to(file, statement, path)) {
                How::Append
            } else {
                How::AppendCopy
            }
        }
        _ => How::Pass,
    })
}
