//! Any JSON, as text: numbers keep their digits, keys their order, and there is more than one way
//! to spell it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Node {
    /// Compact text that stands in every spelling as it is.
    Raw(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// What JSON leaves to the writer.
#[derive(Debug, Clone, Copy)]
pub struct Spelling {
    /// Blanks wherever they may stand.
    pub blanks: bool,
    /// Every character of a string as a `\u` escape.
    pub escapes: bool,
}

impl Node {
    pub fn raw(text: impl Into<String>) -> Self {
        Self::Raw(text.into())
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// As the contract wants it: no blanks, and no escapes but those that JSON demands.
    pub fn compact(&self) -> String {
        self.spelled(Spelling { blanks: false, escapes: false })
    }

    pub fn spelled(&self, spelling: Spelling) -> String {
        let mut out = String::new();
        self.write(&mut out, spelling);
        out
    }

    fn write(&self, out: &mut String, spelling: Spelling) {
        let blank = |out: &mut String| {
            if spelling.blanks {
                out.push_str([" ", "\n\t", "\r\n  "][out.len() % 3])
            }
        };
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Text(text) => write_string(out, text, spelling.escapes),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    blank(out);
                    value.write(out, spelling);
                }
                blank(out);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    blank(out);
                    write_string(out, key, spelling.escapes);
                    blank(out);
                    out.push(':');
                    blank(out);
                    value.write(out, spelling);
                }
                blank(out);
                out.push('}');
            }
        }
    }
}

fn write_string(out: &mut String, text: &str, escapes: bool) {
    out.push('"');
    for character in text.chars() {
        match character {
            _ if escapes => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

pub fn spelling() -> impl Strategy<Value = Spelling> {
    any::<(bool, bool)>().prop_map(|(blanks, escapes)| Spelling { blanks, escapes })
}

/// Characters that something on the way may take for something else.
const SPECIAL: &[char] = &[
    '"',
    '\\',
    '/',
    '\'',
    '#',
    '%',
    '+',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    ' ',
    '\0',
    '\u{1}',
    '\u{8}',
    '\t',
    '\n',
    '\u{b}',
    '\u{c}',
    '\r',
    '\u{1f}',
    '\u{7f}',
    '\u{80}',
    'é',
    '\u{301}',
    '中',
    '\u{2028}',
    '\u{2029}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{feff}',
    '\u{fffd}',
    '\u{ffff}',
    '🦊',
    '\u{10ffff}',
];

/// Any text, the empty one included.
pub fn string() -> impl Strategy<Value = String> {
    let character = prop_oneof![any::<char>(), select(SPECIAL), proptest::char::range(' ', '~')];
    vec(character, 0..10).prop_map(String::from_iter)
}

/// Numbers that do not survive being a 64-bit integer, a double, or a DynamoDB number.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "-0.0",
    "0.1",
    "100.0",
    "1e300",
    "1E+300",
    "1e-7",
    "5e-324",
    "1.7976931348623157e308",
    "9007199254740993",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "0.30000000000000004",
    "3.14159265358979323846264338327950288",
    "123456789012345678901234567890123456789012345678901234567890",
];

pub fn integer() -> impl Strategy<Value = Node> {
    let numbers: Vec<_> = NUMBERS.iter().copied().filter(|number| !number.contains(['.', 'e', 'E'])).collect();
    prop_oneof![select(numbers).prop_map(Node::raw), "-?(0|[1-9][0-9]{0,60})".prop_map(Node::raw)]
}

pub fn number() -> impl Strategy<Value = Node> {
    let float = "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,25}([eE][+-]?[0-9]{1,2})?";
    prop_oneof![select(NUMBERS).prop_map(Node::raw), integer(), float.prop_map(Node::raw)]
}

/// Keys in their order, each once.
pub fn object_of(value: impl Strategy<Value = Node> + 'static) -> impl Strategy<Value = Node> {
    vec((string(), value), 0..4).prop_map(|mut members| {
        let mut seen = std::collections::HashSet::new();
        members.retain(|(key, _)| seen.insert(key.clone()));
        Node::Object(members)
    })
}

/// Any value.
pub fn value() -> BoxedStrategy<Node> {
    let scalar = prop_oneof![
        select(&["null", "true", "false"][..]).prop_map(Node::raw),
        number(),
        string().prop_map(Node::Text)
    ];
    let nested = scalar
        .prop_recursive(4, 16, 4, |inner| prop_oneof![vec(inner.clone(), 0..4).prop_map(Node::List), object_of(inner)]);
    // Deeper than what a parser of trees takes.
    let deep = (0..600_usize, any::<bool>()).prop_map(|(depth, lists)| {
        (0..depth).fold(Node::raw("1.0"), |inner, _| {
            if lists { Node::List(vec![inner]) } else { Node::Object(vec![("a".into(), inner)]) }
        })
    });
    prop_oneof![15 => nested, 1 => deep].boxed()
}
