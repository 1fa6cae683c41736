//! A fully associative cache that forgets what was used longest ago.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The L2 of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct L2 {
    /// Its size; less than a line is no cache at all.
    pub bytes: u64,
    /// Bytes of a line: a power of two, 128 on NVIDIA's GPUs.
    pub line: u64,
}

impl L2 {
    /// So many bytes in lines of 128.
    pub const fn new(bytes: u64) -> Self {
        Self { bytes, line: 128 }
    }
}

/// The last `capacity` different keys, with O(1) for each touch: a map from keys to the nodes of a ring that runs from
/// the newest to the oldest.
#[derive(Clone, Debug)]
pub struct Lru {
    capacity: usize,
    at: HashMap<u64, usize>,
    nodes: Vec<Node>,
    newest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    key: u64,
    newer: usize,
    older: usize,
}

impl Lru {
    /// Empty, with room for so many keys.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, at: HashMap::new(), nodes: Vec::new(), newest: 0 }
    }

    /// Whether the key was there. It is the newest now; the oldest has gone if there was no room.
    pub fn touch(&mut self, key: u64) -> bool {
        if self.capacity == 0 {
            return false;
        }
        let full = self.nodes.len() == self.capacity;
        let oldest = self.nodes.get(self.newest).map_or(0, |node| node.newer);
        let (node, hit) = match self.at.entry(key) {
            Entry::Occupied(known) => (*known.get(), true),
            Entry::Vacant(new) if full => {
                new.insert(oldest);
                (oldest, false)
            }
            Entry::Vacant(new) => {
                new.insert(self.nodes.len());
                self.join(key);
                return false;
            }
        };
        if !hit {
            let forgotten = std::mem::replace(&mut self.nodes[node].key, key);
            self.at.remove(&forgotten);
        }
        self.renew(node);
        hit
    }

    /// A new node, between the oldest and the newest, which it becomes.
    fn join(&mut self, key: u64) {
        let node = self.nodes.len();
        self.nodes.push(Node { key, newer: node, older: node });
        if node > 0 {
            self.insert(node);
        }
        self.newest = node;
    }

    /// Moves a node to the front of the ring.
    fn renew(&mut self, node: usize) {
        if node != self.newest {
            let Node { newer, older, .. } = self.nodes[node];
            self.nodes[newer].older = older;
            self.nodes[older].newer = newer;
            self.insert(node);
            self.newest = node;
        }
    }

    /// Ties a node into the ring before the newest, whose `newer` is the oldest.
    fn insert(&mut self, node: usize) {
        let (newest, oldest) = (self.newest, self.nodes[self.newest].newer);
        self.nodes[node] = Node { newer: oldest, older: newest, ..self.nodes[node] };
        self.nodes[newest].newer = node;
        self.nodes[oldest].older = node;
    }
}
