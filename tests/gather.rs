//! Gather and its kin, and scopes, driven by hand: no executor, no clock.

mod gather {
    mod endings;
    mod limits;
    mod outputs;
    mod panics;
    mod polls;
    mod puppets;
    mod scope_endings;
    mod scopes;
    mod wakers;
    mod woken_sets;
}
