//! Samples: what is sent, and what has to come back for it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::store::any_json::{Node, string, value};

/// A value as it is sent, with its fields in any order and some of them absent, and as it comes
/// back.
#[derive(Debug, Clone)]
pub struct Sample {
    pub sent: Node,
    pub kept: Node,
}

pub type Samples = BoxedStrategy<Sample>;

/// What is read back as it was sent.
pub fn same(value: impl Strategy<Value = Node> + 'static) -> Samples {
    value.prop_map(|node| Sample { sent: node.clone(), kept: node }).boxed()
}

pub fn just(node: Node) -> Samples {
    same(Just(node))
}

pub fn text() -> Samples {
    same(string().prop_map(Node::Text))
}

/// One of these texts.
pub fn name(names: &'static [&'static str]) -> Samples {
    same(select(names).prop_map(Node::text))
}

/// One of these JSON texts.
pub fn one_of(texts: &'static [&'static str]) -> Samples {
    same(select(texts).prop_map(Node::raw))
}

/// What may follow the seconds of a time, and what of it comes back.
const SUFFIXES: &[(&str, &str)] = &[
    ("", ""),
    (".5", ".500000"),
    (".000001", ".000001"),
    (".000000", ""),
    (".1234567", ".123456"),
    ("Z", "Z"),
    (".25Z", ".250000Z"),
    ("+00:00", "Z"),
    ("-00:00", "Z"),
    ("+08:00", "+08:00"),
    ("-05:30", "-05:30"),
];

/// A time in one of the forms that ISO 8601 has for it, and in the contract's.
pub fn time(day: usize) -> Samples {
    (select(SUFFIXES), select(&["T", " "][..]))
        .prop_map(move |((sent, kept), separator)| Sample {
            sent: Node::text(format!("2026-01-{day:02}{separator}12:00:00{sent}")),
            kept: Node::text(format!("2026-01-{day:02}T12:00:00{kept}")),
        })
        .boxed()
}

fn both(samples: Vec<Sample>, of: fn(Vec<Node>) -> Node) -> Sample {
    let (sent, kept) = samples.into_iter().map(|sample| (sample.sent, sample.kept)).unzip();
    Sample { sent: of(sent), kept: of(kept) }
}

pub fn list(samples: impl Strategy<Value = Sample> + 'static) -> Samples {
    vec(samples, 0..3).prop_map(|samples| both(samples, Node::List)).boxed()
}

pub fn map(samples: Samples) -> Samples {
    vec((string(), samples), 0..3)
        .prop_map(|mut members| {
            members.sort_by(|(one, _), (other, _)| other.cmp(one));
            members.dedup_by(|(one, _), (other, _)| one == other);
            let (keys, samples): (Vec<_>, Vec<_>) = members.into_iter().unzip();
            let object = |nodes: Vec<Node>| Node::Object(keys.iter().cloned().zip(nodes).collect());
            let (sent, kept) = samples.into_iter().map(|sample| (sample.sent, sample.kept)).unzip();
            Sample { sent: object(sent), kept: object(kept) }
        })
        .boxed()
}

/// A field of a record, and what stands for it when it is absent.
pub struct Field {
    name: &'static str,
    default: &'static str,
    sample: BoxedStrategy<Option<Sample>>,
}

pub fn required(name: &'static str, samples: Samples) -> Field {
    Field { name, default: "", sample: samples.prop_map(Some).boxed() }
}

pub fn optional(name: &'static str, default: &'static str, samples: Samples) -> Field {
    Field { name, default, sample: proptest::option::weighted(0.8, samples).boxed() }
}

/// An optional field that may be null.
pub fn nullable(name: &'static str, samples: Samples) -> Field {
    optional(name, "null", prop_oneof![just(Node::raw("null")), samples].boxed())
}

/// Fields and unknown ones, sent in another order than that in which they come back: the known
/// ones in the contract's order, then the unknown ones as they came.
pub fn record(fields: Vec<Field>) -> Samples {
    let known: Vec<_> = fields.iter().map(|field| (field.name, field.default)).collect();
    let samples: Vec<_> = fields.into_iter().map(|field| field.sample).collect();
    let unknown = vec((string().prop_map(|key| format!("x{key}")), value()), 0..2);
    (samples, unknown, any::<prop::sample::Index>(), any::<bool>())
        .prop_map(move |(samples, unknown, turn, backwards)| {
            let kept = known.iter().zip(&samples).map(|((name, default), sample)| {
                let absent = || Node::raw(*default);
                ((*name).to_owned(), sample.as_ref().map_or_else(absent, |sample| sample.kept.clone()))
            });
            let kept: Vec<_> = kept.chain(unknown.clone()).collect();
            let present =
                known.iter().zip(samples).filter_map(|((name, _), sample)| Some(((*name).to_owned(), sample?.sent)));
            let mut present: Vec<_> = present.collect();
            if backwards {
                present.reverse();
            }
            let middle = turn.index(present.len() + 1);
            present.splice(middle..middle, unknown);
            if !present.is_empty() {
                let turn = turn.index(present.len());
                // Two unknown fields stay in their order.
                if !present[..turn].iter().any(|(name, _)| name.starts_with('x')) {
                    present.rotate_left(turn);
                }
            }
            Sample { sent: Node::Object(present), kept: Node::Object(kept) }
        })
        .boxed()
}
