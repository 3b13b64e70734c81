//! Hierarchical risk parity (Lopez de Prado 2016): a tree of correlations, cut in halves.

use super::Universe;

/// A dendrogram as SciPy writes it: row k joins two clusters into cluster n + k.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The two clusters, the smaller number first.
    pub joined: Vec<(usize, usize)>,
    /// Their distance.
    pub distance: Vec<f64>,
    /// Assets in the new cluster.
    pub size: Vec<usize>,
    /// The leaves from left to right.
    pub order: Vec<usize>,
}

impl Tree {
    /// Single linkage of the distances sqrt((1 - correlation)/2), by the minimum spanning tree.
    #[must_use]
    pub fn single_linkage(universe: &Universe) -> Self {
        let n = universe.assets();
        let deviations = universe.deviations();
        let distance = |i: usize, j: usize| {
            let correlation = universe.cov().at(i, j) / (deviations[i] * deviations[j]);
            (0.5 * (1.0 - correlation)).max(0.0).sqrt()
        };
        let mut edges = spanning(n, distance);
        edges.sort_by(|a, b| a.2.total_cmp(&b.2));
        let mut tree = Self {
            joined: Vec::new(),
            distance: Vec::new(),
            size: Vec::new(),
            order: Vec::new(),
        };
        let mut top: Vec<usize> = (0..n).collect();
        let mut parent: Vec<usize> = (0..2 * n).collect();
        for (a, b, d) in edges {
            let (a, b) = (root(&mut parent, top[a]), root(&mut parent, top[b]));
            let new = n + tree.joined.len();
            let count = |c: usize| if c < n { 1 } else { tree.size[c - n] };
            tree.size.push(count(a) + count(b));
            tree.joined.push((a.min(b), a.max(b)));
            tree.distance.push(d);
            parent[a] = new;
            parent[b] = new;
        }
        top.clear();
        let mut open = vec![if n > 1 { 2 * n - 2 } else { 0 }];
        while let Some(cluster) = open.pop() {
            if cluster < n {
                tree.order.push(cluster);
            } else {
                let (left, right) = tree.joined[cluster - n];
                open.push(right);
                open.push(left);
            }
        }
        tree
    }
}

/// Prim's minimum spanning tree: edges in the order in which they are found.
fn spanning(n: usize, distance: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize, f64)> {
    let mut nearest = vec![(f64::INFINITY, 0); n];
    let mut inside = vec![false; n];
    let mut edges = Vec::new();
    let mut at = 0;
    for _ in 1..n {
        inside[at] = true;
        let mut next = (f64::INFINITY, at);
        for j in (0..n).filter(|j| !inside[*j]) {
            let d = distance(at, j);
            if d < nearest[j].0 {
                nearest[j] = (d, at);
            }
            if nearest[j].0 < next.0 || next.1 == at {
                next = (nearest[j].0, j);
            }
        }
        edges.push((nearest[next.1].1, next.1, next.0));
        at = next.1;
    }
    edges
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// Weights by recursive bisection of the ordered leaves; halves share by inverse variance.
#[must_use]
pub fn bisect(universe: &Universe, order: &[usize]) -> Vec<f64> {
    let mut weights = vec![1.0; universe.assets()];
    let mut open = vec![order];
    while let Some(cluster) = open.pop() {
        if cluster.len() < 2 {
            continue;
        }
        let (left, right) = cluster.split_at(cluster.len() / 2);
        let (a, b) = (
            cluster_variance(universe, left),
            cluster_variance(universe, right),
        );
        let share = if a + b > 0.0 { 1.0 - a / (a + b) } else { 0.5 };
        left.iter().for_each(|i| weights[*i] *= share);
        right.iter().for_each(|i| weights[*i] *= 1.0 - share);
        open.push(left);
        open.push(right);
    }
    weights
}

/// The variance of a cluster with weights by inverse variance.
fn cluster_variance(universe: &Universe, members: &[usize]) -> f64 {
    let cov = universe.cov();
    let inverse: Vec<f64> = members.iter().map(|i| 1.0 / cov.at(*i, *i)).collect();
    let total: f64 = inverse.iter().sum();
    let mut variance = 0.0;
    for (a, i) in inverse.iter().zip(members) {
        for (b, j) in inverse.iter().zip(members) {
            variance += a * b * cov.at(*i, *j);
        }
    }
    variance / (total * total)
}
