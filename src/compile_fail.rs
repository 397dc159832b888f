//! Programs that must not compile. Most of them lend borrowed data to another thread from async
//! code (P50).
//!
//! A guard that blocks in its destructor would not make such lending sound. A future can be polled
//! once and then forgotten. Then the guard is never dropped, and the caller's data is dropped while
//! the other thread still reads it. Every function that sends work to another thread therefore
//! requires `'static`. Each program has a counterpart that compiles and differs in one point only.
//! This shows that the program fails because of that point.

/// A job must own its data.
///
/// ```
/// let data = vec![1, 2, 3];
/// aside::run(async {
///     let job = aside::spawn_blocking(move || data.len());
///     assert_eq!(job.await.unwrap(), 3);
/// });
/// ```
/// ```compile_fail,E0597
/// let data = vec![1, 2, 3];
/// aside::run(async {
///     let job = aside::spawn_blocking(|| data.len());
///     assert_eq!(job.await.unwrap(), 3);
/// });
/// ```
/// ```compile_fail,E0597
/// aside::run(async {
///     let data = vec![1, 2, 3];
///     let lent = &data;
///     let job = aside::spawn_blocking(move || lent.len());
///     assert_eq!(job.await.unwrap(), 3);
/// });
/// ```
struct Jobs;

/// A job on any other pool must own its data, too.
///
/// ```
/// let pool = aside::blocking::Pool::new();
/// let data = vec![1, 2, 3];
/// aside::run(async {
///     let job = aside::run_in_executor(&pool, move || data.len());
///     assert_eq!(job.await.unwrap(), 3);
/// });
/// ```
/// ```compile_fail,E0597
/// let pool = aside::blocking::Pool::new();
/// let data = vec![1, 2, 3];
/// let lent = &data;
/// aside::run(async {
///     let job = aside::run_in_executor(&pool, move || lent.len());
///     assert_eq!(job.await.unwrap(), 3);
/// });
/// ```
/// ```compile_fail,E0597
/// let pool = aside::blocking::Pool::new();
/// let data = vec![1, 2, 3];
/// let lent = &data;
/// drop(pool.submit(move || lent.len()));
/// ```
struct Pools;

/// A task may outlive its spawner, so it must own its data, although it stays on the thread.
///
/// ```
/// aside::run(async {
///     let data = vec![1, 2, 3];
///     let task = aside::spawn(async move { data.len() });
///     assert_eq!(task.await.unwrap(), 3);
/// });
/// ```
/// ```compile_fail,E0373
/// aside::run(async {
///     let data = vec![1, 2, 3];
///     let task = aside::spawn(async { data.len() });
///     assert_eq!(task.await.unwrap(), 3);
/// });
/// ```
struct Tasks;

/// A future that is spawned from another thread must be `Send`; a future that `spawn_with` makes on
/// the loop's thread need not be.
///
/// ```
/// let runtime = aside::Runtime::new();
/// runtime.handle().spawn_with(|| {
///     let number = std::rc::Rc::new(1);
///     async move { *number }
/// });
/// ```
/// ```compile_fail
/// let runtime = aside::Runtime::new();
/// let number = std::rc::Rc::new(1);
/// runtime.handle().spawn(async move { *number });
/// ```
/// ```compile_fail,E0277
/// let runtime = aside::Runtime::new();
/// let number = std::rc::Rc::new(1);
/// runtime.handle().spawn_with(move || async move { *number });
/// ```
/// ```compile_fail,E0277
/// let number = std::rc::Rc::new(1);
/// aside::run(async { aside::spawn_blocking(move || *number).await });
/// ```
struct Sending;

/// A runtime stays on the thread that made it.
///
/// ```
/// let runtime = aside::Runtime::new();
/// let handle = runtime.handle();
/// std::thread::spawn(move || drop(handle)).join().unwrap();
/// ```
/// ```compile_fail,E0277
/// let runtime = aside::Runtime::new();
/// std::thread::spawn(move || drop(runtime)).join().unwrap();
/// ```
struct Staying;

/// Within a task, the children of `gather` and `scope` may borrow. But a child cannot outlive the
/// borrowed data, nor leave the scope.
///
/// ```
/// aside::run(async {
///     let data = vec![1, 2, 3];
///     let sum = aside::gather((async { data.len() }, async { data[0] })).await;
///     assert_eq!(sum, (3, 1));
/// });
/// ```
/// ```compile_fail,E0505
/// aside::run(async {
///     let data = vec![1, 2, 3];
///     let both = aside::gather((async { data.len() }, async { data[0] }));
///     drop(data);
///     both.await
/// });
/// ```
struct Borrowing;

/// An attribute of aside accepts async functions without arguments and generic parameters, and the
/// options that it has. `macros/tests/messages.rs` checks the messages.
///
/// ```
/// #[aside::main(threads_max = 2)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[aside::main(threads_max = 2)]
/// fn main() {}
/// ```
/// ```compile_fail
/// #[aside::main(threads_max = "2")]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[aside::main(threads_limit = 2)]
/// async fn main() {}
/// ```
/// ```
/// #[aside::test(seeds = 2)]
/// async fn one() {}
/// # fn main() {}
/// ```
/// ```compile_fail
/// #[aside::test(seeds = 2)]
/// async fn one(argument: u32) {}
/// # fn main() {}
/// ```
/// ```compile_fail
/// #[aside::test(seeds = 2, seed = 2)]
/// async fn one() {}
/// # fn main() {}
/// ```
#[cfg(feature = "macros")]
struct Attributes;
