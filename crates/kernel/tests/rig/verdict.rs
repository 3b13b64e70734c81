//! What risk says of one wish.

use py_rt_kernel::risk::Control as Limit;

use super::{Rig, Wish};

/// Asks for one order in a callback of its own and says which control refused it.
pub fn verdict(rig: &mut Rig, wish: Wish) -> Option<Limit> {
    rig.forget();
    rig.ask(&[wish]);
    let denial = rig.denial();
    let sent = rig.new_orders().len() + rig.replaces().len();
    assert_eq!(
        sent,
        usize::from(denial.is_none()),
        "sent exactly when not denied"
    );
    denial
}
