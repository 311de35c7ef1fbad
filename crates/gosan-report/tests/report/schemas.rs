//! What other programs read is valid by the schemas that they read it by.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::common::{records, rendered, report};
use serde_json::Value;

fn assert_valid(schema: &Value, instance: &Value) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<_> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The published schema of SARIF, out of a package that ships it. That package
/// is a dependency for a platform that does not exist: it is never compiled,
/// but cargo downloads it where it is asked for all packages.
fn sarif_schema() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package = metadata["packages"]
        .as_array()
        .and_then(|packages| {
            packages
                .iter()
                .find(|package| package["name"] == "serde-sarif")
        })
        .expect("serde-sarif among the packages");
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let text = fs::read_to_string(manifest.with_file_name("src").join("schema.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // The pattern for languages is no valid expression; nothing here has one.
    for definition in schema["definitions"].as_object_mut().unwrap().values_mut() {
        if let Some(language) = definition.pointer_mut("/properties/language") {
            language.as_object_mut().unwrap().remove("pattern");
        }
    }
    schema
}

#[test]
fn sarif_is_valid() {
    let schema = sarif_schema();
    for records in [records(), Vec::new()] {
        let log: Value = serde_json::from_str(&rendered("sarif", &report(records))).unwrap();
        assert_valid(&schema, &log);
    }
    // The schema is one that finds something.
    let mut log: Value = serde_json::from_str(&rendered("sarif", &report(records()))).unwrap();
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!validator.is_valid(&log));
}

/// What GitHub's code scanning asks for beyond the schema.
#[test]
fn sarif_keeps_the_rules_of_code_scanning() {
    let log: Value = serde_json::from_str(&rendered("sarif", &report(records()))).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{text}");
        }
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
        let fingerprint = result["partialFingerprints"]["gosanRace/v1"].as_str();
        assert_eq!(fingerprint.unwrap().len(), 16);
        let threads = result["codeFlows"][0]["threadFlows"].as_array().unwrap();
        assert_eq!(threads.len(), 2);
        for (index, thread) in threads.iter().enumerate() {
            let last = thread["locations"].as_array().unwrap().last().unwrap();
            assert_eq!(last["importance"], "essential");
            assert_eq!(last["executionOrder"], index + 1);
        }
    }
    let suppressed = |result: &&Value| result["suppressions"].is_array();
    assert_eq!(results.iter().filter(suppressed).count(), 2);
}

#[test]
fn json_is_valid() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/record.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(root).unwrap()).unwrap();
    let text = rendered("json", &report(records()));
    assert_eq!(text.lines().count(), 4);
    for line in text.lines() {
        assert_valid(&schema, &serde_json::from_str(line).unwrap());
    }
}
