//! Paths of fields in a record.

use std::fmt::Write as _;

/// A step of a path.
pub(crate) enum Step {
    /// A field of a kind of object.
    Field(&'static str),
    /// A key of an object with any keys.
    Key(String),
    /// An element of a list.
    Index(usize),
}

/// The steps from a record to one of its fields.
#[derive(Default)]
pub(crate) struct FieldPath(Vec<Step>);

impl FieldPath {
    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    /// The path of one value, such as `state.context[3].role`; `.` for the record itself.
    pub(crate) fn exact(&self) -> String {
        let path = self.format(|path, step| match step {
            Step::Index(index) => drop(write!(path, "[{index}]")),
            Step::Key(key) => path.push_str(key),
            Step::Field(name) => path.push_str(name),
        });
        if path.is_empty() { ".".to_owned() } else { path }
    }

    /// The path without indexes and keys, such as `state.context[].role`. Keys may be a user's
    /// data.
    pub(crate) fn pattern(&self) -> String {
        self.format(|path, step| match step {
            Step::Index(_) => path.push_str("[]"),
            Step::Key(_) => path.push('*'),
            Step::Field(name) => path.push_str(name),
        })
    }

    fn format(&self, write: impl Fn(&mut String, &Step)) -> String {
        let mut path = String::new();
        for step in &self.0 {
            if !path.is_empty() && !matches!(step, Step::Index(_)) {
                path.push('.');
            }
            write(&mut path, step);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_value_or_a_field() {
        let mut path = FieldPath::default();
        assert_eq!(path.exact(), ".");
        for step in [Step::Field("rules"), Step::Key("Bash".to_owned()), Step::Index(2), Step::Field("behavior")] {
            path.push(step);
        }
        assert_eq!(path.exact(), "rules.Bash[2].behavior");
        assert_eq!(path.pattern(), "rules.*[].behavior");
        path.pop();
        assert_eq!(path.exact(), "rules.Bash[2]");
    }
}
