//! Where the variable behind an identifier is declared.
//!
//! A walk from the use outwards through Go's scopes. Types are not computed:
//! what is written at the declaration is all that is known.

use tree_sitter::Node;

use super::file::{GoFile, ancestors, children};

/// What declares a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclarationKind {
    Local,
    /// Of a `for` or a `range`.
    Loop,
    Parameter,
    /// A result with a name.
    Result,
    Receiver,
    /// A variable of the package, or a name that nothing in the file declares.
    Package,
}

/// A variable's declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub kind: DeclarationKind,
    /// From 1; 0 for a name of the package.
    pub line: u32,
    /// It is outside of the function literal that uses it.
    pub captured: bool,
    /// The type, or the value that it begins with, as it is written.
    pub written: Option<String>,
}

/// Finds the declaration of `name` as seen from `from`.
pub fn resolve(file: &GoFile, name: &str, from: Node) -> Declaration {
    let mut captured = false;
    let mut inner = from;
    for scope in ancestors(from) {
        let found = match scope.kind() {
            "block" | "statement_list" | "expression_case" | "default_case" | "type_case" => {
                in_block(file, name, scope, inner)
            }
            "for_statement" => in_loop(file, name, scope),
            "if_statement" | "expression_switch_statement" | "type_switch_statement" => scope
                .child_by_field_name("initializer")
                .filter(|init| init.start_byte() <= from.start_byte())
                .and_then(|init| in_statement(file, name, init)),
            "communication_case" => scope
                .child_by_field_name("communication")
                .and_then(|receive| in_statement(file, name, receive)),
            "func_literal" | "function_declaration" | "method_declaration" => {
                let found = in_signature(file, name, scope);
                if found.is_none() && scope.kind() == "func_literal" {
                    captured = true;
                }
                found
            }
            _ => None,
        };
        if let Some((kind, node, written)) = found {
            // A variable of the literal's own is not captured by it.
            return Declaration {
                kind,
                line: line_of(node),
                captured,
                written,
            };
        }
        inner = scope;
    }
    Declaration {
        kind: DeclarationKind::Package,
        line: 0,
        captured: false,
        written: None,
    }
}

type Found<'a> = (DeclarationKind, Node<'a>, Option<String>);

pub fn line_of(node: Node) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

/// Declarations of a block that come before the statement in question.
fn in_block<'a>(file: &GoFile, name: &str, block: Node<'a>, inner: Node) -> Option<Found<'a>> {
    // The newest is what is seen.
    children(block)
        .take_while(|statement| statement.start_byte() <= inner.start_byte())
        .filter_map(|statement| {
            let own = statement.id() == inner.id();
            let found = in_statement(file, name, statement)?;
            // In `x := f(func() { x })` the inner x is another one.
            (!own || statement.kind() == "short_var_declaration").then_some(found)
        })
        .last()
}

fn in_statement<'a>(file: &GoFile, name: &str, statement: Node<'a>) -> Option<Found<'a>> {
    match statement.kind() {
        "short_var_declaration" | "receive_statement" => {
            let left = statement.child_by_field_name("left")?;
            let index = children(left).position(|node| file.text(node) == name)?;
            let right = statement.child_by_field_name("right");
            let written = right.and_then(|right| {
                let values: Vec<_> = children(right).collect();
                let value = match values.as_slice() {
                    [] => Some(right),
                    [only] => Some(*only),
                    several => several.get(index).copied(),
                };
                value.map(|value| file.text(value).to_owned())
            });
            Some((DeclarationKind::Local, children(left).nth(index)?, written))
        }
        "var_declaration" => children(statement)
            .flat_map(|inner| match inner.kind() {
                "var_spec_list" => children(inner).collect(),
                _ => vec![inner],
            })
            .find_map(|spec| {
                let mut cursor = spec.walk();
                let node = spec
                    .children_by_field_name("name", &mut cursor)
                    .find(|node| file.text(*node) == name)?;
                let written = spec
                    .child_by_field_name("type")
                    .or_else(|| spec.child_by_field_name("value"))
                    .map(|node| file.text(node).to_owned());
                Some((DeclarationKind::Local, node, written))
            }),
        _ => None,
    }
}

fn in_loop<'a>(file: &GoFile, name: &str, statement: Node<'a>) -> Option<Found<'a>> {
    let clause =
        children(statement).find(|node| matches!(node.kind(), "range_clause" | "for_clause"))?;
    let (left, written) = match clause.kind() {
        "range_clause" => (
            clause.child_by_field_name("left")?,
            clause.child_by_field_name("right"),
        ),
        _ => {
            let init = clause.child_by_field_name("initializer")?;
            (
                init.child_by_field_name("left")?,
                init.child_by_field_name("right"),
            )
        }
    };
    let node = children(left).find(|node| file.text(*node) == name)?;
    let written = written.map(|node| file.text(node).to_owned());
    // `for i = range` assigns a variable that stands elsewhere.
    let declares = file
        .source()
        .get(clause.byte_range())
        .is_some_and(|text| text.contains(":="));
    declares.then_some((DeclarationKind::Loop, node, written))
}

fn in_signature<'a>(file: &GoFile, name: &str, function: Node<'a>) -> Option<Found<'a>> {
    for (field, kind) in [
        ("receiver", DeclarationKind::Receiver),
        ("parameters", DeclarationKind::Parameter),
        ("result", DeclarationKind::Result),
    ] {
        let Some(list) = function.child_by_field_name(field) else {
            continue;
        };
        if list.kind() != "parameter_list" {
            continue;
        }
        for parameter in children(list) {
            let mut cursor = parameter.walk();
            let node = parameter
                .children_by_field_name("name", &mut cursor)
                .find(|node| file.text(*node) == name);
            if let Some(node) = node {
                let written = parameter
                    .child_by_field_name("type")
                    .map(|node| file.text(node).to_owned());
                return Some((kind, node, written));
            }
        }
    }
    None
}
