//! Layers: experiments that must not meet.
//!
//! A layer puts its units into buckets once more, by a seed of its own, and each of its splits has a share of these. So
//! a unit is in one experiment of a layer at most. Who is held out is in none: these are a percentage by a third seed,
//! so that it is drawn alike from every share, and one that grows only adds to it.

use super::bucketing::Bucketing;
use super::hash::Hash;
use super::range::Range;
use super::unit::Units;
use crate::percent;
use crate::subject::Subjects;
use std::rc::Rc;
use strict_config::{Member, Position, Quoted, Reader, Value};

/// What follows a layer's seed where its holdout is drawn; no other seed goes on with a null character.
const HOLDOUT: &[u8] = b"\0holdout";

/// All layers of a configuration by their names, and what of each is taken.
#[derive(Debug, Default)]
pub(crate) struct Layers(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    name: String,
    /// `None` where something is wrong with it.
    layer: Option<Rc<Layer>>,
    taken: Vec<Taken>,
}

#[derive(Debug)]
struct Layer {
    units: Rc<Units>,
    seed: String,
    bucketing: Bucketing,
    holdout: Bucketing,
    held_out: Range,
}

/// A share, the experiment that has it, by its seed, and where that was said.
#[derive(Debug)]
struct Taken {
    range: Range,
    seed: Option<String>,
    position: Position,
}

/// A split's part of a layer.
#[derive(Debug)]
pub(crate) struct Share {
    layer: Rc<Layer>,
    range: Range,
}

impl Share {
    /// The units of the layer.
    pub(crate) fn units(&self) -> Rc<Units> {
        Rc::clone(&self.layer.units)
    }

    /// Whether a unit takes part: it is in the share, and not held out.
    pub(crate) fn admits(&self, unit: &[u8]) -> bool {
        let Layer { bucketing, holdout, held_out, .. } = &*self.layer;
        self.range.contains(bucketing.basis_points(unit)) && !held_out.contains(holdout.basis_points(unit))
    }
}

impl Layers {
    /// Reads layers by their names.
    pub(crate) fn read(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Self {
        let members = reader.members(value).unwrap_or_default();
        let mut entries = Vec::with_capacity(members.len());
        for Member { name, value, .. } in members {
            let layer = read_layer(reader, value, subjects);
            entries.push(Entry { name: name.clone(), layer, taken: Vec::new() });
        }
        Self(entries)
    }

    /// Reads the share that the experiment with that seed has of a layer. Several splits with one seed and one share
    /// are one experiment: it may decide several labels, or one label under several conditions.
    pub(super) fn share(
        &mut self,
        reader: &Reader,
        layer: &Value,
        share: &Value,
        seed: Option<&Value>,
    ) -> Option<Share> {
        let range = Range::read(reader, share);
        let name = reader.string(layer)?;
        let Some(entry) = self.0.iter_mut().find(|entry| entry.name == name) else {
            reader.expected("the name of a layer", layer);
            return None;
        };
        let (range, layer) = range.zip(entry.layer.as_ref())?;
        let said = seed.and_then(Value::as_str);
        if let Some(seed) = seed.filter(|_| said == Some(&layer.seed)) {
            let message = "expected another seed than the layer's, or the share would be of one end of the split";
            reader.problem(seed, format!("{message}, but found {}", Quoted(&layer.seed)));
        }
        let is_other = |taken: &&Taken| taken.range != range || taken.seed.as_deref() != said;
        if let Some(taken) = entry.taken.iter().filter(is_other).find(|taken| taken.range.overlaps(range)) {
            let Taken { range: other, position, .. } = taken;
            let message = format!("expected a share of {name} that is free, but found {range}");
            reader.problem(share, format!("{message}, and the split of {position} has {other}"));
        }
        entry.taken.push(Taken { range, seed: said.map(str::to_owned), position: share.position() });
        Some(Share { layer: Rc::clone(layer), range })
    }
}

fn read_layer(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<Rc<Layer>> {
    let mut object = reader.object(value)?;
    let units = object.required("unit").and_then(|unit| Units::read(reader, unit, subjects));
    let seed = object.required("seed").and_then(|seed| read_seed(reader, seed));
    let hash = object.one_of("hash", &Hash::SEEDED).unwrap_or_default();
    let holdout = object.get("holdout").map_or(Some(0), |holdout| percent::read(reader, holdout));
    object.finish();
    let (units, seed) = units.zip(seed)?;
    Some(Rc::new(Layer {
        units: Rc::new(units),
        seed: seed.to_owned(),
        bucketing: Bucketing::new(hash, seed.as_bytes().to_vec()),
        holdout: Bucketing::new(hash, [seed.as_bytes(), HOLDOUT].concat()),
        held_out: Range { from: 0, to: holdout? },
    }))
}

fn read_seed<'v>(reader: &Reader, value: &'v Value) -> Option<&'v str> {
    let seed = reader.string(value)?;
    if seed.is_empty() {
        reader.expected("a seed", value);
        return None;
    }
    Some(seed)
}
