//! Where a label's value comes from: the vendors' functions, and the same in words.
//!
//! | function (Alibaba Cloud ASM, China Telecom CSM) | in words |
//! |---|---|
//! | `$getContext(trace)` | `{"context": trace}`: the context header of the request that caused this one, found by its trace |
//! | `$getInboundRequestHeader(h)` | `{"inbound": h}`: a header of the request that caused this one |
//! | `$getExternalInboundRequestHeader(trace, h)`, `$getInboundRequestHeaderWithContext(h, trace)` | `{"inbound": h, "context": trace}` |
//! | `$getLocalOutboundRequestHeader(h)` | `{"outbound": h}`: a header that the application set on this request |
//! | `$getLabel(l)` | `{"workload_label": l}`: a label of the proxy's own pod |
//! | `$localLabel` | `{"workload_label": "ASM_TRAFFIC_TAG"}` |
//! | | `{"value": v}`: always this one |
//!
//! At a gateway the request that came in and the one that goes out are the same. What a pod's labels are is known at
//! configuration, so such a source is a value or nothing by then.

use crate::surroundings::Node;
use strict_config::{Quoted, Reader, Value};

/// The label of a pod that `$localLabel` stands for.
const LOCAL_LABEL: &str = "ASM_TRAFFIC_TAG";

/// A compiled source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// What came in with the request that caused this one: a header by its lower-case name.
    Inbound(Vec<u8>),
    /// A header that the request has itself.
    Outbound(Vec<u8>),
    /// A value that is the same for every request.
    Constant(Vec<u8>),
    /// A pod's label that this pod does not have.
    Nothing,
}

/// A source and the header by which it wants requests to be correlated, if it names one.
#[derive(Debug)]
pub(crate) struct Correlated {
    pub(crate) source: Source,
    pub(crate) trace: Option<String>,
}

impl From<Source> for Correlated {
    fn from(source: Source) -> Self {
        Self { source, trace: None }
    }
}

/// The functions, with how many arguments they take.
const FUNCTIONS: [(&str, usize); 7] = [
    ("$getContext", 1),
    ("$localLabel", 0),
    ("$getInboundRequestHeader", 1),
    ("$getExternalInboundRequestHeader", 2),
    ("$getInboundRequestHeaderWithContext", 2),
    ("$getLocalOutboundRequestHeader", 1),
    ("$getLabel", 1),
];

/// Reads one source, a function or an object; `context_header` is what `$getContext` and `{"context"}` alone read.
pub(crate) fn read(reader: &Reader, value: &Value, context_header: &str, node: &mut dyn Node) -> Option<Correlated> {
    match value.as_str() {
        Some(text) => read_function(reader, value, text, context_header, node),
        None => read_object(reader, value, context_header, node),
    }
}

fn read_function(
    reader: &Reader,
    value: &Value,
    text: &str,
    context_header: &str,
    node: &mut dyn Node,
) -> Option<Correlated> {
    let (name, arguments) = match text.split_once('(') {
        // The guides of v1beta1 write this one in their own way.
        _ if text == "$(localLabel)" => ("$localLabel", Some("")),
        Some((name, rest)) => (name, rest.strip_suffix(')')),
        None => (text, Some("")),
    };
    let mut split = Vec::new();
    if let Some(arguments) = arguments.filter(|arguments| !arguments.trim_ascii().is_empty()) {
        split.extend(arguments.split(',').map(str::trim_ascii));
    }
    let arguments = arguments.map(|_| split);
    let Some((_, count)) = FUNCTIONS.iter().find(|(known, _)| *known == name.trim_ascii()) else {
        let mut known = String::new();
        for (index, (name, _)) in FUNCTIONS.iter().enumerate() {
            known.push_str(if index == 0 { "" } else { ", " });
            known.push_str(name);
        }
        reader.expected(format_args!("one of {known}"), value);
        return None;
    };
    let Some(arguments) = arguments.filter(|arguments| arguments.len() == *count) else {
        let form = match count {
            0 => "nothing in parentheses",
            1 => "one argument in parentheses",
            _ => "two arguments in parentheses",
        };
        reader.problem(value, format!("expected {} with {form}, but found {}", name.trim_ascii(), Quoted(text)));
        return None;
    };
    let header = |name: &str| header_field::checked_lower_name(reader, value, name);
    let inbound = |name: &str, trace: Option<&str>| {
        let name = header(name);
        let trace = trace.map(|trace| header(trace).ok_or(())).transpose().ok()?;
        Some(Correlated { source: Source::Inbound(name?.into_bytes()), trace })
    };
    match (name.trim_ascii(), arguments.as_slice()) {
        ("$getContext", [trace]) => inbound(context_header, Some(trace)),
        ("$getInboundRequestHeader", [name]) => inbound(name, None),
        ("$getExternalInboundRequestHeader", [trace, name]) => inbound(name, Some(trace)),
        ("$getInboundRequestHeaderWithContext", [name, trace]) => inbound(name, Some(trace)),
        ("$getLocalOutboundRequestHeader", [name]) => Some(Source::Outbound(header(name)?.into_bytes()).into()),
        ("$getLabel", [label]) => Some(workload_label(node, label).into()),
        _ => Some(workload_label(node, LOCAL_LABEL).into()),
    }
}

fn read_object(reader: &Reader, value: &Value, context_header: &str, node: &mut dyn Node) -> Option<Correlated> {
    let mut object = reader.object(value)?;
    let (context, inbound) = (object.get("context"), object.get("inbound"));
    let (outbound, label) = (object.get("outbound"), object.get("workload_label"));
    let constant = object.get("value");
    object.finish();
    let given = [inbound, outbound, label, constant].iter().flatten().count();
    if given > 1 || (given == 0 && context.is_none()) || (context.is_some() && given == 1 && inbound.is_none()) {
        let message = "expected one of inbound (perhaps with context), context, outbound, workload_label and value";
        reader.problem(value, format!("{message}, but found {}", if given == 0 { "none" } else { "others together" }));
        return None;
    }
    let trace = match context {
        Some(context) => Some(header_field::read_lower_name(reader, context)?),
        None => None,
    };
    let source = if let Some(outbound) = outbound {
        Source::Outbound(header_field::read_lower_name(reader, outbound)?.into_bytes())
    } else if let Some(label) = label {
        workload_label(node, reader.string(label)?)
    } else if let Some(constant) = constant {
        Source::Constant(header_field::read_value(reader, constant)?)
    } else {
        let name = match inbound {
            Some(inbound) => header_field::read_lower_name(reader, inbound)?,
            None => context_header.to_owned(),
        };
        Source::Inbound(name.into_bytes())
    };
    Some(Correlated { source, trace })
}

fn workload_label(node: &mut dyn Node, name: &str) -> Source {
    let value = node.label(name).filter(|value| !value.is_empty() && header_field::is_value(value));
    value.map_or(Source::Nothing, Source::Constant)
}
