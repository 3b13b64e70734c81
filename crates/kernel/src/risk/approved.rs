//! The proof that risk has seen an order.

/// A command that risk has approved. Nobody else can make one, and a driver sends nothing else.
///
/// ```compile_fail
/// use py_rt_kernel::risk::Approved;
/// let order = 1u8;
/// let forged = Approved { inner: order };
/// ```
///
/// ```compile_fail
/// use py_rt_kernel::risk::Approved;
/// let forged = Approved::grant(1u8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approved<T> {
    inner: T,
}

impl<T> Approved<T> {
    pub(in crate::risk) const fn grant(inner: T) -> Self {
        Self { inner }
    }

    /// What was approved.
    #[inline]
    pub const fn order(&self) -> &T {
        &self.inner
    }
}
