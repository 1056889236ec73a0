//! The configuration: what the user writes, read with every problem at its path.

use crate::propagation::Propagation;
use crate::stamp::Stamp;
use correlation_store::{Shape, Store};
use proxy_role::{Role, RoleSource};
use strict_config::{Object, Problems, Reader, Value};
use string_match::NameSet;
use trace_context::Identifiers;

/// The configuration as it runs.
pub(crate) struct Configuration {
    pub(crate) role: RoleSource,
    pub(crate) stamps: Vec<Stamp>,
    pub(crate) propagation: Option<Propagation>,
}

/// The sections of the full form.
const SECTIONS: [&str; 6] = ["role", "stamp", "propagate", "correlate", "store", "carriers"];

/// Those of them that only go with `propagate`.
const OF_PROPAGATION: [&str; 3] = ["correlate", "store", "carriers"];

/// Reads a configuration.
pub(crate) fn parse(json: &[u8]) -> Result<Configuration, Problems> {
    let reader = strict_config::read(json)?;
    let Some(mut object) = reader.object(reader.root()) else { return Err(reader.into_problems()) };
    let configuration = match object.get("head_tag_name") {
        Some(name) => read_guides(&reader, &mut object, name),
        None => read_full(&reader, &mut object),
    };
    object.finish();
    reader.into_problems().unless_any(configuration)
}

/// `{"head_tag_name", "head_tag_value"}`; an empty name does nothing, as in the guides' own filter. The role does not matter:
/// like at a gateway, the stamp is for every request that the plugin sees.
fn read_guides(reader: &Reader, object: &mut Object<'_>, name: &Value) -> Configuration {
    for section in SECTIONS {
        if let Some(found) = object.get(section) {
            reader.problem(found, "expected head_tag_name and head_tag_value alone, but found this beside them");
        }
    }
    let stamp = match object.get("head_tag_value") {
        _ if name.as_str() == Some("") => None,
        Some(value) => Stamp::of_guides(reader, name, value),
        None => {
            object.missing("head_tag_value", "expected the value for head_tag_name, but found none");
            None
        }
    };
    Configuration { role: RoleSource::Fixed(Role::Gateway), stamps: stamp.into_iter().collect(), propagation: None }
}

fn read_full(reader: &Reader, object: &mut Object<'_>) -> Configuration {
    let (stamp, propagate) = (object.get("stamp"), object.get("propagate"));
    if let Some(value) = object.get("head_tag_value") {
        reader.problem(value, "expected head_tag_name beside it, but found none");
    } else if stamp.is_none() && propagate.is_none() {
        let message = "expected stamp or propagate (or head_tag_name), but found neither";
        reader.problem(object.value(), message);
    }
    let role = RoleSource::read(object);
    let stamps = object.array("stamp").iter().filter_map(|stamp| Stamp::read(reader, stamp)).collect();
    let propagation = match propagate {
        Some(propagate) => read_propagation(reader, object, propagate),
        None => {
            for section in OF_PROPAGATION {
                if let Some(found) = object.get(section) {
                    reader.problem(found, "expected propagate beside it, but found none");
                }
            }
            None
        }
    };
    Configuration { role, stamps, propagation }
}

fn read_propagation(reader: &Reader, object: &mut Object<'_>, propagate: &Value) -> Option<Propagation> {
    let rules = reader.object(propagate).and_then(|rules| read_rules(reader, rules));
    let (identifiers, lookups) = read_correlate(reader, object.object("correlate"));
    let carriers = read_carriers(reader, object.get("carriers"));
    let store = object.get("store");
    let shape = if carriers.contains(&Carrier::Store) {
        Some(store.map_or(Some(Shape::DEFAULT), |store| Shape::read(reader, store))?)
    } else {
        if let Some(store) = store {
            reader.problem(store, "expected the carrier store, but found carriers without it");
        }
        None
    };
    let Rules { names, overwrite, max_headers, max_bytes } = rules?;
    let store = shape.map(|shape| {
        // Entries belong to every plugin with the same names, in whatever order they are written down.
        let owner = format!("header-propagation {names:?}");
        (Store::new(shape, owner.as_bytes()), usize::from(shape.max_entry_bytes))
    });
    let baggage = carriers.contains(&Carrier::Baggage);
    Some(Propagation { names, overwrite, max_headers, max_bytes, identifiers, lookups, store, baggage })
}

/// What `propagate` says.
struct Rules {
    names: NameSet,
    overwrite: bool,
    max_headers: usize,
    max_bytes: usize,
}

fn read_rules(reader: &Reader, mut object: Object<'_>) -> Option<Rules> {
    // What is no name at all is refused by the set.
    let exact = object.get("exact").and_then(Value::as_array).unwrap_or_default();
    for name in exact.iter().filter(|name| name.as_str().is_some_and(|name| !name.is_empty())) {
        header_field::read_name(reader, name);
    }
    let names = NameSet::read(reader, &mut object);
    if names.as_ref().is_some_and(NameSet::is_empty) {
        let message = "expected names in exact, prefix, suffix or regex, but found none";
        reader.problem(object.value(), message);
    }
    let overwrite = object.one_of("mode", &[("set-if-absent", false), ("overwrite", true)]).unwrap_or(false);
    let max_headers = object.integer("max", 1..=128).unwrap_or(16) as usize;
    let max_bytes = object.integer("max_bytes", 1..=60_000).unwrap_or(4096) as usize;
    object.finish();
    Some(Rules { names: names?, overwrite, max_headers, max_bytes })
}

/// The identifiers of requests, and how many of them are looked up.
fn read_correlate(reader: &Reader, object: Option<Object<'_>>) -> (Identifiers, usize) {
    let Some(mut object) = object else { return (Identifiers::default(), 1) };
    let lookups = object.integer("lookups", 1..=8).unwrap_or(1) as usize;
    let ids = object.get("ids");
    object.finish();
    let names = ids.map(|ids| Identifiers::read_names(reader, ids));
    (names.map_or_else(Identifiers::default, |names| Identifiers::new(names.iter().map(String::as_str))), lookups)
}

/// Where headers are remembered between the request that came in and those that go out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Store,
    Baggage,
}

fn read_carriers(reader: &Reader, value: Option<&Value>) -> Vec<Carrier> {
    let Some(value) = value else { return vec![Carrier::Store] };
    let Some(values) = reader.array(value) else { return Vec::new() };
    if values.is_empty() {
        reader.problem(value, "expected store, baggage or both, but found none");
    }
    let choices = [("store", Carrier::Store), ("baggage", Carrier::Baggage)];
    values.iter().filter_map(|value| reader.one_of(value, &choices)).collect()
}
