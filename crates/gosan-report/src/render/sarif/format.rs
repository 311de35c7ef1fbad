//! The part of SARIF 2.1.0 that a report needs. Each type names its section of
//! the standard.

use serde::Serialize;

/// The whole file (3.13).
#[derive(Serialize)]
pub struct Log {
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    pub version: &'static str,
    pub runs: Vec<Run>,
}

/// One run of a tool (3.14).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub tool: Tool,
    pub column_kind: &'static str,
    pub results: Vec<RaceResult>,
}

/// The tool (3.18).
#[derive(Serialize)]
pub struct Tool {
    pub driver: Component,
}

/// A component of the tool (3.19).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    pub name: &'static str,
    pub semantic_version: &'static str,
    pub rules: Vec<Rule>,
}

/// What a rule is about (3.49).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    pub id: String,
    pub short_description: Text,
    pub full_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_uri: Option<String>,
    pub help: Text,
    pub default_configuration: Configuration,
    pub properties: RuleProperties,
}

/// How serious a rule is (3.50).
#[derive(Serialize)]
pub struct Configuration {
    pub level: &'static str,
}

/// What GitHub code scanning reads of a rule (3.8 allows any property).
#[derive(Serialize)]
pub struct RuleProperties {
    pub tags: Vec<&'static str>,
    pub precision: &'static str,
    #[serde(rename = "problem.severity")]
    pub severity: &'static str,
}

/// A text without links (3.12).
#[derive(Serialize)]
pub struct Text {
    pub text: String,
}

/// A message (3.11). In its text, `[words](1)` is a link to the related
/// location with the id 1.
#[derive(Serialize)]
pub struct Message {
    pub text: String,
}

/// One race (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RaceResult {
    pub rule_id: String,
    pub rule_index: usize,
    pub level: &'static str,
    pub message: Message,
    pub locations: Vec<Location>,
    pub related_locations: Vec<Location>,
    pub code_flows: Vec<CodeFlow>,
    pub stacks: Vec<Stack>,
    pub partial_fingerprints: Fingerprints,
    pub occurrence_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<Suppression>,
}

/// What stays the same between runs (3.27.17).
#[derive(Serialize)]
pub struct Fingerprints {
    #[serde(rename = "gosanRace/v1")]
    pub race: String,
}

/// Why a result does not count (3.35).
#[derive(Serialize)]
pub struct Suppression {
    pub kind: &'static str,
    pub justification: String,
}

/// A place, with a word about it (3.28).
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<PlaceMessage>,
}

/// A message at a location.
#[derive(Clone, Serialize)]
pub struct PlaceMessage {
    pub text: String,
}

/// A place in a file (3.29).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhysicalLocation {
    pub artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// A file (3.4).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactLocation {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<&'static str>,
}

/// Lines of a file (3.30).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    pub start_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
}

/// A function (3.33).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogicalLocation {
    pub fully_qualified_name: String,
    pub kind: &'static str,
}

/// What happened, in several threads (3.36).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeFlow {
    pub thread_flows: Vec<ThreadFlow>,
}

/// What happened in one goroutine (3.37).
#[derive(Serialize)]
pub struct ThreadFlow {
    pub id: String,
    pub locations: Vec<ThreadFlowLocation>,
}

/// A step of it (3.38).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadFlowLocation {
    pub location: Location,
    pub importance: &'static str,
    /// The place in time among the steps of all goroutines, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_order: Option<u8>,
}

/// A call stack (3.44).
#[derive(Serialize)]
pub struct Stack {
    pub message: Text,
    pub frames: Vec<StackFrame>,
}

/// One of its frames (3.45).
#[derive(Serialize)]
pub struct StackFrame {
    pub location: Location,
}
