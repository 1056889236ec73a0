//! Path templates as a trie: every template that a path matches, in order of precedence.
//!
//! At each segment a literal comes before `*`, and `*` before `**`, each with all that follows it; of several templates that
//! share what stands before `**`, the one with the most literals after it comes first. `**` takes any number of segments, but
//! at least one where literals follow, as the native transcoder has it. Segments are compared as they are, undecoded.
//!
//! **Cost.** The children of all nodes are in one hash table, so that a step costs the same for ten routes and for ten
//! thousand. Without `**` a node stands for one depth and is reached in one way, so it is visited at most once; what follows
//! `**` is matched backwards from the end of the path, one node for each literal of the template. A search therefore visits
//! at most the nodes that the path's first segments spell in the trie, however long the path is, and reads each segment once
//! for each of them. It keeps its alternatives in a list, so that no path and no template can exhaust the stack.

use crate::template::Segment;
use std::num::NonZeroU32;

/// A rule at the end of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) verb: u32,
    pub(super) method: u32,
    pub(super) value: u32,
    /// Whether there is another rule with the same claim.
    pub(super) is_ambiguous: bool,
}

#[derive(Debug, Default)]
struct Node {
    /// The node after `*`.
    one: Option<NonZeroU32>,
    /// The node after `**`. What follows it is inserted from the end of the template backwards.
    many: Option<NonZeroU32>,
    has_literals: bool,
    /// Sorted by verb and method.
    leaves: Vec<Leaf>,
}

/// Templates by segment.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    literals: Literals,
    #[cfg(test)]
    pub(super) visits: std::cell::Cell<usize>,
}

const ROOT: u32 = 0;

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            literals: Literals::default(),
            #[cfg(test)]
            visits: std::cell::Cell::default(),
        }
    }
}

impl Trie {
    /// Adds the end of a template. If it is there already, the one that is there becomes ambiguous, and its value is given.
    pub(super) fn insert(&mut self, segments: &[Segment], leaf: Leaf) -> Option<u32> {
        let many = segments.iter().position(|segment| *segment == Segment::Many);
        let (forward, backward) = segments.split_at(many.unwrap_or(segments.len()));
        let mut at = ROOT;
        for segment in forward {
            at = self.child(at, segment);
        }
        if let [many, suffix @ ..] = backward {
            at = self.child(at, many);
            for segment in suffix.iter().rev() {
                at = self.child(at, segment);
            }
        }
        let leaves = &mut self.nodes.get_mut(at as usize)?.leaves;
        match leaves.binary_search_by_key(&(leaf.verb, leaf.method), |leaf| (leaf.verb, leaf.method)) {
            Ok(position) => {
                let known = leaves.get_mut(position)?;
                known.is_ambiguous = true;
                Some(known.value)
            }
            Err(position) => {
                leaves.insert(position, leaf);
                None
            }
        }
    }

    fn child(&mut self, of: u32, segment: &Segment) -> u32 {
        let next = NonZeroU32::new(self.nodes.len() as u32).unwrap_or(NonZeroU32::MAX);
        let Some(node) = self.nodes.get_mut(of as usize) else {
            return of;
        };
        let child = match segment {
            Segment::One => *node.one.get_or_insert(next),
            Segment::Many => *node.many.get_or_insert(next),
            Segment::Literal(text) => {
                node.has_literals = true;
                self.literals.get_or_insert(of, text.as_bytes(), next)
            }
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        child.get()
    }

    /// Shows the leaves of every template that the path matches, in order of precedence, until one is taken.
    ///
    /// The path has no slash at its start and none at its end.
    pub(super) fn search<T>(&self, path: &[u8], mut take: impl FnMut(&[Leaf]) -> Option<T>) -> Option<T> {
        // Where to go on when the present way ends: the last first.
        let mut alternatives: Vec<Alternative<'_>> = Vec::new();
        let (mut at, mut rest) = (ROOT, path);
        loop {
            let node = self.visit(at)?;
            let next = if rest.is_empty() {
                let many = node.many.and_then(|many| self.visit(many.get()));
                let leaves = [Some(node), many].into_iter().flatten().map(|node| &node.leaves);
                if let Some(taken) = leaves.filter_map(|leaves| take(leaves)).next() {
                    return Some(taken);
                }
                None
            } else {
                let (segment, after) = split(rest);
                if let Some(many) = node.many {
                    alternatives.push(Alternative::Many { node: many.get(), rest });
                }
                let literal = if node.has_literals { self.literals.get(at, segment) } else { None };
                if let (Some(_), Some(one)) = (literal, node.one) {
                    alternatives.push(Alternative::One { node: one.get(), rest: after });
                }
                literal.or(node.one).map(|next| (next.get(), after))
            };
            (at, rest) = match next {
                Some(next) => next,
                None => loop {
                    match alternatives.pop()? {
                        Alternative::One { node, rest } => break (node, rest),
                        Alternative::Many { node, rest } => {
                            if let Some(taken) = self.search_backwards(node, rest, &mut take) {
                                return Some(taken);
                            }
                        }
                    }
                },
            };
        }
    }

    /// Of the templates with this `**`, the one that is taken with the most literals at the end of the path. Some segment
    /// is left for `**` itself.
    fn search_backwards<T>(&self, many: u32, path: &[u8], take: &mut impl FnMut(&[Leaf]) -> Option<T>) -> Option<T> {
        let (mut at, mut rest, mut taken) = (many, path, None);
        loop {
            let node = self.visit(at)?;
            taken = take(&node.leaves).or(taken);
            let slash = if node.has_literals { rest.iter().rposition(|byte| *byte == b'/') } else { None };
            let next = slash.and_then(|slash| {
                let (before, segment) = rest.split_at(slash);
                rest = before;
                self.literals.get(at, segment.get(1..)?)
            });
            match next {
                Some(next) => at = next.get(),
                None => return taken,
            }
        }
    }

    #[inline]
    fn visit(&self, node: u32) -> Option<&Node> {
        #[cfg(test)]
        self.visits.set(self.visits.get() + 1);
        self.nodes.get(node as usize)
    }
}

/// A way that has not been gone yet.
enum Alternative<'a> {
    One { node: u32, rest: &'a [u8] },
    Many { node: u32, rest: &'a [u8] },
}

/// The first segment, and what stands behind the slash after it.
#[inline]
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let length = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
    let (segment, rest) = path.split_at(length);
    (segment, rest.get(1..).unwrap_or_default())
}

/// The children behind literals of all nodes: a hash table with open addressing that is at most half full.
///
/// Its keys are the configuration's alone, so a client can choose what to look up, but not what collides.
#[derive(Debug, Default)]
struct Literals {
    /// Positions in `edges` plus one, 0 where there is none; a power of two of them.
    slots: Vec<u32>,
    edges: Vec<Edge>,
    text: Vec<u8>,
}

#[derive(Debug)]
struct Edge {
    hash: u32,
    from: u32,
    to: NonZeroU32,
    start: u32,
    end: u32,
}

impl Literals {
    fn get(&self, from: u32, segment: &[u8]) -> Option<NonZeroU32> {
        let hash = hash(from, segment);
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        loop {
            let edge = self.edges.get((*self.slots.get(slot)? as usize).checked_sub(1)?)?;
            if edge.hash == hash
                && edge.from == from
                && self.text.get(edge.start as usize..edge.end as usize) == Some(segment)
            {
                return Some(edge.to);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn get_or_insert(&mut self, from: u32, segment: &[u8], to: NonZeroU32) -> NonZeroU32 {
        if let Some(known) = self.get(from, segment) {
            return known;
        }
        let start = self.text.len() as u32;
        self.text.extend_from_slice(segment);
        self.edges.push(Edge { hash: hash(from, segment), from, to, start, end: self.text.len() as u32 });
        if self.edges.len() * 2 > self.slots.len() {
            self.slots = vec![0; (self.edges.len() * 2).next_power_of_two()];
            (0..self.edges.len()).for_each(|position| self.place(position));
        } else {
            self.place(self.edges.len() - 1);
        }
        to
    }

    /// Puts an edge into the first free slot after the one that its hash names.
    fn place(&mut self, position: usize) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = self.edges.get(position).map_or(0, |edge| edge.hash) as usize & mask;
        while self.slots.get(slot).is_some_and(|taken| *taken != 0) {
            slot = (slot + 1) & mask;
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = position as u32 + 1;
        }
    }
}

/// Eight bytes at a time, mixed by multiplication.
#[inline]
fn hash(from: u32, segment: &[u8]) -> u32 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (u64::from(from) << 32 | segment.len() as u64).wrapping_mul(MIX);
    let mut mix = |word: u64| hash = (hash ^ hash >> 32 ^ word).wrapping_mul(MIX);
    let (words, rest) = segment.as_chunks();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    mix(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    (hash >> 32) as u32
}
