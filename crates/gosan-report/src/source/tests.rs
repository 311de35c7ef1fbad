//! Which expression is marked, on lines as people write them.

use super::*;

/// Marks the line that ends in `// HERE` and gives back what is marked; the
/// whole line is "".
fn marked(source: &str, wanted: Wanted) -> String {
    let line = 1 + source
        .lines()
        .position(|line| line.ends_with("// HERE"))
        .expect("a line to look at");
    let tree = parse(source).unwrap();
    match expression::find(&tree, source, line, &wanted) {
        Some(span) => source[span].to_owned(),
        None => String::new(),
    }
}

/// The same for a statement in a method of a file that imports two packages.
fn marked_in(statement: &str, wanted: Wanted) -> String {
    let source = format!(
        "package p\n\nimport (\n\t\"time\"\n\t\"example.com/lib\"\n)\n\n\
         func (s *server) handle(key string, n int) {{\n\tshared := 0\n\tgo func() {{ shared++ }}()\n\
         \t{statement} // HERE\n}}\n"
    );
    marked(&source, wanted)
}

#[test]
fn the_very_expression_is_found() {
    use Wanted::*;
    for (statement, wanted, expected) in [
        ("s.hits++", Write, "s.hits"),
        ("s.hits++", Read, "s.hits"),
        ("s.hits += n", Read, "s.hits"),
        ("s.hits = n", Write, "s.hits"),
        ("s.hits = n", Read, ""),
        ("s.a, n = s.b, 1", Read, "s.b"),
        ("s.list[n] = key", Write, "s.list[n]"),
        ("s.list[n] = key", Read, "s.list"),
        ("*s.total = n", Write, "*s.total"),
        ("use(n, *s.total)", Read, "*s.total"),
        ("shared = n", Write, "shared"),
        ("shared++", Write, "shared"),
        ("use(shared, n, key)", Read, "shared"),
        ("if shared > n {}", Read, "shared"),
        ("return", Read, ""),
        ("global = n", Write, "global"),
        ("n = global", Read, "global"),
        ("n = global", Write, ""),
        ("lib.Count++", Write, "lib.Count"),
        ("sleep(time.Second, s.wait)", Read, "s.wait"),
        ("v := s.cache[key]", MapRead, "s.cache[key]"),
        ("v := s.cache[key]", Read, "s.cache[key]"),
        ("s.cache[key] = n", MapWrite, "s.cache[key]"),
        ("s.cache[key]++", MapWrite, "s.cache[key]"),
        ("s.cache[key]++", MapRead, "s.cache[key]"),
        (
            "delete(s.cache, key)",
            Call("delete".into()),
            "delete(s.cache, key)",
        ),
        ("for k := range s.cache { use(k) }", Range, "s.cache"),
        ("s.queue <- n", Send, "s.queue <- n"),
        ("v := <-s.queue", Receive, "<-s.queue"),
        ("for v := range s.queue { use(v) }", Receive, "s.queue"),
        ("close(s.queue)", Call("close".into()), "close(s.queue)"),
        ("s.list = append(s.list, n)", Write, "s.list"),
        ("s.list = append(s.list, n)", Read, "s.list"),
        (
            "s.list = append(s.list, n)",
            Call("append".into()),
            "append(s.list, n)",
        ),
        (
            "s.log.Print(\"a\", n)",
            Call("Print".into()),
            "s.log.Print(\"a\", n)",
        ),
        ("copy(s.list, other)", Write, "copy(s.list, other)"),
        ("later(func() { shared = 1 })", Write, "shared"),
        ("p := &s.hits", Read, ""),
    ] {
        assert_eq!(
            marked_in(statement, wanted.clone()),
            expected,
            "{statement} {wanted:?}"
        );
    }
}

#[test]
fn several_that_differ_mark_the_line() {
    use Wanted::*;
    for (statement, wanted) in [
        ("s.a, s.b = 1, 2", Write),
        ("n = s.a + s.b", Read),
        ("use(s.cache[key], s.cache[\"x\"])", MapRead),
        ("s.add(s.add(1))", Call("add".into())),
        ("use(shared, global)", Read),
    ] {
        assert_eq!(
            marked_in(statement, wanted.clone()),
            "",
            "{statement} {wanted:?}"
        );
    }
}

#[test]
fn a_mark_ends_with_its_line() {
    let source = "package p\nfunc f() {\n\ts.each(func() { // HERE\n\t})\n}\n";
    assert_eq!(marked(source, Wanted::Call("each".into())), "s.each");
}

#[test]
fn broken_source_gives_no_wrong_mark() {
    assert_eq!(
        marked(
            "package p\nfunc f( { x = = 1 // HERE",
            Wanted::Call("g".into())
        ),
        ""
    );
    assert!(parse("\0\u{1b}").is_some());
}

#[test]
fn lines_are_cut_and_escaped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.go");
    fs::write(
        &path,
        "package p\n\nvar x int\n\nfunc f() {\n\tx\t= 1 // \x1b[2J\n}\n",
    )
    .unwrap();
    let sources = Sources::default();
    let path = path.to_str().unwrap();
    let excerpt = sources.excerpt(path, 6, Some(&Wanted::Write)).unwrap();
    assert_eq!(excerpt.first, 4);
    assert_eq!(excerpt.lines[2], "\tx\t= 1 // \\x1b[2J");
    assert_eq!((excerpt.line(), excerpt.mark), (6, 1..2));
    assert_eq!(excerpt.columns, Some(2..3));
    assert_eq!(excerpt.expression.as_deref(), Some("x"));
    let whole = sources.excerpt(path, 6, None).unwrap();
    assert_eq!((whole.columns, whole.mark), (None, 1..17));
    assert_eq!(sources.excerpt(path, 99, None), None);
    assert_eq!(sources.excerpt(path, 0, None), None);
    assert_eq!(sources.excerpt("/etc/passwd", 1, None), None);
}
