//! Which names on a line can be memory that two goroutines see.
//!
//! A local variable that no function literal captures and whose address is not
//! taken stays on one goroutine's stack. Leaving such names out is what makes
//! most lines unambiguous. Types are not known here, so a name that is
//! declared twice in a function counts as shared if either variable does.

use std::collections::HashSet;

use tree_sitter::Node;

/// The names around a line.
pub struct Scope<'a> {
    /// Declared in the function around the line, seen by one goroutine only.
    private: HashSet<&'a str>,
    /// Packages of the standard library that the file imports.
    standard: HashSet<&'a str>,
}

impl<'a> Scope<'a> {
    /// What is known of the names on a row, counted from 0.
    pub fn of_line(root: Node<'a>, text: &'a str, row: usize) -> Self {
        let mut scope = Self {
            private: HashSet::new(),
            standard: HashSet::new(),
        };
        let mut cursor = root.walk();
        for node in root.named_children(&mut cursor) {
            match node.kind() {
                "import_declaration" => scope.add_imports(node, text),
                "function_declaration" | "method_declaration"
                    if (node.start_position().row..=node.end_position().row).contains(&row) =>
                {
                    let mut names = Names::default();
                    names.read(node, node.id(), text);
                    scope.private = names.private();
                }
                _ => {}
            }
        }
        scope
    }

    /// Whether a name may stand for shared memory.
    pub fn may_be_shared(&self, name: &str) -> bool {
        name != "_" && !self.private.contains(name) && !self.standard.contains(name)
    }

    /// Whether this is the name of a package of the standard library.
    pub fn is_standard_package(&self, name: &str) -> bool {
        self.standard.contains(name)
    }

    fn add_imports(&mut self, node: Node<'a>, text: &'a str) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if child.kind() != "import_spec" {
                self.add_imports(child, text);
                continue;
            }
            let Some(path) = child.child_by_field_name("path") else {
                continue;
            };
            let path = text[path.byte_range()].trim_matches(['"', '`']);
            if path
                .split('/')
                .next()
                .is_some_and(|first| first.contains('.'))
            {
                continue;
            }
            let name = match child.child_by_field_name("name") {
                Some(name) => &text[name.byte_range()],
                None => path.rsplit('/').next().unwrap_or(path),
            };
            self.standard.insert(name);
        }
    }
}

/// The names in one top-level function, by how they are used.
#[derive(Default)]
struct Names<'a> {
    declared: HashSet<&'a str>,
    /// Each name with the function, literals included, in which it occurs.
    occurs: HashSet<(&'a str, usize)>,
    address_taken: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn read(&mut self, node: Node<'a>, function: usize, text: &'a str) {
        let function = match node.kind() {
            "func_literal" => node.id(),
            _ => function,
        };
        if node.kind() == "identifier" {
            self.add(node, function, text);
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.read(child, function, text);
        }
    }

    fn add(&mut self, node: Node<'a>, function: usize, text: &'a str) {
        let name = &text[node.byte_range()];
        self.occurs.insert((name, function));
        let Some(parent) = node.parent() else {
            return;
        };
        match parent.kind() {
            "parameter_declaration"
            | "variadic_parameter_declaration"
            | "var_spec"
            | "const_spec" => {
                self.declared.insert(name);
            }
            "expression_list" if is_declared_list(parent) => {
                self.declared.insert(name);
            }
            "unary_expression" if takes_address(parent) => {
                self.address_taken.insert(name);
            }
            _ => {}
        }
    }

    fn private(self) -> HashSet<&'a str> {
        let functions = |name: &str| {
            self.occurs
                .iter()
                .filter(|(other, _)| *other == name)
                .count()
        };
        self.declared
            .iter()
            .copied()
            .filter(|name| !self.address_taken.contains(name) && functions(name) == 1)
            .collect()
    }
}

/// The left side of `:=`, in a statement or a `range`.
fn is_declared_list(list: Node) -> bool {
    list.parent().is_some_and(|statement| {
        matches!(statement.kind(), "short_var_declaration" | "range_clause")
            && statement.child_by_field_name("left") == Some(list)
    })
}

fn takes_address(expression: Node) -> bool {
    expression
        .child_by_field_name("operator")
        .is_some_and(|operator| operator.kind() == "&")
}
