//! Children that come while others run, and borrow from outside.
//!
//! What is spawned with `spawn` must own all it uses, because nobody knows when it ends. What is
//! spawned in a scope ends with the scope at the latest, so it may borrow: here a ledger on the
//! caller's stack, without `Rc` and without a lock.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use aside::{scope, sleep};

/// What the shop knows. Guests borrow it, all at the same time.
#[derive(Default)]
struct Ledger {
    inside: Cell<u32>,
    served: RefCell<Vec<&'static str>>,
}

async fn serve(guest: &'static str, milliseconds: u64, ledger: &Ledger) {
    ledger.inside.set(ledger.inside.get() + 1);
    println!("  {guest} comes in, {} inside", ledger.inside.get());
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
                // Without its handle a child still belongs to the scope.
                scope.spawn(serve(guest, milliseconds, shop)).detach();
                sleep(Duration::from_millis(20)).await;
            }
            println!("  the door is closed, and the scope waits for who is inside");
        })
        .await;
        // Nobody borrows the ledger any more.
        println!("served, in this order: {}", ledger.served.into_inner().join(", "));
    });
}
