//! Finds the expression of an access on its line.
//!
//! Go's line tables have no columns. The line is parsed, in its file, and the
//! expressions on it that can make such an access are collected. Where there
//! is one, it is marked; where there are several that differ, or none, the
//! line is, so a mark is never a guess between two.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::scope::Scope;

/// What to look for on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A plain read of memory.
    Read,
    /// A plain write.
    Write,
    /// An element of a map is read.
    MapRead,
    /// An element of a map is set.
    MapWrite,
    /// The iteration over a map, a channel or a slice.
    Range,
    /// A send on a channel.
    Send,
    /// A receive from a channel.
    Receive,
    /// A call of the function or method of this name, builtin ones included.
    Call(String),
}

/// Where the wanted expression stands in the file, in bytes: never beyond the
/// line's end. None where the line has no such expression, or several.
pub fn find(tree: &Tree, text: &str, line: usize, wanted: &Wanted) -> Option<Range<usize>> {
    let row = line.checked_sub(1)?;
    let mut search = Search {
        text,
        row,
        scope: Scope::of_line(tree.root_node(), text, row),
        likely: Vec::new(),
        possible: Vec::new(),
    };
    search.visit(tree.root_node(), wanted);
    let found = if search.likely.is_empty() {
        search.possible
    } else {
        search.likely
    };
    let (first, others) = found.split_first()?;
    let same = |other: &Node| other.byte_range() == first.byte_range();
    others.iter().all(same).then(|| clip(text, *first))
}

struct Search<'a> {
    text: &'a str,
    row: usize,
    scope: Scope<'a>,
    /// Expressions that make such an access as a rule.
    likely: Vec<Node<'a>>,
    /// Expressions that can; they count where there is no likely one.
    possible: Vec<Node<'a>>,
}

impl<'a> Search<'a> {
    /// Goes through all nodes that touch the line, outermost first.
    fn visit(&mut self, node: Node<'a>, wanted: &Wanted) {
        if node.end_position().row < self.row || node.start_position().row > self.row {
            return;
        }
        if self.is_here(node) {
            self.judge(node, wanted);
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child, wanted);
        }
    }

    fn is_here(&self, node: Node) -> bool {
        node.start_position().row == self.row
    }

    fn judge(&mut self, node: Node<'a>, wanted: &Wanted) {
        match wanted {
            Wanted::Read => self.judge_read(node),
            Wanted::Write => self.judge_write(node),
            Wanted::MapRead => {
                if node.kind() == "index_expression" && !is_target(node) {
                    self.likely.push(node);
                } else if node.kind() == "index_expression" {
                    // `m[k] += v` reads before it writes.
                    self.possible.push(node);
                }
            }
            Wanted::MapWrite => {
                if node.kind() == "index_expression" && is_target(node) {
                    self.likely.push(node);
                }
            }
            Wanted::Range => {
                if node.kind() == "range_clause" {
                    self.likely.extend(node.child_by_field_name("right"));
                }
            }
            Wanted::Send => {
                if node.kind() == "send_statement" {
                    self.likely.push(node);
                }
            }
            Wanted::Receive => {
                if node.kind() == "unary_expression" && self.operator(node) == "<-" {
                    self.likely.push(node);
                } else if node.kind() == "range_clause" {
                    self.possible.extend(node.child_by_field_name("right"));
                }
            }
            Wanted::Call(name) => {
                if node.kind() == "call_expression"
                    && node
                        .child_by_field_name("function")
                        .is_some_and(|function| self.last_name(function) == Some(name))
                {
                    self.likely.push(node);
                }
            }
        }
    }

    fn judge_write(&mut self, node: Node<'a>) {
        if is_target(node) {
            if self.names_memory(node) {
                self.likely.push(node);
            }
        } else if declares(node) && self.scope.may_be_shared(self.text_of(node))
            || self.fills_its_argument(node)
        {
            self.possible.push(node);
        }
    }

    /// A call of a builtin function that writes to what it is given.
    fn fills_its_argument(&self, node: Node) -> bool {
        node.kind() == "call_expression"
            && node
                .child_by_field_name("function")
                .is_some_and(|function| matches!(self.text_of(function), "copy" | "clear"))
    }

    fn judge_read(&mut self, node: Node<'a>) {
        if !is_operand(node) || is_within_operand(node) || is_called(node) {
            return;
        }
        if is_target(node) {
            if self.names_memory(node) && reads_its_target(node) {
                self.likely.push(node);
            } else if let Some(base) = base(node).filter(|base| self.names_memory(*base)) {
                // `p.items[i] = v` reads `p.items` to know where to write.
                self.possible.push(base);
            }
            return;
        }
        if !declares(node) && self.names_memory(node) {
            self.likely.push(node);
        }
    }

    /// Whether this can be memory that two goroutines see: not a local that
    /// nothing else refers to, not a constant of the standard library.
    fn names_memory(&self, node: Node) -> bool {
        match node.kind() {
            "identifier" => self.scope.may_be_shared(self.text_of(node)),
            "selector_expression" => node
                .child_by_field_name("operand")
                .is_none_or(|operand| !self.scope.is_standard_package(self.text_of(operand))),
            "parenthesized_expression" => node
                .named_child(0)
                .is_some_and(|inner| self.names_memory(inner)),
            "unary_expression" => self.operator(node) == "*",
            _ => true,
        }
    }

    fn operator(&self, node: Node) -> &'a str {
        node.child_by_field_name("operator")
            .map_or("", |operator| self.text_of(operator))
    }

    fn text_of(&self, node: Node) -> &'a str {
        &self.text[node.byte_range()]
    }

    /// The `f` of `f`, `x.f`, `f[int]` and `(f)`.
    fn last_name(&self, function: Node<'a>) -> Option<&'a str> {
        match function.kind() {
            "identifier" => Some(self.text_of(function)),
            "selector_expression" => function
                .child_by_field_name("field")
                .map(|field| self.text_of(field)),
            "parenthesized_expression" | "type_instantiation_expression" => function
                .named_child(0)
                .and_then(|inner| self.last_name(inner)),
            "index_expression" => function
                .child_by_field_name("operand")
                .and_then(|inner| self.last_name(inner)),
            _ => None,
        }
    }
}

/// A thing that stands for memory.
fn is_operand(node: Node) -> bool {
    matches!(
        node.kind(),
        "identifier" | "selector_expression" | "index_expression" | "slice_expression"
    ) || node.kind() == "unary_expression"
        && node
            .child_by_field_name("operator")
            .is_some_and(|operator| operator.kind() == "*")
}

/// What it is reached through: the `p.items` of `p.items[i]`.
fn base(node: Node) -> Option<Node> {
    node.child_by_field_name("operand")
        .filter(|base| is_operand(*base))
}

/// Part of a longer operand, as the `p` and the `x` of `p.x`; the longest is
/// the one that is marked. An index is an operand of its own.
fn is_within_operand(node: Node) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    match parent.kind() {
        "selector_expression" => true,
        "index_expression" | "slice_expression" => {
            parent.child_by_field_name("operand") == Some(node)
        }
        "unary_expression" => is_operand(parent) || takes_address(parent),
        "parenthesized_expression" => is_within_operand(parent),
        _ => false,
    }
}

/// `&x` does not look at x.
fn takes_address(node: Node) -> bool {
    node.child_by_field_name("operator")
        .is_some_and(|operator| operator.kind() == "&")
}

/// The function of a call: methods and functions are no memory.
fn is_called(node: Node) -> bool {
    node.parent().is_some_and(|parent| {
        parent.kind() == "call_expression" && parent.child_by_field_name("function") == Some(node)
    })
}

/// Whether something is assigned to it: on the left of `=` and `+=`, before
/// `++`, or the variable of a `range` that declares none.
fn is_target(node: Node) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    match parent.kind() {
        "inc_statement" | "dec_statement" => true,
        "parenthesized_expression" => is_target(parent),
        "expression_list" => parent.parent().is_some_and(|statement| {
            statement.child_by_field_name("left") == Some(parent)
                && match statement.kind() {
                    "assignment_statement" => true,
                    "range_clause" | "receive_statement" => {
                        let mut cursor = statement.walk();
                        statement
                            .children(&mut cursor)
                            .any(|child| child.kind() == "=")
                    }
                    _ => false,
                }
        }),
        _ => false,
    }
}

/// `x++` and `x += 1` look at x first.
fn reads_its_target(node: Node) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    match parent.kind() {
        "inc_statement" | "dec_statement" => true,
        "parenthesized_expression" => reads_its_target(parent),
        "expression_list" => parent.parent().is_some_and(|statement| {
            statement.kind() == "assignment_statement"
                && statement
                    .child_by_field_name("operator")
                    .is_some_and(|operator| operator.kind() != "=")
        }),
        _ => false,
    }
}

/// A name that is declared here, or names no memory at all: labels, keys of
/// struct literals, the names of parameters and functions.
fn declares(node: Node) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    if node.kind() != "identifier" {
        return false;
    }
    match parent.kind() {
        "var_spec" | "const_spec" => parent.child_by_field_name("value") != Some(node),
        "parameter_declaration"
        | "variadic_parameter_declaration"
        | "function_declaration"
        | "import_spec"
        | "package_clause" => true,
        "expression_list" => parent.parent().is_some_and(|statement| {
            matches!(
                statement.kind(),
                "short_var_declaration" | "range_clause" | "receive_statement"
            ) && statement.child_by_field_name("left") == Some(parent)
        }),
        "literal_element" => parent.parent().is_some_and(|element| {
            element.kind() == "keyed_element"
                && element
                    .child_by_field_name("key")
                    .or(element.named_child(0))
                    == Some(parent)
        }),
        _ => false,
    }
}

/// The part of a node on its first line. A call that goes on over more lines
/// is its function's name there.
fn clip(text: &str, node: Node) -> Range<usize> {
    let Range { start, end } = node.byte_range();
    let line_end = text[start..]
        .find('\n')
        .map_or(text.len(), |length| start + length);
    if end <= line_end {
        return start..end;
    }
    match node.child_by_field_name("function") {
        Some(function) if function.end_byte() <= line_end => function.byte_range(),
        _ => start..start + text[start..line_end].trim_end().len(),
    }
}
