//! Text as it stands in conversations with coding agents: it compresses about as well as real
//! ones.

use fastrand::Rng;
use serde_json::{Value, json};

/// Words, the frequent ones first.
const WORDS: &str = "the to a of and in is it that for this on with be are as not was from or by can an if we has will \
    which all one have but at its when there no so into only they should test more file now then been each would use \
    two function first error does value request same after before read other were new run key table without set call \
    another change time need build line write list item may type still name check case found return how branch part \
    what path old record empty number default user every session release change-log version pull commit review main \
    open state index query page cache config merge query timeout module order because where least between whole \
    connection server client response header field string output command missing expected window parser struct agent \
    result option limit cursor while retry during memory update report script deploy pipeline metric latency budget \
    lock queue worker thread buffer stream socket token schema column migration rollback snapshot backup restore \
    threshold estimate percentile sample regression benchmark profile allocation overhead throughput fixture assertion \
    coverage dependency upgrade vendor license manifest registry artifact container image layer volume secret \
    credential permission policy boundary tenant quota invoice customer ticket incident outage postmortem timeline \
    mitigation hypothesis evidence conclusion summary appendix paragraph chapter translation glossary terminology";

/// Lines of code, with a place for a name.
const CODE: [&str; 14] = [
    "    let {} = self.{}.lock().await;",
    "    if {}.is_empty() {",
    "        return Err(Error::Missing(\"{}\"));",
    "    }",
    "    for {} in {}.iter().filter(|{}| !{}.is_closed()) {",
    "        {}.push({}.clone());",
    "async fn {}(&self, {}: &str) -> Result<Vec<{}>, Error> {",
    "}",
    "",
    "    assert_eq!({}.len(), {});",
    "    tracing::info!({} = %{}, \"{} {}\");",
    "/// The {} of the {}, in the order in which they came.",
    "    let {}: HashMap<String, {}> = HashMap::with_capacity({}.len());",
    "        .map(|{}| {}.{}())",
];

/// Lines that commands print, with a place for a name.
const OUTPUT: [&str; 8] = [
    "test {}::{}::{}_{} ... ok",
    "test {}::{}_{} ... FAILED",
    "   Compiling {}-{} v0.4.1",
    "warning: unused variable: `{}`",
    "  --> src/{}/{}.rs:118:9",
    "{}: {} {} in 0.41s",
    "-rw-r--r-- 1 ci ci 4096 {}_{}.rs",
    "thread '{}' panicked at src/{}.rs:57:14: {} {} {}",
];

/// Makes text by a seed.
#[derive(Debug)]
pub(crate) struct TextGenerator {
    random: Rng,
    words: Vec<&'static str>,
}

impl TextGenerator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), words: WORDS.split_whitespace().collect() }
    }

    /// An id as the reference makes them: 32 hexadecimal digits.
    pub(crate) fn id(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    /// A number in a range.
    pub(crate) fn number(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.random.u64(range)
    }

    /// A word; the frequent ones come often, as in a language (Zipf's law).
    fn word(&mut self) -> &'static str {
        let rank = (self.words.len() as f64).powf(self.random.f64()) as usize;
        self.words[rank.saturating_sub(1)]
    }

    /// A few words, as in a title.
    pub(crate) fn title(&mut self) -> String {
        (0..self.random.usize(2..6)).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// Sentences of at least this many bytes together, and one sentence at least.
    pub(crate) fn prose(&mut self, length: usize) -> String {
        let mut text = String::new();
        while text.len() < length || text.is_empty() {
            if !text.is_empty() {
                text.push_str(if self.random.u8(..6) == 0 { "\n\n" } else { " " });
            }
            for position in 0..self.random.usize(5..18) {
                if position > 0 {
                    text.push_str(if self.random.u8(..11) == 0 { ", " } else { " " });
                }
                let word = self.word();
                match self.random.u8(..40) {
                    0 => text.push_str(&format!("`{word}_{}`", self.word())),
                    1 => text.push_str(&self.random.u16(..3000).to_string()),
                    _ if position == 0 => {
                        text.extend(word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)));
                    }
                    _ => text.push_str(word),
                }
            }
            text.push('.');
        }
        text
    }

    /// Lines of at least this many bytes together.
    fn lines(&mut self, patterns: &[&str], length: usize) -> String {
        let mut text = String::new();
        while text.len() < length {
            for (index, piece) in patterns[self.random.usize(..patterns.len())].split("{}").enumerate() {
                if index > 0 {
                    text.push_str(self.word());
                }
                text.push_str(piece);
            }
            text.push('\n');
        }
        text
    }

    /// A conversation of about this many bytes of JSON: a list of messages.
    pub(crate) fn conversation(&mut self, agent: &str, length: usize) -> Value {
        let mut messages = Vec::new();
        let mut written = 0;
        while written < length {
            let question_length = self.random.usize(40..400);
            let question = json!([{"type": "text", "text": self.prose(question_length), "id": self.id()}]);
            let reply = (length - written).min(self.random.usize(600..6000));
            let message = [
                self.message("user", "user", question),
                self.reply(agent, reply.saturating_sub(question_length + 700)),
            ];
            written += message.iter().map(|message| message.to_string().len()).sum::<usize>();
            messages.extend(message);
        }
        Value::Array(messages)
    }

    fn message(&mut self, name: &str, role: &str, content: Value) -> Value {
        let (minute, second) = (self.random.u8(..60), self.random.u8(..60));
        let micros = self.random.u32(..1_000_000);
        let time = format!("2026-03-12T10:{minute:02}:{second:02}.{micros:06}");
        json!({
            "name": name, "content": content, "role": role, "id": self.id(), "metadata": {},
            "created_at": time, "finished_at": time,
        })
    }

    /// An agent's message: thought, tool calls with their results, text.
    fn reply(&mut self, agent: &str, length: usize) -> Value {
        let mut content = Vec::new();
        let mut left = length;
        if self.random.bool() {
            let thinking = self.prose((left / 4).min(600));
            left = left.saturating_sub(thinking.len());
            content.push(json!({"type": "thinking", "thinking": thinking, "id": self.id()}));
        }
        while left > 900 {
            let id = format!("call_{}", &self.id()[..24]);
            let share = self.random.usize(300..2400).min(left - 400);
            let (name, input, output) = match self.random.u8(..3) {
                0 => {
                    let command = format!("cargo test -p {} {}", self.word(), self.word());
                    ("bash", json!({ "command": command }), self.lines(&OUTPUT, share))
                }
                1 => {
                    let file = format!("src/{}/{}.rs", self.word(), self.word());
                    ("read_file", json!({"file_path": file, "limit": 200}), self.lines(&CODE, share))
                }
                _ => {
                    let file = format!("src/{}.rs", self.word());
                    let code = self.lines(&CODE, share);
                    ("write_file", json!({"file_path": file, "content": code}), "The file has been written.".to_owned())
                }
            };
            let output = json!([{"type": "text", "text": output, "id": self.id()}]);
            let call = [
                json!({"type": "tool_call", "id": id, "name": name, "input": input.to_string(), "state": "finished"}),
                json!({"type": "tool_result", "id": id, "name": name, "output": output, "state": "success"}),
            ];
            left = left.saturating_sub(call.iter().map(|block| block.to_string().len()).sum());
            content.extend(call);
        }
        content.push(json!({"type": "text", "text": self.prose(left), "id": self.id()}));
        let mut message = self.message(agent, "assistant", Value::Array(content));
        let (read, written) = (self.random.u32(1000..60_000), self.random.u32(50..2000));
        message["usage"] = json!({"input_tokens": read, "output_tokens": written});
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_text() {
        assert_eq!(TextGenerator::new(7).conversation("a", 5000), TextGenerator::new(7).conversation("a", 5000));
        assert_ne!(TextGenerator::new(7).prose(100), TextGenerator::new(8).prose(100));
    }

    #[test]
    fn conversations_have_about_the_requested_length() {
        for length in [1500, 6000, 60_000] {
            let written = TextGenerator::new(7).conversation("a", length).to_string().len();
            assert!((length..length + 4000).contains(&written), "{written} instead of {length}");
        }
    }
}
