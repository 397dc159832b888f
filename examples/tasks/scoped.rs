//! A scope: children that are spawned while others run, and that borrow from their caller.
//!
//! A future given to `spawn` must own all it uses, because it may outlive its caller. A child of a
//! scope ends before the scope does, so it may borrow. Here the children borrow a ledger on the
//! caller's stack, without `Rc` and without a lock.
//!
//! Run it with `cargo run --example scoped`. It prints a line when a guest enters and when a guest
//! is served, and in the end the order in which the three guests were served.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use aside::{scope, sleep};

/// The state of a shop. All guests borrow it at the same time.
#[derive(Default)]
struct Ledger {
    inside: Cell<u32>,
    served: RefCell<Vec<&'static str>>,
}

async fn serve(guest: &'static str, milliseconds: u64, ledger: &Ledger) {
    ledger.inside.set(ledger.inside.get() + 1);
    println!("  {guest} enters, {} inside", ledger.inside.get());
    sleep(Duration::from_millis(milliseconds)).await;
    ledger.inside.set(ledger.inside.get() - 1);
    ledger.served.borrow_mut().push(guest);
    println!("  {guest} is served, {} inside", ledger.inside.get());
}

fn main() {
    aside::run(async {
        let ledger = Ledger::default();
        let shop = &ledger;
        println!("the shop opens");
        scope(|scope| async move {
            for (guest, milliseconds) in [("Ada", 100), ("Grace", 40), ("Edsger", 10)] {
                // A detached child still belongs to the scope.
                scope.spawn(serve(guest, milliseconds, shop)).detach();
                sleep(Duration::from_millis(20)).await;
            }
            println!("  no more guests enter; the scope waits for those inside");
        })
        .await;
        // All borrows have ended with the scope.
        println!("served, in this order: {}", ledger.served.into_inner().join(", "));
    });
}
