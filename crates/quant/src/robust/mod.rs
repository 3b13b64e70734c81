//! Principal component pursuit: a matrix as a low rank part, a sparse part, and maybe noise.
//!
//! - [`pursue`]: the programme of Candes, Li, Ma and Wright 2011 (J. ACM 58:11), and its stable
//!   form of Zhou et al. 2010 when noise is allowed. - `leading`: the singular values above a
//!   threshold, from where they were a step ago.

mod leading;
mod pursuit;

pub use pursuit::{default_penalty, pursue, Parts, Pursuit};
