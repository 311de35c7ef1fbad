//! A writer of JSON, as small as the runtime needs it: compact, without
//! recursion of its own, into a buffer of bytes.

use alloc::vec::Vec;
use core::fmt::{self, Write};

/// A value that can be written.
pub trait ToJson {
    /// Appends the value.
    fn to_json(&self, out: &mut Json);
}

/// JSON under construction.
#[derive(Default)]
pub struct Json(Vec<u8>);

/// An object under construction; see [`Json::object`].
pub struct Members<'a> {
    out: &'a mut Json,
    first: bool,
}

impl Json {
    /// The bytes so far, as one line.
    pub fn into_line(mut self) -> Vec<u8> {
        self.0.push(b'\n');
        self.0
    }

    /// Writes an object; the closure adds its members.
    pub fn object(&mut self, members: impl FnOnce(&mut Members)) {
        self.0.push(b'{');
        members(&mut Members {
            out: self,
            first: true,
        });
        self.0.push(b'}');
    }

    /// Writes an array.
    pub fn array<'a, T: ToJson + 'a>(&mut self, items: impl IntoIterator<Item = &'a T>) {
        self.0.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.0.push(b',');
            }
            item.to_json(self);
        }
        self.0.push(b']');
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) {
        self.0.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
                b'\n' => self.0.extend_from_slice(b"\\n"),
                b'\r' => self.0.extend_from_slice(b"\\r"),
                b'\t' => self.0.extend_from_slice(b"\\t"),
                0x08 => self.0.extend_from_slice(b"\\b"),
                0x0c => self.0.extend_from_slice(b"\\f"),
                0..0x20 => {
                    let _ = write!(self, "\\u{byte:04x}");
                }
                _ => self.0.push(byte),
            }
        }
        self.0.push(b'"');
    }

    /// Writes what the value shows itself as: numbers and the like.
    pub fn plain(&mut self, value: impl fmt::Display) {
        let _ = write!(self, "{value}");
    }
}

impl Write for Json {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl Members<'_> {
    /// Adds a member.
    pub fn member(&mut self, name: &str, value: &(impl ToJson + ?Sized)) -> &mut Self {
        if !self.first {
            self.out.0.push(b',');
        }
        self.first = false;
        self.out.string(name);
        self.out.0.push(b':');
        value.to_json(self.out);
        self
    }
}

impl ToJson for str {
    fn to_json(&self, out: &mut Json) {
        out.string(self);
    }
}

impl ToJson for alloc::string::String {
    fn to_json(&self, out: &mut Json) {
        out.string(self);
    }
}

impl ToJson for bool {
    fn to_json(&self, out: &mut Json) {
        out.plain(self);
    }
}

impl ToJson for u8 {
    fn to_json(&self, out: &mut Json) {
        out.plain(self);
    }
}

impl ToJson for u32 {
    fn to_json(&self, out: &mut Json) {
        out.plain(self);
    }
}

impl ToJson for u64 {
    fn to_json(&self, out: &mut Json) {
        out.plain(self);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self, out: &mut Json) {
        match self {
            Some(value) => value.to_json(out),
            None => out.plain("null"),
        }
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self, out: &mut Json) {
        out.array(self);
    }
}

impl<T: ToJson, const N: usize> ToJson for [T; N] {
    fn to_json(&self, out: &mut Json) {
        out.array(self);
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in any::<String>()) {
            let mut out = Json::default();
            out.string(&text);
            let read: String = serde_json::from_slice(&out.into_line()).unwrap();
            prop_assert_eq!(read, text);
        }
    }
}
