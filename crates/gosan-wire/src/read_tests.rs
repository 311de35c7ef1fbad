//! Tests of the reader, and of the writer against it.

use super::*;
use crate::record::*;
use crate::write;

fn frame(function: &str, line: u64) -> Frame {
    Frame {
        function: function.to_owned(),
        file: "/src/shop/cart.go".to_owned(),
        line,
        inlined: false,
        offset: 29,
    }
}

fn process() -> Process {
    Process {
        pid: 4711,
        started_ms: 1_700_000_000_000,
        command: vec![
            "/tmp/shop.test".to_owned(),
            "-test.run=^Test\t\"x\"$".to_owned(),
        ],
        directory: "/src/shop".to_owned(),
        go: "go1.26.0".to_owned(),
        gosan: "0.1.0".to_owned(),
        child: false,
        parents: vec![Parent {
            pid: 4700,
            command: vec!["go".to_owned(), "test".to_owned()],
        }],
    }
}

fn race() -> Race {
    let access = |op, order| Access {
        op,
        atomic: order == 1,
        size: (order == 1).then_some(8),
        address: Address(0xc0_0001_2340),
        goroutine: u64::from(order),
        test: Some("TestCart/\u{1F6D2} \u{1}".to_owned()),
        stack: vec![frame("example.com/shop.(*Cart).Add", 7)],
        order,
    };
    Race {
        schema: SCHEMA,
        fingerprint: Fingerprint(0x1234),
        kind: Kind::Data,
        status: Status::New,
        suppressed_by: None,
        test: Some("TestCart".to_owned()),
        package: Some("example.com/shop".to_owned()),
        accesses: [access(Op::Write, 2), access(Op::Read, 1)],
        goroutines: vec![Goroutine {
            id: 2,
            running: true,
            parent: Some(1),
            created_at: vec![frame("example.com/shop.TestCart", 3)],
            test: None,
        }],
        object: Object {
            kind: ObjectKind::Heap,
            operation: None,
            symbol: None,
            address: Some(Address(0xc0_0001_2300)),
            offset: Some(0x40),
            size: Some(96),
            goroutine: Some(1),
            allocated_at: vec![frame("example.com/shop.NewCart", 12)],
        },
        locks: Some([
            vec![Lock {
                address: Address(0xc0_0001_0000),
                mode: LockMode::Shared,
                taken_at: Vec::new(),
            }],
            Vec::new(),
        ]),
        count: 1,
        time_ms: 1_700_000_000_001,
        process: None,
    }
}

fn lines(lines: &[Line]) -> Vec<u8> {
    lines.iter().flat_map(write::line).collect()
}

fn read(bytes: &[u8]) -> Result<Records, Error> {
    let mut records = Records::default();
    records.add_text(Path::new("r.jsonl"), bytes)?;
    Ok(records)
}

#[test]
fn what_is_written_is_read() {
    let repeat = Repeat {
        race: 0,
        fingerprint: Fingerprint(0x1234),
        count: 64,
    };
    let text = lines(&[
        Line::Process(process()),
        Line::Race(Box::new(race())),
        Line::Repeat(repeat),
    ]);
    let records = read(&text).unwrap();
    let expected = Race {
        count: 64,
        process: Some(process()),
        ..race()
    };
    assert_eq!(records.races, [expected]);
    assert_eq!(records.processes, [process()]);
    assert!(records.cut.is_empty());
}

/// The runtime's writer and serde agree on every byte.
#[test]
fn both_writers_write_the_same() {
    for race in [
        race(),
        Race {
            process: Some(process()),
            locks: None,
            ..race()
        },
    ] {
        let mut expected = serde_json::to_vec(&race).unwrap();
        expected.push(b'\n');
        let written = write::line(&Line::Race(Box::new(race)));
        assert_eq!(
            String::from_utf8(written).unwrap(),
            String::from_utf8(expected).unwrap()
        );
    }
}

#[test]
fn a_race_can_stand_by_itself() {
    let race = Race {
        process: Some(process()),
        ..race()
    };
    let records = read(&lines(&[Line::Race(Box::new(race.clone()))])).unwrap();
    assert_eq!(records.races, [race]);
}

#[test]
fn a_line_may_be_cut_only_at_the_end() {
    let text = lines(&[Line::Process(process()), Line::Race(Box::new(race()))]);
    for end in 1..text.len() - 1 {
        let records = read(&text[..end]).unwrap();
        assert!(records.races.len() <= 1);
        assert_eq!(
            records.races.len() + records.processes.len() + records.cut.len(),
            1 + usize::from(text[..end - 1].contains(&b'\n')),
            "cut at {end}"
        );
    }
    let whole = read(&text[..text.len() - 1]).unwrap();
    assert_eq!((whole.races.len(), whole.cut.len()), (1, 0));
    let message = read(b"{\"schema\":1,\"repe\n{}\n").unwrap_err().to_string();
    assert!(message.starts_with("r.jsonl:1: not a record"), "{message}");
}

#[test]
fn what_is_no_record_is_named() {
    for (text, part) in [
        (
            "{\"schema\":2,\"fingerprint\":7}\n",
            "r.jsonl:1: the record has format 2",
        ),
        (
            "\n{\"schema\":1}\n",
            "r.jsonl:2: not a record of a race: it is neither",
        ),
        ("{\"Action\":\"run\"}\n", "it has no field `schema`"),
        (
            "{\"schema\":1,\"fingerprint\":\"00\"}\n",
            "16 hexadecimal digits",
        ),
    ] {
        let message = read(text.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let missing = Records::read(Path::new("/nowhere/x.jsonl")).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/x.jsonl"));
}

#[test]
fn a_directory_has_all_its_record_files() {
    let dir = tempfile::tempdir().unwrap();
    let text = lines(&[Line::Process(process()), Line::Race(Box::new(race()))]);
    for name in ["2-1.jsonl", "1-1.jsonl"] {
        std::fs::write(dir.path().join(name), &text).unwrap();
    }
    std::fs::write(dir.path().join("options"), "text=0").unwrap();
    let records = Records::read(dir.path()).unwrap();
    assert_eq!((records.races.len(), records.processes.len()), (2, 2));
    let broken = dir.path().join("0-1.jsonl");
    std::fs::write(&broken, [&text[..], b"{\"sch\n"].concat()).unwrap();
    assert!(Records::read(dir.path()).is_err());
    let (records, errors) = Records::read_all(dir.path());
    assert_eq!((records.races.len(), errors.len()), (3, 1));
    assert!(errors[0].to_string().contains("0-1.jsonl:3"));
}
