//! A headless Chromium that tests drive by the DevTools protocol, over the two
//! pipes that `--remote-debugging-pipe` offers.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names under which distributions install it.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// A running browser with one page.
pub struct Chromium {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    /// Events that came while an answer was waited for.
    events: Vec<Value>,
    session: Option<String>,
    last_id: u64,
    _profile: tempfile::TempDir,
}

/// The Chromium of this machine, if it has one.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|dir| NAMES.iter().map(move |name| dir.join(name)))
        .find(|program| program.is_file())
}

impl Chromium {
    /// Starts it with an empty page.
    pub fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        // The shell only puts the pipes where Chromium looks for them.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null"#])
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox"])
            .args(["--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--font-render-hinting=none",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let commands = child.stdin.take().expect("a pipe");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            for message in out.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("JSON from Chromium");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            commands,
            messages,
            events: Vec::new(),
            session: None,
            last_id: 0,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method and gives back its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut command = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.commands.write_all(&text).expect("Chromium runs");
        loop {
            let message = self.next(method);
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self, wanted: &str) -> Value {
        self.messages
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("no answer to {wanted}: {error}"))
    }

    /// Opens a file, and says how long it took until it could be used.
    pub fn open(&mut self, file: &Path) -> Duration {
        self.events.clear();
        let started = Instant::now();
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", json!({"url": url}));
        let is_loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_loaded) {
            let event = self.next("Page.loadEventFired");
            self.events.push(event);
        }
        // Drawn once.
        self.eval("new Promise(done => requestAnimationFrame(() => setTimeout(() => done(1), 0)))");
        started.elapsed()
    }

    /// What the page complained of, and asked the network for.
    pub fn complaints(&self) -> Vec<String> {
        let of_interest = |event: &&Value| match event["method"].as_str() {
            Some("Log.entryAdded" | "Runtime.exceptionThrown") => true,
            Some("Network.requestWillBeSent") => event["params"]["request"]["url"]
                .as_str()
                .is_none_or(|url| !url.starts_with("file://")),
            _ => false,
        };
        let events = self.events.iter().filter(of_interest);
        events.map(Value::to_string).collect()
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(
            result["exceptionDetails"].is_null(),
            "{expression}: {result}"
        );
        result["result"]["value"].clone()
    }

    /// Presses a key as a person does.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "ArrowUp" => (38, ""),
            "ArrowDown" => (40, ""),
            other => (0, other),
        };
        let mut event = json!({
            "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code,
        });
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", event.clone());
        event["type"] = json!("keyUp");
        event.as_object_mut().expect("an object").remove("text");
        self.call("Input.dispatchKeyEvent", event);
    }

    /// Sets the size of the window, and light or dark.
    pub fn show_as(&mut self, width: u32, height: u32, scheme: &str) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// A picture of the window, as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let result = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let data = result["data"].as_str().expect("a picture");
        BASE64.decode(data).expect("base64")
    }

    /// Ends it.
    pub fn close(mut self) {
        self.session = None;
        self.call("Browser.close", json!({}));
        // It has nothing left to say; what it answers does not matter.
        let _ = self.child.wait();
    }
}
